#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a machine stands: each hart's program counter with the function's name, for a hang that is to be explained.

    lines = where.describe(qemu_text, "build/release/kernel.elf", programs)

qemu_text is what QEMU's monitor says to `info registers -a`. programs: ELF files whose code may be what runs in user mode; programs are
linked at the same addresses, so a name there is a guess and says of which file it is.
"""

import bisect
import os
import re

KERNEL_FIRST = 0xFFFFFFC000000000
FIRMWARE = range(0x80000000, 0x80200000)


def is_code(symbol):
    """A function, or a label of the assembler's."""
    return symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE") and symbol["st_shndx"] not in ("SHN_ABS", "SHN_UNDEF")


class Names:
    """The functions of an ELF file, by address."""

    def __init__(self, path):
        from elftools.elf.elffile import ELFFile  # pylint: disable=import-outside-toplevel  # slow, and seldom wanted
        self.file, self.starts, self.ends, self.names = os.path.basename(path), [], [], []
        with open(path, "rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = [] if table is None else [s for s in table.iter_symbols() if is_code(s)]
        for start, size, name in sorted((s["st_value"], s["st_size"], s.name) for s in symbols):
            self.starts.append(start)
            self.ends.append(start + size)
            self.names.append(name)

    def at(self, address):
        """function+offset, or None."""
        i = bisect.bisect_right(self.starts, address) - 1
        if i < 0 or (self.ends[i] > self.starts[i] and address >= self.ends[i]):
            return None
        return f"{self.names[i]}+{address - self.starts[i]:#x}"


def place(pc, kernel, programs):
    """Words for one program counter."""
    if pc >= KERNEL_FIRST:
        return f"kernel, {kernel.at(pc) or 'at no function'}"
    if pc in FIRMWARE:
        return "firmware"
    guesses = [f"{name} if it is {names.file}" for names in programs if (name := names.at(pc))]
    return "a program" + (", " + " or ".join(guesses) if guesses else "")


def describe(registers, kernel_path, program_paths=()):
    """One line a hart."""
    kernel = Names(kernel_path)
    programs = [Names(path) for path in program_paths if os.path.exists(path)]
    lines = []
    for part in re.split(r"^\s*CPU#", registers, flags=re.MULTILINE)[1:]:
        number, pc = part.split()[0], re.search(r"\bpc\s+([0-9a-f]+)", part)
        if pc:
            value = int(pc[1], 16)
            lines.append(f"hart {number} at {value:#x}: {place(value, kernel, programs)}")
    return lines
