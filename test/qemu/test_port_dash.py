#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 150
"""dash: a script with a bit of everything prints in Pagoda what it prints on the host, and ends with the same status."""

import os
import shutil
import tempfile

import portlib

SECONDS = 100
WORK = os.path.join(portlib.ROOT, "ports", "dash", "work.sh")


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
    portlib.finish()


main()
