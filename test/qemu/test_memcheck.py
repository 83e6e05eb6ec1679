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
    return memcheck.check(dump, kernel, PAGER)


def boot(run=None, args=""):
    # Not under icount: QEMU 7.2 can stop for good when console input arrives while its virtual clock stands still.
    machine = qemu.Machine.from_environment(run=run, mem="128M", icount=False, args=args)
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


def storm(folder, name, argument, least_spaces, args=""):
    machine, guest = boot(f"t_vmcheck {argument}", args)
    with guest:
        inside = guest.expect(r"^:vmcheck (ok|broken)", 120)[1]
        guest.expect(r"^:ready$")
        violations, spaces, frames = verdict(guest, machine.kernel, folder)
        print(f"  {spaces} spaces, {frames} frames mapped; inside: {inside}; outside: {len(violations)} violations")
        guest.send("\n")
        ended = guest.wait(60)
    broken = "broken" in argument
    agree = (inside == "broken") == broken and bool(violations) == broken and spaces >= least_spaces
    good = agree and ended.status == 0
    return report(name, good, violations or [f"inside {inside}, {spaces} spaces, exit status {ended.status}"])


def entry_address(memory, kernel, control, va):
    """Physical address of the page-table entry for va."""
    table = memcheck.field(kernel.space, "root_frame", memory.read(control * memcheck.PAGE, memcheck.PAGE))
    for level in (2, 1):
        table = memory.entries(table)[(va >> (12 + 9 * level)) & 511] >> 10
    return table * memcheck.PAGE + ((va >> 12) & 511) * 8


def patched(dump, address, change):
    """Change one word of a flat dump; returns what undoes it."""
    with open(dump, "r+b") as file:
        file.seek(address - qemu.RAM_BASE)
        old = file.read(8)
        file.seek(address - qemu.RAM_BASE)
        file.write(change(int.from_bytes(old, "little")).to_bytes(8, "little"))
    return lambda: patched(dump, address, lambda _: int.from_bytes(old, "little"))


def sees_damaged_tables(folder, kernel_elf):
    """The last dump, damaged in its page tables and in the kernel's counts, one way at a time."""
    dump = os.path.join(folder, "dump")
    memory, symbols = memcheck.Memory(dump, qemu.RAM_BASE), memcheck.Symbols(kernel_elf)
    kernel = memcheck.Kernel(memory, symbols)
    walk = memcheck.Walk(memory, kernel, lambda _: None)
    walk.all_spaces()
    frame, control, va = next((f, c, va) for f, mapped in walk.mappings.items() for c, va, pte in mapped
                              if pte & memcheck.PTE_COW and len(mapped) > 2)
    entry = entry_address(memory, kernel, control, va)
    info = memory.word(symbols.address["frame_table"] - memcheck.DIRECT_MAP) - memcheck.DIRECT_MAP
    low_ppn = ~(((1 << 28) - 1) << 10)
    damages = {
        "a shared page writable": (entry, lambda e: (e | memcheck.PTE_W) & ~memcheck.PTE_COW),
        "W and X": (entry, lambda e: e | memcheck.PTE_W | memcheck.PTE_X),
        "a mapping lost": (entry, lambda e: 0),
        "a kernel frame mapped": (entry, lambda e: e & low_ppn | control << 10),
        "another's frame mapped": (entry, lambda e: e & low_ppn | (frame + 1) << 10),
        "the kernel's count": (info + 16 * (frame - kernel.first), lambda w: w + 1),
    }
    missed = []
    for name, (address, change) in damages.items():
        undo = patched(dump, address, change)
        if not memcheck.check(dump, kernel_elf, PAGER)[0]:
            missed.append(name)
        undo()
    if memcheck.check(dump, kernel_elf, PAGER)[0]:
        missed.append("the undamaged dump is not sound")
    return report("sees_damaged_tables", not missed, missed)


def sees_damaged_slots(folder, kernel_elf):
    """The last dump, of pages in the store: an entry that names another slot, one that names none, a lost one."""
    dump = os.path.join(folder, "dump")
    memory, symbols = memcheck.Memory(dump, qemu.RAM_BASE), memcheck.Symbols(kernel_elf)
    kernel = memcheck.Kernel(memory, symbols)
    walk = memcheck.Walk(memory, kernel, lambda _: None)
    walk.all_spaces()
    control, entries = max(walk.absent.items(), key=lambda item: len(item[1]), default=(0, {}))
    print(f"  {sum(len(e) for e in walk.absent.values())} entries name slots")
    if not entries:
        return report("sees_damaged_slots", False, ["no page is in the store"])
    va, soft = next(iter(entries.items()))
    entry = entry_address(memory, kernel, control, va)
    missed = []
    for name, value in (("another slot", soft ^ 1 << 10), ("no slot", soft | 1 << 40), ("an odd bit", soft | 8)):
        undo = patched(dump, entry, lambda _, value=value: value)
        if not memcheck.check(dump, kernel_elf, PAGER)[0]:
            missed.append(name)
        undo()
    return report("sees_damaged_slots", not missed, missed)


def main():
    kernel = qemu.Machine.from_environment().kernel
    with tempfile.TemporaryDirectory(prefix="pagoda-dump-") as folder:
        results = [idle_shell(folder),
                   storm(folder, "fork_storm", "--storm", 16),
                   sees_damaged_tables(folder, kernel),
                   storm(folder, "pages_in_the_store", "--storm", 16, "frames=32 store=2048"),
                   sees_damaged_slots(folder, kernel),
                   storm(folder, "after_a_pager_restart", "--storm-kill", 16),
                   storm(folder, "finds_seeded_damage", "--storm-broken", 16)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
