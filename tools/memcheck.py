#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The second checker: reads a dump of the guest's physical memory from outside and checks the memory invariants.

    tools/memcheck.py DUMP --kernel build/release/kernel.elf [--pager build/release/servers/pager/pager.elf]

DUMP is flat (QEMU pmemsave from --base on) or ELF (dump-guest-memory). It walks every page table by itself and shares
no code and no count with the guest's vmcheck: positions of fields come from the debug information, meanings from abi/.
Prints one line per violation, then `memcheck: ok (...)` or `memcheck: N violations`. Exit status 0, 1; 2: no check possible.
The guest must stand between two requests (paused while everybody sleeps), else counts may be in the middle of a change.
"""

import argparse
import array
import struct
import sys

from elftools.elf.elffile import ELFFile

DIRECT_MAP = 0xFFFFFFC000000000
PAGE = 4096
PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_G = 1, 2, 4, 8, 16, 32
PTE_COW = 1 << 8
WINDOW_BASE, WINDOW_END = 0x2000000000, 0x2000000000 + (64 << 30)
KINDS = {"RESERVED": 0, "USER": 1, "KFREE": 2, "TABLE": 3, "ROOT": 4, "SPACE": 5}
CHUNK_KERNEL = 3
PROT_R, PROT_W, PROT_X = 1, 2, 4
REGION_SHARED = 4
FRAME_W_OWNED, FRAME_W_KERNEL, FRAME_W_IMAGE, FRAME_W_HOLD = 1, 2, 4, 8
FRAME_W_LINKED, FRAME_W_WRITING, FRAME_W_ARRIVED = 128, 256, 512
FRAME_F_SHARED = 4
LEDGER_MAGIC = 0x726567646C476150


class CheckError(Exception):
    """Why nothing can be checked; a sentence."""


# ---- where things are ----

class Symbols:
    """Addresses and structure layouts of an ELF file with debug information."""

    def __init__(self, path):
        self.path, self.file = path, ELFFile(open(path, "rb"))
        table = self.file.get_section_by_name(".symtab")
        if table is None or not self.file.has_dwarf_info():
            raise CheckError(f"{path} has no symbols or no debug information")
        self.address = {s.name: s["st_value"] for s in table.iter_symbols()}
        self.structs = {}

    def layout(self, name):
        """{member: (offset, bytes)}, and the size under None."""
        if not self.structs:
            self._read()
        if name not in self.structs:
            raise CheckError(f"{self.path} describes no struct {name}")
        return self.structs[name]

    def _read(self):
        for unit in self.file.get_dwarf_info().iter_CUs():
            for die in unit.iter_DIEs():
                if die.tag != "DW_TAG_structure_type" or "DW_AT_name" not in die.attributes:
                    continue
                name = die.attributes["DW_AT_name"].value.decode()
                if name in self.structs or "DW_AT_byte_size" not in die.attributes:
                    continue
                members = {None: (0, die.attributes["DW_AT_byte_size"].value)}
                for child in die.iter_children():
                    if child.tag == "DW_TAG_member" and "DW_AT_name" in child.attributes:
                        if "DW_AT_data_member_location" not in child.attributes:
                            continue  # bits of a word
                        offset = child.attributes["DW_AT_data_member_location"].value
                        members[child.attributes["DW_AT_name"].value.decode()] = (offset, size_of(child))
                self.structs[name] = members


def size_of(die):
    """Bytes of a member's type; 0 for what is not a plain scalar or pointer."""
    while True:
        if "DW_AT_byte_size" in die.attributes and die.tag != "DW_TAG_member":
            return die.attributes["DW_AT_byte_size"].value
        if die.tag == "DW_TAG_pointer_type":
            return 8
        if "DW_AT_type" not in die.attributes or die.tag == "DW_TAG_array_type":
            return 0
        die = die.get_DIE_from_attribute("DW_AT_type")


class Memory:
    """Physical memory of the dump."""

    def __init__(self, path, base):
        with open(path, "rb") as file:
            data = file.read()
        self.parts = []  # (first address, bytes)
        if data[:4] == b"\x7fELF":
            with open(path, "rb") as file:
                for segment in ELFFile(file).iter_segments():
                    if segment["p_type"] == "PT_LOAD":
                        start = segment["p_offset"]
                        self.parts.append((segment["p_paddr"], memoryview(data)[start:start + segment["p_filesz"]]))
        else:
            self.parts.append((base, memoryview(data)))

    def read(self, pa, length):
        for first, data in self.parts:
            if first <= pa and pa + length <= first + len(data):
                return bytes(data[pa - first:pa - first + length])
        raise CheckError(f"the dump does not hold physical address {pa:#x}")

    def word(self, pa, length=8):
        return int.from_bytes(self.read(pa, length), "little")

    def entries(self, frame):
        """A page table's 512 entries."""
        return array.array("Q", self.read(frame * PAGE, PAGE))


