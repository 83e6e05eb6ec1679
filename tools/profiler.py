#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the instructions of one figure of `bench` go: `scons profile METRIC=name` calls it once build/bench is there.

Boots the measured build with the plugin tools/plugin/profile.c, takes the sample whose cost is the figure's median, and
writes build/profile/NAME.txt (by hop, place and function), NAME.lst (instruction by instruction) and NAME.svg (a flame
graph); prints the first. docs/profiling.md.
"""

import argparse
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import qemu
from pagoda.figures import take
from pagoda.figures.peers import Peers
from pagoda.profiling import flame, operation, recording, text
from pagoda.profiling.programs import Build, ProfileError, programs_of

TIMEOUT_S = 900
NO_OPERATIONS = {"size.kernel", "boot.shell", "kernel.longest", "irq.to_user", "fault.deliver"}  # not taken by samples of the bench program
MERGE_ABOVE = 24  # hops: with more of them the tree has one branch per place, not per hop


def metric_names():
    """Figures to choose from: those of the last `scons bench`, else of the baseline, which lacks the largest forks."""
    measured, baseline = (os.path.join(ROOT, *path) for path in (("build", "bench", "bench.json"), ("test", "baseline.json")))
    with open(measured if os.path.exists(measured) else baseline, encoding="ascii") as file:
        return Peers().sorted(set(json.load(file)["metrics"]) - NO_OPERATIONS)


def check_metric(name):
    names = ", ".join(metric_names())
    if not name:
        raise ProfileError(f"METRIC is missing: scons profile METRIC=name, where name is a figure of `scons bench`: {names}")
    if name in NO_OPERATIONS:
        raise ProfileError(f"METRIC={name}: the bench program takes no samples of this one, but of: {names}")


def arguments_of(programs, out):
    """The plugin's arguments."""
    own, kernel = programs["bench"], programs["kernel"]
    code = os.path.join(out, "text")
    with open(code, "wb") as file:
        file.write(own.text)
    sampling = own.variable("sampling")[0]
    members = {name: sampling + own.member("sampling", name) for name in ("started", "sample", "count", "overhead")}
    values = {"started": members["started"], "sample": members["sample"], "overhead": members["overhead"],
              "sample_bytes": members["count"] - members["sample"],  # it follows the array
              "count": own.variable("metric_count")[0], "text_va": own.text_va,
              "current": kernel.variable("harts")[0] + kernel.member("hart", "current")}
    return ",".join([f"out={out}", f"text={code}", *(f"{name}={value:#x}" for name, value in values.items())])


