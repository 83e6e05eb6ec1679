#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves the models of test/model/ with Spin, and sees that the proofs notice seeded mistakes.

Every search is exhaustive: all states that there are for the sizes given. A mistake is searched breadth first, so its
counterexample is as short as can be. Two searches run at a time. Writes to build/model/ only. The last line counts:
`N passed, N failed, N skipped`; exit status 0 only when nothing failed, 77 when Spin or gcc is missing.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(ROOT, "test", "model")
OUT = os.path.join(ROOT, "build", "model")
DEPTH = {"fault": 20000, "smp": 4000000, "lock": 2000000, "waits": 20000}  # steps of the longest run; if one is longer, pan says so, and nothing is proven
MEMORY_MB = 3000
TIMEOUT_S = 600  # of one search, on a busy machine
SKIPPED_STATUS = 77
AT_A_TIME = 2

SAFETY = ["-O2", "-DSAFETY"]
SMALL = ["-O1", "-DSAFETY"]  # where gcc would take longer than pan
ENDS = ["-O2", "-DNP"]  # the models have no progress labels: any run without an end is an error
SHORTEST = ["-O0", "-DSAFETY", "-DBFS"]

# What a run may do at most; a case says only what differs.
SIZES = {
    "fault": {"ACCESSES": 1, "FORKS": 1, "KILLS": 0, "EVICTIONS": 0, "DELAYS": 0, "SLOTS": 2, "EXCHANGE": 0, "MOVES": 0},
    "smp": {"HARTS": 2, "CANCEL": 1, "RENEW": 1},
    "lock": {"HARTS": 2, "ASKS": 1},
    "waits": {"OPS": 1, "FRAMES": 2, "POOL": 1},
}

# name: (model, sizes, how pan is compiled)
PROOFS = {
    "accesses": ("fault", {"ACCESSES": 2, "KILLS": 1, "MOVES": 1}, SAFETY),
    "second-child": ("fault", {"FORKS": 2, "KILLS": 1, "MOVES": 1}, SAFETY),
    "eviction": ("fault", {"EVICTIONS": 1}, SMALL),
    "eviction-moves": ("fault", {"EVICTIONS": 1, "MOVES": 1}, SMALL),
    "eviction-twice": ("fault", {"EVICTIONS": 2}, SAFETY),
    "eviction-later": ("fault", {"EVICTIONS": 1, "DELAYS": 1, "KILLS": 1}, SAFETY),
    "store-full": ("fault", {"EVICTIONS": 2, "SLOTS": 1}, SMALL),
    "exchange": ("fault", {"EVICTIONS": 1, "EXCHANGE": 1, "KILLS": 1}, SAFETY),
    "exchange-twice": ("fault", {"EVICTIONS": 2, "EXCHANGE": 1}, SAFETY),
    "every-run-ends": ("fault", {"KILLS": 1, "EVICTIONS": 1}, ENDS),
    "harts": ("smp", {}, SAFETY),
    "three-harts": ("smp", {"HARTS": 3, "CANCEL": 0}, SMALL),
    "waiting": ("lock", {}, SAFETY),
    "no-circle": ("waits", {}, SMALL),
    "no-circle-one-frame": ("waits", {"FRAMES": 1}, SMALL),
    "no-circle-room": ("waits", {"FRAMES": 3, "POOL": 2}, SMALL),
    "servers-come-to-rest": ("waits", {"FRAMES": 3, "POOL": 2}, ENDS),
}

TWICE = {"ACCESSES": 2}
EVICT = {"EVICTIONS": 1}
ALONE = {"EVICTIONS": 2, "FORKS": 0}
CHANGE = {"EVICTIONS": 1, "EXCHANGE": 1, "KILLS": 1, "FORKS": 0}
LATER = {"EVICTIONS": 1, "DELAYS": 1, "FORKS": 0}

