#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the session of docs/gdb.md works as printed: its commands, typed into `scons gdb`, stop a fault in the kernel and
in the pager and find every name that they ask for.

TIMEOUT: 120
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77


def commands():
    with open(os.path.join(ROOT, "docs", "gdb.md"), encoding="utf-8") as file:
        return [re.split(r" {3,}", line)[0] for line in re.findall(r"^\(gdb\) (.*)$", file.read(), re.MULTILINE)]


def session(typed):
    """A folder of its own: nobody's waiting QEMU is attached to, and the console is nobody else's."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("kernel.elf", "pagoda.img"):
            os.symlink(os.path.abspath(os.path.join(os.environ["PAGODA_BUILD_DIR"], name)), os.path.join(folder, name))
        for name in ("servers", "apps", "test"):
            os.symlink(os.path.abspath(os.path.join(os.environ["PAGODA_ELF_DIR"], name)), os.path.join(folder, name))
        script = os.path.join(ROOT, "tools", "gdb", "session.py")
        done = subprocess.run([sys.executable, script, "--dir", folder, "--run", "forkdemo"], cwd=ROOT,
                              input="\n".join([*typed, "kill", "quit"]) + "\n", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        return done.stdout


def main():
    if not shutil.which("gdb-multiarch"):
        print("SKIP gdb/session: there is no gdb-multiarch")
        return SKIPPED
    text = session(["pagoda-list", *commands()])
    wanted = {
        "lists_programs": r"\bforkdemo\b.*\bpager\b",
        "stops_in_the_kernel": r"^Breakpoint 1, fast_fault ",
        "shows_the_control_block": r"^\(gdb\) \$1 = \{x = \{",
        "stops_in_the_pager": r"^Breakpoint 2, fault_decide ",
        "shows_the_fault": r"\$2 = \{slot = ",
        "shows_the_answer": r"\$3 = \{verdict = ",
    }
    bad = [name for name, pattern in wanted.items() if not re.search(pattern, text, re.MULTILINE)]
    for name in wanted:
        print(f"FAIL gdb/{name}" if name in bad else f"ok gdb/{name}", flush=True)
    if bad:
        print(text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
