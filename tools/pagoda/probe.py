# SPDX-License-Identifier: MIT
"""Finds out whether the tools are there, new enough, and really work; a problem becomes a sentence.

Compiles and links two tiny programs and asks QEMU for its version. Every command has a time limit. The answer is
kept in build/probe.json until one of the tools changes.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

CC = "riscv64-unknown-elf-gcc"
BINUTILS = ["riscv64-unknown-elf-ar", "riscv64-unknown-elf-ranlib", "riscv64-unknown-elf-strip"]
QEMU = "qemu-system-riscv64"
E2FS_TOOLS = ["mke2fs", "e2fsck", "debugfs"]
QEMU_MIN = (7, 0)
GCC_MIN = 12
INSTALL = "Run ./setup, which installs it"
SECONDS = 30  # for one probe command; a healthy one takes well under one


class ProbeError(Exception):
    """What is missing or broken, and what to do."""


def _run(args, what):
    try:
        done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, text=True, errors="replace")
    except FileNotFoundError:
        raise ProbeError(f"{args[0]} ({what}) is not installed. {INSTALL}.") from None
    except subprocess.TimeoutExpired:
        raise ProbeError(f"{args[0]} ({what}) did not answer within {SECONDS} seconds; {shutil.which(args[0])} is broken. "
                         "Install its package anew (apt-get install --reinstall), or put a working one into PATH.") from None
    except OSError as error:
        raise ProbeError(f"{args[0]} ({what}) can't be run: {error.strerror}. {INSTALL}.") from None
    return done.returncode, done.stdout


def _compiler():
    status, text = _run([CC, "-dumpversion"], "the RISC-V compiler")
    major = re.match(r"\d+", text)
    if status != 0 or not major:
        raise ProbeError(f"{CC} -dumpversion failed; the compiler is broken. {INSTALL} (gcc-riscv64-unknown-elf).")
    if int(major[0]) < GCC_MIN:
        raise ProbeError(f"{CC} is version {text.strip()}; version {GCC_MIN} or newer is needed. {INSTALL}.")


_HOSTED = "#include <stdio.h>\n#include <string.h>\nint main(void) { return (int)strlen(\"\"); }\nvoid _start(void) { main(); }\n"
_BARE = "void _start(void) { __asm__ volatile(\"csrr t0, instret; fence.i\"); for (;;) { } }\n"


_SCRIPT = ("ENTRY(_start) SECTIONS { . = 0x10000; .text : { *(.text*) } .data : { *(.data* .rodata* .sdata*) }"
           " .bss : { *(.bss*) } }\n")


def _link(name, source, compile_flags, link_flags, package):
    with tempfile.TemporaryDirectory() as folder:
        c, o, elf, script = (os.path.join(folder, "probe" + end) for end in (".c", ".o", ".elf", ".ld"))
        for path, text in ((c, source), (script, _SCRIPT)):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        status, text = _run([CC, *compile_flags, "-c", c, "-o", o], "the RISC-V compiler")
        step = "compile"
        if status == 0:
            status, text = _run([CC, *link_flags, "-nostartfiles", "-static", "-T", script, o, "-o", elf], "the RISC-V linker")
            step = "link"
        if status != 0:
            first = (text.strip().splitlines() or ["no message"])[0].replace(folder + "/", "")
            raise ProbeError(f"{CC} can't {step} a tiny {name} ({first}). {INSTALL} ({package}).")


def _links():
    hosted = ["-specs=picolibc.specs"]
    packages = "gcc-riscv64-unknown-elf, binutils-riscv64-unknown-elf and picolibc-riscv64-unknown-elf"
    _link("program with picolibc", _HOSTED, hosted, hosted, packages)
    soft = ["-march=rv64imac", "-mabi=lp64"]
    _link("server with picolibc", _HOSTED, hosted + soft, hosted + soft, packages)
    _link("freestanding kernel", _BARE, ["-ffreestanding", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64"],
          soft + ["-nostdlib"], packages)


def _binutils():
    for tool in BINUTILS:  # the compiler finds the assembler and the linker itself: _links() has tried those
        status, _ = _run([tool, "--version"], "of the RISC-V binutils")
        if status != 0:
            raise ProbeError(f"{tool} --version failed; it is broken. {INSTALL} (binutils-riscv64-unknown-elf).")


def _qemu():
    status, text = _run([QEMU, "--version"], "the machine emulator")
    version = re.search(r"version (\d+)\.(\d+)", text)
    if status != 0 or not version:
        raise ProbeError(f"{QEMU} --version failed; QEMU is broken. {INSTALL} (qemu-system-misc).")
    if (int(version[1]), int(version[2])) < QEMU_MIN:
        raise ProbeError(f"{QEMU} is version {version[1]}.{version[2]}; "
                         f"version {QEMU_MIN[0]}.{QEMU_MIN[1]} or newer is needed. {INSTALL} (qemu-system-misc).")


def has_plugins():
    """Whether QEMU was built with support for plugins; Debian's is."""
    status, text = _run([QEMU, "--help"], "the machine emulator")
    return status == 0 and re.search(r"^-plugin ", text, re.MULTILINE) is not None


