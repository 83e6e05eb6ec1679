#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 400
"""What a user types at scons: refused variables, exit statuses that come through, programs from outside, hangs ended.

Starts scons in this tree; leaves nothing outside build/ and a temporary folder.
"""

import os
import pty
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = "BUILD=" + os.environ.get("PAGODA_BUILD", "release")
failures = 0


def scons(*arguments):
    """(exit status, everything it printed)."""
    done = subprocess.run(["scons", "-Q", BUILD, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300, check=False)
    return done.returncode, done.stdout


def failed(name, why):
    global failures
    failures += 1
    print(f"FAIL {name}: {why}", flush=True)


def check(name, arguments, status, *texts):
    got, text = scons(*arguments)
    missing = [part for part in texts if part not in text]
    if got == status and not missing:
        print(f"ok {name}", flush=True)
        return
    failed(name, f"exit status {got}, wanted {status}; not said: {missing}")
    print("\n".join(text.splitlines()[-15:]), flush=True)


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def refusals():
    check("unknown_variable_is_refused", ["MME=64M"], 2, "did you mean MEM?", "EXTRA_APPS", "ICOUNT")
    check("bad_memory_size_is_refused", ["MEM=63M"], 2, "64M to 8G")
    check("bad_choice_is_refused", ["FORK=lazy"], 2, "cow or eager or tables")
    check("unknown_policy_is_refused", ["POLICY=lru"], 2, "aging, clock, fifo, random")
    check("unknown_target_is_refused", ["tset"], 2, "did you mean test?")
    check("unknown_port_is_refused", ["PORTS=nope"], 2, "there is no port nope", "lua, sqlite, zlib")
    check("missing_disk_is_refused", ["DISK=/nonexistent"], 2, "must name an existing file; to make one: mke2fs")
    check("what_is_no_disk_is_refused", ["DISK=" + os.path.abspath(__file__)], 2, "whole sectors of 512 bytes")
    check("nine_harts_are_refused", ["SMP=9"], 2, "from 1 to 8")
    check("unknown_update_is_refused", ["bench", "UPDATE=dosc"], 2, "baseline or docs", "did you mean docs?")
    check("a_missing_file_is_refused", ["bench", "COMPARE=no/such.json"], 2, "COMPARE must name an existing file")
    check("compare_and_update_exclude_each_other", ["bench", "COMPARE=test/baseline.json", "UPDATE=docs"], 2, "COMPARE and UPDATE")
    check("help_explains", ["--help"], 0, "bench", "RUN", "EXTRA_APPS")


def statuses():
    check("status_0_comes_through", ["run", "RUN=true"], 0)
    check("status_1_comes_through", ["run", "RUN=false"], 1)
    check("any_status_comes_through", ["run", "RUN=exit 201"], 201)
    check("quotes_and_equals_survive", ["run", "RUN=echo 'a=b  c' && true"], 0, "a=b  c")
    check("hang_is_ended", ["run", "RUN=sh", "TIMEOUT=8"], 124, "no power-off within 8 seconds", "hart 0 at 0x", ": kernel, arch_")


def ran(name, status, text):
    """A session that was typed ahead: its first line came whole."""
    if status == 0 and "pagoda$ echo it runs\nit runs\n" in text:
        print(f"ok {name}", flush=True)
        return
    failed(name, f"exit status {status}")
    print("\n".join(text.splitlines()[-6:]), flush=True)


def typed_ahead():
    """What is there before the machine is loses nothing, from a pipe and from a terminal."""
    command, words = ["scons", "-Q", BUILD, "run", "TIMEOUT=120"], b"echo it runs\npoweroff\n"
    done = subprocess.run(command, cwd=ROOT, input=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    ran("input_in_a_pipe_is_whole", done.returncode, done.stdout.decode(errors="replace").replace("\r", ""))
    ours, theirs = pty.openpty()
    os.write(ours, words)
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        text = process.communicate(timeout=300)[0].decode(errors="replace").replace("\r", "")
    ran("input_from_a_terminal_is_whole", process.returncode, text)
    os.close(ours)
    os.close(theirs)


def extra_apps():
    with tempfile.TemporaryDirectory() as folder:
        check("empty_extra_apps_is_refused", ["EXTRA_APPS=" + folder], 2, "no .c file")
        write(folder, "one.c", '#include <stdio.h>\nint main(void) { puts("one runs"); return 0; }\n')
        write(folder, "two/main.c", "int answer(void);\nint main(void) { return answer(); }\n")
        write(folder, "two/answer.c", "int answer(void);\nint answer(void) { return 42; }\n")
        check("extra_apps_run", ["run", "EXTRA_APPS=" + folder, "RUN=one && two"], 42, "one runs")
        left = sorted(os.listdir(folder))
        if left != ["one.c", "two"] or len(os.listdir(os.path.join(folder, "two"))) != 2:
            failed("objects_stay_out_of_extra_apps", f"files were left there: {left}")
        write(folder, "sh.c", "int main(void) { return 0; }\n")
        check("clash_with_own_program_is_refused", ["EXTRA_APPS=" + folder], 2, "clashes")
    check("extra_apps_leave_again", ["run", "RUN=one || exit 9"], 9)


def extra_policies():
    with tempfile.TemporaryDirectory() as folder:
        extra = "EXTRA_POLICIES=" + folder
        with open(os.path.join(ROOT, "servers", "pager", "policy", "fifo.c"), encoding="ascii") as file:
            fifo = file.read()
        check("empty_extra_policies_is_refused", [extra], 2, "no .c file")
        write(folder, "mine.c", fifo)
        check("a_policy_is_called_like_its_file", [extra, "image"], 2, "differ")
        mine = fifo.replace("POLICY(fifo", "POLICY(mine")
        write(folder, "mine.c", mine.replace('#include "policy.h"', '#include "policy.h"\n#include <ipc/ipc.h>'))
        check("a_policy_that_sees_messages_is_refused", [extra, "image"], 2, "ipc/ipc.h: No such file")
        write(folder, "mine.c", mine.replace("return h->queue.first;", "extern uint32_t frame_release(uint32_t);\n"
                                             "    return frame_release(h->queue.first);", 1))
        check("a_policy_that_calls_the_pager_is_refused", [extra, "image"], 2, "uses frame_release")
        endless = mine.replace("return h->queue.first;", "for (;;)\n        (void)h;", 1)
        write(folder, "mine.c", endless)
        check("a_loop_that_nothing_would_count_is_refused", [extra, "image"], 2, "endless loop without a body, in victim()")
        check("and_by_the_simulator", [extra, "simulate"], 2, "endless loop without a body, in victim()")
        write(folder, "mine.c", mine)
        check("a_policy_from_outside_serves", ["run", extra, "POLICY=mine", "RUN=pagerctl policy"], 0, "policy: mine")
        if os.listdir(folder) != ["mine.c"]:
            failed("objects_stay_out_of_extra_policies", f"files were left there: {os.listdir(folder)}")
        write(folder, "clock.c", fifo.replace("POLICY(fifo", "POLICY(clock"))
        check("clash_with_own_policy_is_refused", [extra], 2, "clashes")


refusals()
statuses()
typed_ahead()
extra_apps()
extra_policies()
sys.exit(1 if failures else 0)