# name: (model, sizes, what is wrong)
MUTANTS = {
    "SKIP_SHOOTDOWN": ("fault", TWICE, "an entry is replaced, only this hart forgets the old one"),
    "MAKE_BEFORE_BREAK": ("fault", {"ACCESSES": 2, "MOVES": 1}, "an entry names the new frame before all forgot the old one"),
    "SKIP_FORK_FLUSH": ("fault", TWICE, "fork takes W away in the table, not in the harts"),
    "FREE_BEFORE_ACK": ("fault", TWICE, "a call returns before the other hart has acknowledged"),
    "UPGRADE_SHARED": ("fault", TWICE, "upgrade in place although others have the frame"),
    "PTE_AT_TRAP": ("fault", TWICE, "the message has the entry as it was at the trap"),
    "ACCEPT_STALE": ("fault", TWICE, "the kernel takes an answer to an id that has ended"),
    "FORGET_REQUEUE": ("fault", {"KILLS": 1}, "a restart of the pager forgets the faults it had"),
    "COUNTS_NOT_REBUILT": ("fault", {"KILLS": 1}, "a restart of the pager believes the old counts"),
    "WRITE_UNPROTECTED": ("fault", ALONE, "a page is written to the store while programs may store to it"),
    "EVICT_ONE_MAPPING": ("fault", EVICT, "a shared page leaves, only one of its entries is taken away"),
    "KEEP_LINK": ("fault", ALONE, "a page that is stored to again still counts as the same as in the store"),
    "NO_GUARD": ("fault", EVICT, "the page that is to be copied may leave to make room for its copy"),
    "SHARE_SLOT_UNCOUNTED": ("fault", EVICT, "a fork of a page in the store does not count the child's entry"),
    "READ_WRITABLE": ("fault", EVICT, "a page that others have, too, comes back writable"),
    "SLOT_DROPPED_EARLY": ("fault", EVICT, "a slot is given up before the answer is accepted"),
    "NO_INTENT": ("fault", {"EVICTIONS": 1, "KILLS": 1, "FORKS": 0}, "nothing remembers what an empty entry is to become"),
    "EXCHANGE_FORGOTTEN": ("fault", CHANGE, "a restart does not ask which frame the slot of a cut-off exchange has"),
    "LENT_FOR_GOOD": ("fault", {**CHANGE, "FORKS": 1, "KILLS": 0}, "an answer with a slot's frame is refused, and the slot keeps it"),
    "FORGET_DEFERRED": ("fault", LATER, "of the faults that wait for a transfer only one goes on"),
    "DEFERRED_OLD_ENTRY": ("fault", LATER, "a fault that waited is decided by the entry it came with"),
    "NO_ACK_WHILE_WAITING": ("smp", {}, "a hart that waits for the kernel's lock does not read its mail"),
    "ACK_BEFORE_SAVE": ("smp", {}, "a hart lets go of its thread before the registers are saved"),
    "CANCEL_WITHOUT_WAITING": ("smp", {}, "a thread is stopped on another hart without waiting for that hart"),
    "TRAP_UNCHECKED": ("smp", {}, "a trap is served although its thread is no longer the current one"),
    "FLUSH_FIRST": ("smp", {}, "harts forget an entry, then it changes"),
    "STALE_DROPPED": ("smp", {}, "a hart that only ran the space earlier is neither asked nor marked"),
    "ASK_BY_CURRENT": ("smp", {}, "who has the space in satp is judged by the current thread"),
    "ROLL_WITHOUT_RELOAD": ("smp", {}, "ASIDs roll over, harts that run a space keep its old one"),
    "FLUSH_BEFORE_RELOAD": ("smp", {}, "at a roll-over a hart forgets first and then changes satp"),
    "END_IN_SATP": ("smp", {}, "a space ends while another hart has its tables in satp"),
    "NO_WAKE_UP": ("smp", {}, "a thread becomes ready on a sleeping hart that nobody kicks"),
    "CLEAR_BEFORE_SLEEP": ("smp", {}, "a hart clears its pending interrupt after it let the lock go, then sleeps"),
    "SLEEP_UNCHECKED": ("lock", {}, "a waiter says that it sleeps, and does not look again before it does"),
    "CLEAR_AFTER_CHECK": ("lock", {}, "a waiter clears its pending interrupt between that look and its sleep"),
    "WAKE_BEFORE_SERVE": ("lock", {}, "sleepers are looked for before the next ticket is called"),
    "PAGER_CALLS_FS": ("waits", {}, "the pager calls the file server, and waits for it"),
    "BLK_CALLS_FS": ("waits", {}, "the block server calls the file server instead of signalling"),
    "COPY_WAITS": ("waits", {}, "the file server waits for a client's page before it goes on"),
    "COPY_IN_DISK": ("waits", {}, "a request keeps the disk while it waits for its client's page"),
    "WANT_UNSIGNALLED": ("waits", {}, "the pager notes what is wanted and does not signal"),
    "STORE_FORGOTTEN": ("waits", {}, "a store to a page that was wanted for reading is taken for served"),
    "ONE_SERVED": ("waits", {}, "of two that wait for a page one goes on"),
    "REFUSAL_UNSAID": ("waits", {}, "the file server has no memory for a page, and does not say so"),
    "WANTED_WHILE_ENDING": ("waits", {}, "what is wanted while the keeper ends is looked at by nobody"),
    "KICK_FORGOTTEN": ("lock", {}, "a kick is cleared while waiting, but still counts as on its way"),
}

# What scons test runs.
QUICK = {"eviction", "no-circle-room", "COPY_IN_DISK", "three-harts", "MAKE_BEFORE_BREAK", "NO_INTENT", "FORGET_DEFERRED", "NO_ACK_WHILE_WAITING",
         "CANCEL_WITHOUT_WAITING", "ROLL_WITHOUT_RELOAD"}


class ModelError(Exception):
    """What went wrong outside of the model."""


