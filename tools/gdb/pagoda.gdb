# SPDX-License-Identifier: MIT
# Symbols and helpers for gdb-multiarch; `scons gdb` loads it. By hand: set $pagoda_port first, from the top of the tree.
#
#   pagoda-program NAME   symbols of a program or server (sh, t_fork, pager, ...); replaces the one before
#   pagoda-list           the names there are
#   pagoda-where          find out, by its code in memory, which program the hart runs, and load that one's symbols
#
# Every program is linked at the same address, so user symbols are of one program at a time. QEMU's breakpoints are by
# address, in every space: one in `main` of sh also stops other programs there (pagoda-where tells which).

set pagination off
set confirm off
set architecture riscv:rv64
set disassemble-next-line auto

python
import glob
import os
import gdb

pagoda_dir = globals().get("pagoda_dir", "build/release")
USER_END = 1 << 38
WINDOW_BYTES = 64

def pagoda_programs():
    """{name: unstripped ELF} of servers and programs."""
    found = {}
    for pattern in ("servers/*/*.elf", "apps/*.elf", "test/guest/*.elf", "extra/*/*.elf"):
        for path in glob.glob(os.path.join(pagoda_dir, pattern)):
            found[os.path.basename(path)[:-len(".elf")]] = path
    return found

class Symbols:
    """Which program's symbols are loaded besides the kernel's."""
    loaded = None

    @classmethod
    def load(cls, name):
        path = pagoda_programs().get(name)
        if path is None:
            raise gdb.GdbError(f"there is no program {name}; pagoda-list shows them")
        if cls.loaded:
            gdb.execute(f"remove-symbol-file {cls.loaded}", to_string=True)
        gdb.execute(f"add-symbol-file {path}", to_string=True)
        cls.loaded = os.path.abspath(path)
        print(f"symbols of {name}")

class Program(gdb.Command):
    """pagoda-program NAME: load a program's symbols."""
    def __init__(self):
        super().__init__("pagoda-program", gdb.COMMAND_FILES)
    def invoke(self, argument, from_tty):
        Symbols.load(argument.strip())
    def complete(self, text, word):
        return [name for name in sorted(pagoda_programs()) if name.startswith(text)]

class List(gdb.Command):
    """pagoda-list: programs whose symbols can be loaded."""
    def __init__(self):
        super().__init__("pagoda-list", gdb.COMMAND_FILES)
    def invoke(self, argument, from_tty):
        print(" ".join(sorted(pagoda_programs())))

def code_at(path, address, length):
    """Bytes of an ELF at an address, or None."""
    from struct import unpack_from
    with open(path, "rb") as file:
        elf = file.read()
    offset, size, count = unpack_from("<Q", elf, 32)[0], *unpack_from("<HH", elf, 54)
    for i in range(count):
        kind, _, at, va, _, filesz = unpack_from("<IIQQQQ", elf, offset + i * size)
        if kind == 1 and va <= address and address + length <= va + filesz:
            return elf[at + address - va:at + address - va + length]
    return None

class Where(gdb.Command):
    """pagoda-where: which program runs, told by its code."""
    def __init__(self):
        super().__init__("pagoda-where", gdb.COMMAND_FILES)
    def invoke(self, argument, from_tty):
        pc = int(gdb.parse_and_eval("$pc")) & (1 << 64) - 1
        if pc >= USER_END:
            print("the kernel")
            return
        start = max(pc & ~(WINDOW_BYTES - 1), pc & ~4095)
        try:
            memory = bytes(gdb.selected_inferior().read_memory(start, WINDOW_BYTES))
        except gdb.MemoryError:
            raise gdb.GdbError("the code at pc is not mapped yet")
        names = [name for name, path in sorted(pagoda_programs().items())
                 if code_at(path, start, WINDOW_BYTES) == memory]
        if len(names) == 1:
            Symbols.load(names[0])
        else:
            print("one of: " + " ".join(names) if names else "no program of this build")

Program()
List()
Where()
gdb.execute(f"file {pagoda_dir}/kernel.elf")
port = gdb.convenience_variable("pagoda_port")
if port is not None:
    gdb.execute(f"target remote 127.0.0.1:{int(port)}")
print("kernel symbols are loaded; pagoda-list, pagoda-program NAME and pagoda-where do the rest. `continue` boots.")
end
