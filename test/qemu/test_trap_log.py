#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the guest's counters are true: one run's exceptions and interrupts by cause, as the kernel counted them, are
those in QEMU's own log of traps up to the moment when they were read.

TIMEOUT: 120
"""

import collections
import os
import re
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu

LINE = re.compile(r"riscv_trap hart:0, async:(\d), cause:(\d+), epc:0x([0-9a-f]+)")
ECALL_USER = (0, 8)
# Causes that the kernel sees itself: (asynchronous, number). What only the firmware sees is not compared. An idle hart
# takes an interrupt without a trap, so of those the kernel counts more than QEMU logs.
COMPARED = [(0, 2), (0, 3), (0, 8), (0, 12), (0, 13), (0, 15)]
AT_LEAST = [(1, 5), (1, 9)]
FIRMWARE = range(0x80000000, 0x80200000)


def counted(outcome):
    """{(asynchronous, cause): times} as t_trace --counters printed them."""
    found = {}
    for line in outcome.lines:
        match = re.match(r":trap (\d+) (\d+)$", line)
        if match:
            index, value = int(match[1]), int(match[2])
            found[(index // 16, index % 16)] = value
    return found


def logged(path, user_calls):
    """The same from QEMU's log, up to and with the user_calls-th system call."""
    seen = collections.Counter()
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            match = LINE.search(line)
            if not match or int(match[3], 16) in FIRMWARE:
                continue
            seen[(int(match[1]), int(match[2]))] += 1
            if seen[ECALL_USER] == user_calls:
                break
    return seen


def main():
    with tempfile.TemporaryDirectory(prefix="pagoda-log-") as folder:
        log = os.path.join(folder, "traps")
        machine = qemu.Machine.from_environment(run="t_trace --counters", trap_log=log, smp=1)
        outcome = machine.start().wait(100)
        guest = counted(outcome)
        if outcome.hung or ECALL_USER not in guest:
            print("\n".join(outcome.tail()))
            print("FAIL trap_log/runs: the guest printed no counters")
            return 1
        host = logged(log, guest[ECALL_USER])
    bad = 0
    for cause in COMPARED + AT_LEAST:
        same = guest[cause] == host[cause] or (cause in AT_LEAST and guest[cause] > host[cause])
        bad += not same
        print(f"  async {cause[0]} cause {cause[1]:2}: guest {guest[cause]}, QEMU {host[cause]}{'' if same else '   <---'}")
    if guest[ECALL_USER] < 1000 or guest[(0, 15)] < 50:
        bad += 1
        print("  too little happened to compare")
    print("FAIL trap_log/counters_agree_with_qemu: see above" if bad else "ok trap_log/counters_agree_with_qemu")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
