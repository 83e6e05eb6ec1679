#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks what the compiler can't: licence lines, head comments, layers that a relative include would break, line length, and
that a page which walks through a file line by line quotes that file.

Looks at the source folders only. Prints one line per finding; exit status 1 when one is more than a note on form.
`scons test` runs it.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ["microkernel", "servers", "libipc", "libc", "apps", "ports", "test", "tools"]
SOURCES = (".c", ".h", ".S", ".py", ".ld", ".gdb", "SConscript", "SConstruct")
LICENCE = "SPDX-License-Identifier: MIT"
LICENCE_LINES = 3
LINE_MAX = 130  # X-macro tables excepted
FILE_MAX = 600  # STYLE says seldom over 400; this is the hard stop

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
CSR = re.compile(r"\b(csrr|csrw|csrs|csrc|csrrw|csrrs|csrrc|sfence\.vma|scause|stval|sepc|sstatus|satp)\b(?!\w)")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
HANDOFF = {"../init/keep.h", "../init/handoff.h", "../pager/boot.h"}  # contracts between init and a server that it starts
WALKS = {"docs/fast-path.md": [f"microkernel/core/{name}" for name in ("fast.h", "fast.c", "fast_reply.c", "fast_signal.c", "fast_null.c")]}
DIRECTIVE = re.compile(r"\s*#\s*(ifdef|ifndef|if|else|endif)\b\s*(\S*)")
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


def without_bugs(text):
    """The lines of C text that are compiled when no bug is seeded, without comments and empty lines."""
    lines, branches = [], []  # of each conditional: is this branch left out; None: it asks for something else
    for line in COMMENT.sub("", text).splitlines():
        what, name = match.groups() if (match := DIRECTIVE.match(line)) else ("", "")
        if what == "endif":
            ours = branches.pop() is not None
        elif what == "else":
            ours = branches[-1] is not None
            branches[-1] = not branches[-1] if ours else None
        elif what:
            ours = name.startswith("MUTANT_")
            branches.append(what == "ifdef" if ours else None)
        else:
            ours = False
        if not ours and not any(branches) and line.strip():
            lines.append(line.rstrip())
    return lines


def check_walk(page, source):
    """The blocks ```c NAME of a page, one after the other, are the file NAME."""
    name = os.path.basename(source)
    blocks = re.findall(rf"^```c {re.escape(name)}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    quoted = [line.rstrip() for block in blocks for line in block.splitlines() if line.strip()]
    with open(os.path.join(ROOT, source), encoding="utf-8") as file:
        wanted = without_bugs(file.read())
    for number, (got, want) in enumerate(zip(quoted + [None], wanted + [None])):
        if got != want:
            after = wanted[number - 1].strip() if number else "the beginning"
            yield f"{source} goes on with «{(want or 'nothing').strip()}» after «{after}», the page with «{(got or 'nothing').strip()}»"
            return


def main():
    errors = 0
    for path, sources in WALKS.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            page = file.read()
        for what in (finding for source in sources for finding in check_walk(page, source)):
            print(f"{path}: {what}")
            errors += 1
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
