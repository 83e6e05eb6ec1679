#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that a replacement policy that misbehaves is caught: the program whose pages it handles reads every byte right, fifo
takes over, a line on the console names the policy and the reason, and the system stays sound. The policies are those of
test/policies/, built in with EXTRA_POLICIES. Also: all policies in the simulator, and what pagerctl shows and changes.

TIMEOUT: 400
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import qemu

BUILD = os.environ.get("PAGODA_BUILD", "release")
COPY = tempfile.TemporaryDirectory()  # of what is booted: another test builds other policies into the same folder
PATIENCE = 120  # seconds for one boot
WORK = ("t_thrash four_times_more_pages_than_frames && echo :right; pagerctl policy; pagerctl show; "
        "vmcheck --quiet && echo :sound")


def require(condition, what, text=""):
    if not condition:
        raise AssertionError(what + ("\n" + "\n".join("  | " + line for line in text.splitlines()[-20:])))


def scons(*arguments):
    done = subprocess.run(["scons", "-Q", f"BUILD={BUILD}", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    require(done.returncode == 0, f"scons {' '.join(arguments)}: status {done.returncode}", done.stdout)
    return done.stdout


def boot(policy, line, extra=True):
    changes = {}
    if extra:
        changes = {"kernel": os.path.join(COPY.name, "kernel.elf"), "image": os.path.join(COPY.name, "pagoda.img")}
    outcome = qemu.Machine.from_environment(run=line, args=f"frames=64 store=2048 policy={policy}", **changes).start().wait(PATIENCE)
    require(not outcome.hung, f"policy={policy} hung", outcome.text)
    return outcome.text


def counters(text, policy):
    """[victims, faults, bad, replaced] of a policy in the table of `pagerctl show`."""
    rows = [line.split() for line in text.splitlines() if line.split()[:1] == [policy] and len(line.split()) == 5]
    require(len(rows) == 1, f"pagerctl show has no line for {policy}", text)
    return [int(word) for word in rows[0][1:]]


def caught(policy, sentence):
    text = boot(policy, WORK)
    require(":right" in text.splitlines() and ":sound" in text.splitlines(), "a page was wrong, or vmcheck complains", text)
    require(f"pager: policy {policy} {sentence}" in text, f"the console does not say '{sentence}'", text)
    require("was replaced by fifo" in text and "replacement policy: fifo" in text, "fifo does not serve", text)
    require(text.count("was replaced by fifo") == 1, "it was said more than once", text)
    _, _, bad, replaced = counters(text, policy)
    require(replaced == 1, f"it was replaced {replaced} times", text)
    require(counters(text, "fifo")[0] > 1000, "fifo found no victims", text)
    return text, bad


def a_loop_is_ended():
    caught("loop", "used up its budget in victim() and")


def an_assertion_ends_the_policy():
    with open(os.path.join(ROOT, "test", "policies", "assertion.c"), encoding="ascii") as file:
        line = next(number for number, text in enumerate(file, 1) if "assert(" in text)
    caught("assertion", f"failed its assertion in line {line}, in page_out(), and")


def nonsense_is_counted():
    _, bad = caught("nonsense", "made too many bad proposals")
    require(bad == 8, f"{bad} bad proposals were counted")


def pages_of_others_are_not_touched():
    caught("stranger", "touched a page that is not its own, in victim(), and")


def a_wild_store_costs_a_restart():
    text, _ = caught("wild", "crashed the pager in victim() and")
    require("pager died: store to 0x10" in text and text.count("the pager died") == 1, "init does not say so once", text)


def an_unknown_name_is_said_and_fifo_serves():
    text = boot("lru", "pagerctl policy", extra=False)
    require("there is no policy lru" in text and "replacement policy: fifo" in text, "no report", text)


PAGERCTL = ("pagerctl policies; pagerctl policy aging; pagerctl policies; pagerctl policy random $$; pagerctl policy; "
            "pagerctl policy common $$; pagerctl limit; pagerctl limit 40 $$; pagerctl limit none $$; pagerctl limit 16; ls -l /bin | sort | wc; vmcheck --quiet; "
            "pagerctl show; pagerctl limit none; pagerctl reset; echo :after; pagerctl show; "
            "pagerctl policy lru || echo :1; pagerctl policy fifo 99999 || echo :2; pagerctl limit 3 || echo :3; pagerctl limit x || echo :4; "
            "pagerctl limit 18446744073709551617 || echo :5; pagerctl around 18446744073709551615 || echo :6; pagerctl around")


def pagerctl_shows_and_changes():
    """Every command of it, and what it refuses, by what it prints."""
    text = boot("clock", PAGERCTL, extra=False)
    wanted = [r"^\* clock +\S", r"^replacement policy: aging$", r"^\* aging +\S", r"^replacement policy of process \d+: random$",
              r"^replacement policy: aging$", r"^replacement policy of process \d+: aging, as everybody's$",
              r"^frame limit: 64; \d+ pages resident$", r"^frame limit of process \d+: 40; \d+ pages resident$",
              r"^frame limit of process \d+: none; \d+ pages resident$", r"^frame limit: 16; \d+ pages resident$",
              r"^policy +aging$", r"^evictions +[1-9]\d* ", r"^aging( +\d+){4}$", r"^frame limit: none; \d+ pages resident$", "^:after$",
              r"^policy +aging$", r"^evictions +0 ", "there is no policy lru; there are: .*fifo", "^:1$", "there is no process 99999", "^:2$",
              "too few frames", "^:3$", "a number of frames, or none", "^:4$", "a number of frames, or none", "^:5$",
              "around 18446744073709551615: a number", "^:6$", r"^fault-around: 16 pages a fault"]
    at = 0
    for pattern in wanted:
        match = re.compile(pattern, re.MULTILINE).search(text, at)
        require(match, f"pagerctl does not say {pattern}", text)
        at = match.end()


def assembly_does_not_compile():
    """It would go on for ever, for all that the budget counts."""
    with open(os.path.join(ROOT, "servers", "pager", "policy", "clock.c"), encoding="ascii") as file:
        clock = file.read()
    for bad in ('__asm__ volatile("1: j 1b");', 'asm("ecall");'):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "quick.c"), "w", encoding="ascii") as file:
                file.write(clock.replace("POLICY(clock", "POLICY(quick").replace("struct head *h = head;", bad + " struct head *h = head;", 1))
            done = subprocess.run(["scons", "-Q", f"BUILD={BUILD}", f"EXTRA_POLICIES={folder}", "image"], cwd=ROOT, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
            require(done.returncode != 0 and "poisoned" in done.stdout, f"{bad} compiles", done.stdout)


def the_simulator_runs_them_all():
    text = scons("simulate", "TRACE=" + os.path.join(ROOT, "test", "policies", "belady.trace"))
    rows = [line.split() for line in text.splitlines() if line.split()[:1] in (["3"], ["4"])]
    require([row[1] for row in rows[-2:]] == ["7", "6"], "the optimum for Belady's string is 7 and 6 faults", text)
    names = next(line.split()[2:] for line in text.splitlines() if line.split()[:1] == ["FRAMES"])
    fifo = 2 + 2 * names.index("fifo")
    require([row[fifo] for row in rows[-2:]] == ["9", "10"], "fifo's anomaly is 9 and 10 faults", text)


def an_example_is_the_same_alone():
    """What is played before it changes nothing: the table of one example stands in the table of all."""
    scons("simulate", "POLICY=clock")
    simulate = os.path.join(ROOT, "build", BUILD, "simulate", "simulate")
    tables = [subprocess.run([simulate, "-p", "clock", *which], stdout=subprocess.PIPE, text=True, check=True).stdout
              for which in ([], ["--example", "phases"])]
    require(tables[1].strip() in tables[0], "phases alone has other faults", "\n".join(tables))


CASES = [a_loop_is_ended, an_assertion_ends_the_policy, nonsense_is_counted, pages_of_others_are_not_touched,
         a_wild_store_costs_a_restart, an_unknown_name_is_said_and_fifo_serves, pagerctl_shows_and_changes, assembly_does_not_compile,
         the_simulator_runs_them_all, an_example_is_the_same_alone]


def main():
    bad = 0
    try:
        scons("EXTRA_POLICIES=test/policies", "image")
        for name in ("kernel.elf", "pagoda.img"):
            shutil.copy(os.path.join(ROOT, "build", BUILD + "-policies", name), COPY.name)
    except AssertionError as error:
        print(f"FAIL policies/build: {error}", flush=True)
        return 1
    for case in CASES:
        try:
            case()
            print(f"ok policies/{case.__name__}", flush=True)
        except (AssertionError, qemu.QemuError) as error:
            bad += 1
            print(f"FAIL policies/{case.__name__}: {error}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
