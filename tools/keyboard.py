#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Carries what is typed or piped into a tool to the QEMU that it started, and holds it back until the machine's UART has spoken.

The firmware sets the UART up and speaks then. Setting it up empties it, and of what had come before the first byte would be
gone. Owns the terminal's settings while it is at work, and puts them back.
"""

import os
import select
import termios
import threading

PIECE_BYTES = 4096


def raw(fd):
    """Every key goes to the machine, also ^C. Returns the settings as they were, None: no terminal."""
    if not os.isatty(fd):
        return None
    before = termios.tcgetattr(fd)
    now = termios.tcgetattr(fd)
    now[0] &= ~(termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR | termios.IGNCR |
                termios.ICRNL | termios.IXON)
    now[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
    now[6][termios.VMIN], now[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, now)
    return before


class Keyboard:
    """with Keyboard(0, process.stdin, may_begin): what can be read from descriptor 0 is written to the process once the
    threading.Event may_begin is set. Its end is the end of the process's input."""

    def __init__(self, fd, out, may_begin):
        self._fd, self._out, self._may_begin = fd, out, may_begin
        self._wake, self._waker = os.pipe()
        self._before = None
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self._before = raw(self._fd)
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._waker)
        self._may_begin.set()
        self._thread.join(5)
        if self._before is not None:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    def _carry(self):
        self._may_begin.wait()
        try:
            while piece := self._read():
                self._out.write(piece)
                self._out.flush()
            self._out.close()
        except (OSError, ValueError):
            pass  # the machine is off, or its pipe closed: nobody to type for

    def _read(self):
        """b'' at the end of the input, and when the machine is off: not a byte is taken then that is for who comes after us."""
        ready = select.select([self._fd, self._wake], [], [])[0]
        return b"" if self._wake in ready else os.read(self._fd, PIECE_BYTES)
