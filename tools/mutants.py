#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sees that the tests notice bugs: builds each seeded bug of test/mutants.txt and runs the tests named there.

A bug is an `#ifdef MUTANT_NAME` in a source. First the named tests must pass without any bug, else their failing would
prove nothing. Exit status 0 only when every bug is caught by every test that its line names.
"""

import argparse
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from pagoda.targets import read_mutants, selected

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT_S = 900
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


def run(tests, mutant=None):
    """(failed count, names of failed tests, text); failed is None when there was no summary."""
    command = ["scons", "-Q", "ONLY=" + ",".join(tests), "test"] + ([f"MUTANT={mutant}"] if mutant else [])
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_S, text=True, errors="replace", check=False)
        text = done.stdout
    except subprocess.TimeoutExpired as late:
        return None, [], (late.stdout or b"").decode(errors="replace") + "\nno end within the time limit"
    if "does not exist; build it" in text:
        return None, [], text  # what failed then is the build, and proves nothing
    match = SUMMARY.search(text)
    names = re.findall(r"^FAIL (\S+) .* s$", text, re.MULTILINE)
    return (int(match[2]) if match else None), names, text


def tail(text, lines=15):
    return "\n".join("     | " + line for line in text.splitlines()[-lines:])


def seeded(name, file):
    """Whether the source really has the bug."""
    try:
        with open(os.path.join(ROOT, file), encoding="utf-8") as source:
            return f"MUTANT_{name}" in source.read()
    except OSError:
        return False


def check(name, file, tests):
    """Returns (verdict, text to show, caught)."""
    if not seeded(name, file):
        return f"{file} has no MUTANT_{name}", "", False
    failed, names, text = run(tests, name)
    if failed is None:
        return "does not build or run", tail(text), False
    if failed == 0:
        return "NOT CAUGHT", tail(text), False
    deaf = [test for test in tests if test not in names]
    if deaf:
        return f"caught by {' '.join(names) or 'no test as a whole'}, but NOT by {' '.join(deaf)}", tail(text), False
    return "caught by " + " ".join(names), "", True


def main():
    parser = argparse.ArgumentParser(description="Run the tests against seeded bugs.")
    parser.add_argument("--only", default="", help="names of test/mutants.txt, or patterns; commas separate")
    given = parser.parse_args()
    mutants = [row for row in read_mutants(ROOT) if selected(row[0], given.only)]
    if not mutants:
        print(f"mutants: test/mutants.txt lists none{' that matches ' + given.only if given.only else ''}.", file=sys.stderr)
        return 1
    union = sorted({test for _, _, tests in mutants for test in tests})
    failed, names, text = run(union)
    if failed != 0:
        print(f"mutants: without any bug these fail: {' '.join(names) or 'no summary'}\n{tail(text, 30)}")
        return 1
    print(f"without any bug: {len(union)} tests pass", flush=True)
    width = max(len(name) for name, _, _ in mutants)
    missed = 0
    for name, file, tests in mutants:
        began = time.monotonic()
        verdict, text, caught = check(name, file, tests)
        missed += not caught
        print(f"{name:<{width}}  {file:<32} {verdict}  ({time.monotonic() - began:.0f} s)", flush=True)
        if text:
            print(text)
    print(f"{len(mutants) - missed} of {len(mutants)} seeded bugs caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
