#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks what the compiler can't: licence lines, head comments, layers that a relative include would break, line length.

Looks at the source folders only. Prints one line per finding; exit status 1 when one is more than a note on form.
`scons test` runs it.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ["microkernel", "servers", "libipc", "libc", "apps", "test", "tools"]
SOURCES = (".c", ".h", ".S", ".py", ".ld", ".gdb", "SConscript", "SConstruct")
LICENCE = "SPDX-License-Identifier: MIT"
LICENCE_LINES = 3
LINE_MAX = 130  # X-macro tables excepted
FILE_MAX = 600  # STYLE says seldom over 400; this is the hard stop

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
CSR = re.compile(r"\b(csrr|csrw|csrs|csrc|csrrw|csrrs|csrrc|sfence\.vma|scause|stval|sepc|sstatus|satp)\b(?!\w)")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
HANDOFF = {"../init/keep.h", "../init/handoff.h", "../pager/boot.h"}  # contracts between init and a server that it starts
POLICY_MAY_SEE = {"policy.h", "stdint.h", "stdbool.h", "stddef.h", "string.h"}


def source_files():
    files = ["SConstruct", "setup", ".ci/run"]
    for folder in FOLDERS:
        for place, folders, names in os.walk(os.path.join(ROOT, folder)):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            files += [os.path.relpath(os.path.join(place, name), ROOT) for name in sorted(names) if name.endswith(SOURCES)]
    return files


def check_form(text):
    """Notes; nothing here breaks anything."""
    lines = text.splitlines()
    if len(lines) > FILE_MAX:
        yield len(lines), f"{len(lines)} lines; split it"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "X(" not in line:
            yield number, f"{len(line)} columns"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"


def check_licence(text):
    if not any(LICENCE in line for line in text.splitlines()[:LICENCE_LINES]):
        yield 1, "the licence line is missing"


def includes(text):
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1]


def climbs(path, name):
    """Whether a relative include leaves its own component (servers/pager/fork/ may include ../ledger.h)."""
    target = os.path.normpath(os.path.join(os.path.dirname(path), name))
    return name not in HANDOFF and target.split("/")[:2] != path.split("/")[:2]


def check_layers(path, text):
    """A policy sees policy.h; core names no register of the machine; nobody climbs into another component's headers."""
    for number, name in includes(text):
        if path.startswith(("servers/pager/policy/", "test/policies/")) and name not in POLICY_MAY_SEE:
            yield number, f"a policy may not include {name}"
        if path.startswith(("servers/", "apps/", "libc/")) and name.startswith("../") and climbs(path, name):
            yield number, f"{name} goes around the include paths"
    if path.startswith("microkernel/core/"):
        bare = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
        for match in CSR.finditer(bare):
            yield bare.count("\n", 0, match.start()) + 1, f"core/ names {match[1]}, which is riscv/'s"


def main():
    errors = 0
    for path in source_files():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        notes, wrong = list(check_form(text)), list(check_licence(text))
        if path.endswith((".c", ".h", ".S")):
            wrong += check_layers(path, text)
        for number, what in notes:
            print(f"{path}:{number}: note: {what}")
        for number, what in wrong:
            print(f"{path}:{number}: {what}")
        errors += len(wrong)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
