#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks that no pointer of the C library's is without a row in the tables of hostile pointers: test/guest/pointercalls.c,
pointerwords.c and pointerwaits.c. What the library takes is read from its sources, what is tried from the rows' functions, which say `name(..., p, ...)`.

Pointers that stay within the program, which nobody but the library and the program itself ever looks at, are listed below with the
reason. An entry of that list that names nothing is an error as well. `scons test` runs it as lint/pointers.
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLES = ("pointercalls.c", "pointerwords.c", "pointerwaits.c")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DEFINITION = re.compile(r"^(?!static\b|#|typedef\b|extern\b)[A-Za-z_][\w ]*[ *]+(\w+)\(([^;{}]*?)\)\s*\{", re.MULTILINE)
IS_POINTER = re.compile(r"[*\[]|\bva_list\b")

OBJECTS = "an object of the program's in its own memory: looked at there, by its own instructions; what a server is asked about it is in pointers.c"
OWN_BYTES = "bytes in the program's own memory: no server sees them"
NOT_FOLLOWED = "an address that is no pointer to anything: it names pages, or is handed on as it is; guest/mmap has those that are refused"
NO_ROW = {  # a pattern for `function` or `function.parameter`: why
    r"pthread_(attr|mutex|mutexattr|cond|condattr|rwlock|barrier|spin)_\w+": OBJECTS,
    r"pthread_(key_create|once|setcancelstate|setcanceltype)": OBJECTS,
    r"pthread_create\.(attr|fn|arg)": OBJECTS,
    r"pthread_(exit|setspecific|atfork)": NOT_FOLLOWED,
    r"sem_(init|destroy|wait|timedwait|clockwait|trywait|post|getvalue|close)": OBJECTS,
    r"thread_(create|exit|join|mutex_\w+)": OBJECTS,
    r"posix_spawnattr_\w+": OBJECTS,
    r"posix_spawn_file_actions_(init|destroy|adddup2|addclose)": OBJECTS,
    r"posix_spawn_file_actions_addopen\.a": OBJECTS,
    r"posix_spawnp?\.(actions|attr)": OBJECTS,
    r"(readdir(_r)?|seekdir|telldir|rewinddir|dirfd|closedir)": OBJECTS,
    r"alphasort": OBJECTS,
    r"(lfind|lsearch|insque|remque)": OBJECTS,
    r"scandir\.(select|compare)|at_quick_exit": NOT_FOLLOWED,
    r"cf(makeraw|[gs]et[io]speed)": OBJECTS,
    r"sig(emptyset|fillset|addset|delset|ismember)": OBJECTS,
    r"(getc|putc|fread|fputs|fwrite|fflush|fileno|feof|ferror|clearerr)_unlocked": OBJECTS,
    r"(ftrylockfile|flockfile|funlockfile|fgetc|getc|ungetc|fputc|putc|fclose|fflush|fileno|pclose)": OBJECTS,
    r"(fseeko?|ftello?|rewind|fgetpos|fsetpos|feof|ferror|clearerr|setlinebuf)": OBJECTS,
    r"(setvbuf|setbuffer|setbuf|fmemopen|open_memstream)": OBJECTS,
    r"(fgets|fread|getdelim|getline|fputs|puts|fwrite|perror)": OWN_BYTES,
    r"(fdopen|fopen|popen|freopen|fmemopen)\.mode": OWN_BYTES,
    r"freopen\.f": OBJECTS,
    r"v?(f|s|sn|as|d)?(printf|scanf)": OWN_BYTES,
    r"(strto|ato)\w+": OWN_BYTES,
    r"(getenv|setenv|unsetenv|putenv)": OWN_BYTES,
    r"wordexp\.words": OWN_BYTES,
    r"psiginfo\.text": OWN_BYTES,
    r"(wordexp\.w|wordfree)": OBJECTS,
    r"(tmpnam|tempnam|ctermid)": OWN_BYTES,
    r"fnmatch": OWN_BYTES,
    r"glob\.g|globfree": OBJECTS,
    r"glob\.on_error|n?ftw\.fn": NOT_FOLLOWED,
    r"mktemp": "as mkstemp; the header warns whoever calls it",
    r"get(pw|gr)(nam|uid|gid)(_r)?": OWN_BYTES,
    r"gettimeofday\.zone": NOT_FOLLOWED,
    r"(mmap|munmap|mprotect|msync|madvise|posix_madvise|mlock|munlock)": NOT_FOLLOWED,
    r"(free|realloc|malloc_usable_size|posix_memalign|sbrk)": OBJECTS,
}


def split(text):
    """Arguments or parameters, at the commas outside brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def read(path):
    with open(path, encoding="utf-8") as file:
        return COMMENT.sub("", file.read())


def pointers_taken():
    """(function, position): name, of everything that programs can call."""
    for path in sorted(glob.glob(os.path.join(ROOT, "libc", "*.c")) + glob.glob(os.path.join(ROOT, "libc", "stdio", "*.c"))):
        for function, parameters in DEFINITION.findall(read(path)):
            if function.startswith("_"):
                continue
            for position, parameter in enumerate(split(parameters)):
                if IS_POINTER.search(parameter):
                    name = re.search(r"\(\*(\w+)\)|(\w+)(\[\w*\])?$", parameter)
                    yield (function, position), name[1] or name[2]


def arguments_at(text, begin):
    end, depth = begin, 1
    while depth > 0:
        depth += (text[end] in "([{") - (text[end] in ")]}")
        end += 1
    return split(text[begin : end - 1])


def pointers_tried():
    for table in TABLES:
        text = read(os.path.join(ROOT, "test", "guest", table))
        for match in re.finditer(r"\b([a-z]\w+)\(", text):
            for position, argument in enumerate(arguments_at(text, match.end())):
                if re.search(r"\bp\b", argument) and "void *p" not in argument:
                    yield match[1], position


def rows():
    """Functions of rows that no table has."""
    for table in TABLES:
        text = read(os.path.join(ROOT, "test", "guest", table))
        for name in re.findall(r"^static int (c_\w+)\(void \*p\)", text, re.MULTILINE):
            if len(re.findall(rf'\{{"[^"]*", {name},', text)) == 0 and len(re.findall(rf"\b{name}\(", text)) == 1:
                yield f"test/guest/{table}: {name} is in no table"


def main():
    tried, used, wrong = set(pointers_tried()), set(), list(rows())
    taken = list(pointers_taken())
    for (function, position), name in taken:
        excuse = next((p for p in NO_ROW if re.fullmatch(p, function) or re.fullmatch(p, f"{function}.{name}")), None)
        if excuse:
            used.add(excuse)
        elif (function, position) not in tried:
            wrong.append(f"{function}: no row for its parameter {name}")
    if len(taken) < 100:
        wrong.append("the library's functions are not found")
    wrong += [f"nothing is called {pattern}" for pattern in NO_ROW if pattern not in used]
    for what in wrong:
        print(what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