def field(layout, name, record):
    offset, size = layout[name]
    return int.from_bytes(record[offset:offset + size], "little")


# ---- the kernel's view ----

class Kernel:
    """The kernel's frame table and chunk table, as the dump has them."""

    def __init__(self, memory, symbols):
        def variable(name, size):
            if name not in symbols.address:
                raise CheckError(f"the kernel has no symbol {name}")
            return memory.word(symbols.address[name] - DIRECT_MAP, size)
        self.first, self.end = variable("ram_first", 4), variable("ram_end", 4)
        if not 0 < self.end - self.first <= 1 << 21:
            raise CheckError("the kernel's frame table is not set up: is this the kernel of the dump?")
        count = self.end - self.first
        raw = memory.read(variable("frame_table", 8) - DIRECT_MAP, 16 * count)
        self.info = list(struct.iter_unpack("<IIIBBH", raw))  # maps, gen, owner, kind, flags, parents
        chunks = memory.read(variable("chunk_table", 8) - DIRECT_MAP, 8 * ((count + 511) // 512))
        self.chunk = list(struct.iter_unpack("<II", chunks))  # owner, kind
        self.space = symbols.layout("space")

    def in_ram(self, frame):
        return self.first <= frame < self.end

    def kind(self, frame):
        return self.info[frame - self.first][3]

    def maps(self, frame):
        return self.info[frame - self.first][0]

    def owner(self, frame):
        return self.info[frame - self.first][2]

    def sharers(self, table):
        """Spaces that have a leaf table; 1 unless it is a shared one."""
        _, _, _, _, flags, parents = self.info[table - self.first]
        return parents if flags & FRAME_F_SHARED else 1

    def frames(self, kind):
        return [self.first + i for i, entry in enumerate(self.info) if entry[3] == KINDS[kind]]


# ---- the walk ----

class Walk:
    """All page tables, walked once; collects mappings and complaints."""

    def __init__(self, memory, kernel, complain):
        self.memory, self.kernel, self.complain = memory, kernel, complain
        self.reached = {}   # table frame -> times
        self.mappings = {}  # frame -> [(space, va, pte)]
        self.spaces = {}    # control frame -> {va: pte} of 4 KiB pages
        self.absent = {}    # control frame -> {va: software bits}
        self.kernel_half = None

    def all_spaces(self):
        roots = {}
        for control in self.kernel.frames("SPACE"):
            record = self.memory.read(control * PAGE, PAGE)
            root = field(self.kernel.space, "root_frame", record)
            if field(self.kernel.space, "frame", record) != control:
                self.complain(f"space {control:#x} does not name itself")
            if not self.kernel.in_ram(root) or self.kernel.kind(root) != KINDS["ROOT"]:
                self.complain(f"space {control:#x}: its root {root:#x} is no root table")
                continue
            if root in roots:
                self.complain(f"root {root:#x} belongs to spaces {roots[root]:#x} and {control:#x}")
            roots[root] = control
            self.spaces[control] = {}
            self.root(control, root)
        for root in self.kernel.frames("ROOT"):
            if root not in roots:
                self.complain(f"root {root:#x} belongs to no space")
        for table in self.kernel.frames("TABLE"):
            times = self.reached.get(table, 0)
            if times != self.kernel.sharers(table):
                self.complain(f"table {table:#x} is reached {times} times, not {self.kernel.sharers(table)}")

    def root(self, control, root):
        entries = self.memory.entries(root)
        kernel_half = entries[256:]
        if self.kernel_half is None:
            self.kernel_half = kernel_half
        if kernel_half != self.kernel_half:
            self.complain(f"space {control:#x}: its kernel half is not the others'")
        if any(e & PTE_U for e in kernel_half):
            self.complain(f"space {control:#x}: user access to the kernel half")
        self.table(control, root, entries[:256], 0, 2)

    def table(self, control, frame, entries, va, level):
        used = sum(1 for e in entries if e)
        if used != self.kernel.maps(frame):
            self.complain(f"table {frame:#x} of space {control:#x}: {used} entries, the kernel counts {self.kernel.maps(frame)}")
        for index, pte in enumerate(entries):
            here = va + (index << (12 + 9 * level))
            if not pte & PTE_V:
                if pte:
                    self.absent.setdefault(control, {})[here] = pte
                continue
            if pte & (PTE_R | PTE_W | PTE_X):
                self.leaf(control, here, pte, level)
            elif level == 0 or pte & (PTE_U | PTE_G):
                self.complain(f"space {control:#x} va {here:#x}: malformed entry {pte:#x}")
            else:
                self.down(control, (pte >> 10) & 0xFFFFFFF, here, level - 1)

    def down(self, control, child, va, level):
        if not self.kernel.in_ram(child) or self.kernel.kind(child) != KINDS["TABLE"]:
            self.complain(f"space {control:#x} va {va:#x}: frame {child:#x} used as a table is none")
            return
        self.reached[child] = self.reached.get(child, 0) + 1
        if self.reached[child] == 1:
            self.table(control, child, self.memory.entries(child), va, level)
        elif self.kernel.sharers(child) > 1:
            self.shared(control, child, va)

    def shared(self, control, table, va):
        """A leaf table that another space led to already: its entries count once, but this space sees them, too."""
        for index, pte in enumerate(self.memory.entries(table)):
            if pte & PTE_W or pte and not pte & PTE_V:
                self.complain(f"space {control:#x} va {va + index * PAGE:#x} entry {pte:#x}: in a shared table")
            if pte & PTE_V:
                self.spaces[control][va + index * PAGE] = pte

    def leaf(self, control, va, pte, level):
        where = f"space {control:#x} va {va:#x} entry {pte:#x}"
        if pte & PTE_W and pte & PTE_X:
            self.complain(f"{where}: W and X")
        untouchable = not pte & (PTE_U | PTE_W | PTE_X | PTE_COW) and level == 0  # PROT_NONE
        if not pte & PTE_R or pte & PTE_G or not (pte & PTE_U or untouchable):
            self.complain(f"{where}: bits no user page has")
        if pte & PTE_COW and pte & (PTE_W | PTE_X):
            self.complain(f"{where}: COW together with W or X")
        frame = (pte >> 10) & 0xFFFFFFF
        if level > 0 or WINDOW_BASE <= va < WINDOW_END:
            self.window(control, va, pte, frame, level, where)
        elif self.kernel.in_ram(frame):
            if self.kernel.kind(frame) != KINDS["USER"]:
                self.complain(f"{where}: user mapping of a frame of kind {self.kernel.kind(frame)}")
            self.mappings.setdefault(frame, []).append((control, va, pte))
            self.spaces[control][va] = pte
        elif pte & PTE_X:
            self.complain(f"{where}: executable device page")

    def window(self, control, va, pte, frame, level, where):
        """2 MiB of RAM in its owner's window: writable only when no kernel object can be in it."""
        if level != 1 or va != WINDOW_BASE + frame * PAGE or pte & PTE_X or not self.kernel.in_ram(frame):
            self.complain(f"{where}: not a proper window entry")
            return
        owner, kind = self.kernel.chunk[(frame - self.kernel.first) // 512]
        if pte & PTE_W and (owner != control or kind == CHUNK_KERNEL):
            self.complain(f"{where}: writable window on a chunk of kind {kind} owned by {owner:#x}")


def check_kernel_counts(kernel, walk, complain):
    for frame in range(kernel.first, kernel.end):
        counted = len(walk.mappings.get(frame, ()))
        kind = kernel.kind(frame)
        if kind == KINDS["USER"] and counted != kernel.maps(frame):
            complain(f"frame {frame:#x} is mapped {counted} times, the kernel counts {kernel.maps(frame)}")
        if kind == KINDS["USER"] and counted and not kernel.owner(frame):
            complain(f"frame {frame:#x} is mapped and nobody owns it")


# ---- the pager's view ----

class Pager:
    """The ledger, read through the pager's own page table. Found by the pager's variable `ledger`."""

    def __init__(self, memory, symbols, kernel, walk):
        self.memory, self.symbols, self.kernel = memory, symbols, kernel
        self.space = self._find_space(walk)
        self.pages = walk.spaces[self.space]
        book = symbols.layout("ledger")
        record = self.read(symbols.address["ledger"], book[None][1])
        self.at = {name: field(book, name, record) for name in book if name}
        header = symbols.layout("ledger_header")
        raw = self.read(self.at["header"], header[None][1])
        if field(header, "magic", raw) != LEDGER_MAGIC:
            raise CheckError("the ledger has not the magic number: is this the pager of the dump?")
        self.zero_frame = field(header, "zero_frame", raw)
        self.running = field(header, "log_count", raw)
        self.store_slots = field(header, "store_slots", raw)
        self.intent = int.from_bytes(raw[header["intent"][0]:header["intent"][0] + 8], "little")
        self.exchange = int.from_bytes(raw[header["exchange"][0]:header["exchange"][0] + 8], "little")
        self.leaving = int.from_bytes(self.read(symbols.address["swap_leaving"], 4), "little")
        self.transfers = int.from_bytes(self.read(symbols.address["store_flights"], 4), "little")

    def _find_space(self, walk):
        """The pager owns more user frames than anybody."""
        owned = {}
        for maps, _, owner, kind, _, _ in self.kernel.info:
            if kind == KINDS["USER"]:
                owned[owner] = owned.get(owner, 0) + 1
        for owner in sorted(owned, key=owned.get, reverse=True):
            if owner in walk.spaces:
                return owner
        raise CheckError("no space owns user frames")

    def read(self, va, length):
        out = bytearray()
        while length > 0:
            pte = self.pages.get(va & ~(PAGE - 1))
            if pte is None:
                raise CheckError(f"the pager has no page at {va:#x}")
            n = min(length, PAGE - va % PAGE)
            out += self.memory.read(((pte >> 10) & 0xFFFFFFF) * PAGE + va % PAGE, n)
            va, length = va + n, length - n
        return bytes(out)

    def records(self, array_name, struct_name, count):
        layout = self.symbols.layout(struct_name)
        size = layout[None][1]
        raw = self.read(self.at[array_name], size * count)
        return layout, [raw[i * size:(i + 1) * size] for i in range(count)]

    def words(self, array_name, count):
        """An array of 32-bit numbers."""
        return array.array("I", self.read(self.at[array_name], 4 * count)).tolist()

    def live_spaces(self):
        """{slot: control frame}"""
        layout, records = self.records("space", "ledger_space", self.at["max_spaces"])
        return {slot: field(layout, "control", r) for slot, r in enumerate(records) if slot and field(layout, "live", r)}

    def regions(self):
        """{slot: [(start, end, prot, flags)]}"""
        layout, records = self.records("region", "ledger_region", self.at["max_regions"])
        found = {}
        for r in records:
            if field(layout, "used", r):
                found.setdefault(field(layout, "space", r), []).append(
                    (field(layout, "start_page", r) * PAGE, field(layout, "end_page", r) * PAGE,
                     field(layout, "prot", r), field(layout, "flags", r)))
        return found


def check_refs(pager, kernel, walk, complain):
    """refs = PTEs that map it + holds; a free frame is mapped by nobody. The pager's own mappings are its owner's, init's."""
    layout, records = pager.records("frame", "ledger_frame", pager.at["frames"])
    for index, record in enumerate(records):
        frame, flags = pager.at["first_frame"] + index, field(layout, "flags", record)
        if not flags & FRAME_W_OWNED:
            if kernel.owner(frame) == pager.space and kernel.kind(frame) == KINDS["USER"]:
                complain(f"frame {frame:#x} is the pager's, and its ledger does not know")
            continue
        if kernel.owner(frame) != pager.space:
            complain(f"frame {frame:#x}: the ledger claims it, its owner is {kernel.owner(frame):#x}")
        if flags & FRAME_W_KERNEL:
            if kernel.kind(frame) == KINDS["USER"]:
                complain(f"frame {frame:#x}: kernel kind in the ledger, user kind in the kernel")
            continue
        counted = len(walk.mappings.get(frame, ())) + bool(flags & (FRAME_W_IMAGE | FRAME_W_HOLD))
        counted += bool(flags & FRAME_W_ARRIVED)  # the transfer's that reads it
        if flags & (FRAME_W_LINKED | FRAME_W_WRITING) and any(pte & PTE_W for _, _, pte in walk.mappings.get(frame, ())):
            complain(f"frame {frame:#x}: the store has the same bytes, and somebody can write it")
        refs = field(layout, "refs", record)
        if refs != counted:
            complain(f"frame {frame:#x}: refs {refs} in the ledger, {counted} found")


def check_slots(pager, walk, complain):
    """References of a slot = absent entries that name it + linked pages; a slot's frame is held, and no two slots share one."""
    total, frames = pager.store_slots, pager.at["frames"]
    named, seen = [0] * (total + 1), set()
    for control, entries in walk.absent.items():
        for va, soft in entries.items():
            slot = soft >> 10
            if control not in pager.live_spaces().values() or not 0 < slot <= total or soft != slot << 10:
                complain(f"space {control:#x} va {va:#x}: absent entry {soft:#x} names no slot")
            else:
                named[slot] += 1
    layout, records = pager.records("frame", "ledger_frame", frames)
    flags = [field(layout, "flags", record) for record in records]
    page_slot = pager.words("page_slot", frames)
    for index, slot in enumerate(page_slot):
        if flags[index] & (FRAME_W_LINKED | FRAME_W_WRITING):
            named[slot if slot <= total else 0] += 1
    layout, records = pager.records("slot", "slot_vol", total + 1)
    for slot, home in list(enumerate(pager.words("store_frame", total + 1)))[1:]:
        refs = field(layout, "refs", records[slot])
        taken = slot == pager.leaving and refs == named[slot] + 1  # the fault's answer counts when the pager hears of it
        if refs != named[slot] and not taken and not pager.transfers:
            complain(f"slot {slot}: refs {refs} in the ledger, {named[slot]} found")
        if slot == pager.leaving == pager.exchange >> 32 and not flags[home] & FRAME_W_HOLD:
            home = pager.exchange & 0xffffffff  # the answer took the slot's own frame along; this one takes its place
        if home in seen or not flags[home] & FRAME_W_HOLD:
            complain(f"slot {slot}: its frame {pager.at['first_frame'] + home:#x} is not its own")
        seen.add(home)
    if pager.intent:
        complain(f"a page is between its frame and the store: {pager.intent:#x}")


def check_regions(pager, walk, complain):
    """Every page lies in a region that allows it; a writable page of a private region has one owner."""
    regions, shared = pager.regions(), set()
    for slot, control in pager.live_spaces().items():
        mine = sorted(regions.get(slot, []))
        for (_, end, _, _), (start, _, _, _) in zip(mine, mine[1:]):
            if start < end:
                complain(f"space {control:#x}: regions overlap at {start:#x}")
        for va, pte in walk.spaces.get(control, {}).items():
            home = next((r for r in mine if r[0] <= va < r[1]), None)
            where = f"space {control:#x} va {va:#x} entry {pte:#x}"
            if home is None:
                complain(f"{where}: no region there")
                continue
            wants = (PROT_W if pte & (PTE_W | PTE_COW) else 0) | (PROT_X if pte & PTE_X else 0) | (PROT_R if pte & PTE_U else 0)
            if wants & ~home[2]:
                complain(f"{where}: more than its region's protection {home[2]}")
            if home[3] & REGION_SHARED:
                shared.add((control, va))
    for frame, mapped in walk.mappings.items():
        writable = [(c, va) for c, va, pte in mapped if pte & PTE_W and (c, va) not in shared]
        if writable and len(mapped) > 1 and pager.kernel.owner(frame) == pager.space:
            space, va = writable[0]
            complain(f"frame {frame:#x}: writable in space {space:#x} at {va:#x} and mapped {len(mapped)} times")


def check_pager(pager, kernel, walk, complain):
    for slot, control in pager.live_spaces().items():
        if not kernel.in_ram(control) or kernel.kind(control) != KINDS["SPACE"]:
            complain(f"ledger space {slot}: frame {control:#x} is no space")
    check_refs(pager, kernel, walk, complain)
    check_regions(pager, walk, complain)
    check_slots(pager, walk, complain)
    if any(pager.memory.read(pager.zero_frame * PAGE, PAGE)):
        complain(f"the zero page, frame {pager.zero_frame:#x}, is not zero")


def check(dump, kernel_elf, pager_elf=None, base=0x80000000):
    """(violations, spaces, frames mapped). CheckError when that is not to be had."""
    violations = []
    memory = Memory(dump, base)
    kernel = Kernel(memory, Symbols(kernel_elf))
    walk = Walk(memory, kernel, violations.append)
    walk.all_spaces()
    if not walk.spaces:
        raise CheckError("there is no space in this dump")
    check_kernel_counts(kernel, walk, violations.append)
    if pager_elf:
        check_pager(Pager(memory, Symbols(pager_elf), kernel, walk), kernel, walk, violations.append)
    return violations, len(walk.spaces), len(walk.mappings)


def main():
    parser = argparse.ArgumentParser(description="Check the memory invariants in a dump of guest memory.")
    parser.add_argument("dump")
    parser.add_argument("--kernel", default="build/release/kernel.elf")
    parser.add_argument("--pager", help="the pager's ELF file with symbols: check its ledger as well")
    parser.add_argument("--base", type=lambda text: int(text, 0), default=0x80000000, help="first address of a flat dump")
    given = parser.parse_args()
    try:
        violations, spaces, frames = check(given.dump, given.kernel, given.pager, given.base)
    except (CheckError, OSError, KeyError) as error:
        print(f"memcheck: can't check: {error}", file=sys.stderr)
        return 2
    for text in violations[:50]:
        print(text)
    if violations:
        print(f"memcheck: {len(violations)} violations")
        return 1
    print(f"memcheck: ok ({spaces} spaces, {frames} frames mapped)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
