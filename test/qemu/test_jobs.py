#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# TIMEOUT: 200
"""Jobs at the prompt: ^C is for the one in the foreground, all of it, and for nobody else; ^Z stops it; fg, bg, kill and wait go on with
it; who reads gets nothing that is typed while it is stopped or in the background; a job that ended is told of; the shell itself can be interrupted without being ended; and the
prompt answers beside a fork bomb in a limit.
"""

import sys
import time

from qemu import Machine, QemuError

PROMPT = r"^pagoda\$ "
SECONDS = 60


def line(guest, text, *wanted):
    """Type a line, see the output, wait for the prompt."""
    guest.send(text + "\r")
    for pattern in wanted:
        guest.expect(pattern, SECONDS)
    guest.expect(PROMPT, SECONDS)


def key(guest, letter, *wanted):
    """A key for the program in the foreground; what comes before it runs finds nobody there, so again until it is heard."""
    for _ in range(SECONDS):
        time.sleep(0.5)
        guest.send(letter)
        try:
            for pattern in wanted:
                guest.expect(pattern, 2)
            guest.expect(PROMPT, 2)
            return
        except QemuError:
            continue
    raise QemuError(f"nobody heard {letter!r}; {guest.text[-500:]}")


def start(guest, text):
    guest.send(text + "\r")
    guest.expect(r"^pagoda\$ " if text.endswith("&") else text[-6:].replace("$", r"\$").replace("|", r"\|") + r"\n", SECONDS)


def interrupted_job_ends_and_no_other(guest):
    line(guest, "sleep 1000 &", r"^\[1\] \d+$")
    start(guest, "sleep 2000")
    key(guest, "\x03")
    line(guest, "echo status $?", "^status 130$")
    line(guest, "jobs", r"^\[1\] \+ Running +sleep 1000$")
    line(guest, "ps", "sleep")
    line(guest, "kill %1; wait %1; echo $?", "^143$")


def all_of_a_pipe_is_interrupted(guest):
    start(guest, "sleep 1000 | cat | cat")
    key(guest, "\x03")
    line(guest, "ps | grep -c sleep", "^0$")


def a_stopped_job_goes_on(guest):
    start(guest, "sleep 3000")
    key(guest, "\x1a", r"^\[1\] \+ Stopped +sleep 3000$")
    line(guest, "bg", r"^\[1\] sleep 3000 &$")
    line(guest, "jobs -l", r"^\[1\] \+ \d+ Running +sleep 3000$")
    guest.send("fg %1\r")
    guest.expect("^sleep 3000$", SECONDS)
    key(guest, "\x03")
    line(guest, "jobs; echo none", r"jobs; echo none\nnone$")


def a_reader_is_stopped_and_goes_on(guest):
    """What is typed is for the foreground alone: not for who was stopped in a read, nor for the background."""
    start(guest, "cat")
    time.sleep(3)
    guest.send("one\r")
    guest.expect("^one\none$", SECONDS)
    key(guest, "\x1a", r"^\[1\] \+ Stopped +cat$")
    line(guest, "echo for the shell", "^for the shell$")
    line(guest, "bg", r"^\[1\] cat &$")
    time.sleep(1)
    line(guest, "echo still for the shell", "^still for the shell$")
    line(guest, "jobs", r"^\[1\] \+ Stopped +cat$")
    guest.send("fg\r")
    guest.expect("^cat$", SECONDS)
    time.sleep(1)
    guest.send("two\r")
    guest.expect("^two\ntwo$", SECONDS)
    key(guest, "\x1c", "QUIT")
    line(guest, "cat & sleep 1", r"^\[1\] \d+$")
    line(guest, "echo and this", "^and this$")
    line(guest, "jobs; kill %1; fg; echo $?", r"^\[1\] \+ Stopped +cat$", "^143$")


def what_ended_is_told(guest):
    line(guest, "sleep 0 & sleep 1", r"^\[1\] \d+$", r"^\[1\] . Done +sleep 0$")
    line(guest, "(exit 3) & wait $!; echo $?", "^3$")


def the_shell_can_be_interrupted(guest):
    start(guest, "while :; do :; done")
    key(guest, "\x03")
    start(guest, "sleep 1000; echo not reached")
    key(guest, "\x03")
    line(guest, "trap 'echo caught' USR1; kill -USR1 $$; trap - USR1; echo on", "^caught$", "^on$")


def what_is_no_limit_limits_nothing_and_runs_nothing(guest):
    for wrong in ("frames=-1", "frames=18446744073709551615", "frames=99999999999999999999", "frames=", "frames=9x", "processes=0"):
        line(guest, f"limit {wrong} echo ran || echo refused $?", "^refused 2$")
    line(guest, "limit --kill 2x; echo $?", "^limit: 2x: it began no limited tree$", "^1$")


def the_prompt_answers_beside_a_bomb(guest):
    line(guest, "limit processes=60 frames=3000 t_bomb --full a_fork_bomb > /tmp/bomb &", r"^\[\d\] \d+$")
    end, many = time.monotonic() + SECONDS, 0
    while many <= 20:
        if time.monotonic() > end:
            line(guest, "cat /tmp/bomb")
            raise QemuError(f"the bomb does not go off: {many} processes; {guest.text[-500:]}")
        time.sleep(0.5)  # its priority is lower than the prompt's, so it gets what the looking leaves
        guest.send("echo there are $(ps | grep -c t_bomb)\r")
        many = int(guest.expect(r"^there are (\d+)$", SECONDS).group(1))
        guest.expect(PROMPT, SECONDS)
    line(guest, "echo still $((40 + 2))", "^still 42$")
    line(guest, "ps", "t_bomb")
    line(guest, "echo sorted | sort && ls /bin/true", "^sorted$", "^/bin/true$")
    line(guest, "limit --kill $!; wait $!; echo $?", r"^\d+ processes ended$", "^137$")
    line(guest, "ps | grep -c t_bomb", "^0$")


CASES = [interrupted_job_ends_and_no_other, all_of_a_pipe_is_interrupted, a_stopped_job_goes_on, a_reader_is_stopped_and_goes_on, what_ended_is_told,
         the_shell_can_be_interrupted, what_is_no_limit_limits_nothing_and_runs_nothing, the_prompt_answers_beside_a_bomb]


def main():
    failures = 0
    with Machine.from_environment(icount=False).start() as guest:
        guest.expect(PROMPT, SECONDS)
        for case in CASES:
            try:
                case(guest)
                print(f"ok {case.__name__}", flush=True)
            except QemuError as error:
                failures += 1
                print(f"FAIL {case.__name__}\n  | " + "\n  | ".join(str(error).splitlines()[-25:]), flush=True)
                break
        guest.send("exit\r")
        if failures == 0 and guest.wait(SECONDS).status != 0:
            failures += 1
            print("FAIL the shell's exit did not power off", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