def record(build, plugin, programs, wanted, out):
    """Run the figures of wanted, which are apart by blanks, the last one being the one in question. Returns the figures that the program printed."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    machine = qemu.Machine(build.kernel, build.image, mem=take.FULL_MEM, build="bench",
                           icount=True, run=f"{take.COMMAND} {wanted}",
                           extra=["-plugin", f"{plugin},{arguments_of(programs, out)}"])
    outcome = machine.start().wait(TIMEOUT_S)
    if outcome.hung:
        raise ProfileError(f"no power-off within {TIMEOUT_S} seconds; the last lines:\n" + "\n".join(outcome.tail()))
    try:
        return take.extract(outcome.lines)
    except take.BenchError as error:
        if outcome.lines[-1].startswith("bench: nothing measured"):
            raise ProfileError(f"METRIC={wanted.split()[-1]}: the bench measures no such figure, but {', '.join(metric_names())}") from None
        raise ProfileError(str(error)) from None


def chosen(recorded, figures, metric):
    """(number of the sample, its cost) whose cost is the median."""
    names = list(figures)
    if metric not in names:
        raise ProfileError(f"METRIC={metric}: the bench measured no such figure, only {', '.join(names)}; "
                           f"there are: {', '.join(metric_names())}")
    place = names.index(metric)
    samples = recorded.groups[place] if place < len(recorded.groups) else []
    if not samples:
        raise ProfileError(f"METRIC={metric}: its samples were not seen; tools/plugin/profile.c says what bench.c has to do")
    costs = sorted(cost for _, cost in samples)
    middle = costs[len(costs) // 2]
    return next((number, cost) for number, cost in reversed(samples) if cost == middle)  # the first one may hold more


class Profile:
    """One operation, ready to be written."""

    def __init__(self, metric, median, hops, overhead, recorded):
        self.metric, self.median, self.hops, self.overhead = metric, median, hops, overhead
        self.total = sum(len(hop.instructions) for hop in hops)
        seen = {instruction for hop in hops for instruction in hop.instructions}
        recorded.resolve(seen)
        order = {id(hop): i + 1 for i, hop in enumerate(hops)}
        self.by_place = self.by_hop = operation.tree_of(metric, hops, lambda hop: hop.label)
        if len(hops) <= MERGE_ABOVE:
            self.by_hop = operation.tree_of(metric, hops, lambda hop: f"{order[id(hop)]} {hop.label}")

    def summary(self):
        counted = self.total - self.overhead
        off = 100 * (counted - self.median) / self.median if self.median else 0
        return [f"{self.metric}: {counted:,} instructions in {len(self.hops):,} hops; "
                f"scons bench prints {self.median:,} (deviation {off:+.2f} %).",
                f"The tables hold {self.overhead} more: what it costs to read the counter."]

    def lines(self):
        return [*self.summary(), "", *text.hop_table(self.hops), "", *text.place_table(self.by_place),
                *text.function_table(self.by_place)]

    def picture(self):
        note = ("left to right: hops in order" if self.by_hop is not self.by_place else "left to right: places, merged")
        note += "; upwards: callees, ~ inlined. Orange: kernel, blue: programs. Hover for numbers."
        title = f"{self.metric}: {self.total - self.overhead:,} instructions, {len(self.hops):,} hops"
        return flame.draw(self.by_hop, title, note).splitlines()

    def listing(self):
        lines = [*self.summary(), "", "Each place's functions; before each instruction how often it ran.", *text.by_function(self.hops)]
        if self.total <= text.IN_ORDER_MAX:
            lines += ["", "", "The same in the order in which it ran.", *text.in_order(self.hops)]
        return lines


def profile(build, plugin, metric, after, out):
    """A Profile. plugin: its file; after: figures to measure before; out: a folder to work in."""
    programs = programs_of(build.elf_folder)
    figures = record(build, plugin, programs, f"{after} {metric}".strip(), out)
    recorded = recording.Recording(out, programs)
    number, cost = chosen(recorded, figures, metric)
    recording.delete_samples(out, number)
    events = recorded.sample(number)
    events, is_whole = operation.cut(events, cost, recorded.overhead, programs["bench"])
    if not is_whole:
        raise ProfileError(f"METRIC={metric}: no reading of the counter is {cost:,} instructions after the first")
    hops = operation.hops_of(events, operation.call_names(ROOT))
    return Profile(metric, figures[metric]["median"], hops, recorded.overhead, recorded)


def write(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def main():
    parser = argparse.ArgumentParser(description="Attribute the instructions of one figure of bench to functions and hops.")
    parser.add_argument("metric", nargs="?", default="", help="a figure of `scons bench`, such as fault.cow_copy")
    parser.add_argument("--after", default="", help="figures that the bench measures before it, such as 'ipc. fault'")
    parser.add_argument("--dir", default=os.path.join(ROOT, "build", "bench"), help="folder with kernel.elf and pagoda.img")
    parser.add_argument("--plugin", default=os.path.join(ROOT, "build", "plugin", "profile.so"))
    given = parser.parse_args()
    folder = os.path.join(ROOT, "build", "profile")
    work = os.path.join(folder, "work")
    try:
        check_metric(given.metric)
        found = profile(Build(given.dir), given.plugin, given.metric, given.after, work)
    except (ProfileError, qemu.QemuError) as error:
        print(f"profile: {error}.", file=sys.stderr)
        return 2
    shutil.rmtree(work, ignore_errors=True)
    lines = found.lines()
    written = [write(folder, f"{given.metric}.{end}", content)
               for end, content in (("txt", lines), ("lst", found.listing()), ("svg", found.picture()))]
    try:
        print("\n".join(lines))
        print("\nwritten: " + ", ".join(os.path.relpath(path, ROOT) for path in written), flush=True)
    except BrokenPipeError:  # `| head` has seen enough
        sys.stdout = open(os.devnull, "w", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
