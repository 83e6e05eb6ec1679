#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 300
"""The disk from outside: what one boot writes the next one reads and the host's tools see; both forms of the transport; a disk
that may not be written, one without ext2, none at all; a disk that fails; and a machine that is cut off.

Nothing here depends on how long the disk takes.
"""

import os
import re
import shutil
import tempfile

from checks import check, finish, tool
from qemu import Machine

SECONDS = 100


def make(folder, name, size="4M", options=()):
    path = os.path.join(folder, name)
    with open(path, "wb"):
        pass
    status, text = tool("mke2fs", "-q", "-t", "ext2", "-F", *options, path, size)
    if status != 0:
        raise SystemExit(f"mke2fs: {text}")
    return path


def drive(path, *more):
    """Without waiting for the host's own disk at each flush."""
    return ",".join(["driver=raw", "file.driver=file", f"file.filename={path}", "cache.no-flush=on", *more])


def boot(disk, run, extra=()):
    """(exit status, the console's text)."""
    outcome = Machine.from_environment(run=run, disk=disk, extra=extra).start().wait(SECONDS)
    return (None if outcome.hung else outcome.status), outcome.text


def is_sound(path):
    status, text = tool("e2fsck", "-fn", path)
    return status == 0, text


def what_is_written_is_there_at_the_next_boot(folder):
    path = make(folder, "kept.img")
    status, first = boot(drive(path), "t__disk write /disk/note 'from the first boot'")
    sound, said = is_sound(path)
    _, host = tool("debugfs", "-R", "cat note", path)
    again, second = boot(drive(path), "t__disk show /disk/note; vmcheck --quiet")
    good = status == 0 and again == 0 and sound and "from the first boot" in host and "from the first boot" in second
    check("what_is_written_is_there_at_the_next_boot", good, first, said, host, second)


def the_modern_transport_works_as_well(folder):
    path = make(folder, "modern.img", options=("-b", "4096"))
    status, text = boot(drive(path), "t__disk write /disk/note modern; t__disk show /proc/disk",
                        ["-global", "virtio-mmio.force-legacy=false"])
    _, host = tool("debugfs", "-R", "cat note", path)
    check("the_modern_transport_works_as_well", status == 0 and "modern" in host and is_sound(path)[0], text, host)


def a_disk_that_may_not_be_written_is_refused_to_writers(folder):
    path = make(folder, "read-only.img")
    with open(path, "rb") as file:
        before = file.read()
    _, text = boot(drive(path, "read-only=on"), "t__disk write /disk/note x; t__disk show /proc/disk")
    with open(path, "rb") as file:
        same = before == file.read()
    check("a_disk_that_may_not_be_written_is_refused_to_writers",
          same and "Read-only file system" in text and "ext2, read-only" in text, text)


def what_is_no_ext2_is_named(folder):
    path = os.path.join(folder, "zeros.img")
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    _, text = boot(drive(path), "t__disk show /proc/disk")
    _, foreign = boot(drive(make(folder, "extents.img", options=("-O", "extents"))), "t__disk show /proc/disk")
    check("what_is_no_ext2_is_named", "no ext2 file system" in text and "not understood" in foreign, text, foreign)


def a_disk_that_is_missed_says_so(folder):
    """The host damages it, then the file server is started anew: no directory that looks empty."""
    path = make(folder, "missed.img")
    guest = Machine.from_environment(disk=drive(path)).start()
    try:
        guest.expect(r"pagoda\$ ", SECONDS)
        guest.send("t__disk write /disk/note kept; sync; echo all on the disk\n")
        guest.expect("^all on the disk$", SECONDS)
        with open(path, "r+b") as file:
            file.seek(1024)
            file.write(bytes(1024))  # the superblock
        guest.send("pagerctl kill fs; t__disk show /disk/note; t__disk write /disk/new x; ls /disk; ls /; cd /disk; cd ..; pwd; poweroff\n")
        outcome = guest.wait(SECONDS)
    finally:
        guest.close()
    line = "fs: nothing is mounted at /disk: no ext2 file system, or a damaged one; run e2fsck on the host"
    text = outcome.text
    check("a_disk_that_is_missed_says_so", not outcome.hung and text.count(line) == 1 and "/disk/note: Input/output error" in text and
          "/disk/new: Input/output error" in text and "ls: /disk: Input/output error" in text and re.search("^tmp$", text, re.MULTILINE) and
          re.search("^/$", text, re.MULTILINE), text)


def without_a_disk_there_is_no_block_server():
    _, text = boot(None, "ps; t__disk show /proc/disk")
    check("without_a_disk_there_is_no_block_server", "there is no disk" in text and " blk" not in text, text)


