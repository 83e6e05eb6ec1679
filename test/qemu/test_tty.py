#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 200
"""A terminal from outside: keys reach a program byte by byte in raw mode, a line that is not shown isn't, the key that erases can be
another, and poll sees keys and pipes alike. By the host's clock: under icount a QEMU that idles may be late for what is typed.
"""

import sys

from qemu import Machine

SECONDS = 60


def main():
    guest = Machine.from_environment(run="t__tty; exit $?", icount=False).start()
    try:
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
        outcome = guest.wait(SECONDS)
    finally:
        guest.close()
    if outcome.status != 0 or "secrX" in outcome.text:
        print(outcome.text[-1500:])
        return 1
    print("ok keys_lines_and_polls")
    return 0


if __name__ == "__main__":
    sys.exit(main())
