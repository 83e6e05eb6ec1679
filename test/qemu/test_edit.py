#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 200
"""Lines are edited as they are typed: the keys that move and change, the history and its file, the search in it, completion, lines
over many rows, ^C and ^D, a terminal that understands nothing.
"""

import re
import sys

from qemu import Machine, QemuError

PROMPT = r"^pagoda\$ "
SECONDS = 60
UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
CTRL_A = "\x01\x01"  # the first one is QEMU's
WORD_LEFT, WORD_RIGHT = "\x1b[1;5D", "\x1bf"

# (name, what is typed, what a line of output must be)
KEYS = [
    ("backspace", "echo wrongg\x7f\r", "wrong"),
    ("cursor keys", "echo ac" + LEFT + "b" + RIGHT + "d\r", "abcd"),
    ("home and end", "cho x" + HOME + "e" + END + "y\r", "xy"),
    ("control A and E", "cho x" + CTRL_A + "e\x05z\r", "xz"),
    ("delete", "echo xa" + LEFT + LEFT + DELETE + "\r", "a"),
    ("erase a word", "echo one two\x17three\r", "one three"),
    ("erase to the end, and put it back", "echo one two" + WORD_LEFT + "\x0b\x19\x19\r", "one twotwo"),
    ("erase to the beginning", "nonsense\x15echo kept\r", "kept"),
    ("words", "echo a b" + WORD_LEFT + WORD_LEFT + "x" + WORD_RIGHT + "y\r", "xay b"),
    ("history", "echo first\recho second\r" + UP + UP + "\r", "first"),
    ("history and back", UP + UP + DOWN + "\r", "first"),
    ("search", "echo needle 1\recho hay\r\x12needle\r", "needle 1"),
    ("search given up", "echo typed\x12need\x07 on\r", "typed on"),
    ("complete a command", "expo\tDONE=1; echo $DONE\r", "1"),
    ("complete a file", "cd /tmp\recho in it > long-file-name\rcat lon\t\r", "in it"),
    ("complete a directory", "mkdir direct\recho deep > direct/file\rcat dir\tfi\t\r", "deep"),
    ("many rows", "echo " + "word " * 40 + HOME + RIGHT * 5 + "first " + END + "last\r", "first " + "word " * 40 + "last"),
    ("letters of two bytes", "echo h\xe9\xe9\x7fllo\r", "h\xe9llo"),
    ("a key that means nothing", "echo \x1b[24~fine\r", "fine"),
    ("a line dropped", "echo no\x03echo yes\r", "yes"),
    ("a line listed", "echo list me\rfc -ln -1\r", "\techo list me"),
    ("a line run again, changed", "echo run me\rfc -s run=ran\r", "ran me"),
    ("the last one that begins so", "echo zebra\recho other\rfc -s 'echo z'\r", "zebra"),
    ("lines changed by a program", "echo to be changed\rfc -e 'cp /dev/null' -1; echo nothing left\r", "nothing left"),
    ("more lines", "for i in 1 2\rdo echo $i$i\rdone\r", "22"),
]


def press(guest, name, keys, wanted):
    """Line by line: what is typed before a prompt is the console's to edit."""
    *first, last = re.findall(r"[^\r]*\r", keys)
    for line in first:
        guest.send(line)
        guest.expect(r"^(pagoda\$|>) ", SECONDS)
    guest.send(last)
    guest.expect("^" + re.escape(wanted) + "$", SECONDS)
    guest.expect(PROMPT, SECONDS)
    print(f"ok {name}", flush=True)


def edited():
    with Machine.from_environment(icount=False).start() as guest:
        guest.expect(PROMPT, SECONDS)
        guest.send("export HISTFILE=/tmp/history\r")
        guest.expect(PROMPT, SECONDS)
        for name, keys, wanted in KEYS:
            press(guest, name, keys, wanted)
        press(guest, "the history is in its file", "grep -c needle $HISTFILE\r", "3")
        guest.send("cat /bin/d\t\t")
        guest.expect(r"^date +dd ", SECONDS)
        print("ok what it could be is listed", flush=True)
        guest.send("\x15")
        press(guest, "another shell reads the history", "sh\r" + UP + UP + "\r", "4")
        press(guest, "a dumb terminal", "exit\rTERM=dumb\recho plain\r", "plain")
        guest.send("TERM=ansi\r")
        guest.expect(PROMPT, SECONDS)
        guest.send("\x04")
        if guest.wait(SECONDS).status != 0:
            raise QemuError("^D did not end the shell, and so the machine")
        print("ok the end of input", flush=True)


def main():
    try:
        edited()
    except QemuError as error:
        print(f"FAIL {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
