#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The figures of several harts: `scons bench` calls it. Page faults per million instructions of each hart, counted by the
plugin tools/plugin/harts.c while every hart stores to pages (apps/harts.c), and what the kernel keeps per process, per
thread and per mapped MiB. Where harts run side by side the counts depend on the host, so they differ from run to run; the bytes
do not.
"""

import argparse
import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import qemu
from pagoda import probe
from pagoda.profiling.programs import Build, ProfileError, Program

HARTS = (1, 2, 4, 8)
KINDS = ("own", "shared")
MEM = "1G"
TIMEOUT_S = 300
BYTES = ("process", "thread", "mib")


class Counter:
    """A build, the program that works on every hart, and the plugin that counts."""

    def __init__(self, build, plugin):
        self.build, self.plugin = build, os.path.abspath(plugin)
        self.kernel_program = Program("kernel", build.kernel)
        self.program = Program("harts", os.path.join(build.elf_folder, "apps", "harts.elf"))

    def boot(self, harts, what, extra=()):
        """The lines that harts printed."""
        machine = qemu.Machine(self.build.kernel, self.build.image, mem=MEM, build="bench", icount=harts == 1, smp=harts,
                               run="harts " + what, extra=extra)
        outcome = machine.start().wait(TIMEOUT_S)
        if outcome.hung or outcome.status != 0:
            raise ProfileError(f"harts {what} failed with {harts} harts; the last lines:\n" + "\n".join(outcome.tail()))
        return outcome.lines

    def options(self, harts, folder):
        wait, wait_end = self.kernel_program.function_range("lock_wait")
        text = os.path.join(folder, "text")
        with open(text, "wb") as file:
            file.write(self.program.text)
        values = {"workers": harts, "text_va": self.program.text_va, "mark": self.program.variable("harts_mark")[0],
                  "wait": wait, "wait_bytes": wait_end - wait}
        return ["-plugin", ",".join([self.plugin, f"out={folder}/counts", f"text={text}",
                                     *(f"{name}={value:#x}" for name, value in values.items())])]


def rates(counter, harts, kind):
    """[{faults, instructions, per_million, waiting}] of each hart."""
    with tempfile.TemporaryDirectory(prefix="pagoda-harts-") as folder:
        counter.boot(harts, kind, counter.options(harts, folder))
        counts = os.path.join(folder, "counts")
        if not os.path.exists(counts):
            raise ProfileError(f"with {harts} harts the first worker ended before the last began; there is no figure")
        with open(counts, encoding="ascii") as file:
            rows = [[int(word) for word in line.split()] for line in file]
    return [{"instructions": insns, "faults": faults, "per_million": round(1e6 * faults / insns, 1) if insns else 0.0,
             "waiting": round(waiting / insns, 4) if insns else 0.0} for insns, faults, waiting in rows]


def kernel_bytes(counter):
    """{process, thread, mib}: bytes of page tables and kernel objects."""
    found = dict(re.findall(rf"^({'|'.join(BYTES)}) (\d+)$", "\n".join(counter.boot(1, "bytes")), re.MULTILINE))
    if set(found) != set(BYTES):
        raise ProfileError("harts bytes printed no figures")
    return {name: int(found[name]) for name in BYTES}


def measure(counter):
    """What goes into bench.json under "harts"."""
    faults = {kind: {str(harts): rates(counter, harts, kind) for harts in HARTS} for kind in KINDS}
    return {"deterministic": False, "faults": faults, "kernel_bytes": kernel_bytes(counter)}


def lines_of(found):
    lines = ["More harts: page faults per million instructions of each hart (in brackets: the share of them spent waiting for",
             "the kernel lock). Not deterministic: harts run side by side, so these depend on the host.",
             f"{'harts':<8}" + "".join(f"{kind + ' pages':<22}" for kind in KINDS)]
    for harts in HARTS:
        cells = []
        for kind in KINDS:
            rows = found["faults"][kind][str(harts)]
            mean = sum(row["per_million"] for row in rows) / len(rows)
            waiting = sum(row["waiting"] for row in rows) / len(rows)
            spread = f"{min(row['per_million'] for row in rows):.0f}-{max(row['per_million'] for row in rows):.0f}"
            cells.append(f"{mean:.0f} ({100 * waiting:.0f} %) {spread if harts > 1 else ''}")
        lines.append(f"{harts:<8}" + "".join(f"{cell:<22}" for cell in cells).rstrip())
    kept = found["kernel_bytes"]
    lines.append(f"The kernel keeps {kept['process']:,} bytes per process, {kept['thread']:,} per further thread, "
                 f"{kept['mib']:,} per mapped MiB (page tables and kernel objects).")
    return lines


def section(folder=os.path.join(ROOT, "build", "bench"), plugin=os.path.join(ROOT, "build", "plugin", "harts.so")):
    """(what goes into bench.json or None, lines to print)."""
    if not probe.has_plugins():
        return None, ["More harts: no figures, this QEMU was built without support for plugins."]
    try:
        found = measure(Counter(Build(folder), plugin))
    except (OSError, ProfileError, qemu.QemuError) as error:
        return None, [f"More harts: no figures: {error}"]
    return found, lines_of(found)


def main():
    parser = argparse.ArgumentParser(description="Figures of several harts.")
    parser.add_argument("--dir", default=os.path.join(ROOT, "build", "bench"), help="folder with kernel.elf and measured.img")
    parser.add_argument("--plugin", default=os.path.join(ROOT, "build", "plugin", "harts.so"))
    parser.add_argument("--json", help="file to write them to")
    given = parser.parse_args()
    try:
        found = measure(Counter(Build(given.dir), given.plugin))
    except (OSError, ProfileError, qemu.QemuError) as error:
        print(f"harts: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines_of(found)))
    if given.json:
        with open(given.json, "w", encoding="ascii") as file:
            json.dump(found, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