def a_disk_that_fails_gives_errors_and_works_on(folder):
    """QEMU's blkdebug lets the third and later writes fail, as many as a rule says, then everything works again."""
    path, rules = make(folder, "failing.img"), os.path.join(folder, "rules")
    with open(rules, "w", encoding="ascii") as file:
        file.writelines(f'[inject-error]\nevent = "{event}"\niotype = "{event.split("_")[0]}"\nerrno = "5"\nonce = "on"\n'
                        for event in ("write_aio", "write_aio"))
    disk = (f"driver=raw,cache.no-flush=on,file.driver=blkdebug,file.config={rules},"
            f"file.image.driver=file,file.image.filename={path}")
    status, text = boot(disk, "t__disk write /disk/a first; t__disk write /disk/b second; t__disk write /disk/c third; "
                              "t__disk show /disk/c; t__disk show /proc/disk; vmcheck --quiet",
                        ["-global", "virtio-blk-device.werror=report", "-global", "virtio-blk-device.rerror=report"])
    sound, said = is_sound(path)
    check("a_disk_that_fails_gives_errors_and_works_on", status == 0 and "Input/output error" in text and "third" in text and sound,
          text, said)


def a_machine_that_is_cut_off_leaves_a_disk_that_works(folder):
    path = make(folder, "cut.img")
    guest = Machine.from_environment(run="t__disk write /disk/kept 'was synced'; t__disk fill /disk/more 1500; sleep 600",
                                     disk=drive(path)).start()
    try:
        guest.expect("filled", SECONDS)
    finally:
        guest.close()
    status, said = tool("e2fsck", "-fy", shutil.copy(path, path + ".checked"))
    again, text = boot(drive(path), "t__disk show /disk/kept; t__disk write /disk/new 'goes on'; t__disk show /proc/disk")
    check("a_machine_that_is_cut_off_leaves_a_disk_that_works",
          status in (0, 1) and "Multiply" not in said and again == 0 and "was synced" in text and "cut off" in text, said, text)


def others_go_on_while_a_slow_disk_is_waited_for(folder):
    """200 requests a second for 400 KiB: seconds in which a file server that waited would answer nobody."""
    path = make(folder, "slow.img", options=("-b", "1024"))
    status, text = boot(drive(path), "t__disk fill /disk/big 400")
    again, beside = boot(drive(path, "throttling.iops-total=200"), "t__disk beside /disk/big; t__disk show /proc/disk")
    found = re.search(r"beside: 0 failed, (\d+) rounds", beside)
    at_once = re.search(r"at-once (\d+)", beside)
    good = status == 0 and again == 0 and found and int(found[1]) > 1000 and at_once and int(at_once[1]) >= 3
    check("others_go_on_while_a_slow_disk_is_waited_for", good and is_sound(path)[0], text, beside)


KILLED_UNDER_WAY = ("i=0; while test $i -lt 10; do i=$((i + 1)); "
                    "(mkdir /disk/d$i; cp /bin/true /bin/false /bin/echo /disk/d$i; sync) & "
                    "sleep 0.$((i % 5 + 2)); pagerctl kill fs; sleep 0.1; head -n 1 /proc/disk; done; "
                    "wait; ls /disk; cp /bin/true /disk/last; sync; cmp /bin/true /disk/last")


def a_file_server_that_dies_under_way_harms_nothing(folder):
    """A slow disk has requests under way when the file server is killed: what its next life does with their memory must not reach the
    disk. Names and inodes that were not yet tied together may be left, as after a cut; nothing that has neither."""
    path = make(folder, "killed.img")
    status, text = boot(drive(path, "throttling.iops-total=40"), KILLED_UNDER_WAY)
    _, said = tool("e2fsck", "-fn", path)
    good = status == 0 and "error" not in text and "corrupted" not in said and "Multiply" not in said
    check("a_file_server_that_dies_under_way_harms_nothing", good, text, said)


def main():
    with tempfile.TemporaryDirectory(prefix="pagoda-disk-") as folder:
        what_is_written_is_there_at_the_next_boot(folder)
        the_modern_transport_works_as_well(folder)
        a_disk_that_may_not_be_written_is_refused_to_writers(folder)
        what_is_no_ext2_is_named(folder)
        a_disk_that_is_missed_says_so(folder)
        without_a_disk_there_is_no_block_server()
        a_disk_that_fails_gives_errors_and_works_on(folder)
        a_machine_that_is_cut_off_leaves_a_disk_that_works(folder)
        others_go_on_while_a_slow_disk_is_waited_for(folder)
        a_file_server_that_dies_under_way_harms_nothing(folder)
    finish()


if __name__ == "__main__":
    main()
