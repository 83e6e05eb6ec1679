#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long the kernel keeps interrupts off: `scons longest` calls it once build/bench is there.

Runs every guest test of one hart with the plugin tools/plugin/longest.c, prints the longest by kind of entry and writes
build/longest.json, whose figure `scons bench` prints as kernel.longest. docs/bounds.md says what the kinds are.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import run_tests
from pagoda.profiling import operation
from pagoda.profiling.programs import Program, ProfileError

KERNEL = os.path.join(ROOT, "build", "bench", "kernel.elf")
FIGURE = os.path.join(ROOT, "build", "longest.json")
PATIENCE = 4  # a guest under the plugin is so many times slower, at most
SHOWN = 10
PARTS_SHOWN = 6
NOT_MEASURED = {"boot", "KERNEL_CHECK"}  # before the first program; the kernel's own test of its invariants, which only vmcheck asks for
NEED_EVENTS = {"guest/trace", "guest/abuse"}  # cases of these fail: they read the event ring, which the measured kernel has off
POLL = "arch_irq_pending"  # asks whether an interrupt waits; if so the way out follows
NEVER = (1 << 64) - 1
# Kernel functions, besides those of system calls, that say why the kernel was entered.
KINDS = {"fault_raise": "page fault", "fast_fault": "page fault", "exception_raise": "exception", "timer_interrupt": "timer interrupt",
         "irq_interrupt": "device interrupt", "fast_irq": "device interrupt", "fpu_first_use": "first floating point"}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Recorder:
    """Gives each boot a file for its plugin, and adds the files up."""

    def __init__(self, plugin, kernel_elf):
        self.folder = tempfile.mkdtemp(prefix="pagoda-longest-")
        self.plugin, self.kernel = os.path.abspath(plugin), Program("kernel", kernel_elf)
        self.way_out = None  # instructions from a poll to a program
        self.poll = next((va for va, name in self.kernel.functions() if name == POLL), 0)
        self.kinds_file, self.files = os.path.join(self.folder, "kinds"), {}
        calls = set(operation.call_names(ROOT).values())
        with open(self.kinds_file, "w", encoding="ascii") as file:
            for va, name in self.kernel.functions():
                call = re.fullmatch(r"(?:sys|fast)_(\w+)", name)
                label = KINDS.get(name) or (call and call[1].upper() in calls and call[1].upper())
                if label:
                    file.write(f"{va:#x} {label}\n")

    def qemu_options(self, what):
        out = os.path.join(self.folder, f"{len(self.files)}.txt")
        self.files[out] = what
        return ["-plugin", f"{self.plugin},out={out},kinds={self.kinds_file},poll={self.poll:#x}"]

    def read(self):
        """{kind: {...}} of all boots."""
        found = {}
        for path, what in self.files.items():
            if not os.path.exists(path):
                continue
            with open(path, encoding="ascii") as file:
                way_out, *lines = file.read().splitlines()
            self.way_out = min(self.way_out or NEVER, int(way_out.split()[1]))
            for label, numbers, blocks in zip(lines[::3], lines[1::3], lines[2::3]):
                self._add(found, label.split(" ", 1)[1], [int(word) for word in numbers.split()], blocks, what)
        return self.finish(found)

    def _add(self, found, label, numbers, blocks, what):
        stretches, instructions, longest, step, last, over = numbers
        kind = found.setdefault(label, {"stretches": 0, "instructions": 0, "longest": 0, "step": 0, "last": 0, "over": 0})
        kind["stretches"] += stretches
        kind["instructions"] += instructions
        kind["over"] += over
        if max(step, last) > max(kind["step"], kind["last"]):
            kind.update(seen_in=what, functions=self._functions(blocks))
        for name, value in (("longest", longest), ("step", step), ("last", last)):
            kind[name] = max(kind[name], value)

    def finish(self, found):
        """Add `wait` to each kind: how long an interrupt waits at most."""
        way_out = self.way_out if self.way_out and self.way_out < NEVER else 0
        for kind in found.values():
            kind["wait"] = max(kind["last"], kind["step"] + way_out if kind["step"] else 0)
        return found

    def _functions(self, blocks):
        """[(function, instructions)] of the longest stretch, the largest first."""
        sums = {}
        for word in blocks.split():
            va, insns, times = word.split(":")
            name = self.kernel.function(int(va, 16)) if int(va, 16) >= self.kernel.text_va else "firmware"
            sums[name] = sums.get(name, 0) + int(insns) * int(times)
        return sorted(sums.items(), key=lambda item: -item[1])

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Report(run_tests.Report):
    """Prints less of what fails: it is the lengths that count here."""

    def add(self, result):
        result.console = []
        super().add(result)

    def unexpected(self):
        return sorted(set(self.bad) - NEED_EVENTS)


class Stage(run_tests.Stage):
    """Boots under the plugin: the measured kernel, and the servers that the tests need, which can inject faults."""

    def __init__(self, kernel, out, recorder):
        self.measured = kernel
        super().__init__(out, "release")
        self.recorder = recorder

    def _copy(self, name):
        copy = super()._copy(name)
        if name == "kernel.elf":
            shutil.copy(self.measured, copy)
        return copy

    def qemu_options(self, test):
        return self.recorder.qemu_options(test)


