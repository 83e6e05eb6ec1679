#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`scons fuzz`: runs the fuzzers of test/host, each for some time or a number of inputs. What it learns stays in
build/fuzz/NAME and is where the next run goes on. An input that breaks something is kept beside it, as build/fuzz/NAME.crash-*;
give the program that file as its argument to see it again. Must never report success for a fuzzer that did not run.
"""

import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def fuzz(program, limit):
    """(inputs tried, whether all went well)."""
    name = os.path.basename(program)
    corpus = os.path.join(ROOT, "build", "fuzz", name)
    os.makedirs(corpus, exist_ok=True)
    command = [os.path.join(ROOT, program), *limit, "-len_control=0", "-max_len=4000", f"-artifact_prefix={corpus}.", "-print_final_stats=1", "-verbosity=0", corpus]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = run.stdout.decode(errors="replace")
    done = re.search(r"stat::number_of_executed_units: +(\d+)", text)
    if run.returncode != 0 or not done:
        print(text)
    return int(done[1]) if done else 0, run.returncode == 0 and done is not None


def main():
    parser = argparse.ArgumentParser(description="Run Pagoda's fuzzers.")
    parser.add_argument("--time", type=int, help="seconds each")
    parser.add_argument("--runs", type=int, help="inputs each")
    parser.add_argument("programs", nargs="*")
    given = parser.parse_args()
    limit = [f"-runs={given.runs}"] if given.runs else [f"-max_total_time={given.time or 60}"]
    bad = 0
    for program in given.programs:
        tried, good = fuzz(program, limit)
        bad += not good
        print(f"{'ok  ' if good else 'FAIL'} {os.path.basename(program):<20} {tried:>12} inputs", flush=True)
    if not given.programs:
        print("fuzz: ONLY selects no fuzzer", file=sys.stderr)
    return 1 if bad or not given.programs else 0


if __name__ == "__main__":
    sys.exit(main())
