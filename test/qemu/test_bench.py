#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that no one-hart figure got more than 3 % worse than test/baseline.json says, that COMPARE finds what got slower, that
every metric has its row of peers and aims, and that docs/performance.md shows the figures it was made from.

TIMEOUT: 180
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu
from pagoda.figures import compare, page, take, watched
from pagoda.figures.peers import Peers

BASELINE = os.path.join(ROOT, "test", "baseline.json")
AGAIN = "if it is meant to be so: `scons bench UPDATE=baseline`, and test/baseline.json goes into the same commit"


class Skipped(Exception):
    """Why a case says nothing here."""


def require(condition, what):
    if not condition:
        raise AssertionError(what)


def no_figure_is_worse_than_the_baseline():
    peers, baseline = Peers(), compare.load_file(BASELINE)
    if baseline["tools"] != take.tools():
        raise Skipped(f"the baseline was taken with {baseline['tools']}, here are {take.tools()}: other figures")
    before, now = baseline["metrics"], take.quick()
    both = compare.changes(before, now, peers)
    for change in both:
        if change.worse < -compare.WORTH_KEEPING:
            print(f"hint: {change.name} is {change.now:,}, {-change.worse:.0%} better than the baseline's {change.before:,}; "
                  "`scons bench UPDATE=baseline` keeps it so")
    new = set(now) - set(before)
    if new:
        print(f"hint: the baseline does not know {', '.join(sorted(new))}; `scons bench UPDATE=baseline`")
    gone = set(before) - set(now)
    require(not gone, f"not measured any more: {', '.join(sorted(gone))}; {AGAIN}")
    worse = [f"{c.name} {c.before:,} -> {c.now:,} ({c.worse:+.1%})" for c in both if c.slower]
    require(not worse, f"more than {compare.TOLERANCE:.0%} worse: {'; '.join(worse)}. {AGAIN}")


def bench(*arguments):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "bench.py"), *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def comparing_names_what_got_slower():
    before = {name: {"median": value} for name, value in (("ipc.call", 1000), ("fault.zero", 1000), ("spawn", 1000), ("old", 1))}
    now = {name: {"median": value} for name, value in (("ipc.call", 1031), ("fault.zero", 1029), ("spawn", 700), ("new", 1))}
    found = compare.changes(before, now, Peers())
    require([c.name for c in found] == ["ipc.call", "fault.zero", "spawn"], "the order is not worst first")
    require([c.slower for c in found] == [True, False, False], "3 % is not the limit")
    require(compare.Change("x", 0, 5, False).slower and not compare.Change("x", 5, 0, False).slower, "zero is not handled")
    require(compare.Change("x", 100, 90, True).slower and not compare.Change("x", 90, 100, True).slower, "more is not better")


def ill_files_are_refused_with_a_sentence():
    ill = {"no JSON": "{", "no figures": "[1]", "there is no": '{"metrics": {}}', "no median": '{"metrics": {"a": {"median": "7"}}}'}
    with tempfile.TemporaryDirectory(prefix="pagoda-bench-") as folder:
        for want, text in ill.items():
            path = os.path.join(folder, "x.json")
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            status, said = bench("--compare", path)
            require(status == 2 and want in said and "Traceback" not in said, f"{text}: status {status}, {said}")
        status, said = bench("--compare", os.path.join(folder, "none.json"))
        require(status == 2 and "can't be read" in said, f"a missing file: status {status}, {said}")


def a_trap_is_counted_in_a_log():
    trace = "Trace 0: 0x7f00 [0000000000000000/{:016x}/00209001/ff020201] f"
    taken = "riscv_cpu_do_interrupt: hart:0, async:1, cause:0000000000000009, epc:0x0000000000010f86, tval:0x0, desc=s_external"
    kernel, driver = 0xffffffc080200000, 0x11000
    log = [trace.format(0x10f86), taken, trace.format(kernel), "cpu_io_recompile: rewound execution", trace.format(kernel),
           trace.format(kernel + 4), trace.format(driver), trace.format(kernel)]
    require(watched.kernel_functions(log, watched.INTERRUPT, 0x10f86) == {"f": 2}, "the count is not 2")
    fault = taken.replace("async:1, cause:0000000000000009", "async:0, cause:000000000000000f")
    require(watched.kernel_functions([taken, fault, *log[2:]], watched.STORE_FAULT, 0x10f86) == {"f": 2}, "a fault's count is not 2")
    for wrong, loop in ((log, 0x10f88), (log[:-2], 0x10f86), (log[:-2] + [trace.format(0x10f86)], 0x10f86)):
        try:
            watched.kernel_functions(wrong, watched.INTERRUPT, loop)
        except watched.NotMeasured:
            continue
        raise AssertionError("a log without the whole way gave a figure")


def every_figure_has_its_row():
    peers = Peers()
    lost = [name for name in compare.load(BASELINE) if not peers.row(name)]
    require(not lost, f"tools/peers.json has no row for {', '.join(lost)}")
    for name, row in peers.rows.items():
        known = set(peers.names + peers.rtos) | {"what", "aim", "limit", "must", "later", "better", "notes", "per"}
        require("what" in row and set(row) <= known, f"tools/peers.json: {name} has {sorted(set(row) - known)}")


def the_page_shows_the_figures_it_was_made_from():
    if not os.path.exists(page.FIGURES):
        return
    made = page.files(compare.load_file(page.FIGURES), Peers())
    for path, text in made.items():
        with open(path, encoding="utf-8") as file:
            require(file.read() == text, f"{os.path.relpath(path, ROOT)} is not what {os.path.relpath(page.FIGURES, ROOT)} and "
                                         "tools/ make: `scons bench UPDATE=docs`, or undo the edit")


CASES = [no_figure_is_worse_than_the_baseline, comparing_names_what_got_slower, ill_files_are_refused_with_a_sentence,
         a_trap_is_counted_in_a_log, every_figure_has_its_row, the_page_shows_the_figures_it_was_made_from]


def main():
    bad = 0
    for case in CASES:
        try:
            case()
            print(f"ok bench/{case.__name__}", flush=True)
        except Skipped as reason:
            print(f"SKIP bench/{case.__name__}: {reason}", flush=True)
        except (AssertionError, OSError, take.BenchError, compare.FiguresError, qemu.QemuError) as error:
            bad += 1
            print(f"FAIL bench/{case.__name__}: {error}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
