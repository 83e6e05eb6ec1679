#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Starts QEMU for everybody: `scons run`, `scons gdb`, the tests and the benchmarks; also a command of its own.

    from qemu import Machine
    guest = Machine.from_environment(run="t_hello", mem="64M").start()
    outcome = guest.wait(timeout=60)        # outcome.status, outcome.lines, outcome.hung
    guest.expect(r"\\$ $", 30); guest.send("ls\\n"); guest.pmemsave(0x80000000, 1 << 27, "dump")

Ends only the QEMU that it started; when its own process dies, that QEMU dies too.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import where
from keyboard import Keyboard

QEMU = "qemu-system-riscv64"
STATUS_HUNG = 124     # like timeout(1)
TAIL_LINES = 30
SMP_PATIENCE = 4      # host time instead of counted instructions, and harts that share two cores
BOOT_ARGS_MAX = 2047  # bytes, abi/bootinfo.h
RAM_BASE = 0x80000000


class QemuError(Exception):
    """QEMU can't be started or does not do as asked; a sentence."""


def die_with_parent(command):
    """QEMU must not outlive the tool that watches it, not even if that one is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def size_bytes(mem):
    return int(mem[:-1]) << {"M": 20, "G": 30}[mem[-1]]


def disk_options(disk):
    """A raw image as a virtio disk; read-only when its file is. Or QEMU's own words for a drive, driver=... (blkdebug)."""
    if not disk.startswith("driver="):
        if "," in disk:
            raise QemuError(f"{disk} has a comma in its name, which QEMU would read as an option; rename it")
        disk = f"driver=raw,file.driver=file,file.filename={disk},read-only={'off' if os.access(disk, os.W_OK) else 'on'}"
    return ["-drive", f"if=none,id=disk,{disk}", "-device", "virtio-blk-device,drive=disk"]


class Machine:
    """What to boot and how. Boot arguments follow abi/bootinfo.h: key=value ..., run= last."""

    def __init__(self, kernel, image, mem="128M", fork="tables", build="release", icount=False, run=None, args="",
                 trap_log=None, gdb_port=None, extra=(), smp=1, disk=None):
        self.kernel, self.image, self.mem, self.fork, self.build = kernel, image, mem, fork, build
        self.icount, self.run, self.args, self.trap_log = icount, run, args, trap_log
        self.gdb_port, self.extra, self.smp, self.disk = gdb_port, list(extra), smp, disk

        self.patience = 1  # how many times as long as is said its Guest waits

    @classmethod
    def from_environment(cls, **changes):
        """The build under test, as run_tests.py names it to python tests (PAGODA_BUILD_DIR), under icount; with PAGODA_SMP harts,
        which take longer and can't be under icount, unless the test says its own number (smp=)."""
        folder = os.environ.get("PAGODA_BUILD_DIR", "build/release")
        given = {"kernel": os.path.join(folder, "kernel.elf"), "image": os.path.join(folder, "pagoda.img"),
                 "icount": True, "build": os.environ.get("PAGODA_BUILD", "release")}
        harts = int(os.environ.get("PAGODA_SMP", "1"))
        several = {"smp": harts, "icount": False} if harts > 1 and "smp" not in changes else {}
        machine = cls(**{**given, **changes, **several})
        machine.patience = SMP_PATIENCE if several else 1
        return machine

    def boot_args(self):
        words = [f"fork={self.fork}", f"build={self.build}", f"mem={self.mem}", f"icount={int(self.icount)}", f"harts={self.smp}"]
        words += [self.args] if self.args else []
        words += ["run=" + self.run] if self.run else []
        line = " ".join(words)
        if len(line.encode()) > BOOT_ARGS_MAX:
            raise QemuError(f"the boot arguments are {len(line.encode())} bytes long; {BOOT_ARGS_MAX} fit")
        return line

    def command(self, serial, qmp_path=None):
        for path in (self.kernel, self.image):
            if not os.path.exists(path):
                raise QemuError(f"{path} does not exist; build it with scons")
        command = [QEMU, "-M", "virt", "-m", self.mem, "-smp", str(self.smp), "-nographic", "-net", "none", *serial,
                   "-kernel", self.kernel, "-initrd", self.image, "-append", self.boot_args()]
        if self.icount:
            # Idle time is skipped when nobody types: input that arrives while QEMU 7.2 skips it can hang it. Nor with a disk,
            # whose answers take real time: every deadline would pass while one waits for it.
            command += ["-icount", "shift=0,sleep=" + ("off" if self.run and not self.disk else "on")]
        if self.disk:
            command += disk_options(self.disk)
        if self.trap_log:
            command += ["-d", "trace:riscv_trap", "-D", self.trap_log]
        if self.gdb_port:
            command += ["-S", "-gdb", f"tcp:127.0.0.1:{self.gdb_port}"]
        if qmp_path:
            command += ["-qmp", f"unix:{qmp_path},server=on,wait=off"]
        return command + self.extra

    def start(self, echo=None):
        """Boot with the console in a pipe. echo(bytes) sees the console as it comes."""
        return Guest(self, echo)

    def interact(self, timeout=None):
        """Boot with the console on this terminal. ^C goes to the guest; Ctrl-A X leaves. Returns the exit status."""
        outcome = attend(self, timeout, sys.stdout.buffer)
        if outcome.hung:
            print(f"\nscons: ended after {timeout} seconds (TIMEOUT).", file=sys.stderr)
        return outcome.status


