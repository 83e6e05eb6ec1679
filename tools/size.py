#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the size of the kernel as METRICS counts it: text (with read-only data) + data; bss takes no file space."""

import argparse
import sys

from elftools.elf.elffile import ELFFile

SHF_WRITE, SHF_ALLOC = 1, 2


def kernel_size(path):
    """(text, data, bss) bytes of an ELF file, section by section as size(1) counts them."""
    text = data = bss = 0
    with open(path, "rb") as file:
        for section in ELFFile(file).iter_sections():
            flags, size = section["sh_flags"], section["sh_size"]
            if not flags & SHF_ALLOC:
                continue
            if section["sh_type"] == "SHT_NOBITS":
                bss += size
            elif flags & SHF_WRITE:
                data += size
            else:
                text += size
    return text, data, bss


def main():
    parser = argparse.ArgumentParser(description="Print text + data of an ELF file.")
    parser.add_argument("elf")
    given = parser.parse_args()
    try:
        text, data, bss = kernel_size(given.elf)
    except OSError as error:
        print(f"size: {given.elf}: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"size.kernel {text + data} bytes (text {text}, data {data}; bss {bss} not counted)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