def _plugin():
    if not has_plugins():
        raise ProbeError(f"{QEMU} was built without support for plugins (configure --enable-plugins), which profiles need. "
                         "Debian's package qemu-system-misc has it.")
    with tempfile.TemporaryDirectory() as folder:
        c = os.path.join(folder, "probe.c")
        with open(c, "w", encoding="ascii") as file:
            file.write("#include <stdio.h>\nint probe(void) { return puts(\"\"); }\n")
        status, _ = _run(["gcc", "-shared", "-fPIC", c, "-o", os.path.join(folder, "probe.so")], "the host compiler")
    if status != 0:
        raise ProbeError(f"gcc can't build a shared library for this machine. {INSTALL} (gcc, libc6-dev).")


def _elftools():
    status, text = _run(["/usr/bin/python3", "-c", "import elftools"], "Python")
    if status != 0:
        raise ProbeError(f"Python's elftools module is missing. {INSTALL} (python3-pyelftools).")


def _host_compiler():
    with tempfile.TemporaryDirectory() as folder:
        c = os.path.join(folder, "probe.c")
        with open(c, "w", encoding="ascii") as file:
            file.write("#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n"
                       "#include <cmocka.h>\nint main(void) { return 0; }\n")
        status, _ = _run(["gcc", "-fsanitize=address,undefined", c, "-o", os.path.join(folder, "probe"), "-lcmocka"],
                         "the host compiler")
    if status != 0:
        raise ProbeError(f"gcc can't build a host test with cmocka and sanitizers. {INSTALL} (gcc, libc6-dev, libcmocka-dev).")


def _ext2_tools():
    for tool in E2FS_TOOLS:
        path = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not path:
            raise ProbeError(f"{tool} is not installed. {INSTALL} (e2fsprogs).")


def _fuzzer():
    with tempfile.TemporaryDirectory() as folder:
        c = os.path.join(folder, "probe.c")
        with open(c, "w", encoding="ascii") as file:
            file.write("#include <stddef.h>\n#include <stdint.h>\n"
                       "int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) { return (void)p, (void)n, 0; }\n")
        status, _ = _run(["clang", "-fsanitize=fuzzer,address,undefined", c, "-o", os.path.join(folder, "probe")], "clang")
    if status != 0:
        raise ProbeError(f"clang can't build a fuzzer. {INSTALL} (clang, libclang-rt-14-dev).")


def _gdb():
    _run(["gdb-multiarch", "--version"], "the debugger")


def _model():
    _run(["spin", "-V"], "the model checker")
    _run(["gcc", "--version"], "the host compiler")


# group: (the tools whose change makes a cached answer worthless, the probes)
GROUPS = {
    "build": ([CC, "riscv64-unknown-elf-ld", *BINUTILS, "/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs"],
              [_compiler, _links, _binutils, _elftools]),
    "qemu": ([QEMU], [_qemu]),
    "host": (["gcc", "/usr/include/cmocka.h", *(f"/sbin/{tool}" for tool in E2FS_TOOLS)], [_host_compiler, _ext2_tools]),
    "fuzz": (["clang"], [_fuzzer]),
    "plugin": ([QEMU, "gcc"], [_plugin]),
    "gdb": (["gdb-multiarch"], [_gdb]),
    "model": (["spin", "gcc"], [_model]),
}


def _fingerprint(tools):
    marks = []
    for tool in tools:
        path = tool if tool.startswith("/") else shutil.which(tool)
        try:
            stat = os.stat(path)
            marks.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
        except (OSError, TypeError):
            marks.append(f"{tool} missing")
    return marks


def check(groups, cache_path):
    """Probe the groups of tools; raises ProbeError with a sentence."""
    try:
        with open(cache_path, encoding="ascii") as file:
            cache = json.load(file)
    except (OSError, ValueError):
        cache = {}
    changed = False
    for group in groups:
        tools, probes = GROUPS[group]
        marks = _fingerprint(tools)
        if cache.get(group) == marks:
            continue
        for probe in probes:
            probe()
        cache[group], changed = marks, True
    if changed:
        os.makedirs(os.path.dirname(cache_path), exist_ok=True)
        with open(cache_path, "w", encoding="ascii") as file:
            json.dump(cache, file, indent=1)
