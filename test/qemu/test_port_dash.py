#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 150
"""dash: a script with a bit of everything prints in Pagoda what it prints on the host, and ends with the same status. And at the console it
has jobs: ^C, ^Z, ^\\, bg, fg; a job in the background that reads the terminal stops.
"""

import os
import shutil
import tempfile
import time

import portlib
from qemu import Machine, QemuError

SECONDS = 100
WORK = os.path.join(portlib.ROOT, "ports", "dash", "work.sh")


PROMPT = r"^\$\$ "


def line(guest, text, *wanted):
    guest.send(text + "\r")
    for pattern in wanted:
        guest.expect(pattern, SECONDS)
    guest.expect(PROMPT, SECONDS)


def key(guest, letter, *wanted):
    """A key for who runs in the foreground, when he does."""
    time.sleep(2)
    guest.send(letter)
    for pattern in wanted:
        guest.expect(pattern, SECONDS)
    guest.expect(PROMPT, SECONDS)


def jobs(guest):
    guest.expect(PROMPT, SECONDS)
    guest.send("sleep 1000\r")
    key(guest, "\x1a", r"Stopped")
    line(guest, "jobs", r"^\[1\] \+ Stopped +sleep 1000$")
    line(guest, "bg", r"^\[1\] sleep 1000$")
    line(guest, "jobs", r"^\[1\] \+ Running +sleep 1000$")
    guest.send("fg\r")
    key(guest, "\x03")
    line(guest, "echo status $?", r"^status 130$")
    guest.send("sleep 1000\r")
    key(guest, "\x1c", r"Quit")
    line(guest, "cat &")
    time.sleep(1)
    line(guest, "echo to the shell", r"^to the shell$")
    line(guest, "jobs", r"Stopped \(tty input\) +cat$")
    line(guest, "kill %1; fg; echo killed $?", r"killed 143$")
    line(guest, "ulimit -n 20; ulimit -n", r"^20$")
    line(guest, "times", r"^\d+m[\d.]+s \d+m[\d.]+s$")


def at_the_console():
    image = os.path.join(os.environ.get("PAGODA_BUILD_DIR", "build/release"), "ports.img")
    with Machine.from_environment(image=image, icount=False, run="PS1='$$ ' dash -i").start() as guest:
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
