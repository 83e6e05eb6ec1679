#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the ABI is what test/abi/abi.txt says: numbers of system calls, operations and errors, constants, layouts.

The compiler is asked, not the text of the headers: enumerators and structures come from debug information, macros from
their value as a constant. After a wanted change: test/qemu/test_abi.py --update, and the change shows in the diff.
"""

import difflib
import glob
import os
import re
import subprocess
import sys
import tempfile

from elftools.elf.elffile import ELFFile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXT = os.path.join(ROOT, "test", "abi", "abi.txt")
ABI, IPC = os.path.join(ROOT, "microkernel", "include"), os.path.join(ROOT, "libipc", "include")
COMPILER = ["riscv64-unknown-elf-gcc", "-std=gnu11", "--specs=picolibc.specs", f"-I{ABI}", f"-I{IPC}"]


def headers():
    """[(include path, file)] of everything that is ABI."""
    files = sorted(glob.glob(ABI + "/abi/*.h")) + sorted(glob.glob(IPC + "/ipc/*.h"))
    return [(os.path.relpath(f, ABI if f.startswith(ABI) else IPC), f) for f in files]


def compile_text(text, *flags):
    """The compiler's output for a program; its complaint as an exception."""
    done = subprocess.run([*COMPILER, *flags, "-x", "c", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def includes():
    return "".join(f"#include <{name}>\n" for name, _ in headers())


def macro_names():
    """Object-like macros that the headers themselves define and that have a value."""
    names = []
    for _, path in headers():
        with open(path, encoding="utf-8") as file:
            for line in file:
                match = re.match(r"#define ([A-Za-z_]\w*)\s+(\S.*)", line)
                if match and not match[2].startswith(("__attribute__", "\\")):
                    names.append(match[1])
    return sorted(set(names))


def macro_lines():
    names = macro_names()
    body = "".join(f'__asm__ volatile("->{n} %0" :: "i"((unsigned long)({n})));\n' for n in names)
    assembly = compile_text(includes() + "void f(void)\n{\n" + body + "}\n", "-O1", "-S", "-o", "-")
    values = dict(re.findall(r"^\s*->(\w+) (-?\d+)", assembly, re.MULTILINE))
    for n in names:
        yield f"macro {n} = {int(values[n]) & 0xffffffffffffffff:#x}"


def type_lines():
    """Enumerators and structure layouts."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "abi.o")
        flags = ["-g", "-fno-eliminate-unused-debug-types", "-fno-eliminate-unused-debug-symbols", "-nostdlib",
                 "-Wl,--entry=0,--no-gc-sections", "-o", path]
        compile_text(includes() + "int x;\n", *flags)
        with open(path, "rb") as file:
            for unit in ELFFile(file).get_dwarf_info().iter_CUs():
                yield from unit_lines(unit)


def declared_here(die, unit_files):
    return unit_files.get(die.attributes["DW_AT_decl_file"].value, "") in {os.path.basename(f) for _, f in headers()}


def unit_lines(unit):
    program = unit.dwarfinfo.line_program_for_CU(unit)
    version = program["version"]
    files = {i + (version < 5): entry.name.decode() for i, entry in enumerate(program["file_entry"])}
    for die in unit.iter_DIEs():
        if "DW_AT_name" not in die.attributes or "DW_AT_decl_file" not in die.attributes or not declared_here(die, files):
            continue
        name = die.attributes["DW_AT_name"].value.decode()
        if die.tag == "DW_TAG_enumeration_type":
            for child in die.iter_children():
                value = child.attributes["DW_AT_const_value"].value
                yield f"enum {name} {child.attributes['DW_AT_name'].value.decode()} = {value}"
        elif die.tag == "DW_TAG_structure_type" and "DW_AT_byte_size" in die.attributes:
            yield f"struct {name} bytes = {die.attributes['DW_AT_byte_size'].value}"
            for child in die.iter_children():
                at = child.attributes["DW_AT_data_member_location"].value
                yield f"struct {name} {child.attributes['DW_AT_name'].value.decode()} at {at}"


def extract():
    return sorted(set(type_lines())) + list(macro_lines())


def main():
    found = extract()
    if "--update" in sys.argv:
        with open(TEXT, "w", encoding="ascii") as file:
            file.write("# SPDX-License-Identifier: MIT\n# What programs may rely on, as numbers. Checked and rewritten by"
                       " test/qemu/test_abi.py; must never be edited by hand.\n" + "\n".join(found) + "\n")
        print(f"{len(found)} facts written")
        return 0
    with open(TEXT, encoding="ascii") as file:
        wanted = [line.rstrip("\n") for line in file if not line.startswith("#")]
    changes = [d for d in difflib.unified_diff(wanted, found, "test/abi/abi.txt", "headers", n=0, lineterm="")]
    if len(found) < 300:
        print(f"FAIL abi/extract: only {len(found)} facts were found")
        return 1
    if changes:
        print("\n".join(changes))
        print("FAIL abi/unchanged: the headers no longer say what test/abi/abi.txt says (wanted? then --update)")
        return 1
    print("ok abi/unchanged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
