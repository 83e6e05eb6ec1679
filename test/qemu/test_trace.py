#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that `trace` shows the faults of a program, each trapped, delivered, answered and resumed in this order, that -k leaves
out the other kinds, and that the program's status comes through.

TIMEOUT: 90
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu

PATIENCE = 60  # seconds
STEPS = ["FAULT", "DELIVER", "FAULT_REPLY", "RESUME"]
LINE = ("trace -k FAULT,DELIVER,FAULT_REPLY,RESUME echo :hello; echo :all; trace true; echo :status; trace false; echo :is $?; "
        "trace -k LUNCH true; echo :and $?; trace nobody; echo :then $?")
EVENT = re.compile(r"^ *\d+ +(\d+) +([0-9a-f]+) ([A-Z_]+) +\S.*=(?:0x)?[0-9a-f]+, \S.*=(?:0x)?[0-9a-f]+$", re.MULTILINE)


def kinds_by_thread(text):
    threads = {}
    for _, thread, kind in EVENT.findall(text):
        threads.setdefault(thread, []).append(kind)
    return threads


def whole_faults(text):
    """Each thread's events are faults one after the other, and the program has some."""
    threads = kinds_by_thread(text)
    return len(threads) > 0 and sum(map(len, threads.values())) >= 3 * len(STEPS) and all(
        kinds == STEPS * (len(kinds) // len(STEPS)) for kinds in threads.values())


def main():
    with qemu.Machine.from_environment(run=LINE, smp=1, icount=True, args="trace=0xffff").start() as guest:
        text = guest.wait(PATIENCE).text.replace("\r", "")
    faults, _, rest = text.partition(":all\n")
    everything, _, refusals = rest.partition(":status\n")
    seen = {kind for kinds in kinds_by_thread(everything).values() for kind in kinds}
    cases = {
        "a_fault_in_four_steps": ":hello" in faults and whole_faults(faults),
        "all_kinds_without_a_choice": seen >= {*STEPS, "CALL", "RECV", "REPLY", "THREAD"},
        "the_programs_status": ":is 1\n" in refusals,
        "an_unknown_kind_is_refused": "there is no kind LUNCH; there are: FAULT DELIVER" in refusals and ":and 2\n" in refusals,
        "no_such_program": ":then 127\n" in refusals,
    }
    for name, fine in cases.items():
        print(f"ok trace/{name}" if fine else f"FAIL trace/{name}", flush=True)
    if not all(cases.values()):
        print(text)
    return 0 if all(cases.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
