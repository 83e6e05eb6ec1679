#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 300
"""Lua: a script of real work prints in Pagoda what it prints on the host, byte for byte: with ample memory, with so little that
its pages come and go, and compiled by Pagoda's luac."""

import os
import shutil
import tempfile

import portlib

SECONDS = 120
WORK = os.path.join(portlib.ROOT, "ports", "lua", "work.lua")
RUNS = [
    ("the_work_is_the_hosts", "lua work.lua /tmp 1 >out", ""),
    ("also_when_memory_is_short", "lua work.lua /tmp 1 >out", "frames=150 store=2000"),
    ("also_when_it_was_compiled_before", "luac -o work.luac work.lua && lua work.luac /tmp 1 >out", ""),
]


def main():
    portlib.require("lua")
    with tempfile.TemporaryDirectory(prefix="pagoda-lua-") as folder:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        shutil.copy(WORK, files)
        _, wanted = portlib.host("lua", "lua", "work.lua", folder, "1", folder=files)
        for name, line, args in RUNS:
            disk = portlib.make_disk(os.path.join(folder, "disk.img"), files)
            status, text = portlib.boot(disk, f"cd /disk && {line} && vmcheck --quiet", SECONDS, args=args)
            got = portlib.read_disk(disk, "out", folder)
            sound, said = portlib.sound(disk)
            portlib.check(name, status == 0 and got == wanted and sound, portlib.first_difference(got, wanted), text, said)
    portlib.finish()


main()
