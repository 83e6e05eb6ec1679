# SPDX-License-Identifier: MIT
"""The NAME=value variables of `scons`: the one table of names, defaults, checks and help texts.

Never guesses: an unknown name or a bad value is refused with what would have been right.
"""

import difflib
import os
import re


class SettingError(Exception):
    """A sentence for the user about a variable that can't be used."""


def _one_of(*values):
    def check(text):
        if text not in values:
            raise ValueError("must be " + " or ".join(values) + _close(text, values))
        return text
    return check


def _close(word, words):
    match = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {match[0]}?)" if match else ""


def _flag(text):
    _one_of("0", "1")(text)
    return text == "1"


MEM_MIN_MIB, MEM_MAX_MIB = 64, 8192


def mem_mib(text):
    match = re.fullmatch(r"([0-9]{1,6})([MG])", text)
    size = int(match[1]) * {"M": 1, "G": 1024}[match[2]] if match else 0
    if not MEM_MIN_MIB <= size <= MEM_MAX_MIB:
        raise ValueError("must be a size from 64M to 8G, such as 128M or 2G")
    return size


def _mem(text):
    mem_mib(text)
    return text


HARTS_MAX = 8


def _smp(text):
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= HARTS_MAX:
        raise ValueError(f"must be a number of harts from 1 to {HARTS_MAX}")
    return int(text)


FRAMES_MIN = 16  # below that a program's stack, text and data chase each other for ever


def _frames(text):
    if text == "":
        return 0
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) < FRAMES_MIN:
        raise ValueError(f"must be a number of 4 KiB frames, {FRAMES_MIN} or more")
    return int(text)


def _around(text):
    if text == "":
        return None
    if text not in ("1", "2", "4", "8", "16", "32", "64"):
        raise ValueError("must be a number of pages: 1 (off), 2, 4, 8, 16, 32 or 64")
    return int(text)


def _store(text):
    if text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise ValueError("must be a number of 4 KiB frames")
    return int(text)


def _seconds(text):
    if text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) == 0:
        raise ValueError("must be a number of seconds, 1 or more")
    return int(text)


def _count(text):
    if text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) == 0:
        raise ValueError("must be a number, 1 or more")
    return int(text)


def _file(text):
    if text == "":
        return None
    path = os.path.abspath(os.path.expanduser(text))
    if not os.path.isfile(path):
        raise ValueError("must name an existing file")
    return path


SECTOR_BYTES = 512


def _disk(text):
    try:
        path = _file(text)
    except ValueError as error:
        raise ValueError(f"{error}; to make one: mke2fs -q -t ext2 {os.path.basename(text)} 64M") from None
    if path is None:
        return None
    size = os.path.getsize(path)
    if size == 0 or size % SECTOR_BYTES:
        raise ValueError(f"must be a disk image, whole sectors of {SECTOR_BYTES} bytes; this file has {size} bytes")
    if "," in path:
        raise ValueError("must not have a comma in its name, which QEMU would read as an option")
    if not os.access(path, os.R_OK):
        raise ValueError("must name a file that you may read")
    return path


def _directory(of):
    def check(text):
        if text == "":
            return None
        path = os.path.abspath(os.path.expanduser(text))
        if not os.path.isdir(path):
            raise ValueError("must name an existing directory of " + of)
        return path
    return check


BOOT_LINE_MAX = 1800  # bytes; abi/bootinfo.h keeps 2048 for all boot arguments together


def _line(text):
    if text.strip() == "":
        raise ValueError("must be a command line for the shell, such as 'forkdemo; free'")
    if "\n" in text or len(text.encode()) > BOOT_LINE_MAX:
        raise ValueError(f"must be one line of at most {BOOT_LINE_MAX} bytes")
    return text


UPDATES = ("baseline", "docs")


def _update(text):
    names = [name for name in text.split(",") if name]
    for name in names:
        _one_of(*UPDATES)(name)
    return names


def _mutant(text):
    if text and not re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        raise ValueError("must be a name from test/mutants.txt")
    return text or None