def exit_status(code):
    return code if code >= 0 else 128 - code


def end(process):
    """End one QEMU, gently first: it puts the terminal back as it was."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Outcome:
    """How a boot ended. status: QEMU's exit status, STATUS_HUNG when the watchdog ended it; where: of each hart then, in words."""

    def __init__(self, status, text, hung, seconds, where=()):
        self.status, self.text, self.hung, self.seconds, self.where = status, text, hung, seconds, list(where)
        self.lines = [line for line in text.splitlines() if not line.startswith(QEMU + ": terminating on signal")]

    def tail(self, count=TAIL_LINES):
        return self.lines[-count:]


class Guest:
    """A running QEMU whose console is a pipe."""

    def __init__(self, machine, echo=None, stdin=subprocess.PIPE):
        self._dir = tempfile.mkdtemp(prefix="pagoda-qemu-")
        self._qmp_path, self._qmp = os.path.join(self._dir, "qmp"), None
        self._kernel, self.programs = machine.kernel, []  # ELF files that a hang is explained with
        self._echo, self._data, self._seen = echo, bytearray(), 0
        self._news = threading.Condition()
        self.spoke = threading.Event()  # the firmware has set up the UART
        if machine.gdb_port:
            self.spoke.set()  # it may wait for long, and Ctrl-A X must leave it
        self.began, self._patience = time.monotonic(), machine.patience
        command = die_with_parent(machine.command(["-serial", "mon:stdio"], self._qmp_path))
        try:
            self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError as error:
            raise QemuError(f"{QEMU} can't be started: {error.strerror}; run ./setup") from None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while chunk := self.process.stdout.read1(65536):
            if b"\r" in chunk:  # QEMU's own words have none
                self.spoke.set()
            if self._echo:
                self._echo(chunk)
            with self._news:
                self._data += chunk
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def text(self):
        with self._news:
            return self._data.decode(errors="replace").replace("\r", "")

    @property
    def lines(self):
        return self.text.splitlines()

    def expect(self, pattern, timeout=60):
        """Wait until the console, from the end of the last match on, matches; returns the match. QemuError if it never does."""
        timeout *= self._patience
        limit = time.monotonic() + timeout
        while True:
            text = self.text
            match = re.compile(pattern, re.MULTILINE).search(text, self._seen)
            if match:
                self._seen = match.end()
                return match
            left = limit - time.monotonic()
            if left <= 0 or not self._reader.is_alive():
                tail = "\n".join(text.splitlines()[-TAIL_LINES:] + (self.where() if left <= 0 else []))
                why = f"within {timeout} seconds" if left <= 0 else "before QEMU ended"
                raise QemuError(f"the console did not show /{pattern}/ {why}; its last lines:\n{tail}")
            with self._news:
                self._news.wait(min(left, 0.2))

    def send(self, text):
        """Type on the console."""
        try:
            self.process.stdin.write(text.encode() if isinstance(text, str) else text)
            self.process.stdin.flush()
        except OSError:
            raise QemuError("QEMU has ended and reads no more input") from None

    def wait(self, timeout):
        """Wait for the power-off; the watchdog ends a QEMU that hangs (None: never). Returns the Outcome."""
        try:
            status, hung = exit_status(self.process.wait(timeout and timeout * self._patience)), False
        except subprocess.TimeoutExpired:
            status, hung = STATUS_HUNG, True
        places = self.where() if hung else []
        self.close()
        return Outcome(status, self.text, hung, time.monotonic() - self.began, places)

    def where(self):
        """Where each hart is, a line each, looked at twice: one that waits is at the same place, one that goes round is not."""
        lines = []
        try:
            for _ in range(2):
                registers = self.qmp("human-monitor-command", **{"command-line": "info registers -a"})
                lines += where.describe(registers, self._kernel, self.programs)
                time.sleep(0.1)
        except (QemuError, OSError, ValueError) as error:
            lines.append(f"where the harts are could not be found out: {error}")
        return lines

    def close(self):
        """End QEMU if it still runs, and tidy up. Safe to call twice."""
        end(self.process)
        self._reader.join(5)
        if self._qmp:
            self._qmp.close()
            self._qmp = None
        shutil.rmtree(self._dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- QMP ----

    def qmp(self, name, **arguments):
        """One QMP command, e.g. qmp("stop"). Returns its result; QemuError when QEMU refuses."""
        if self._qmp is None:
            self._qmp = self._connect()
            self._answer()  # the greeting
            self.qmp("qmp_capabilities")
        self._qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._qmp.flush()
        answer = self._answer()
        while "event" in answer:
            answer = self._answer()
        if "error" in answer:
            raise QemuError(f"QEMU refused {name}: {answer['error'].get('desc')}")
        return answer.get("return")

    def _connect(self):
        limit = time.monotonic() + 10
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.settimeout(30)
                link.connect(self._qmp_path)
                return link.makefile("rw", encoding="utf-8")
            except OSError:
                link.close()
                if time.monotonic() > limit:
                    raise QemuError("QEMU's control socket does not answer") from None
                time.sleep(0.05)

    def _answer(self):
        line = self._qmp.readline()
        if not line:
            raise QemuError("QEMU closed its control socket")
        return json.loads(line)

    def pmemsave(self, address, size, path):
        """Write physical memory to a file, with the machine stopped meanwhile."""
        self.qmp("stop")
        self.qmp("pmemsave", val=address, size=size, filename=os.path.abspath(path))
        self.qmp("cont")


def attend(machine, timeout, out):
    """Boot, show the console, pass on what is typed, wait for the power-off. Returns the Outcome."""
    def echo(chunk):
        out.write(chunk)
        out.flush()

    if not usable_stdin():
        with Guest(machine, echo, stdin=subprocess.DEVNULL) as guest:
            return guest.wait(timeout)
    with Guest(machine, echo) as guest, Keyboard(0, guest.process.stdin, guest.spoke):
        return guest.wait(timeout)


def run_line(machine, timeout, out=None):
    """Boot, show the console, wait for the power-off. A hang is ended and explained. Returns the exit status."""
    outcome = attend(machine, timeout, out or sys.stdout.buffer)
    if outcome.hung:
        print(f"\nscons: no power-off within {timeout} seconds (TIMEOUT); QEMU was ended. The last console lines:",
              file=sys.stderr)
        for line in outcome.tail(10) + outcome.where:
            print("  | " + line, file=sys.stderr)
    return outcome.status


def usable_stdin():
    """Whether QEMU may read our input: not from a terminal whose foreground is somebody else's."""
    try:
        return not os.isatty(0) or os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return True  # a terminal, but not that of our session: it stops nobody


def main():
    parser = argparse.ArgumentParser(description="Boot Pagoda in QEMU without scons.")
    parser.add_argument("--dir", default="build/release", help="folder with kernel.elf and pagoda.img")
    parser.add_argument("--kernel")
    parser.add_argument("--image")
    parser.add_argument("--mem", default="128M")
    parser.add_argument("--fork", default="tables", help="fork strategy")
    parser.add_argument("--icount", action="store_true")
    parser.add_argument("--smp", type=int, default=1, help="harts")
    parser.add_argument("--run", help="command line; power off after it")
    parser.add_argument("--args", default="", help="more boot arguments, key=value ...")
    parser.add_argument("--disk", help="a disk image, or driver=... as QEMU's -drive takes it")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--trap-log", help="file for QEMU's own log of traps")
    parser.add_argument("--show", action="store_true", help="only print QEMU's command line")
    given = parser.parse_args()
    machine = Machine(given.kernel or os.path.join(given.dir, "kernel.elf"),
                      given.image or os.path.join(given.dir, "pagoda.img"), given.mem, given.fork,
                      os.path.basename(given.dir), given.icount, given.run, given.args, given.trap_log, smp=given.smp,
                      disk=given.disk)
    try:
        if given.show:
            print(shlex.join(machine.command(["-serial", "mon:stdio"])))
            return 0
        if given.run:
            return run_line(machine, given.timeout or 600)
        return machine.interact(given.timeout)
    except QemuError as error:
        print(f"qemu.py: {error}.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
