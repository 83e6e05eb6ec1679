#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures and compares: `scons bench` calls it once build/bench and build/release are there.

Boots each under deterministic time with `bench --json`, takes what the program prints between BENCH-JSON-BEGIN and
BENCH-JSON-END, adds the kernel's size, prints the table beside the peers and writes build/bench/bench.json. A figure
that was not measured is not in the table.
"""

import argparse
import concurrent.futures
import json
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)

import qemu
import size

BEGIN, END = "BENCH-JSON-BEGIN", "BENCH-JSON-END"
TIMEOUT_S = 900
DEFAULT_MEM = "256M"  # of the default build's column: the bench program leaves the largest forks out, which take long
SHELL_MEM = "128M"  # METRICS: boot.shell is of a machine of this size
COMMAND = "bench --json"
# fault.deliver is read off the event ring, which is otherwise off in the measured build: DELIVER and RESUME alone.
DELIVER_EVENTS = "trace=0x14"


class BenchError(Exception):
    """Why there are no figures; a sentence."""


def extract(lines):
    """The JSON object between the marks."""
    text = "\n".join(line.rstrip() for line in lines)
    match = re.search(rf"^{BEGIN}$(.*?)^{END}$", text, re.MULTILINE | re.DOTALL)
    if not match:
        raise BenchError("the guest printed no figures; its last lines:\n" + "\n".join(lines[-20:]))
    try:
        found = json.loads(match[1])
    except ValueError as error:
        raise BenchError(f"the guest's figures are no JSON ({error}):\n{match[1]}") from None
    return found.get("metrics", found)


def measure(build, mem, command, args=""):
    folder = os.path.join(ROOT, "build", build)
    machine = qemu.Machine(os.path.join(folder, "kernel.elf"), os.path.join(folder, "pagoda.img"), mem=mem, build=build,
                           icount=True, run=command, args=args)
    outcome = machine.start().wait(TIMEOUT_S)
    if outcome.hung:
        raise BenchError(f"no power-off within {TIMEOUT_S} seconds; the last lines:\n" + "\n".join(outcome.tail()))
    return extract(outcome.lines)


def figures(build, mem):
    """All metrics of one build."""
    metrics = measure(build, mem, COMMAND)
    if mem != SHELL_MEM:
        metrics.update({name: value for name, value in measure(build, SHELL_MEM, COMMAND + " boot.shell").items()
                        if name == "boot.shell"})
    metrics.update(measure(build, SHELL_MEM, COMMAND + " fault.deliver", DELIVER_EVENTS))
    text, data, _ = size.kernel_size(os.path.join(ROOT, "build", build, "kernel.elf"))
    total = text + data
    metrics["size.kernel"] = {"median": total, "min": total, "max": total, "unit": "bytes"}
    for value in metrics.values():
        value.setdefault("unit", "instructions")
    return metrics


# ---- the table ----

def row_of(name, rows):
    """(row of peers.json, N) for a metric; fork.call.256 is in row fork.call.N."""
    if name in rows:
        return rows[name], None
    stem, _, last = name.rpartition(".")
    return (rows.get(stem + ".N", {}), int(last)) if last.isdigit() else ({}, None)


def peer_value(value, n):
    if isinstance(value, list):
        return round(value[0] + value[1] * (n or 0))
    return value


def show(value):
    return "-" if value is None else f"{value:,.0f}"


def in_table_order(names, rows):
    order = {name: i for i, name in enumerate(rows)}

    def key(name):
        stem, _, last = name.rpartition(".")
        numbered = last.isdigit() and stem + ".N" in order
        return (order.get(stem + ".N" if numbered else name, len(order)), int(last) if numbered else 0, name)
    return sorted(names, key=key)


def table(title, names, measured, default, rows, peers):
    """Print one table; returns the names whose hard limit is missed."""
    missed = []
    width = max(len(name) for name in names)
    print(f"\n{title}")
    head = "".join(f"{peer:>12}" for peer in peers)
    print(f"{'':<{width}}  {'Pagoda':>11}{'default':>11}{head}{'ratio':>8}{'aim':>12}  {'sfence':>8}{'satp':>7}")
    for name in names:
        row, n = row_of(name, rows)
        ours = measured[name]["median"]
        values = [peer_value(row.get(peer), n) for peer in peers]
        known = [value for value in values if value]
        ratio = f"{ours / min(known):.2f}" if known else "-"
        aim, limit = peer_value(row.get("aim"), n), row.get("limit")
        verdict = "" if aim is None else "met" if ours <= aim else ""
        if limit and ours > limit:
            verdict = f"over the limit of {limit:,}"
            missed.append(name)
        plain = default.get(name, {}).get("median")
        cells = "".join(f"{show(value):>12}" for value in values)
        flushes = [measured[name].get(what) for what in ("sfence", "satp")]
        flushes = f"{flushes[0]:>8.2f}{flushes[1]:>7.2f}" if None not in flushes else f"{'':>15}"
        print(f"{name:<{width}}  {show(ours):>11}{show(plain):>11}{cells}{ratio:>8}{show(aim):>12}  {flushes}  {verdict}".rstrip())
    return missed


def report(measured, default):
    with open(os.path.join(HERE, "peers.json"), encoding="utf-8") as file:
        peers = json.load(file)
    rows = peers["rows"]
    names = in_table_order(measured, rows)
    plain = [name for name in names if not name.startswith("rtos.")]
    rtos = [name for name in names if name.startswith("rtos.")]
    missed = table("Instructions, medians (size: bytes). ratio: ours to the best peer's. default: the build with checks. sfence, satp: per operation.",
                   plain, measured, default, rows, peers["peers"])
    if rtos:
        missed += table("Against classic RTOSes, which have no protection", rtos, measured, default, rows, peers["rtos_peers"])
    return missed


def main():
    parser = argparse.ArgumentParser(description="Measure Pagoda and print the table.")
    parser.add_argument("--mem", default="1G", help="memory of the measured machine")
    given = parser.parse_args()
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:  # deterministic: one does not disturb the other
            measured, default = pool.map(figures, ("bench", "release"), (given.mem, DEFAULT_MEM))
    except (BenchError, qemu.QemuError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    out = os.path.join(ROOT, "build", "bench", "bench.json")
    result = {"metrics": measured, "default": default, "machine": {"mem": given.mem, "qemu": "icount shift=0,sleep=off"}}
    with open(out, "w", encoding="ascii") as file:
        json.dump(result, file, indent=1, sort_keys=True)
        file.write("\n")
    missed = report(measured, default)
    print(f"\nwritten to {os.path.relpath(out, ROOT)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