def _names(text):
    return list(dict.fromkeys(name for name in text.split(",") if name))


def _any(text):
    return text


def _strategies():
    """What users call the fork strategies: the list in ipc/pager.h."""
    header = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../libipc/include/ipc/pager.h")
    with open(header, encoding="utf-8") as file:
        listed = re.search(r"^#define FORK_STRATEGIES\(X\) (.*)$", file.read(), re.MULTILINE)
    return re.findall(r'"(\w+)"', listed[1])


# name: (default, check, what help says). A default of None is never checked.
VARIABLES = {
    "MEM": ("128M", _mem, "memory of the machine, 64M to 8G"),
    "FORK": ("tables", _one_of(*_strategies()),
             "fork strategy at boot: cow shares pages, tables also whole page tables, eager copies"),
    "FRAMES": ("", _frames, "frames for pages of programs; what does not fit goes to the store (default: all there are)"),
    "AROUND": ("", _around, "pages of a file that one fault maps, a power of two up to 64; 1: only the one that was touched (default: 16)"),
    "STORE": ("", _store, "frames of the RAM-backed store (default: four times FRAMES, at most half of free memory; none without FRAMES)"),
    "DISK": ("", _disk, "a disk image with ext2 (mke2fs -t ext2 FILE 64M), seen as /disk; read-only when the file is (docs/disk.md)"),
    "BUILD": ("release", _one_of("release", "debug", "bench"),
              "release: -O2 with checks; debug: -Og, checks, undefined-behaviour traps; bench: -O2 without checks"),
    "ICOUNT": ("1", _flag, "1: one instruction is one nanosecond, so figures are instructions (test and bench always do); 0: host time (default with GDB=1)"),
    "RUN": (None, _line, "command line that `scons run` runs; then it powers off, and the exit status is scons's"),
    "TIMEOUT": ("", _seconds, "seconds until a run is ended (default: 600 with RUN, none without)"),
    "FAST": ("1", _flag, "0: a kernel without the fast path, to compare (docs/fast-path.md)"),
    "POLICY": ("", _any, "replacement policy at boot (default: fifo); `pagerctl policy` changes it later"),
    "EXTRA_APPS": ("", _directory("C programs"),
                   "directory outside the tree; each .c file or folder of C files becomes a program"),
    "PORTS": ("", _names, "software from elsewhere that goes into the image, names with commas between, or all (docs/ports.md)"),
    "EXTRA_POLICIES": ("", _directory("policies in C"), "directory outside the tree; each .c file becomes a replacement policy"),
    "TRACE": ("", _file, "for simulate: a file with a reference string; page numbers with blanks between"),
    "GDB": ("0", _flag, "1: `scons run` waits for a debugger (see `scons gdb`)"),
    "SMP": ("1", _smp, "number of harts, 1 to 8; with more than one the default is ICOUNT=0, since QEMU counts for one hart at a time"),
    "ONLY": ("", _any, "for test: run only tests that match this pattern, such as 'guest/fork*'; for mutants and campaign likewise; commas separate"),
    "COMPARE": ("", _file, "for bench: a bench.json to set beside build/bench/bench.json, which is measured first if there is none"),
    "UPDATE": ("", _update, "for bench: baseline writes test/baseline.json anew, which `scons test` compares with; docs the page docs/performance.md; both with a comma"),
    "METRIC": ("", _any, "for profile: a figure of `scons bench`, such as fault.cow_copy"),
    "AFTER": ("", _any, "for profile: figures that are measured before METRIC, such as 'ipc. fault': some depend on the past"),
    "MUTANT": ("", _mutant, "build with one seeded bug of test/mutants.txt"),
    "TIME": ("60", _seconds, "for fuzz: seconds for each fuzzer"),
    "RUNS": ("", _count, "for fuzz: inputs for each fuzzer, instead of TIME"),
    "VERBOSE": ("0", _flag, "1: show whole compiler command lines"),
}


