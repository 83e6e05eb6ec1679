#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves what init promises: statuses come through, servers that die come back or are missed in a sentence, a pager that
cannot live ends the machine instead of hanging it, ^C ends the program and not the shell.

TIMEOUT: 300
"""

import os
import re
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import mkimage
import qemu

PATIENCE = 60  # seconds for one boot or one answer
PROMPT = r"^pagoda\$ "


def require(condition, what, guest_text=""):
    if not condition:
        raise AssertionError(what + ("\n" + "\n".join("  | " + line for line in guest_text.splitlines()[-15:])))


def boot(line, **changes):
    outcome = qemu.Machine.from_environment(run=line, **changes).start().wait(PATIENCE)
    require(not outcome.hung, f"'{line}' never powered off", outcome.text)
    return outcome


def image_with(folder, replaced):
    """The image under test, with files left out (None) or replaced by others of it; returns its path."""
    image = qemu.Machine.from_environment().image
    with open(image, "rb") as file:
        data = file.read()
    parts = {}
    for name, offset, size in mkimage.listing(image):
        parts[name] = os.path.join(folder, name.replace("/", "_"))
        with open(parts[name], "wb") as file:
            file.write(data[offset:offset + size])
    chosen = [(name, parts.get(replaced.get(name, name))) for name in parts]
    path = os.path.join(folder, "changed.img")
    mkimage.write(path, [(name, part) for name, part in chosen if part])
    return path


def statuses_come_through():
    for line, wanted in (("true", 0), ("false", 1), ("exit 7", 7), ("poweroff 9", 9), ("sleep 1000 & kill -9 $!; exit 0", 0)):
        outcome = boot(line)
        require(outcome.status == wanted, f"'{line}' ended with {outcome.status}, wanted {wanted}", outcome.text)


def unknown_arguments_are_reported_not_fatal():
    outcome = boot("echo still here", args="frok=eager")
    require("unknown boot argument 'frok=eager'" in outcome.text and "still here" in outcome.text, "no report", outcome.text)


def a_killed_pager_comes_back():
    outcome = boot("pagerctl kill pager; forkdemo --quiet; echo alive; pagerctl kill pager; vmcheck --quiet && echo sound")
    require("alive" in outcome.lines and "sound" in outcome.lines, "the system did not go on", outcome.text)


def a_killed_procmgr_comes_back_and_no_process_is_lost():
    outcome = boot("sleep 1000 & pagerctl kill procmgr; ps; kill 3; wait 3; echo status $?; vmcheck --quiet && echo sound")
    require(re.search(r"2 +1 running .* sh$", outcome.text, re.M) and re.search(r"running .* sleep$", outcome.text, re.M),
            "a process is gone", outcome.text)
    require("status 143" in outcome.lines and "sound" in outcome.lines, "the system did not go on", outcome.text)


def a_server_that_cannot_live_ends_the_machine():
    for name, status in (("procmgr", 71), ("console", 73)):
        with tempfile.TemporaryDirectory(prefix="pagoda-image-") as folder:
            outcome = boot("sleep 1000", image=image_with(folder, {name: "bin/false"}))  # nobody answers requests
        require(outcome.status == status and f"the {name} died 51 times" in outcome.text, f"{outcome.status}", outcome.text)


def a_pager_that_cannot_live_ends_the_machine():
    with tempfile.TemporaryDirectory(prefix="pagoda-image-") as folder:
        outcome = boot("true", image=image_with(folder, {"pager": "bin/false"}))  # no boot page for it: it crashes at once
    require(outcome.status == 70 and "the pager died 51 times" in outcome.text, f"status {outcome.status}", outcome.text)
    require("illegal instruction" in outcome.text, "the reason is not told", outcome.text)


def a_missing_server_is_named():
    for name in ("pager", "procmgr", "console"):
        with tempfile.TemporaryDirectory(prefix="pagoda-image-") as folder:
            outcome = boot("true", image=image_with(folder, {name: None}))
        require(outcome.status == 72 and f"'{name}'" in outcome.text, f"{name}: status {outcome.status}", outcome.text)


def a_killed_console_comes_back_behind_the_same_handles():
    with qemu.Machine.from_environment(icount=False).start() as guest:
        guest.expect(PROMPT, PATIENCE)
        guest.send("pagerctl kill console\n")
        guest.expect(r"the console was killed and was restarted \(restart 1", PATIENCE)
        guest.expect(PROMPT, PATIENCE)
        guest.send("echo heard\n")
        guest.expect(r"^heard$", PATIENCE)
        guest.send("exit\n")
        require(guest.wait(PATIENCE).status == 0, "the shell's exit did not power off")


def no_line_is_lost_when_the_console_dies():
    outcome = boot("t__lines")
    wanted = [f"line {number} of 300" for number in range(300)]
    for text in wanted:  # the byte that was under way to the device may come twice
        twice = {text[:i] + text[i] + text[i:] for i in range(len(text))} - set(wanted)
        require(any(line.endswith((text, *twice)) for line in outcome.lines), f"'{text}' is missing", outcome.text)
    restarts = [int(line.split()[1]) for line in outcome.lines if line.startswith("restarts ")]
    require(restarts and restarts[0] >= 25, f"the console was killed {restarts} times only", outcome.text)


def interrupt_until_prompt(guest):
    """The echo is the console's; the shell starts the program a moment later, and ^C before that finds nobody."""
    for _ in range(PATIENCE):
        time.sleep(0.5)
        guest.send("\x03")
        try:
            guest.expect(PROMPT, 1)
            return
        except qemu.QemuError:
            continue
    raise AssertionError("^C never ended the program")


def interrupt_ends_the_program_and_not_the_shell():
    with qemu.Machine.from_environment(icount=False).start() as guest:
        guest.expect(PROMPT, PATIENCE)
        guest.send("sleep 1000\n")
        guest.expect(r"sleep 1000\n", PATIENCE)
        interrupt_until_prompt(guest)
        guest.send("ps\n")
        require("sleep" not in guest.expect(r"NAME\n(?:.*\n)*?.* ps\n", PATIENCE)[0], "sleep lives on", guest.text)
        guest.send("exit\n")
        require(guest.wait(PATIENCE).status == 0, "the shell's exit did not power off")


CASES = [statuses_come_through, unknown_arguments_are_reported_not_fatal, a_killed_pager_comes_back,
         a_killed_procmgr_comes_back_and_no_process_is_lost,
         a_server_that_cannot_live_ends_the_machine, a_pager_that_cannot_live_ends_the_machine,
         a_missing_server_is_named, a_killed_console_comes_back_behind_the_same_handles,
         no_line_is_lost_when_the_console_dies,
         interrupt_ends_the_program_and_not_the_shell]


def main():
    bad = 0
    for case in CASES:
        try:
            case()
            print(f"ok supervision/{case.__name__}", flush=True)
        except (AssertionError, qemu.QemuError) as error:
            bad += 1
            print(f"FAIL supervision/{case.__name__}: {error}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
