#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that a hart which the firmware starts at the boot hart's address goes where it was to go (riscv/start.S, misled).

OpenSBI before 1.3 does that, but only in a race that no run can be sure to meet. Here QEMU's debugging stub stops the started hart at its
right first instruction, start_hart, and moves it to _start with what the firmware would hand over there.

TIMEOUT: 120
"""

import os
import re
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from elftools.elf.elffile import ELFFile

import qemu

PATIENCE = 60
KERNEL_OFFSET = 0xFFFFFFC000000000  # virtual - physical, abi of riscv/kernel.ld
A0, A1, PC = 10, 11, 32             # numbers of registers in the stub's protocol
STRANGER = 77                       # a hart id that the machine has not


class Stub:
    """A client of the remote protocol of gdb, as much of it as this takes."""

    def __init__(self, port):
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                self.link = socket.create_connection(("127.0.0.1", port), PATIENCE)
                return
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)

    def send(self, text):
        self.link.sendall(f"${text}#{sum(text.encode()) & 0xFF:02x}".encode())

    def answer(self):
        """The next packet's content; acknowledged."""
        data = b""
        while b"#" not in data or len(data) < data.index(b"#") + 3:
            more = self.link.recv(4096)
            if not more:
                raise AssertionError("the debugging stub hung up")
            data += more.lstrip(b"+") if not data else more
        self.link.sendall(b"+")
        return data[data.index(b"$") + 1:data.index(b"#")].decode()

    def ask(self, text):
        self.send(text)
        reply = self.answer()
        if reply.startswith("E") or reply == "":
            raise AssertionError(f"the debugging stub refused {text}: '{reply}'")
        return reply

    def set_register(self, number, value):
        self.ask(f"P{number:x}={value.to_bytes(8, 'little').hex()}")

    def get_register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


def physical(*names):
    with open(qemu.Machine.from_environment().kernel, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return [(table.get_symbol_by_name(name)[0]["st_value"] - KERNEL_OFFSET) % 2**64 for name in names]


def boot_with_a_misled_hart(hart_id=None):
    """Two harts, the second one sent astray; hart_id: what it thinks it is, else what it is. The guest's Outcome."""
    start, right = physical("_start", "start_hart")
    port = qemu.free_port()
    with qemu.Machine.from_environment(run="t_smp four_threads_on_one_page", smp=2, icount=False, gdb_port=port).start() as guest:
        stub = Stub(port)
        stub.ask("?")
        stub.ask("qXfer:features:read:target.xml:0,ffb")  # without that, QEMU knows no single registers
        stub.ask(f"Z1,{right:x},2")
        stub.send("c")
        stopped = stub.answer()
        thread = re.search("thread:([0-9a-f]+)", stopped)
        assert thread, f"no hart came to start_hart: {stopped}"
        stub.ask("Hg" + thread[1])  # the firmware boots on either hart; the other one is the one that was started
        assert stub.get_register(PC) == right, "it stopped elsewhere"
        stub.ask(f"z1,{right:x},2")
        if hart_id is not None:
            stub.set_register(A0, hart_id)
        stub.set_register(A1, 0)  # the firmware hands over what it has: not our struct hart
        stub.set_register(PC, start)
        stub.send("c")
        outcome = guest.wait(PATIENCE)
        stub.link.close()
    return outcome


def it_takes_part():
    outcome = boot_with_a_misled_hart()
    assert not outcome.hung and outcome.status == 0, "the machine did not run on two harts\n" + outcome.text[-1500:]
    assert "2 harts" in outcome.text, "it was left out\n" + outcome.text[-1500:]


def a_hart_that_nobody_started_goes_nowhere():
    outcome = boot_with_a_misled_hart(STRANGER)
    assert not outcome.hung and outcome.status == 0, "the boot hart did not go on alone\n" + outcome.text[-1500:]
    assert "a hart did not start; going on with" in outcome.text, "it took part\n" + outcome.text[-1500:]


def main():
    failed = 0
    for case in (it_takes_part, a_hart_that_nobody_started_goes_nowhere):
        try:
            case()
            print(f"ok misled_hart/{case.__name__}")
        except (AssertionError, qemu.QemuError) as error:
            failed += 1
            print(f"FAIL misled_hart/{case.__name__}: {error}")
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
