#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures and compares: `scons bench` calls it once build/bench and build/release are there.

Measures the bench build and beside it the default build, prints the table beside the peers and writes
build/bench/bench.json. COMPARE sets that file beside another one; UPDATE writes files of the tree anew: docs the page docs/performance.md, baseline what
`scons test` compares with, from a quick run of its own. The parts: tools/pagoda/figures/.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harts
import longest
import qemu
from pagoda.figures import compare, page, table, take
from pagoda.figures.peers import Peers

ROOT = take.ROOT
RESULT = os.path.join(ROOT, "build", "bench", "bench.json")
BASELINE = os.path.join(ROOT, "test", "baseline.json")
BASELINE_NOTE = ("SPDX-License-Identifier: MIT. What `scons test` compares with; written by `scons bench UPDATE=baseline`, in the "
                 "commit that changes the figures.")
STATUS_ERROR = 2


def shown(path):
    return os.path.relpath(path, ROOT)


def write_json(path, data):
    with open(path, "w", encoding="ascii") as file:
        file.write(compare.text_of(data))
    print(f"written to {shown(path)}")


def commit():
    try:
        return subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def measure(mem):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # deterministic: one does not disturb the other
        measured, default = pool.map(take.figures, ("bench", "release"), (mem, take.DEFAULT_MEM))
    machine = {"mem": mem, "default_mem": take.DEFAULT_MEM, "time": "-icount shift=0,sleep=off", "commit": commit()}
    return {"metrics": measured, "default": default, "machine": machine, "tools": take.tools()}


def measure_and_report(mem, peers):
    """Measure, write, print. Returns the exit status."""
    result = measure(mem)
    result["metrics"].update(longest.figure())
    more, more_lines = harts.section()
    result.update({"harts": more} if more else {})
    beyond = table.print_all(result["metrics"], result["default"], peers)
    print("\n".join(["", *longest.figure_lines(), "", *more_lines, ""]))
    write_json(RESULT, result)
    return 1 if beyond else 0


def update_baseline():
    metrics = {name: {"median": figure["median"], "unit": figure["unit"]} for name, figure in take.quick().items()}
    write_json(BASELINE, {"note": BASELINE_NOTE, "tools": take.tools(), "metrics": metrics})


def compare_with(path, mem, peers):
    before = compare.load(path)
    status = 0
    if os.path.exists(RESULT):
        written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(os.path.getmtime(RESULT)))
        print(f"now: {shown(RESULT)} of {written}, not measured again (`scons bench` does); before: {path}")
    else:
        print(f"now: there is no {shown(RESULT)}, so it is measured first; before: {path}", flush=True)
        status = measure_and_report(mem, peers)
    print()
    return 1 if compare.print_comparison(before, compare.load(RESULT), peers) else status


def main():
    parser = argparse.ArgumentParser(description="Measure Pagoda and print the table.")
    parser.add_argument("--mem", default=take.FULL_MEM, help="memory of the measured machine")
    parser.add_argument("--compare", help="a bench.json to set beside build/bench/bench.json")
    parser.add_argument("--update", default="", help="baseline, docs, or both with a comma: files of the tree to write anew")
    given = parser.parse_args()
    update = set(given.update.split(",")) - {""}
    peers, status = Peers(), 0
    try:
        if given.compare:
            return compare_with(given.compare, given.mem, peers)
        if update != {"baseline"}:
            status = measure_and_report(given.mem, peers)
        if "baseline" in update:
            update_baseline()
        if "docs" in update:
            page.write(RESULT, peers)
    except (take.BenchError, compare.FiguresError, qemu.QemuError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return STATUS_ERROR
    return status


if __name__ == "__main__":
    sys.exit(main())
