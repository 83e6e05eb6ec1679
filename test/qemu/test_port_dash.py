#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 150
"""dash: a script with a bit of everything prints in Pagoda what it prints on the host, and ends with the same status. And at the console it
has jobs: ^C, ^Z, ^\\, bg, fg, kill %1; a job in the background that reads the terminal stops.
"""

import os
import shutil
import tempfile

import portlib
from qemu import Machine, QemuError

SECONDS = 100
WORK = os.path.join(portlib.ROOT, "ports", "dash", "work.sh")
PROMPT = r"^dash> "


def line(guest, text, *wanted):
    guest.send(text + "\r")
    for pattern in wanted:
        guest.expect(pattern, SECONDS)
    guest.expect(PROMPT, SECONDS)


def key(guest, word, letter, *wanted):
    """A key for cat in the foreground, which is there when it says the word."""
    guest.send(word + "\r")
    guest.expect(rf"^{word}\n{word}$", SECONDS)
    guest.send(letter)
    for pattern in wanted:
        guest.expect(pattern, SECONDS)
    guest.expect(PROMPT, SECONDS)


def stops(guest, name):
    """It is in the background and wants to read. When it does nobody says; jobs tells. One that ^Z met between its leave to read and the
    read takes one line more (docs/signals.md), and says it again."""
    said = ""
    while "Stopped" not in said:
        guest.send("jobs\r")
        said = guest.expect(rf"^(?:\[1\] \+ (?:Running|Stopped \(tty input\)) +{name}|jobs\njobs)$", SECONDS).group(0)
        if said[0] == "[":
            guest.expect(PROMPT, SECONDS)


def sleeps(guest, number):
    """One more in the background. Until it says that it is up it ignores SIGTERM, as its shell does."""
    guest.send(f"(echo up {number}; exec sleep {number}000) &\r")
    guest.expect(rf"up {number}\n", SECONDS)
    line(guest, "echo on $((40 + 2))", r"on 42$")  # its prompt may have come before or after, or while this is typed


def jobs(guest):
    guest.expect(PROMPT, SECONDS)
    guest.send("cat\r")
    key(guest, "one", "\x1a", r"^\[1\] \+ Stopped +cat$")
    line(guest, "jobs", r"^\[1\] \+ Stopped +cat$")
    line(guest, "bg", r"^\[1\] cat$")
    stops(guest, "cat")
    line(guest, "echo for the shell", r"^for the shell$")
    guest.send("fg\r")
    guest.expect("^cat$", SECONDS)
    key(guest, "two", "\x03")
    line(guest, "echo status $?", r"^status 130$")
    guest.send("cat | cat | cat\r")
    key(guest, "three", "\x1c", r"Quit")
    line(guest, "echo status $?; ps | grep -c cat", r"^status 131$", "^0$")
    line(guest, "cat &")
    stops(guest, "cat")
    line(guest, "kill %1; fg; echo killed $?", r"^killed 143$")
    sleeps(guest, 1)
    sleeps(guest, 2)
    line(guest, "jobs", r"^\[2\] \+ Running +\(echo up 2; exec sleep 2000\)$", r"^\[1\] - Running +\(echo up 1; exec sleep 1000\)$")
    line(guest, "kill %1; wait %1; echo first $?; kill -KILL %2; wait %2; echo second $?", r"^first 143$", r"^second 137$")
    line(guest, "ulimit -n 20; ulimit -n", r"^20$")
    line(guest, "times", r"^\d+m[\d.]+s \d+m[\d.]+s$")


def at_the_console():
    image = os.path.join(os.environ.get("PAGODA_BUILD_DIR", "build/release"), "ports.img")
    with Machine.from_environment(image=image, icount=False, run="PS1='dash> ' dash -i").start() as guest:
        try:
            jobs(guest)
            guest.send("exit\r")
            ended = guest.wait(SECONDS)
            portlib.check("it_has_jobs", not ended.hung, guest.text[-900:])
        except QemuError as error:
            portlib.check("it_has_jobs", False, str(error)[-900:])


def main():
    portlib.require("dash")
    with tempfile.TemporaryDirectory(prefix="pagoda-dash-") as folder:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        shutil.copy(WORK, files)
        ended, wanted = portlib.host("dash", "dash", "work.sh", folder=files)
        disk = portlib.make_disk(os.path.join(folder, "disk.img"), files)
        status, text = portlib.boot(disk, "cd /disk && dash work.sh >out", SECONDS)
        got = portlib.read_disk(disk, "out", folder)
        portlib.check("the_work_is_the_hosts", status == ended and got == wanted, portlib.first_difference(got, wanted),
                      f"status {status}, the host's {ended}", text)
    at_the_console()
    portlib.finish()


main()