def command(args, folder):
    try:
        done = subprocess.run(args, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{args[0]} did not end within {TIMEOUT_S} seconds") from None
    return done.returncode, done.stdout


def definitions(model, sizes):
    """-D options for Spin."""
    return [f"-D{name}={value}" for name, value in {**SIZES[model], **sizes}.items()]


def search(name, model, defines, compile_flags):
    """Build and run pan in build/model/NAME. Returns (first error or "", states, whether all were seen, text)."""
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for path in glob.glob(os.path.join(MODELS, "*.pml")):
        shutil.copy(path, folder)
    with open(os.path.join(folder, "replay"), "w", encoding="ascii") as file:
        file.write(f"spin -t -p -g {' '.join(defines)} {model}.pml\n")
    status, text = command(["spin", "-a", *defines, f"{model}.pml"], folder)
    if status != 0 or "Error" in text:
        raise ModelError("spin refuses the model:\n" + text)
    status, text = command(["gcc", "-w", f"-DMEMLIM={MEMORY_MB}", *compile_flags, "-o", "pan", "pan.c"], folder)
    if status != 0:
        raise ModelError("gcc refuses what spin made:\n" + text)
    run = [f"-m{DEPTH[model]}", "-n", "-w22"] + (["-l"] if compile_flags is ENDS else [])
    status, text = command(["./pan", *run], folder)
    error = re.search(r"^pan:1: (.*)", text, re.MULTILINE)
    states = re.search(r"^ *(\d+) states, stored", text, re.MULTILINE)
    if not states:
        raise ModelError(f"pan ended with status {status}:\n{text}")
    whole = "Search not completed" not in text and "max search depth too small" not in text and "errors: 0" in text
    return error[1] if error else "", int(states[1]), whole, text


def prove(name):
    model, sizes, compile_flags = PROOFS[name]
    error, states, whole, text = search(name, model, definitions(model, sizes), compile_flags)
    if error:
        return False, states, f"{error}; to see the run: cd build/model/{name}; sh replay"
    return whole, states, "holds in all states" if whole else "the search did not reach all states\n" + text


def catch(name):
    model, sizes, _ = MUTANTS[name]
    defines = definitions(model, sizes) + [f"-DMUTANT_{name}"]
    error, states, _, text = search("mutant-" + name, model, defines, SHORTEST)
    if "max search depth" in error or not error:
        return False, states, "NOT FOUND" + (": " + error if error else "")
    what = error.split(" (")[0].removesuffix(" 0")  # the condition of an assertion is unreadable here; the trail has it
    depth = re.search(r"at depth (\d+)", text)
    return True, states, f"found after {depth[1]} steps: {what}"


def cases(only, quick):
    """(name, model, function, what it is) of the proofs, then of the seeded mistakes."""
    every = [(name, model, prove, ", ".join(f"{key.lower()} {value}" for key, value in sizes.items()) or "the usual sizes")
             for name, (model, sizes, _) in PROOFS.items()]
    every += [(name, model, catch, what) for name, (model, _, what) in MUTANTS.items()]
    return [case for case in every if only in ("", case[0], case[1]) and (not quick or case[0] in QUICK)]


def timed(function, name):
    """(passed, states, what is to be said, seconds of the clock)."""
    began = time.monotonic()
    try:
        good, states, text = function(name)
    except ModelError as error:
        good, states, text = False, 0, str(error)
    return good, states, text, time.monotonic() - began


def big_stack():
    """pan's search of smp.pml and lock.pml is some million steps deep; what it keeps of them it allocates, but let it have a stack, too."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))


def main():
    parser = argparse.ArgumentParser(description="Check the models of the fault protocol, of several harts and of the lock.")
    parser.add_argument("--only", default="", help="one proof, one seeded mistake, or one model: fault, smp, lock, waits")
    parser.add_argument("--quick", action="store_true", help="what scons test runs: small sizes, some of the mistakes")
    parser.add_argument("--cases", action="store_true", help="print a line `ok` or `FAIL` a case, as scripts under test do")
    options = parser.parse_args()
    wanted = cases(options.only, options.quick)
    if not wanted:
        print(f"model: there is no such case; there are {', '.join([*PROOFS, *MUTANTS])}.", file=sys.stderr)
        return 2
    for tool in ("spin", "gcc"):
        if not shutil.which(tool):
            print(f"SKIP model: {tool} is not installed; ./setup installs it.")
            print(f"0 passed, 0 failed, {len(wanted)} skipped")
            return SKIPPED_STATUS
    big_stack()
    passed = 0
    print(f"{'':4} {'':<5} {'':<22} {'states':>9} {'s':>5}")
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        running = [(case, pool.submit(timed, case[2], case[0])) for case in wanted]
        for (name, model, _, what), result in running:
            good, states, text, seconds = result.result()
            passed += good
            if options.cases:
                print(f"ok {name}" if good else f"FAIL {name}: {text}", flush=True)
            else:
                mark = "ok" if good else "FAIL"
                print(f"{mark:4} {model:<5} {name:<22} {states:>9} {seconds:>5.1f}  {what}: {text}", flush=True)
    print(f"{passed} passed, {len(wanted) - passed} failed, 0 skipped")
    return 0 if passed == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
