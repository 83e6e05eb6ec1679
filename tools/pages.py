#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks that what the documentation names is there: links and their headings; in code spans and code blocks the files, tests,
seeded bugs, words of C, and after `scons` the targets, settings, patterns and figures. Every page must be within reach of
README.md.

Reads Markdown and the files of the tree only. A word in capitals without `_` (NAME, FILE.c, X) is a place holder. Prints one
line per finding; exit status 1 when there is one. `scons test` runs it as lint/pages.
"""

import fnmatch
import functools
import json
import os
import re
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from pagoda import settings
from pagoda.targets import read_mutants

NOT_OURS = {"build"}  # made, not kept; folders that begin with a dot are not ours either
FOREIGN = {  # what pages name of other systems, or tell the reader to make
    "CONTRIBUTING.md": {"module_verb_noun"},
    "docs/disk.md": {"large_file", "ext_attr"},
    "docs/fork.md": {"servers/pager/fork/mine.c"},
    "docs/measuring.md": {"bench.json", "init-build.sh", "page_mapping", "BLK_DEV_INITRD", "BINFMT_ELF", "SERIAL_8250",
                          "SERIAL_OF_PLATFORM", "UFFDIO_COPY", "MADV_PAGEOUT"},
    "docs/model.md": {"pan.c"},
    "docs/ports.md": {"load_extension"},
    "docs/writing-a-program.md": {"hello.c"},
}
ENDINGS = ("c", "h", "S", "py", "md", "txt", "json", "ld", "gdb", "svg", "sh", "pml", "sql", "trace")
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?<![\w./~<\"$-])((?:\.\./)*[\w*][\w.*-]*(?:/[\w.*-]+)*(?:\.(?:{'|'.join(ENDINGS)})|/))(?![\w./(-])")
TEST = re.compile(r"(?<![\w./-])(host|guest|qemu|lint)/([a-z_][\w*-]*)(?![\w*/.-])")
PROGRAM = re.compile(r"(?<![\w./-])t_([a-z_]\w*)")
CALLED = re.compile(r"(?<![\w$.-])([a-z_][a-z0-9_]{2,})\(")
SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
LOUD = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
PLACE = re.compile(r"(?:^|[/._-])(?:[A-Z]+|NNNN)(?=$|[/._-])")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


@functools.cache
def tree():
    """Every file of the tree, and every folder with a / at its end."""
    found = set()
    for place, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.startswith(".") and name != "__pycache__"]
        here = os.path.relpath(place, ROOT)
        found |= {os.path.normpath(os.path.join(here, name)) for name in names}
        found |= {os.path.normpath(os.path.join(here, name)) + "/" for name in folders}
    return found


@functools.cache
def words():
    """Every word of C, Python and assembly in the tree, and what its files are called without their endings."""
    found = {os.path.basename(path).partition(".")[0] for path in tree()}
    for path in tree():
        if not path.endswith(("/", ".md", ".svg", ".json")):
            found |= set(re.findall(r"\w+", read(path)))
    return found


@functools.cache
def figures():
    """Patterns of the bench's figures; N is a number."""
    return [name.replace(".N", ".[0-9]*") for name in json.loads(read("tools/peers.json"))["rows"]]


@functools.cache
def tests():
    names = {"lint/sources", "lint/pointers", "lint/pages"}
    for path in tree():
        folder, _, name = path.removeprefix("test/").partition("/")
        if path.startswith("test/") and folder in ("host", "guest", "qemu") and name.endswith((".c", ".py")):
            names |= {f"{folder}/{name.rpartition('.')[0]}"}
    return names | {name + "-short" for name in names if name.startswith("guest/")}


# ---- one thing that is named ----

