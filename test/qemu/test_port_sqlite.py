#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 400
"""SQLite with a database on a disk: a script of real work prints what it prints on the host, and leaves the same database, byte
for byte; also when memory is short, and in the tree in memory. With a write-ahead log and the database mapped it prints the same, and two
processes that write to one database at once lose nothing. And a machine that is cut off in the middle of transactions loses
none that was committed, and has no half of one.

PAGODA_CUTS: how many machines are cut off, 2 if not given; PAGODA_SEED: where the choice of moments begins.
"""

import os
import random
import re
import shutil
import tempfile
import time

import portlib
from qemu import Machine, QemuError

SECONDS = 150
WORK = os.path.join(portlib.ROOT, "ports", "sqlite", "work.sql")
CUTS, SEED = int(os.environ.get("PAGODA_CUTS", "2")), int(os.environ.get("PAGODA_SEED", "1"))
RUNS = [
    ("the_work_is_the_hosts", "cd /disk && sqlite3 work.db <work.sql >out", ""),
    ("also_when_memory_is_short", "cd /disk && sqlite3 work.db <work.sql >out", "frames=250 store=3000"),
    ("also_in_memory", "cd /tmp && sqlite3 work.db </disk/work.sql >/disk/out && cp work.db /disk", ""),
]
ACCOUNTS, BALANCE, TRANSFERS = 50, 1000, 4000


def work(folder):
    files = os.path.join(folder, "files")
    os.mkdir(files)
    shutil.copy(WORK, files)
    on_host = os.path.join(folder, "host")
    os.mkdir(on_host)
    with open(WORK, "rb") as given:
        _, wanted = portlib.host("sqlite", "sqlite3", "work.db", folder=on_host, given=given)
    with open(os.path.join(on_host, "work.db"), "rb") as file:
        database = file.read()
    for name, line, args in RUNS:
        disk = portlib.make_disk(os.path.join(folder, "disk.img"), files, "32M")
        status, text = portlib.boot(disk, f"{line} && vmcheck --quiet", SECONDS, args=args)
        got = portlib.read_disk(disk, "out", folder)
        sound, said = portlib.sound(disk)
        same = portlib.read_disk(disk, "work.db", folder) == database
        portlib.check(name, status == 0 and got == wanted and same and sound,
                      portlib.first_difference(got, wanted), f"the same database: {same}", text, said)


def on_host(folder, name, steps):
    """What the host prints at the last of these steps, one after the other."""
    path = os.path.join(folder, name)
    os.mkdir(path)
    text = b""
    for step in steps:
        with open(os.path.join(folder, "files", step), "rb") as given:
            _, text = portlib.host("sqlite", "sqlite3", "work.db", folder=path, given=given)
    return text


def write_ahead(folder):
    """The same work with a write-ahead log, whose index is memory that is shared, and pages of the database mapped."""
    files = os.path.join(folder, "files")
    with open(WORK, encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(files, "wal.sql"), "w", encoding="utf-8") as file:
        file.write("PRAGMA journal_mode = WAL;\nPRAGMA mmap_size = 4194304;\n" + text)
    disk = portlib.make_disk(os.path.join(folder, "disk.img"), files, "32M")
    status, text = portlib.boot(disk, "cd /disk && sqlite3 work.db <wal.sql >out && vmcheck --quiet", SECONDS)
    got, wanted = portlib.read_disk(disk, "out", folder), on_host(folder, "wal", ["wal.sql"])
    sound, said = portlib.sound(disk)
    portlib.check("with_a_write_ahead_log_and_a_mapping", status == 0 and got == wanted and sound,
                  portlib.first_difference(got, wanted), text, said)


STEPS = 40
TWO = ("for m in delete wal; do echo \"PRAGMA journal_mode = $m;\" | cat - begin.sql | sqlite3 $m.db; sqlite3 $m.db <one.sql & sqlite3 $m.db <other.sql; "
       "wait; sqlite3 $m.db <end.sql >$m.out; done; vmcheck --quiet")


