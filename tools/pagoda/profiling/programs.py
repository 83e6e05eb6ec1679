# SPDX-License-Identifier: MIT
"""The programs of a build: their code, functions, inlined functions, source lines and disassembly."""

import bisect
import os
import re
import subprocess

from elftools.elf.elffile import ELFFile

CROSS = "riscv64-unknown-elf-"
PAGE = 4096
SHF_EXECINSTR = 4
LOOK_BACK = 160  # bytes: number and arguments of a system call are loaded within so many


class ProfileError(Exception):
    """Why there is no profile; a sentence."""


class Program:
    """One ELF file with its symbols. name: as people call it, such as pager or bench."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self._disassembly = None
        with open(path, "rb") as file:
            elf = ELFFile(file)
            loaded = [s for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"]
            self.text_va, self.text = next((s["p_vaddr"], s.data()) for s in loaded if s["p_flags"] & 1)
            executable = {i for i, s in enumerate(elf.iter_sections()) if s["sh_flags"] & SHF_EXECINSTR}
            table = elf.get_section_by_name(".symtab")
            if table is None:
                raise ProfileError(f"{path} has no symbols")
            self.variables, functions = {}, {}
            for symbol in table.iter_symbols():
                kind, va = symbol["st_info"]["type"], symbol["st_value"]
                if kind == "STT_OBJECT":
                    self.variables.setdefault(symbol.name, (va, symbol["st_size"]))
                elif symbol["st_shndx"] in executable and symbol.name and not symbol.name.startswith(("$", ".")):
                    if kind == "STT_FUNC" or (kind == "STT_NOTYPE" and symbol["st_info"]["bind"] == "STB_GLOBAL"):
                        functions.setdefault(va, symbol.name)
        self._starts = sorted(functions)
        self._names = [functions[va] for va in self._starts]

    def variable(self, name):
        """(address, bytes)."""
        if name not in self.variables:
            raise ProfileError(f"{self.path} has no variable {name}; tools/plugin/profile.c needs it")
        return self.variables[name]

    def member(self, structure, name):
        """Offset of a structure's member, from the debugging information."""
        with open(self.path, "rb") as file:
            for unit in ELFFile(file).get_dwarf_info().iter_CUs():
                for die in unit.get_top_DIE().iter_children():
                    if die.tag == "DW_TAG_structure_type" and _name(die) == structure and die.has_children:
                        for child in die.iter_children():
                            if _name(child) == name:
                                return child.attributes["DW_AT_data_member_location"].value
        raise ProfileError(f"{self.path} has no struct {structure} with a member {name}; tools/plugin/profile.c needs it")

    def has_page(self, va, content):
        """Whether this page of memory is ours: as far as our text goes, it is the same."""
        offset = va - self.text_va
        if offset < 0 or offset >= len(self.text):
            return False
        part = self.text[offset:offset + PAGE]
        return content[:len(part)] == part

    def function(self, va):
        """The function that an address is in."""
        i = bisect.bisect_right(self._starts, va) - 1
        return self._names[i] if i >= 0 else f"{va:#x}"

    def functions(self):
        """[(address, name)]."""
        return list(zip(self._starts, self._names))

    def function_range(self, name):
        """(address, end)."""
        if name not in self._names:
            raise ProfileError(f"{self.path} has no function {name}")
        i = self._names.index(name)
        return self._starts[i], self._starts[i + 1] if i + 1 < len(self._starts) else self.text_va + len(self.text)

    def starts_at(self, va):
        i = bisect.bisect_left(self._starts, va)
        return i < len(self._starts) and self._starts[i] == va

    def sources(self, addresses):
        """{address: [(function, file:line)]}, innermost first: inlined functions before the one they are in."""
        command = [CROSS + "addr2line", "-e", self.path, "-a", "-f", "-i"]
        text = "\n".join(f"{va:#x}" for va in addresses)
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
        found, frames = {}, []
        lines = iter(done.stdout.splitlines())
        for line in lines:
            if line.startswith("0x"):
                frames = found.setdefault(int(line, 16), [])
            else:
                place = re.sub(r" \(discriminator \d+\)", "", next(lines))
                frames.append((line, "" if place.startswith("?") else os.path.normpath(place)))
        return found

    def disassembly(self):
        """{address: instruction as text}."""
        if self._disassembly is None:
            done = subprocess.run([CROSS + "objdump", "-d", "--no-show-raw-insn", "-M", "no-aliases", self.path],
                                  stdout=subprocess.PIPE, text=True, check=True)
            found = re.findall(r"^\s*([0-9a-f]+):\t(.*)$", done.stdout, re.MULTILINE)
            self._disassembly = {int(va, 16): re.sub(r"\s+", " ", text) for va, text in found}
        return self._disassembly


    def call_number_before(self, va):
        """What a7 holds at the ecall at va, as far as the instructions before it in the file say; or None."""
        listing = self.disassembly()
        for before in range(va - 2, va - LOOK_BACK, -2):
            found = re.fullmatch(r"(?:c\.li a7,|addi a7,zero,)(\d+)", listing.get(before, ""))
            if found:
                return int(found[1])
        return None


def _name(die):
    found = die.attributes.get("DW_AT_name")
    return found.value.decode() if found else ""


class Build:
    """What is booted - the image without test programs if there is one, as `scons bench` does - and where the programs are
    with their symbols."""

    def __init__(self, folder, elf_folder=None):
        self.kernel, self.image = os.path.join(folder, "kernel.elf"), os.path.join(folder, "measured.img")
        if not os.path.exists(self.image):
            self.image = os.path.join(folder, "pagoda.img")
        self.elf_folder = elf_folder or folder


def programs_of(folder):
    """{name: Program} of a build: kernel, servers, programs and guest tests."""
    if not os.path.exists(os.path.join(folder, "kernel.elf")):
        raise ProfileError(f"{folder} holds no kernel.elf; build it with scons")
    paths = {"kernel": os.path.join(folder, "kernel.elf")}
    for below in ("servers", "apps", "test/guest", "extra"):
        for place, _, names in sorted(os.walk(os.path.join(folder, below))):
            paths.update({name[:-4]: os.path.join(place, name) for name in sorted(names) if name.endswith(".elf")})
    return {name: Program(name, path) for name, path in paths.items()}
