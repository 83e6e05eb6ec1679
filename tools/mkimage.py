#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Packs the boot image (layout: microkernel/include/abi/image.h); lists one with --list.

The same files in the same order give the same bytes. Never writes half an image: it appears by rename.
"""

import argparse
import os
import struct
import sys

MAGIC = 0x474D4941444F4741
VERSION = 1
NAME_MAX = 40  # with its nul
FILES_MAX = 512
PAGE = 4096
HEADER = struct.Struct("<QIIQQ")
ENTRY = struct.Struct("<40sQQQ")


class ImageError(Exception):
    """Why no image can be made, as a sentence."""


def _round_up(n):
    return (n + PAGE - 1) & ~(PAGE - 1)


def _check_names(names):
    if len(names) > FILES_MAX:
        raise ImageError(f"{len(names)} files are too many for one boot image; it holds {FILES_MAX}")
    seen = set()
    for name in names:
        encoded = name.encode()
        if not name or len(encoded) >= NAME_MAX:
            raise ImageError(f"the name '{name}' is {len(encoded)} bytes long; a name has 1 to {NAME_MAX - 1} bytes")
        if name in seen:
            raise ImageError(f"two files of the image are called '{name}'")
        seen.add(name)


def _read(name, path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ImageError(f"'{name}' can't be read from {path}: {error.strerror}") from None


def pack(files):
    """files: [(name, path)]. Returns the image's bytes; raises ImageError."""
    _check_names([name for name, _ in files])
    offset = _round_up(HEADER.size + ENTRY.size * len(files))
    entries, bodies = [], []
    for name, path in files:
        data = _read(name, path)
        entries.append(ENTRY.pack(name.encode(), offset, len(data), 0))
        bodies.append(data.ljust(_round_up(len(data)), b"\0"))
        offset += len(bodies[-1])
    head = HEADER.pack(MAGIC, VERSION, len(files), offset, 0) + b"".join(entries)
    return head.ljust(_round_up(len(head)), b"\0") + b"".join(bodies)


def write(out, files):
    image = pack(files)
    part = out + ".part"
    with open(part, "wb") as file:
        file.write(image)
    os.replace(part, out)
    return len(image)


def listing(path):
    """Names, offsets and sizes in an image; raises ImageError if it is not one."""
    data = _read(path, path)
    if len(data) < HEADER.size or HEADER.unpack_from(data)[0] != MAGIC:
        raise ImageError(f"{path} is not a boot image")
    count = HEADER.unpack_from(data)[2]
    rows = []
    for i in range(count):
        name, offset, size, _ = ENTRY.unpack_from(data, HEADER.size + i * ENTRY.size)
        rows.append((name.split(b"\0")[0].decode(), offset, size))
    return rows


def main():
    parser = argparse.ArgumentParser(description="Pack Pagoda's boot image.")
    parser.add_argument("-o", metavar="IMAGE", help="the image to write")
    parser.add_argument("--list", metavar="IMAGE", help="show what an image holds")
    parser.add_argument("file", nargs="*", metavar="NAME=PATH", help="a file and its name in the image")
    args = parser.parse_args()
    try:
        if args.list:
            for name, offset, size in listing(args.list):
                print(f"{name:<{NAME_MAX}}{offset:>10}{size:>10}")
            return 0
        if not args.o or not args.file or any("=" not in file for file in args.file):
            parser.error("give -o IMAGE and at least one NAME=PATH")
        size = write(args.o, [tuple(file.split("=", 1)) for file in args.file])
        print(f"{args.o}: {len(args.file)} files, {size} bytes")
        return 0
    except ImageError as error:
        print(f"mkimage: {error}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
