#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the tools which count from outside count right: a profile's total is what the bench's own counter says, and
every instruction of it is in the hop, place and function tables exactly once; a fault goes program, kernel, pager, kernel,
program; in a short run no step of the kernel with interrupts off is longer than docs/bounds.md allows; and each of two harts
is seen to fault and to work.

TIMEOUT: 300
"""

import os
import re
import sys
import tempfile
import xml.dom.minidom

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import harts
import longest
import profiler
import qemu
from pagoda import probe
from pagoda.profiling.programs import Build

PLUGINS = os.path.join(ROOT, "build", "plugin")
FOLDER, ELF = os.environ["PAGODA_BUILD_DIR"], os.environ["PAGODA_ELF_DIR"]
CALLS = ["syscall.null", "ipc.roundtrip", "fault.cow_reuse"]
SHORT = "forkdemo; t_fork; t_ipc; t_heap; vmcheck --quiet"


def require(condition, what):
    if not condition:
        raise AssertionError(what)


def numbers(lines, pattern):
    return [int(match[1].replace(",", "")) for line in lines if (match := re.match(pattern, line))]


def profile_of(metric, folder):
    return profiler.profile(Build(FOLDER, ELF), os.path.join(PLUGINS, "profile.so"), metric, "", folder)


def totals_add_up(folder):
    for metric in CALLS:
        found = profile_of(metric, os.path.join(folder, metric))
        require(found.total - found.overhead == found.median,
                f"{metric}: {found.total} traced, {found.overhead} of them overhead, but the bench says {found.median}")
        text = found.lines()
        places = text.index("places:")
        require(sum(numbers(text[2:places], r" +\d+ +([\d,]+)  ")) == found.total, f"{metric}: hops")
        tables = text[places:]
        require(sum(numbers(tables, r" +([\d,]+) +[\d.]+% ")) == found.total, f"{metric}: places")
        functions = tables[tables.index(""):]
        require(sum(numbers(functions, r" +([\d,]+) +[\d,]* +[\d,]*  ")) == found.total, f"{metric}: functions")
        listed = found.listing()
        order = listed.index("The same in the order in which it ran.")
        require(sum(numbers(listed[:order], r" +([\d,]+)  +[0-9a-f]+  ")) == found.total, f"{metric}: listing")
        require(numbers(listed[order:], r" +(\d+)  +[0-9a-f]+  ")[-1] == found.total, f"{metric}: listing in order")
        require(found.by_place.total == found.total, f"{metric}: tree")
        xml.dom.minidom.parseString("\n".join(found.picture()))


def a_fault_goes_through_the_pager(folder):
    labels = [hop.label for hop in profile_of("fault.map_only", folder).hops]
    require(labels == ["bench", "kernel: fault (bench)", "pager", "kernel: FAULT_REPLY_RECV (pager)", "bench"],
            f"hops are {labels}")


def unknown_figures_are_refused(_folder):
    for name in ("", "fault.nonsense", "size.kernel"):
        try:
            profiler.check_metric(name)
            profile_of(name, os.path.join(_folder, "none"))
        except profiler.ProfileError as error:
            require("syscall.null" in str(error), f"{name}: {error}")
        else:
            raise AssertionError(f"METRIC={name} was taken")


def no_step_is_longer_than_its_bound(_folder):
    recorder = longest.Recorder(os.path.join(PLUGINS, "longest.so"), os.path.join(FOLDER, "kernel.elf"))
    try:
        machine = qemu.Machine.from_environment(run=SHORT, smp=1, extra=recorder.qemu_options("short"))
        outcome = machine.start().wait(100)
        require(outcome.status == 0 and not outcome.hung, "the run failed:\n" + "\n".join(outcome.tail()))
        kinds = longest.measured(recorder.read())
    finally:
        recorder.close()
    require(kinds["page fault"]["stretches"] > 100 and kinds["CALL"]["stretches"] > 100, f"too little was seen: {kinds}")
    bounds = longest.documented_bounds()
    for label, kind in sorted(kinds.items(), key=lambda item: -item[1]["wait"])[:6]:
        print(f"  {label}: {kind['wait']}, allowed {bounds.get(label, bounds['any'])}")
    bad = [f"{label} {kind['wait']} > {bounds.get(label, bounds['any'])}" for label, kind in kinds.items()
           if kind["wait"] > bounds.get(label, bounds["any"])]
    require(not bad, "; ".join(bad))


def harts_are_told_apart(_folder):
    counter = harts.Counter(Build(FOLDER, ELF), os.path.join(PLUGINS, "harts.so"))
    rows = harts.rates(counter, 2, "own")
    require(len(rows) == 2 and all(200 < row["faults"] <= 5000 and row["per_million"] > 50 for row in rows), f"{rows}")
    kept = harts.kernel_bytes(counter)
    require(kept["mib"] == 2048, f"4 KiB of page table map 2 MiB, but {kept}")
    require(4096 <= kept["thread"] < kept["process"] < 65536, f"{kept}")


def main():
    if not probe.has_plugins():
        print("SKIP profile/all: this QEMU was built without support for plugins")
        return 0
    bad = 0
    for case in (totals_add_up, a_fault_goes_through_the_pager, unknown_figures_are_refused, no_step_is_longer_than_its_bound,
                 harts_are_told_apart):
        try:
            with tempfile.TemporaryDirectory(prefix="pagoda-profile-") as folder:
                case(folder)
            print(f"ok profile/{case.__name__}")
        except (AssertionError, profiler.ProfileError, qemu.QemuError) as error:
            print(f"FAIL profile/{case.__name__}: {error}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
