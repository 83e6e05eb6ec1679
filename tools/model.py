#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves the fault protocol of test/model/fault.pml with Spin, and sees that the proof notices seeded mistakes.

Writes to build/model/ only. The last line counts: `N passed, N failed, N skipped`; exit status 0 only when nothing failed.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = os.path.join(ROOT, "test", "model", "fault.pml")
OUT = os.path.join(ROOT, "build", "model")
DEPTH = 20000  # steps of the longest run; if one is longer, pan says so, and nothing is proven
MEMORY_MB = 1000
TIMEOUT_S = 120

SAFETY = ["-DSAFETY", "-DCOLLAPSE"]
ENDS = ["-DNP", "-DCOLLAPSE"]  # the model has no progress labels: any run without an end is an error

# name: (sizes, how pan is compiled, how it is run)
PROOFS = {
    "kill": ({"ACCESSES": 1, "FORKS": 1, "KILLS": 1}, SAFETY, []),
    "more-accesses": ({"ACCESSES": 2, "FORKS": 1, "KILLS": 0}, SAFETY, []),
    "second-child": ({"ACCESSES": 1, "FORKS": 2, "KILLS": 0}, SAFETY, []),
    "every-run-ends": ({"ACCESSES": 1, "FORKS": 1, "KILLS": 0}, ENDS, ["-l"]),
}
MUTANTS = {
    "SKIP_SHOOTDOWN": "an entry is replaced, only this hart forgets the old one",
    "SKIP_FORK_FLUSH": "fork takes W away in the table, not in the harts",
    "FREE_BEFORE_ACK": "a frame goes on before the other hart has acknowledged",
    "LOCK_BLOCKS_ACK": "a hart that waits for the kernel's lock does not acknowledge",
    "UPGRADE_SHARED": "upgrade in place although others have the frame",
    "PTE_AT_TRAP": "the message has the entry as it was at the trap",
    "ACCEPT_STALE": "the kernel takes an answer to an id that has ended",
    "FORGET_REQUEUE": "a restart of the pager forgets the faults it had",
    "COUNTS_NOT_REBUILT": "a restart of the pager believes the old counts",
}
MUTANT_SIZES = {"ACCESSES": 2, "FORKS": 1, "KILLS": 0}
RESTART_SIZES = {"ACCESSES": 1, "FORKS": 1, "KILLS": 1}
AT_RESTART = {"FORGET_REQUEUE", "COUNTS_NOT_REBUILT"}


class ModelError(Exception):
    """What went wrong outside of the model."""


def command(args, folder):
    try:
        done = subprocess.run(args, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{args[0]} did not end within {TIMEOUT_S} seconds") from None
    return done.returncode, done.stdout


def search(name, defines, compile_flags, run_flags, optimize="-O2"):
    """Build and run pan in build/model/NAME. Returns (first error or "", states, whether all were seen, text)."""
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    trail = os.path.join(folder, "fault.pml.trail")
    if os.path.exists(trail):
        os.unlink(trail)
    shutil.copy(MODEL, folder)
    status, text = command(["spin", "-a", *defines, "fault.pml"], folder)
    if status != 0 or "Error" in text:
        raise ModelError("spin refuses the model:\n" + text)
    status, text = command(["gcc", optimize, "-w", f"-DMEMLIM={MEMORY_MB}", *compile_flags, "-o", "pan", "pan.c"], folder)
    if status != 0:
        raise ModelError("gcc refuses what spin made:\n" + text)
    _, text = command(["./pan", f"-m{DEPTH}", "-n", "-w22", *run_flags], folder)
    error = re.search(r"^pan:1: (.*)", text, re.MULTILINE)
    states = re.search(r"^ *(\d+) states, stored", text, re.MULTILINE)
    whole = "Search not completed" not in text and "max search depth too small" not in text and "errors: 0" in text
    return error[1] if error else "", int(states[1]) if states else 0, whole, text


def flags(sizes):
    return [f"-D{name}={value}" for name, value in sizes.items()]


def prove(name):
    sizes, compile_flags, run_flags = PROOFS[name]
    error, states, whole, text = search(name, flags(sizes), compile_flags, run_flags)
    if error:
        return False, states, f"{error}; replay: see docs/model.md, build/model/{name}"
    return whole, states, "holds in all states" if whole else "the search did not reach all states\n" + text


def catch(name):
    sizes = RESTART_SIZES if name in AT_RESTART else MUTANT_SIZES
    error, states, _, text = search("mutant-" + name, flags(sizes) + ["-DMUTANT_" + name], SAFETY, [], "-O1")
    if "max search depth" in error or not error:
        return False, states, "NOT FOUND" + (": " + error if error else "")
    what = error.split(" (")[0]  # the condition of an assertion is unreadable here; the trail has it
    depth = re.search(r"at depth (\d+)", text)
    return True, states, f"found after {depth[1]} steps: {what}"


def cases(only):
    """(name, function, what it is) of the proofs, then of the seeded mistakes."""
    for name, (sizes, _, _) in PROOFS.items():
        if only in ("", name):
            yield name, prove, ", ".join(f"{key.lower()} {value}" for key, value in sizes.items())
    for name, what in MUTANTS.items():
        if only in ("", name):
            yield name, catch, what


def main():
    parser = argparse.ArgumentParser(description="Check the model of the fault protocol.")
    parser.add_argument("--only", default="", help="one proof or one seeded mistake")
    wanted = list(cases(parser.parse_args().only))
    if not wanted:
        print(f"model: there is no such case; there are {', '.join([*PROOFS, *MUTANTS])}.", file=sys.stderr)
        return 2
    for tool in ("spin", "gcc"):
        if not shutil.which(tool):
            print(f"model: {tool} is not installed; ./setup installs it.", file=sys.stderr)
            print(f"0 passed, 0 failed, {len(wanted)} skipped")
            return 2
    passed = 0
    print(f"{'':4} {'':<19} {'states':>9} {'s':>5}")
    for name, run, what in wanted:
        began = time.monotonic()
        try:
            good, states, text = run(name)
        except ModelError as error:
            good, states, text = False, 0, str(error)
        passed += good
        seconds = time.monotonic() - began
        print(f"{'ok' if good else 'FAIL':4} {name:<19} {states:>9} {seconds:>5.1f}  {what}: {text}", flush=True)
    print(f"{passed} passed, {len(wanted) - passed} failed, 0 skipped")
    return 0 if passed == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