def parse(arguments):
    """Check scons's ARGUMENTS. Returns {name: value}; raises SettingError."""
    values = {}
    for name, text in arguments.items():
        if name not in VARIABLES:
            raise SettingError(f"There is no variable {name}{_close(name.upper(), VARIABLES)}. "
                               f"Valid ones: {', '.join(VARIABLES)}. `scons --help` explains them.")
    for name, (default, check, _) in VARIABLES.items():
        text = arguments.get(name, default)
        if text is None:
            values[name] = None
            continue
        try:
            values[name] = check(text)
        except ValueError as reason:
            raise SettingError(f"{name}={text}: {name} {reason}.") from None
    if values["GDB"] and "ICOUNT" not in arguments:
        values["ICOUNT"] = False  # QEMU 7.2 that counts instructions hangs at a write of the timer after some breakpoints
    if values["SMP"] > 1 and "ICOUNT" not in arguments:
        values["ICOUNT"] = False  # harts take turns under icount: races vanish
    if values["COMPARE"] and values["UPDATE"]:
        raise SettingError("COMPARE and UPDATE: one measures nothing if it need not, the other writes what is measured; give one of them.")
    values["MEM_GIVEN"] = "MEM" in arguments  # bench has a default of its own
    return values


TARGETS = {
    "all": "(default) build everything: the kernel, the servers, every program, the boot image",
    "run": "boot to a shell in QEMU; leave with `poweroff`, or Ctrl-A X. With RUN='line': run it and power off",
    "gdb": "debug kernel, servers and programs (tools/gdb/pagoda.gdb); attaches to `scons run GDB=1` if one waits",
    "test": "every test; the last line counts them",
    "bench": "measure, print the table beside the peers and the figures of several harts, write build/bench/bench.json",
    "profile": "where the instructions of METRIC go: text, listing and flame graph in build/profile/; docs/profiling.md",
    "longest": "how long the kernel keeps interrupts off, over the guest tests; ten minutes; docs/bounds.md",
    "mutants": "build every seeded bug of test/mutants.txt and see the tests catch it",
    "campaign": "the long runs of test/campaigns.txt, an hour or a night; ONLY chooses",
    "fuzz": "feed random requests to the code of every server on the host; ONLY, TIME and RUNS choose",
    "model": "prove the fault protocol with Spin in every order of its steps; docs/model.md",
    "simulate": "replacement policies beside Belady's optimum, without a machine; docs/policies.md",
    "size": "print text + data of the kernel",
    "ports": "fetch and build the software of ports/ (PORTS=lua,zlib: only that); docs/ports.md",
    "compiledb": "only write build/compile_commands.json",
    "image": "only build what a boot needs",
}


def check_targets(targets, exists):
    """Refuse a misspelt target. exists(name): whether it is a file or folder."""
    for name in targets:
        if name not in TARGETS and not exists(name):
            raise SettingError(f"There is no target {name}{_close(name, TARGETS)}. "
                               f"Valid ones: {', '.join(TARGETS)}. "
                               "`scons --help` explains them.")


def help_text():
    lines = ["", "Pagoda. Usage: scons [TARGET] [NAME=value ...]", "", "Targets:"]
    lines += [f"  {name:<15}{text}" for name, text in TARGETS.items()]
    lines += ["", "Variables:"]
    for name, (default, _, text) in VARIABLES.items():
        shown = f" (default {default})" if default else ""
        lines.append(f"  {name:<15}{text}{shown}")
    lines += ["", "Examples:",
              "  scons run                                  boot to the shell",
              "  scons run MEM=1G FORK=eager                the same, with more memory and eager fork",
              "  scons run RUN='forkdemo && vmcheck'        exit status of the line becomes scons's",
              "  scons run EXTRA_APPS=~/lab                 with your own programs in the image",
              "  scons run PORTS=lua RUN='lua -v'           with software from elsewhere",
              "  scons test ONLY='guest/fork*'              some of the tests", "",
              "Everything built is under build/. `./setup` installs the tools.", ""]
    return "\n".join(lines)
