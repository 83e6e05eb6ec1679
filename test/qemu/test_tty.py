#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 300
"""A terminal from outside: keys reach a program byte by byte in raw mode, a line that is not shown isn't, the key that erases can be
another, and poll sees keys and pipes alike; each of the four ways that VMIN and VTIME say to read, and what becomes of unread bytes when
settings change. By the host's clock: under icount a QEMU that idles may be late for what is typed.
"""

import re
import sys

from qemu import Machine, QemuError

SECONDS = 60


def lines_keys_and_polls(guest):
    guest.expect("raw now", SECONDS)
    for text, code in (("a", 97), ("\x03", 3), ("\r", 13), ("\x1b", 27), ("q", 113)):
        guest.send(text)
        guest.expect(rf"byte {code}\b", SECONDS)
    guest.expect("hidden now", SECONDS)
    guest.send("secrXet\r")
    guest.expect("line 6 secet", SECONDS)
    guest.expect("first 1: 0 1", SECONDS)
    guest.send("x\r")
    guest.expect("then 1: 1, 2 bytes", SECONDS)


# What the program says, what is then typed, what it says of that.
TALK = [
    ("three, however long", ["a", "bc"], ["got 3 abc"]),
    ("five, but there is room for two", ["d", "e"], ["got 2 de"]),
    ("three, in time", ["f", "gh"], ["got 3 fgh"]),
    ("one, and no more in time", ["i"], ["got 1 i"]),
    ("one within time", ["j"], ["got 1 j", "got 0 ", "got 0 "]),
    ("three that are there", ["klm"], ["got 2 kl", "got 1 m", "got 0 "]),
    ("one of three", ["n"], []),
    ("two more", ["o", "p"], ["got 3 nop"]),
    ("one of three, in time", ["q"], ["got 1 q"]),
    ("a line", ["rs\r"], []),
    ("two bytes more", ["t", "u"], ["got 5 rs<10>tu"]),
    ("two for nobody", ["vw"], ["got 0 "]),
    ("two more for nobody", ["xy"], ["got 0 "]),
    ("keys in a line", ["a\tb\x03\x1a\r", "c;"], ["got 6 a<9>b<3><26><10>", "got 2 c;"]),
]


def bytes_without_lines(guest):
    for asked, typed, told in TALK:
        guest.expect(rf"^{asked}\n", SECONDS)
        for text in typed:
            guest.send(text)
        for text in told:
            guest.expect(rf"^{re.escape(text)}\.\n", SECONDS)


CASES = [("t__tty", lines_keys_and_polls), ("t__ttyraw", bytes_without_lines)]


def main():
    failures = 0
    for program, case in CASES:
        with Machine.from_environment(run=f"{program}; exit $?", icount=False).start() as guest:
            why = ""
            try:
                case(guest)
                outcome = guest.wait(SECONDS)
                why = f"status {outcome.status}" if outcome.status != 0 else "the secret is shown" if "secrX" in outcome.text else ""
            except QemuError as error:
                why = str(error)
            failures += why != ""
            print(f"FAIL {case.__name__}: {why}\n{guest.text[-900:]}" if why else f"ok {case.__name__}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
