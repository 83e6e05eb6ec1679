#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`scons campaign`: the long runs of test/campaigns.txt, one after the other, for an hour or a night.

Prints each run's own lines as they come, then a line that counts. ONLY=pattern selects by name. Never ends a QEMU that it did
not start; a run that hangs is ended, its last lines are printed, and it counts as failed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import qemu
import run_tests
from pagoda.targets import selected

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOT = "boot:"
ENV = "env:"
DISK = "disk:"
TELLING = re.compile(r"^(ok|FAIL|SKIP|  only|  [0-9]+ of [0-9]+$) ?")


def read(path):
    """[(name, harts, seconds, [QEMU options], boot arguments, command line)]; ValueError with the line that is wrong."""
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.split("#")[0].strip():
                continue
            words = [word.strip() for word in line.split("|")]
            if len(words) != 5 or not words[1].isdigit() or not words[2].isdigit():
                raise ValueError(f"{path}:{number}: five columns are wanted: name | harts | seconds | options | command line")
            options = [] if words[3] == "-" else words[3].split()
            boot = " ".join(word[len(BOOT):] for word in options if word.startswith(BOOT))
            options = [word for word in options if not word.startswith(BOOT)]
            rows.append((words[0], int(words[1]), int(words[2]), options, boot, words[4]))
    return rows


def run_here(row, folder):
    """A row with 0 harts: a program of the host tests. Whether it passed; what it says goes out as it comes."""
    name, _, seconds, options, _, line = row
    print(f"campaign: {name}: {line}", flush=True)
    own = dict(word[len(ENV):].split("=", 1) for word in options if word.startswith(ENV))
    began = time.monotonic()
    try:
        status = subprocess.run([os.path.join(folder, "host", line)], env={**os.environ, **own}, cwd=ROOT, timeout=seconds,
                                check=False).returncode
    except subprocess.TimeoutExpired:
        status = None
    why = "passed" if status == 0 else f"hung: no end within {seconds} s" if status is None else f"failed with status {status}"
    print(f"campaign: {name}: {why} ({time.monotonic() - began:.0f} s)", flush=True)
    return status == 0


def run(row, folder, build):
    """Whether it passed. Its telling lines go out as they come."""
    name, harts, seconds, options, boot, line = row
    if harts == 0:
        return run_here(row, folder)
    print(f"campaign: {name}: {harts} hart{'s' if harts > 1 else ''}: {line}", flush=True)
    sizes = [word[len(DISK):] for word in options if word.startswith(DISK)]
    options = [word for word in options if not word.startswith(DISK)]
    with tempfile.TemporaryDirectory(prefix="pagoda-disk-") as scratch:
        disk = run_tests.make_disk(scratch, sizes[0]) if sizes else None
        return run_machine((name, harts, seconds, options, boot, line), folder, build, disk)


def run_machine(row, folder, build, disk):
    name, harts, seconds, options, boot, line = row
    machine = qemu.Machine(os.path.join(folder, "kernel.elf"), os.path.join(folder, "pagoda.img"), build=build,
                           icount=harts == 1, smp=harts, extra=options, args=boot, run=f"{line} && vmcheck --quiet",
                           disk=disk and run_tests.UNSYNCED.format(disk))
    rest = [b""]

    def echo(chunk):
        *lines, rest[0] = (rest[0] + chunk).split(b"\n")
        for text in (one.decode(errors="replace").rstrip("\r") for one in lines):
            if TELLING.match(text):
                print("  " + text, flush=True)

    began = time.monotonic()
    outcome = machine.start(echo).wait(seconds)
    passed = outcome.status == 0 and not outcome.hung
    why = "passed" if passed else f"hung: no end within {seconds} s" if outcome.hung else f"failed with status {outcome.status}"
    print(f"campaign: {name}: {why} ({time.monotonic() - began:.0f} s)", flush=True)
    if not passed:
        for text in outcome.tail() + outcome.where:
            print("  | " + text)
    return passed


def main():
    parser = argparse.ArgumentParser(description="Run Pagoda's campaigns.")
    parser.add_argument("--dir", default="build/release", help="the build to run")
    parser.add_argument("--build", default="release")
    parser.add_argument("--only", default="", help="patterns of names, with commas between")
    given = parser.parse_args()
    try:
        rows = [row for row in read(os.path.join(ROOT, "test", "campaigns.txt")) if selected(row[0], given.only)]
    except ValueError as error:
        print(f"campaign: {error}.", file=sys.stderr)
        return 2
    if not rows:
        print(f"campaign: no campaign matches {given.only}.", file=sys.stderr)
        return 2
    results = []
    for row in rows:
        try:
            results.append(run(row, given.dir, given.build))
        except qemu.QemuError as error:
            print(f"campaign: {row[0]}: {error}.", file=sys.stderr)
            results.append(False)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped", flush=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
