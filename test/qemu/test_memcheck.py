#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that the second checker (tools/memcheck.py, on a dump of memory) and the guest's vmcheck agree: with an idle
shell, in the middle of a fork storm, after a pager was killed and restarted in one; and that it finds seeded damage.

TIMEOUT: 240
"""

import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import memcheck
import qemu

MEM_BYTES = 128 << 20
ELF_DIR = os.environ.get("PAGODA_ELF_DIR", os.path.join(ROOT, "build", "release"))
PAGER = os.path.join(ELF_DIR, "servers", "pager", "pager.elf")


def verdict(guest, kernel, folder):
    """The violations that the dump of this moment shows."""
    dump = os.path.join(folder, "dump")
    guest.pmemsave(qemu.RAM_BASE, MEM_BYTES, dump)
    violations, spaces, frames = memcheck.check(dump, kernel, PAGER)
    os.unlink(dump)
    return violations, spaces, frames


def boot(run=None):
    machine = qemu.Machine.from_environment(run=run, mem="128M", qmp=True)
    return machine, machine.start()


def report(name, good, details):
    print(f"ok memcheck/{name}" if good else f"FAIL memcheck/{name}: " + "; ".join(details[:5]), flush=True)
    return good


def idle_shell(folder):
    machine, guest = boot()
    with guest:
        guest.expect(r"\$ $")
        guest.send("vmcheck\n")
        guest.expect(r"^vmcheck: ok")
        guest.expect(r"\$ $")
        violations, spaces, frames = verdict(guest, machine.kernel, folder)
        print(f"  {spaces} spaces, {frames} frames mapped")
    return report("idle_shell", not violations and spaces >= 4 and frames > 100, violations)


def storm(folder, name, argument, least_spaces):
    machine, guest = boot(f"t_vmcheck {argument}")
    with guest:
        inside = guest.expect(r"^:vmcheck (\w+)$", 120)[1]
        guest.expect(r"^:ready$")
        violations, spaces, frames = verdict(guest, machine.kernel, folder)
        print(f"  {spaces} spaces, {frames} frames mapped; inside: {inside}; outside: {len(violations)} violations")
        guest.send("\n")
        ended = guest.wait(60)
    broken = "broken" in argument
    agree = (inside == "broken") == broken and bool(violations) == broken and spaces >= least_spaces
    good = agree and ended.status == 0
    return report(name, good, violations or [f"inside {inside}, {spaces} spaces, exit status {ended.status}"])


def main():
    with tempfile.TemporaryDirectory(prefix="pagoda-dump-") as folder:
        results = [idle_shell(folder),
                   storm(folder, "fork_storm", "--storm", 16),
                   storm(folder, "after_a_pager_restart", "--storm-kill", 16),
                   storm(folder, "finds_seeded_damage", "--storm-broken", 16)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
