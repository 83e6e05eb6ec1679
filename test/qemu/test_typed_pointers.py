#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that a console read into a bad address is refused, whoever types, and that the console lives on (t__typed reads).

TIMEOUT: 120
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu

PATIENCE = 60
PROMPT = r"^pagoda\$ "


def every_place():
    with qemu.Machine.from_environment().start() as guest:
        guest.expect(PROMPT, PATIENCE)
        guest.send("t__typed\n")
        while guest.expect(r"^(type: \d+|all read)$", PATIENCE)[1] != "all read":
            guest.send("line\n")
            answer = guest.expect(r"(right|WRONG) at .*$", PATIENCE)
            assert answer[1] == "right", answer[0]
        guest.expect(PROMPT, PATIENCE)
        guest.send("\n\nvmcheck\n")
        guest.expect(r"vmcheck: ok", PATIENCE)
        restarts = [line for line in guest.lines if "restart" in line]
        assert not restarts, "\n".join(restarts)


def main():
    try:
        every_place()
        print("ok typed_pointers/every_place")
        return 0
    except (AssertionError, qemu.QemuError) as error:
        print(f"FAIL typed_pointers/every_place: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
