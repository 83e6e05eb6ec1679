# SPDX-License-Identifier: MIT
"""One sample as the plugin profile.c wrote it down: which instructions ran, of which program, in which thread."""

import os
import re
import struct
from array import array

from pagoda.profiling.programs import PAGE, ProfileError

MARK_THREAD, MARK_STARTED = 0xFFFFFFFF, 0xFFFFFFFE
CODE = struct.Struct("<QII")
PAGE_RECORD = struct.Struct(f"<QQ{PAGE}s")
DIRECT_BASE, FIRMWARE, FIRMWARE_END = 0xFFFFFFC000000000, 0x80000000, 0x80200000


class Instruction:
    """One instruction of one program. Two translations of it are one object."""

    __slots__ = ("program", "va", "bits", "function", "frames", "flow", "call_number")

    def __init__(self, program, va, bits):
        self.program, self.va, self.bits = program, va, bits
        self.function = program.function(va) if program else "firmware"
        self.frames = None  # filled by resolve()
        self.flow = flow_of(bits)
        self.call_number = call_number_of(bits)

    @property
    def place(self):
        return self.program.name if self.program else "firmware"


def flow_of(bits):
    """'call', 'return', 'ecall', 'rdinstret' or ''. Link registers are ra and t0 (RISC-V unprivileged manual, table 3)."""
    if bits & 3 != 3:
        if bits & 0xF07F == 0x9002 and bits & 0x0F80:
            return "call"  # c.jalr
        return "return" if bits & 0xFFFF in (0x8082, 0x8282) else ""  # c.jr ra, c.jr t0
    if bits == 0x73:
        return "ecall"
    if bits & 0xFFFFF07F == 0xC0202073:
        return "rdinstret"
    opcode, rd, rs1 = bits & 0x7F, bits >> 7 & 31, bits >> 15 & 31
    if opcode in (0x6F, 0x67) and rd in (1, 5):
        return "call"
    return "return" if opcode == 0x67 and rd == 0 and rs1 in (1, 5) else ""


def call_number_of(bits):
    """The number that `li a7, NUMBER` loads, or `ori a7, a7, NUMBER` adds to flags; else None."""
    if bits & 3 == 3:
        return bits >> 20 if bits & 0xFFFFF in (0x00893, 0x8E893) else None
    return bits >> 2 & 31 if bits & 0xFF83 == 0x4881 else None  # c.li


class Recording:
    """Everything of one run."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.samples, self.groups, self.overhead = [], [], 0
        self._read_index()
        self._read_code()

    def _read_index(self):
        """samples: [(number, cost)]; groups: for the n-th figure that the program reported, its samples."""
        current = []
        with open(os.path.join(self.folder, "index"), encoding="ascii") as file:
            for line in file:
                kind, *words = line.split()
                if kind == "sample":
                    number, index, cost = map(int, words)
                    current = current if index == len(current) else []
                    current.append((number, cost))
                elif kind == "overhead":
                    self.overhead = int(words[0])
                elif int(words[0]) > len(self.groups):
                    self.groups += [[]] * (int(words[0]) - 1 - len(self.groups)) + [current]
                    current = []

    def _read_code(self):
        with open(os.path.join(self.folder, "code"), "rb") as file:
            self._code = list(CODE.iter_unpack(file.read()))
        with open(os.path.join(self.folder, "pages"), "rb") as file:
            self._pages = [(va, distance, content) for va, distance, content in PAGE_RECORD.iter_unpack(file.read())]
        self._find_owners()
        self._instructions = {}

    def _find_owners(self):
        """Page number -> the programs whose code it is: one, as a rule, since all pages at one distance are of one program."""
        candidates = {}
        users = [program for name, program in self.programs.items() if name != "kernel"]
        for va, distance, content in self._pages:
            if va < DIRECT_BASE:
                found = {program for program in users if program.has_page(va, content)}
                key = distance if found else None
                candidates[key] = candidates.get(key, found) & found
        self._owners = [sorted(candidates.get(distance, ()), key=lambda program: program.name)
                        for _, distance, _ in self._pages]

    def _program_of(self, va, page):
        """None: the firmware."""
        if va >= DIRECT_BASE:
            return self.programs["kernel"]
        if FIRMWARE <= va < FIRMWARE_END:
            return None
        if not self._owners[page]:
            raise ProfileError(f"code at {va:#x} is of no program of this build; was it changed since?")
        return self._owners[page][0]

    def instruction(self, number):
        found = self._instructions.get(number)
        if found is None:
            va, page, bits = self._code[number]
            program = self._program_of(va, page)
            key = (program, va)
            found = self._instructions.get(key)
            if found is None:
                found = self._instructions[key] = Instruction(program, va, bits)
            self._instructions[number] = found
        return found

    def sample(self, number):
        """The events of a sample: Instruction objects, and ("thread", id) and ("started", count) between them."""
        words = array("I")
        with open(os.path.join(self.folder, f"sample.{number}"), "rb") as file:
            words.frombytes(file.read())
        events, high = [], None
        for i in range(0, len(words), 2):
            first, count = words[i], words[i + 1]
            if first == MARK_STARTED:
                if high is None:
                    high = count
                else:
                    events.append(("started", high | count << 32))
                    high = None
            elif first == MARK_THREAD:
                events.append(("thread", count))
            else:
                events += [self.instruction(n) for n in range(first, first + count)]
        return events

    def resolve(self, instructions):
        """Fill in frames: [(function, file:line)] of each, outermost first."""
        by_program = {}
        for one in instructions:
            if one.frames is None:
                by_program.setdefault(one.program, []).append(one)
        for program, wanted in by_program.items():
            found = program.sources(sorted({one.va for one in wanted})) if program else {}
            for one in wanted:
                frames = [frame for frame in reversed(found.get(one.va, [])) if frame[0] != "??"]
                line = frames[0][1] if frames else ""
                one.frames = [(one.function, line), *frames[1:]]


def delete_samples(folder, keep=None):
    for name in os.listdir(folder):
        if re.fullmatch(r"sample\.\d+", name) and name != f"sample.{keep}":
            os.unlink(os.path.join(folder, name))
