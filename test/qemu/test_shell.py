#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 200
"""Scripts do the same in Pagoda as under another POSIX shell: each file of test/shell/ runs under the host's dash and inside, and
what it prints and its exit status are compared byte for byte. What they print inside comes back on a disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from qemu import Machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(ROOT, "test", "shell")
OTHER = "dash"
TOOLS = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
SECONDS = 150
SKIPPED = 77
DISK_SIZE = "4M"
RUN = ("cd /disk; for s in *.sh; do sh $s > ${s%.sh}.out 2> /dev/null; echo status $? >> ${s%.sh}.out; done; "
       "cd /; vmcheck --quiet && echo sound")


def on_host(folder, script):
    """What it prints under the host's shell, whose children that say sh get the same one."""
    other = os.path.join(folder, "sh")
    if not os.path.exists(other):
        os.symlink(shutil.which(OTHER), other)
    environment = {"PATH": folder + ":" + os.environ["PATH"], "HOME": "/", "LC_ALL": "C"}
    done = subprocess.run([other, script], cwd=SCRIPTS, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.stdout + f"status {done.returncode}\n".encode()


def host_tool(*words):
    return subprocess.run(words, env={**os.environ, "PATH": TOOLS, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def difference(wanted, got):
    for number, (a, b) in enumerate(zip(wanted.split(b"\n") + [b"(end)"], got.split(b"\n") + [b"(end)"]), 1):
        if a != b:
            return f"line {number}: {a!r} under {OTHER}, {b!r} here"
    return "nothing differs"


def main():
    if not shutil.which(OTHER) or not shutil.which("mke2fs", path=TOOLS):
        print(f"{OTHER} and mke2fs are not both there")
        return SKIPPED
    names = sorted(name[:-3] for name in os.listdir(SCRIPTS) if name.endswith(".sh"))
    failures = 0
    with tempfile.TemporaryDirectory(prefix="pagoda-shell-") as folder:
        disk = os.path.join(folder, "disk.img")
        host_tool("mke2fs", "-q", "-t", "ext2", "-F", "-d", SCRIPTS, disk, DISK_SIZE)
        outcome = Machine.from_environment(run=RUN, disk=f"driver=raw,file.driver=file,file.filename={disk},cache.no-flush=on",
                                           args="").start().wait(SECONDS)
        if outcome.hung or "sound" not in outcome.text:
            print("FAIL the machine\n" + "\n".join("  | " + line for line in outcome.lines[-20:]))
            return 1
        for name in names:
            wanted = on_host(folder, name + ".sh")
            got = host_tool("debugfs", "-R", f"cat {name}.out", disk)
            failures += wanted != got
            print(f"ok {name}" if wanted == got else f"FAIL {name}\n  | {difference(wanted, got)}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