def slug(heading):
    """What GitHub makes of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@functools.cache
def headings(path):
    return {slug(line.lstrip("#")) for line in FENCE.sub("", read(path)).splitlines() if line.startswith("#")}


def link_is_broken(page, target):
    if re.match(r"[a-z]+:", target):
        return False
    path, _, heading = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if path not in tree() and path.rstrip("/") + "/" not in tree():
        return True
    return bool(heading) and heading not in headings(path)


def file_is_missing(page, name):
    """A page names files from the top, from its own folder, or by the last parts of the path."""
    if name.startswith(".."):
        name = os.path.normpath(os.path.join(os.path.dirname(page), name)) + "/" * name.endswith("/")
    if name.startswith("build/"):
        return False
    return not any(fnmatch.fnmatchcase(path, name) or fnmatch.fnmatchcase(path, "*/" + name) for path in tree())


def word_is_missing(word):
    """X-macros put prefixes before names, and tables leave them out."""
    parts = word.split("_")
    if any("_".join(parts[n:]) in words() for n in range(max(1, len(parts) - 1))):
        return False
    return not any(known.endswith("_" + word) for known in words())


def selects_nothing(pattern):
    return not any(fnmatch.fnmatchcase(name, pattern) for name in tests())


def wrong_setting(name, value):
    """What is wrong with NAME=value behind scons, or None."""
    value = value.strip("'\"")
    if name not in settings.VARIABLES:
        return f"there is no setting {name}"
    if name == "MUTANT" and value not in {"NAME", *(row[0] for row in read_mutants(ROOT))}:
        return f"there is no seeded bug {value}"
    if name == "METRIC" and value != "name" and not any(fnmatch.fnmatchcase(value, known) for known in figures()):
        return f"there is no figure {value}"
    return None


def commands(code):
    """The words behind each `scons` that begins a line, or a part of it; two blanks begin a remark."""
    for match in re.finditer(r"(?:^|&& )scons((?: (?:-\w+|[a-z]+(?![\w.=/'])|[A-Z_]+=(?:'[^']*'|\"[^\"]*\"|[^\s']*)))*)", code):
        yield re.findall(r"[A-Z_]+=(?:'[^']*'|\"[^\"]*\"|\S*)|\S+", match[1])


# ---- a page ----

def check_code(code):
    for words_behind in commands(code):
        for word in words_behind:
            name, equals, value = word.partition("=")
            if equals and (what := wrong_setting(name, value)):
                yield what
            elif not equals and not word.startswith("-") and word not in settings.TARGETS:
                yield f"there is no target {word} of scons"
    for match in TEST.finditer(code):
        if not PLACE.search(match[0]) and selects_nothing(match[0]) and not os.path.isdir(os.path.join(ROOT, "test", match[0])):
            yield f"there is no test {match[0]}"
    for match in PROGRAM.finditer(code):
        if "guest/" + match[1] not in tests() and match[0] not in words():
            yield f"there is no program {match[0]}"


def check_span(page, span):
    yield from check_code(span)
    foreign = FOREIGN.get(page, set())
    for name in {match[1] for match in PATH.finditer(span)} - foreign:
        if not PLACE.search(name) and not TEST.fullmatch(name) and file_is_missing(page, name):
            yield f"there is no file {name}"
    if page.startswith("docs/decisions/"):  # history: what they name may be gone
        return
    is_name = LOUD.fullmatch(span) or SNAKE.fullmatch(span)
    for word in [match[1] for match in CALLED.finditer(span)] + ([span] if is_name else []):
        if word not in foreign and word_is_missing(word):
            yield f"nothing is called {word}"


def check_page(page):
    text = read(page)
    prose = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for number, line in enumerate(prose.splitlines(), 1):
        for target in LINK.findall(SPAN.sub("", line)):
            if link_is_broken(page, target):
                yield number, f"the link {target} leads nowhere"
        for span in SPAN.findall(line):
            for what in check_span(page, span):
                yield number, what
    for block in FENCE.finditer(text):
        first = text.count("\n", 0, block.start()) + 1
        for number, line in enumerate(block[0].splitlines(), first):
            for what in check_code(line):
                yield number, what


def check_readme():
    """Its table has every setting and nothing else, and every target is in it somewhere."""
    text = read("README.md")
    table = {name for row in re.findall(r"^\| (`[A-Z].*?) \|", text, re.MULTILINE) for name in re.findall(r"`([A-Z_]+)`", row)}
    for name in sorted(set(settings.VARIABLES) ^ table):
        yield f"the setting {name} is " + ("not in the table" if name in settings.VARIABLES else "in the table only")
    for name in sorted(set(settings.TARGETS) - set(re.findall(r"scons ([a-z]+)", text)) - {"all"}):
        yield f"the target {name} of scons is missing"


def within_reach():
    """The pages that links lead to from README.md."""
    found, todo = set(), ["README.md"]
    while todo:
        page = todo.pop()
        if page in found or page not in tree():
            continue
        found.add(page)
        targets = [target.partition("#")[0] for target in LINK.findall(read(page))]
        todo += [os.path.normpath(os.path.join(os.path.dirname(page), target)) for target in targets if target.endswith(".md")]
    return found


def main():
    errors = 0
    pages = sorted(path for path in tree() if path.endswith(".md"))
    for page in pages:
        for number, what in check_page(page):
            print(f"{page}:{number}: {what}")
            errors += 1
    loose = [f"README.md: {what}" for what in check_readme()]
    loose += [f"{page}: no link leads here from README.md" for page in sorted(set(pages) - within_reach())]
    for what in loose:
        print(what)
        errors += 1
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