def run_suite(kernel, folder, recorder, only, report):
    stage = Stage(kernel, folder, recorder)
    boots = [job for job in run_tests.discover([], only or "guest/*", 1) if isinstance(job, run_tests.GuestBoot) and not job.alone]
    for boot in boots:
        for test in boot.tests:
            test.timeout *= PATIENCE
    try:
        with concurrent.futures.ThreadPoolExecutor(run_tests.JOBS) as pool:
            for done in [pool.submit(run_tests.run_job, boot, stage, report) for boot in boots]:
                done.result()
    finally:
        shutil.rmtree(stage.folder, ignore_errors=True)


def measured(kinds):
    return {label: kind for label, kind in kinds.items() if label not in NOT_MEASURED}


def documented_bounds():
    """{kind: instructions} of docs/bounds.md: rows `| KIND | bound |`, of which one is `any`."""
    with open(os.path.join(ROOT, "docs", "bounds.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `([^`|]+)` \| ([\d,]+) \|", file.read(), re.MULTILINE)
    return {label: int(bound.replace(",", "")) for label, bound in rows}


def table(kinds, shown=SHOWN):
    lines = [f"{'waits':>9} {'longest':>9} {'over 1,200':>11} {'stretches':>12} {'mean':>7}  kind"]
    ranked = sorted(kinds.items(), key=lambda item: -item[1]["wait"])
    for label, kind in ranked[:shown]:
        mean = kind["instructions"] / kind["stretches"]
        lines.append(f"{kind['wait']:>9,} {kind['longest']:>9,} {kind['over']:>11,} {kind['stretches']:>12,} {mean:>7,.0f}  "
                     f"{label}, in {kind['seen_in']}")
        parts = ", ".join(f"{name} {count:,}" for name, count in kind["functions"][:PARTS_SHOWN])
        lines.append(f"{'':>54}{parts}")
    if len(ranked) > shown:
        lines.append(f"{ranked[shown][1]['wait']:>9,} and less in {len(ranked) - shown} more kinds")
    return lines


# ---- for `scons bench` ----

def recorded(kernel=KERNEL, path=FIGURE):
    """The last longest.json if it is of this kernel, else None."""
    try:
        with open(path, encoding="ascii") as file:
            found = json.load(file)
        return found if found["kernel"] == digest(kernel) else None
    except (OSError, ValueError, KeyError):
        return None


def figure():
    """{"kernel.longest": {...}} as bench.json has it; empty when nothing was recorded."""
    found = recorded()
    if not found:
        return {}
    value = found["longest"]
    return {"kernel.longest": {"median": value, "min": value, "max": value, "unit": "instructions", "what": found["what"]}}


def figure_lines():
    found = recorded()
    if not found:
        return ["kernel.longest: not recorded for this kernel; `scons longest` does (some minutes), then `scons bench` prints it."]
    return [f"kernel.longest: {found['longest']:,} in {found['what']}, over the guest tests (`scons longest`, docs/bounds.md)."]


def main():
    parser = argparse.ArgumentParser(description="The longest stretches in the kernel with interrupts off.")
    parser.add_argument("--kernel", default=KERNEL)
    parser.add_argument("--dir", default=os.path.join(ROOT, "build", "release"), help="folder with pagoda.img")
    parser.add_argument("--plugin", default=os.path.join(ROOT, "build", "plugin", "longest.so"))
    parser.add_argument("--only", default="", help="patterns such as guest/fork*, with commas between; writes no longest.json")
    parser.add_argument("--all", action="store_true", help="print every kind")
    given = parser.parse_args()
    began = time.monotonic()
    try:
        recorder = Recorder(given.plugin, given.kernel)
    except (OSError, ProfileError) as error:
        print(f"longest: {error}.", file=sys.stderr)
        return 2
    report = Report()
    try:
        run_suite(given.kernel, given.dir, recorder, given.only, report)
        found = recorder.read()
    finally:
        recorder.close()
    report.finish(time.monotonic() - began)
    kinds = measured(found)
    if not kinds:
        print("longest: no test ran.", file=sys.stderr)
        return 2
    print("\nIn the kernel with interrupts off, by kind of entry, in instructions. waits: an interrupt that comes meanwhile, at most;"
          "\nlongest: stretch. Below each, where the longest step goes.")
    print("\n".join(table(kinds, len(kinds) if given.all else SHOWN)))
    label, worst = max(kinds.items(), key=lambda item: item[1]["wait"])
    print(f"\nkernel.longest {worst['wait']:,}: {label}, in {worst['seen_in']}")
    if not given.only:
        with open(FIGURE, "w", encoding="ascii") as file:
            json.dump({"longest": worst["wait"], "what": label, "kernel": digest(given.kernel),
                       "kinds": found}, file, indent=1, sort_keys=True)
        print(f"written to {os.path.relpath(FIGURE, ROOT)}")
    if set(report.bad) & NEED_EVENTS:
        print(f"(cases of {' and '.join(sorted(NEED_EVENTS))} fail with this kernel, whose event ring is off)")
    if report.unexpected():
        print(f"longest: tests failed, so the figure is not of the whole suite: {' '.join(report.unexpected())}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
