# SPDX-License-Identifier: MIT
"""What the tests of ports share: whether there is one, a disk with files for it, a boot of the image with all ports, and what
the same program says on the host."""

import os
import subprocess
import sys

from checks import check, finish, tool  # noqa: F401 - part of what the tests get here
from pagoda import ports
from qemu import Machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.join(ROOT, "build", "ports")
SKIPPED = 77


def require(name):
    """End as skipped when the port's source could not be had."""
    why = ports.reason(BUILT, name)
    if why:
        print(f"SKIP port_{name}: {why}")
        sys.exit(0)


def make_disk(path, folder, size="16M"):
    """A disk with a copy of the folder's files."""
    with open(path, "wb"):
        pass
    status, text = tool("mke2fs", "-q", "-t", "ext2", "-F", "-d", folder, path, size)
    if status != 0:
        raise SystemExit(f"mke2fs: {text}")
    return path


def boot(disk, run, seconds, **changes):
    """(exit status or None when it hung, the console's text). The host's own disk is not waited for."""
    image = os.path.join(os.environ.get("PAGODA_BUILD_DIR", "build/release"), "ports.img")
    drive = f"driver=raw,file.driver=file,file.filename={disk},cache.no-flush=on"
    outcome = Machine.from_environment(image=image, run=run, disk=drive, **changes).start().wait(seconds)
    return (None if outcome.hung else outcome.status), outcome.text


def read_disk(disk, name, folder):
    """A file's bytes from a disk; None: it is not there."""
    path = os.path.join(folder, "dumped")
    if os.path.exists(path):
        os.unlink(path)
    tool("debugfs", "-R", f"dump {name} {path}", disk)
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def sound(disk):
    """(whether e2fsck finds nothing, what it said)."""
    status, text = tool("e2fsck", "-fn", disk)
    return status == 0, text


def host(name, program, *words, folder, given=None):
    """What the program that the host built of the same source prints, run in the folder."""
    done = subprocess.run([os.path.join(BUILT, name, "host", program), *words], cwd=folder, stdin=given or subprocess.DEVNULL,
                          stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}, check=False)
    return done.returncode, done.stdout


def first_difference(one, other):
    """A line of each where two outputs part."""
    if one is None or other is None:
        return "there is no output"
    lines = zip(one.splitlines() + [b"(end)"], other.splitlines() + [b"(end)"])
    for number, (left, right) in enumerate(lines, 1):
        if left != right:
            return f"line {number}:\n  here  {left!r}\n  host  {right!r}"
    return "no difference"
