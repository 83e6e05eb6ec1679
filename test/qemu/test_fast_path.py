#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the fast path does what the general path does: the same programs, run on a kernel with it and on one without
(FAST=0), leave the same events behind, thread by thread.

Events of time and interrupts (TIMER, IRQ, SIGNAL) are left out, and so are SPACE events, which are no messages: the two kernels
take different numbers of instructions, so these come at other moments; t__still keeps the pager from making spaces ahead at such
moments, whose numbers later events would tell. For the same reason events are compared with those of
the same thread, a server's with those for the same client, from the newest back to the oldest that both rings still hold; and of
an id whose it is, not how often that thread called before: somebody may have polled once more.

And that it reads nothing of a thread after it has let the lock go, when another hart may change it: the case "lock" looks at the
instructions, since no run could be sure to meet the few in which that matters.

TIMEOUT: 400
"""

import collections
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import memcheck
import qemu
from pagoda.profiling.programs import CROSS

BUILD = os.environ.get("PAGODA_BUILD", "release")
MEM_BYTES = 128 << 20
RING = 8192  # TRACE_RING
DELIVER, FAULT_REPLY, RECV, REPLY, COPY, CANCEL = 2, 3, 6, 7, 14, 15
LEFT_OUT = (9, 10, 11, 13)  # IRQ, TIMER, SIGNAL, SPACE
WITH_ID = (DELIVER, FAULT_REPLY, REPLY, COPY)  # as their second argument
ID = 1 << 63 | 0xFFFFFFFF  # a fault's or a call's, and whose
NAMES = ["?", "FAULT", "DELIVER", "FAULT_REPLY", "RESUME", "CALL", "RECV", "REPLY", "EXCEPTION", "IRQ", "TIMER", "SIGNAL",
         "THREAD", "SPACE", "COPY", "CANCEL"]
PATIENCE = 120
RUNS = {
    # case: (line, least number of events that both rings hold)
    "messages": ("t_ipc", 1000),
    "forks": ("t_fork", 3000),
    "copies": ("t_copy", 1000),
    "strings_and_files": ("ls /; echo x > /f; cat /f", 200),
    "regions": ("t_regions", 1000),
}


class Kernel:
    """A kernel to boot, and how its rings lie in memory."""

    def __init__(self, path):
        self.path, symbols = path, memcheck.Symbols(path)
        self.harts = symbols.address["harts"] - memcheck.DIRECT_MAP
        self.layout = symbols.layout("hart")

    def events(self, line, folder):
        """{(thread, client): [(kind, a, b)]}, oldest first, when the line has run."""
        machine = qemu.Machine.from_environment(kernel=self.path, run=f"t__still && {line}; echo :done; cat", mem="128M", smp=1)
        dump = os.path.join(folder, "dump")
        with machine.start() as guest:
            guest.expect(r"^:done$", PATIENCE)
            time.sleep(1)  # until cat waits for the console; then nothing happens any more
            guest.pmemsave(qemu.RAM_BASE, MEM_BYTES, dump)
        memory = memcheck.Memory(dump, qemu.RAM_BASE)
        word = {name: memory.word(self.harts + self.layout[name][0]) for name in ("ring", "trace_next")}
        ring = memory.read(word["ring"] - memcheck.DIRECT_MAP, RING * 32)
        found = collections.defaultdict(list)
        for sequence in range(max(1, word["trace_next"] - RING), word["trace_next"]):
            _, thread, kind, _, a, b = struct.unpack_from("<QIHHQQ", ring, sequence % RING * 32)
            a, b = a & ID if kind == CANCEL else a, b & ID if kind in WITH_ID else b
            client = {RECV: b, REPLY: b, COPY: b, CANCEL: a}.get(kind, 0)
            if kind not in LEFT_OUT:
                found[thread, client].append((kind, a, b))
        return found


def first_difference(one, other):
    """(how many events from the end on are the same, the first two that are not or None) of two threads' events."""
    for i, (x, y) in enumerate(zip(reversed(one), reversed(other))):
        if x != y:
            return i, (x, y)
    return min(len(one), len(other)), None


def show(event):
    return f"{NAMES[event[0]]} {event[1]:#x} {event[2]:#x}"


def compare(name, fast, general, folder):
    line, least = RUNS[name]
    one, other = fast.events(line, folder), general.events(line, folder)
    same, kinds, wrong = 0, collections.Counter(), []
    for who in sorted(set(one) | set(other)):
        count, pair = first_difference(one[who], other[who])
        same += count
        kinds.update(kind for kind, _, _ in one[who][len(one[who]) - count:])
        if pair:
            wrong.append(f"thread {who[0]:#x}, {count} events before its last: {show(pair[0])} with the fast path, {show(pair[1])} without")
    print(f"  {name}: {same} events are the same; " + ", ".join(f"{NAMES[k]} {n}" for k, n in sorted(kinds.items())))
    if same < least:
        wrong.append(f"only {same} events could be compared")
    print(f"FAIL fast_path/{name}: " + "; ".join(wrong[:4]) if wrong else f"ok fast_path/{name}", flush=True)
    return not wrong


def reads_after_unlock(path):
    """(how often the fast path lets the lock go, what it reads from there to its next jump but for the lock's next ticket)."""
    text = subprocess.run([CROSS + "objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    unlocks, wrong = 0, []
    for name, body in re.findall(r"^[0-9a-f]+ <(fast_\w+)>:\n((?:.+\n)+)", text, re.MULTILINE):
        for lock, rest in re.findall(r"\tfence\n.*\tsw\t\w+,4\((\w+)\)\n.*\tfence\n((?:.+\n)*?.*\t(?:j|ret)\b)", body):
            unlocks += 1
            loads = re.findall(r"\t(l[bhwd]u?\t\S+)", rest)
            wrong += [f"{name} reads {load}" for load in loads if not load.endswith(f",0({lock})")]
    return unlocks, wrong


def looks_at_unlocks(path):
    unlocks, wrong = reads_after_unlock(path)
    if unlocks < 5:  # its five ways
        wrong.append(f"only {unlocks} places where the lock is let go")
    print("FAIL fast_path/lock: " + "; ".join(wrong) if wrong else "ok fast_path/lock", flush=True)
    return not wrong


def main():
    done = subprocess.run(["scons", "-Q", f"BUILD={BUILD}", "FAST=0", "image"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode:
        print(done.stdout)
        print("FAIL fast_path/builds: scons FAST=0 failed")
        return 1
    fast = Kernel(os.path.join(os.environ.get("PAGODA_BUILD_DIR", os.path.join(ROOT, "build", BUILD)), "kernel.elf"))
    general = Kernel(os.path.join(ROOT, "build", BUILD + "-general", "kernel.elf"))
    with tempfile.TemporaryDirectory(prefix="pagoda-fast-") as folder:
        good = [looks_at_unlocks(fast.path)] if not sys.argv[1:] or "lock" in sys.argv[1:] else []
        good += [compare(name, fast, general, folder) for name in RUNS if not sys.argv[1:] or name in sys.argv[1:]]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
