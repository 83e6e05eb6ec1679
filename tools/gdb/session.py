#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`scons gdb`: gdb-multiarch on a stopped QEMU, with symbols.

Attaches to a `scons run GDB=1` that waits in another terminal; if there is none it starts a QEMU of its own, whose
console goes to gdb-console.log in the build's folder. Ends only the QEMU that it started.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import qemu


def waiting_port(path):
    """The port of a QEMU that waits for us, or None."""
    try:
        with open(path, encoding="ascii") as file:
            port = int(file.read())
        with socket.socket() as probe:  # bind, do not connect: a connection would be the debugger's one
            try:
                probe.bind(("127.0.0.1", port))
                return None
            except OSError:
                return port
    except (OSError, ValueError):
        return None


def main():
    parser = argparse.ArgumentParser(description="Debug Pagoda.")
    parser.add_argument("--dir", default="build/release")
    parser.add_argument("--mem", default="128M")
    parser.add_argument("--fork", default="tables")
    parser.add_argument("--run")
    given = parser.parse_args()
    machine = None
    port = waiting_port(os.path.join(given.dir, "gdb.port"))
    if port is None:
        port = qemu.free_port()
        kernel, image = (os.path.join(given.dir, name) for name in ("kernel.elf", "pagoda.img"))
        log = os.path.join(given.dir, "gdb-console.log")
        settings = qemu.Machine(kernel, image, given.mem, given.fork, run=given.run, gdb_port=port)
        command = qemu.die_with_parent(settings.command(["-monitor", "none", "-serial", "file:" + log]))
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        print(f"scons: the console goes to {log}; to type into it, use `scons run GDB=1` in another terminal.", flush=True)
    signal.signal(signal.SIGINT, lambda *_: None)  # ^C is the debugger's
    try:
        return subprocess.run(["gdb-multiarch", "-q", "-ex", f"set $pagoda_port = {port}",
                               "-ex", f"python pagoda_dir = {given.dir!r}", "-x", os.path.join(HERE, "pagoda.gdb")],
                              check=False).returncode
    finally:
        if machine:
            qemu.end(machine)


if __name__ == "__main__":
    sys.exit(main())