def two_at_once(folder):
    """Two processes, each with transactions that read what the other one wrote."""
    files = os.path.join(folder, "files")
    scripts = {"begin.sql": "CREATE TABLE t(who TEXT, i INTEGER); CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES(0);",
               "end.sql": "PRAGMA journal_mode; PRAGMA integrity_check; SELECT n FROM counter; SELECT who, count(*), sum(i) FROM t GROUP BY who ORDER BY who;"}
    for who in ("one", "other"):
        scripts[who + ".sql"] = ".timeout 60000\n" + "".join(
            f"BEGIN IMMEDIATE; INSERT INTO t VALUES('{who}', {i}); UPDATE counter SET n = n + 1; COMMIT;\n" for i in range(STEPS))
    for name, text in scripts.items():
        with open(os.path.join(files, name), "w", encoding="ascii") as file:
            file.write(text)
    disk = portlib.make_disk(os.path.join(folder, "disk.img"), files, "32M")
    status, text = portlib.boot(disk, "cd /disk; " + TWO, SECONDS)
    wanted = on_host(folder, "two", ["begin.sql", "one.sql", "other.sql", "end.sql"])
    sound, said = portlib.sound(disk)
    for mode in ("delete", "wal"):
        got, right = portlib.read_disk(disk, mode + ".out", folder), wanted.replace(b"delete", mode.encode(), 1)
        portlib.check(f"two_processes_share_a_database_{mode}", status == 0 and got == right and sound,
                      portlib.first_difference(got, right), text, said)


def transfers():
    """Money goes from one to another in two steps; a third notes it. Each prints its number when it is committed. EXTRA: the end of
    the journal is forced to the disk as well; without it SQLite itself says that the last transaction may be undone."""
    source = random.Random(SEED)
    lines = ["PRAGMA synchronous = EXTRA;", "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER);", "CREATE TABLE done(number INTEGER PRIMARY KEY, what TEXT);",
             "BEGIN;", *(f"INSERT INTO account VALUES({i}, {BALANCE});" for i in range(ACCOUNTS)), "COMMIT;"]
    for number in range(1, TRANSFERS + 1):
        one, other = source.sample(range(ACCOUNTS), 2)
        lines += ["BEGIN;", f"UPDATE account SET balance = balance - {number} WHERE id = {one};",
                  f"INSERT INTO done VALUES({number}, hex(randomblob({source.randrange(1, 900)})));",
                  f"UPDATE account SET balance = balance + {number} WHERE id = {other};", "COMMIT;", f"SELECT 'committed {number}';"]
    return "\n".join(lines) + "\n"


QUESTIONS = "PRAGMA integrity_check; SELECT 'sum ' || sum(balance) FROM account; SELECT 'last ' || max(number) || ' of ' || count(*) FROM done;"


def cut_off(image, disk, source):
    """Run transfers on the disk and end the machine at some moment; the last number that it said was committed."""
    drive = f"driver=raw,file.driver=file,file.filename={disk},cache.no-flush=on"
    guest = Machine.from_environment(image=image, run="cd /disk && sqlite3 bank.db <transfers.sql", disk=drive).start()
    try:
        guest.expect(rf"^committed {source.randrange(1, 60)}$", SECONDS)
        time.sleep(source.random() * 0.05)
        guest.process.kill()
        guest.process.wait()
    finally:
        guest.close()
    return int(re.findall(r"^committed (\d+)$", guest.text, re.MULTILINE)[-1])


def cuts(folder):
    image = os.path.join(os.environ.get("PAGODA_BUILD_DIR", "build/release"), "ports.img")
    files = os.path.join(folder, "bank")
    os.mkdir(files)
    with open(os.path.join(files, "transfers.sql"), "w", encoding="ascii") as file:
        file.write(transfers())
    for seed in range(SEED, SEED + CUTS):
        disk = portlib.make_disk(os.path.join(folder, "disk.img"), files, "16M")
        try:
            last = cut_off(image, disk, random.Random(seed))
        except (QemuError, IndexError) as error:
            portlib.check(f"cut_{seed}", False, error)
            continue
        status, text = portlib.boot(disk, f'cd /disk && sqlite3 bank.db "{QUESTIONS}"', SECONDS)
        found = re.search(r"^last (\d+) of (\d+)$", text, re.MULTILINE)
        good = status == 0 and re.search(r"^ok$", text, re.MULTILINE) and f"sum {ACCOUNTS * BALANCE}" in text and found
        kept = good and int(found[1]) == int(found[2]) >= last
        portlib.check(f"nothing_committed_is_lost_by_cut_{seed}", kept, f"committed: {last}", text)


def main():
    portlib.require("sqlite")
    with tempfile.TemporaryDirectory(prefix="pagoda-sqlite-") as folder:
        work(folder)
        write_ahead(folder)
        two_at_once(folder)
        cuts(folder)
    portlib.finish()


main()
