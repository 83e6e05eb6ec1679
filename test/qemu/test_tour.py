#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that README.md's tour shows what the system prints: each block is run, and compared with the numbers left out, which
move a little with every change of a program. `--update`, after `scons`, writes what is printed now into README.md.

TIMEOUT: 120
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu

README = os.path.join(ROOT, "README.md")
PATIENCE = 60  # seconds for one boot
SKIPPED = 77
PROMPT = "pagoda$ "
ALIKE = re.compile(r"^  parent  writes page 1  .*?(?=^$)", re.DOTALL | re.MULTILINE)  # of forkdemo: said once is enough
NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]*[0-9][0-9a-f]*(?:\.\.?(?=\W))?(?!\w)|\b[0-9]+c\b")


def blocks(text):
    """(name, commands, span) of each block of the tour: the lines behind prompts, or what stands in bold in front of it."""
    start, end = text.index("## A tour"), text.index("## Settings")
    for block in re.finditer(r"^```\n(.*?)^```$", text[start:end], re.DOTALL | re.MULTILINE):
        bold = re.findall(r"^\*\*`?([^`*]+)`?\*\*", text[start:start + block.start()], re.MULTILINE)[-1]
        typed = [line[len(PROMPT):] for line in block[1].splitlines() if line.startswith(PROMPT)]
        yield bold, typed or [bold], (start + block.start(1), start + block.end(1))


def boot(line):
    with qemu.Machine.from_environment(run=line, smp=1, icount=True).start() as guest:
        outcome = guest.wait(PATIENCE)
    lines = [one.rstrip() for one in outcome.text.replace("\r", "").splitlines()]
    began = next(number for number, one in enumerate(lines) if one.startswith("Pagoda: "))
    return "\n".join(lines[began + 1:]).strip("\n") + "\n"


def printed(commands, prompts):
    """What a block has to say: the commands one after the other in one boot, a mark between their outputs."""
    parts = re.split(r"^:next\n", boot("; echo :next; ".join(commands)), flags=re.MULTILINE)
    text = "".join((PROMPT + command + "\n" if prompts else "") + part for command, part in zip(commands, parts, strict=True))
    return ALIKE.sub("  ... pages 1 to 5 the same\n", text, count=1)


def shape(text):
    return [re.sub(r"[ #]+", " ", NUMBER.sub("#", line)) for line in text.splitlines()]


def compare(name, wanted, got):
    for there, here in zip(shape(wanted) + [None], shape(got) + [None]):
        if there != here:
            print(f"FAIL tour/{name}: README.md has «{there}», the system prints «{here}»; test/qemu/test_tour.py --update?")
            return 1
        if there is None:
            break
    print(f"ok tour/{name}", flush=True)
    return 0


def main():
    if os.environ.get("PAGODA_BUILD", "release") != "release":
        print("SKIP tour/readme: it shows the release build")
        return SKIPPED
    with open(README, encoding="utf-8") as file:
        text = file.read()
    new, bad = text, 0
    for name, commands, (start, end) in reversed(list(blocks(text))):
        got = printed(commands, text[start:end].startswith(PROMPT))
        new = new[:start] + got + new[end:]
        bad += 0 if "--update" in sys.argv else compare(re.sub(r"\W+", "_", name).strip("_"), text[start:end], got)
    if "--update" in sys.argv:
        with open(README, "w", encoding="utf-8") as file:
            file.write(new)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
