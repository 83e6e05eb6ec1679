# SPDX-License-Identifier: MIT
# Symbols and helpers for gdb-multiarch; `scons gdb` loads it. By hand: set $pagoda_port first, from the top of the tree.
#
#   pagoda-program NAME   symbols of a program or server (sh, t_fork, pager, ...); replaces the one before
#   pagoda-break NAME AT  break at AT (a function, file:line or *address) in that program only
#   pagoda-list           the names there are
#   pagoda-where          find out, by its code in memory, which program the hart runs, and load that one's symbols
#
# Every program is linked at the same address, so user symbols are of one program at a time. QEMU's breakpoints are by
# address, in every space: a plain `break` in sh also stops other programs there; pagoda-break looks who it is.

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

def running_code():
    """(address, bytes) around pc; None in the kernel or where nothing is mapped."""
    pc = int(gdb.parse_and_eval("$pc")) & (1 << 64) - 1
    start = pc & ~(WINDOW_BYTES - 1)
    if pc >= USER_END:
        return None
    try:
        return start, bytes(gdb.selected_inferior().read_memory(start, WINDOW_BYTES))
    except gdb.MemoryError:
        return None

class ProgramBreakpoint(gdb.Breakpoint):
    """Stops only when the code at pc is this program's."""
    def __init__(self, name, at):
        places = gdb.decode_line(at)[1]
        if not places:
            raise gdb.GdbError(f"{name} has no {at}")
        super().__init__(f"*{places[0].pc:#x}")  # by number: other programs' symbols must not move it
        self.path = pagoda_programs()[name]
    def stop(self):
        code = running_code()
        return code is not None and code_at(self.path, code[0], WINDOW_BYTES) == code[1]

class Break(gdb.Command):
    """pagoda-break NAME AT: break in one program."""
    def __init__(self):
        super().__init__("pagoda-break", gdb.COMMAND_BREAKPOINTS)
    def invoke(self, argument, from_tty):
        name, _, at = argument.strip().partition(" ")
        if not at:
            raise gdb.GdbError("usage: pagoda-break PROGRAM FUNCTION, or FILE:LINE, or *ADDRESS")
        Symbols.load(name)
        ProgramBreakpoint(name, at)

class Where(gdb.Command):
    """pagoda-where: which program runs, told by its code."""
    def __init__(self):
        super().__init__("pagoda-where", gdb.COMMAND_FILES)
    def invoke(self, argument, from_tty):
        code = running_code()
        if code is None:
            print("the kernel, or code that is not mapped yet")
            return
        names = [name for name, path in sorted(pagoda_programs().items())
                 if code_at(path, code[0], WINDOW_BYTES) == code[1]]
        if len(names) == 1:
            Symbols.load(names[0])
        else:
            print("one of: " + " ".join(names) if names else "no program of this build")

Program()
Break()
List()
Where()
gdb.execute(f"file {pagoda_dir}/kernel.elf")
port = gdb.convenience_variable("pagoda_port")
if port is not None:
    gdb.execute(f"target remote 127.0.0.1:{int(port)}")
print("kernel symbols are loaded; pagoda-list, pagoda-program NAME and pagoda-where do the rest. `continue` boots.")
end
