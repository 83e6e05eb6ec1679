#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs every test and counts: `scons test` calls it after the build. The last line is `N passed, N failed, N skipped`.

Four kinds, each named folder/file:
  lint/sources  tools/lint.py
  lint/pointers tools/pointers.py
  lint/pages    tools/pages.py
  host/test_x   a cmocka program of the host, built with sanitizers
  host/fuzz_x   a fuzzer of the host (libFuzzer): a fixed number of inputs from a fixed seed, head line RUNS:
  guest/x       a program bin/t_x inside Pagoda. It prints `ok x/case` or `FAIL x/case: why` lines and exits 0 or 1.
                After each, `vmcheck --quiet` must agree and `t__frames` must count the frames it counted before: the
                free ones, and those of servers, whose memory may grow on first use (test/guest/_frames.c).
                Head lines of the C file: MEM: 64M | GROUP: name (one boot for all of a group) | ARGS: more boot
                arguments | TIMEOUT: seconds | ICOUNT: 0 | SMP: harts at least, when `scons test SMP=` says fewer (more
                than one implies ICOUNT: 0) | RUN: command line instead of just t_x | DISK: size and options of
                mke2fs: the boot has such a disk, and afterwards e2fsck has nothing to say about it
  qemu/test_x   a Python script; exit status 0 passed, 77 skipped, else failed; may print `ok`, `FAIL`, `SKIP` lines, and `hint: ` lines that are shown.
                Head line: TIMEOUT: seconds. Environment: PAGODA_BUILD_DIR (kernel.elf, pagoda.img; a private copy),
                PAGODA_ELF_DIR (programs with symbols), PAGODA_BUILD, PAGODA_SMP; tools/ is on the module path.
A case is counted, not a file. Must never end a QEMU that it did not start, nor count what did not run as passed.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import qemu
from pagoda.targets import head_keys, selected

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = 2
DEFAULT_TIMEOUT_S = 90
LINE_MAX = 900       # bytes of one boot's command line; the boot arguments and the shell hold more
SKIPPED_STATUS = 77  # as automake has it
TAIL_LINES = 40

OK, FAIL, SKIP = re.compile(r"^ok \S"), re.compile(r"^FAIL (\S+)"), re.compile(r"^SKIP \S")
TALLY = re.compile(r"^FAIL \S+ \d+ of \d+ cases failed")  # a program's own sum of its FAIL lines


class Result:
    """What one test came to: counted cases, why it failed, and the console to show then."""

    def __init__(self, name, seconds=0.0):
        self.name, self.seconds = name, seconds
        self.passed = self.failed = self.skipped = 0
        self.why, self.console = [], []

    def fail(self, why):
        """Something besides its own cases is wrong."""
        self.why.append(why)
        self.failed += 1

    def count_lines(self, lines):
        self.passed += sum(1 for line in lines if OK.match(line))
        self.skipped += sum(1 for line in lines if SKIP.match(line))
        bad = {match[1].rstrip(":") for line in lines if (match := FAIL.match(line)) and not TALLY.match(line)}
        self.failed += len(bad)
        self.why += [f"failed: {case}" for case in sorted(bad)]

    def ran_nothing(self):
        return not (self.passed or self.failed or self.skipped)


BUSY_PATIENCE_MAX = 8


def patience():
    """How many times as long a test may take: the machine may be busy with other things than these tests."""
    return min(max(1.0, (os.getloadavg()[0] - JOBS) / os.cpu_count()), BUSY_PATIENCE_MAX)


# ---- programs of the host, and Python scripts ----

def run_process(name, command, timeout, env):
    """(Result without counts, exit status or None when it hung, lines)."""
    began, timeout = time.monotonic(), timeout * patience()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        text, _ = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 15)  # its own session: it and the QEMUs it started
        try:
            text, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            text, _ = process.communicate()
        status = None
    result = Result(name, time.monotonic() - began)
    lines = text.decode(errors="replace").replace("\r", "").splitlines()
    result.console = lines
    if status is None:
        result.fail(f"did not end within {timeout:.0f} seconds")
    return result, status, lines


class HostTest:
    """A cmocka program; its lines [ OK ], [ FAILED ] and [ SKIPPED ] are counted."""

    def __init__(self, name, program):
        self.name, self.program, self.timeout = name, program, DEFAULT_TIMEOUT_S

    def run(self, _stage):
        if not os.path.exists(os.path.join(ROOT, self.program)):
            result = Result(self.name)
            result.fail("it was not built")
            return [result]
        result, status, lines = run_process(self.name, [os.path.join(ROOT, self.program)], self.timeout, os.environ)
        text = "\n".join(lines)
        result.passed += len(re.findall(r"^\[ +OK +\]", text, re.MULTILINE))
        result.skipped += len(re.findall(r"^\[ +SKIPPED +\] \w", text, re.MULTILINE))
        bad = re.findall(r"^\[ +FAILED +\] (?!\[?TESTS)(?!\d+ test)(\w+)", text, re.MULTILINE)
        result.failed += len(set(bad))
        if status and not bad:
            result.fail(f"exit status {status}")
        if result.ran_nothing():
            result.fail("it ran no test")
        return [result]


class FuzzTest:
    """A libFuzzer program of the host: so many inputs as its head says, always the same ones (so addresses must be, too)."""

    def __init__(self, name, program):
        self.name, self.program, self.timeout = name, program, DEFAULT_TIMEOUT_S
        self.runs = int(head_keys(os.path.join(ROOT, "test", name + ".c")).get("RUNS", "2000"))

    def run(self, _stage):
        folder = os.path.join(ROOT, "build", "fuzz", "")
        os.makedirs(folder, exist_ok=True)
        command = ["setarch", "-R", os.path.join(ROOT, self.program), "-seed=1", f"-runs={self.runs}", "-len_control=0", "-max_len=1000", f"-artifact_prefix={folder}",
                   "-print_final_stats=1", "-verbosity=0"]
        result, status, lines = run_process(self.name, command, self.timeout, os.environ)
        done = [line for line in lines if line.startswith("stat::number_of_executed_units:")]
        if status == 0 and done and int(done[0].split()[1]) >= self.runs:
            result.passed += 1
        elif status is not None:
            result.fail(f"exit status {status}; the input that did it is under build/fuzz")
        return [result]


class PythonTest:
    """A script that decides by its exit status and its ok, FAIL and SKIP lines."""

    def __init__(self, name, path, smp=1):
        self.name, self.path, self.smp = name, path, smp
        self.timeout = int(head_keys(path).get("TIMEOUT", DEFAULT_TIMEOUT_S)) * (1 if smp == 1 else qemu.SMP_PATIENCE)
        self.alone = smp > 1  # as GuestBoot.alone

    def run(self, stage):
        env = dict(os.environ, PAGODA_BUILD_DIR=stage.folder, PAGODA_ELF_DIR=stage.out, PAGODA_BUILD=stage.build,
                   PAGODA_SMP=str(self.smp), PYTHONPATH=os.path.join(ROOT, "tools"), PYTHONDONTWRITEBYTECODE="1")
        result, status, lines = run_process(self.name, [sys.executable, self.path], self.timeout, env)
        result.count_lines(lines)
        if status == SKIPPED_STATUS:
            result.skipped += 1
        elif status and not result.failed:
            result.fail(f"exit status {status}")
        elif status == 0 and result.ran_nothing():
            result.passed += 1
        return [result]


# ---- programs inside Pagoda ----

class GuestTest:
    """One program t_x; knows the shell line that runs it and how to read what the console shows."""

    def __init__(self, name, path, smp, frames=None):
        """frames: with memory for so many pages only (SHORT), so that pages leave and come back under it."""
        head = head_keys(path)
        self.short = frames is not None
        self.name, self.program = name, "t_" + os.path.basename(path)[:-2]
        self.line = head.get("RUN", self.program)
        with open(path, encoding="utf-8") as file:
            self.cases = [] if "RUN" in head else re.findall(r"\bCASE\((\w+)\)", file.read().rpartition("GT_MAIN(")[2])
        self.timeout = int(head.get("TIMEOUT", DEFAULT_TIMEOUT_S))
        smp = max(int(head.get("SMP", 0)), smp)
        args = head.get("ARGS", "") + (f" frames={frames} store={SHORT_STORE}" if self.short else "")
        self.boot = (head.get("MEM", "128M"), args.strip(), head.get("ICOUNT", "1") != "0" and smp == 1, smp,
                     head.get("DISK"))
        self.timeout *= 1 if smp == 1 else qemu.SMP_PATIENCE
        self.group = head.get("GROUP")

    def shell(self):
        return (f"echo :begin {self.program};{self.line} && echo :pass || echo :fail;"
                "vmcheck --quiet && echo :sound || echo :unsound;" + ("pagerctl show;" if self.short else "") + "echo :frames;t__frames;")

    def running(self, lines):
        """Words for the case that had not ended."""
        done = {word[1] for line in lines if (word := re.match(r"(?:ok|FAIL) \w+/(\w+)", line))}
        left = [case for case in self.cases if case not in done]
        return f"; it was in {left[0]}" if left else ""

    def read(self, lines, before, ended):
        """The Result from this test's console lines. Returns (Result, free frames after it)."""
        result = Result(self.name)
        result.console = lines
        own = lines[:lines.index(":frames")] if ":frames" in lines else lines
        result.count_lines(own)
        if ":fail" in lines and not result.failed:
            result.fail("its exit status was not 0")
        if ":pass" in lines and result.ran_nothing():
            result.fail("it printed no ok line")
        after = frames_after(lines)
        if ":pass" not in lines and ":fail" not in lines:
            result.fail(ended + self.running(lines))
        elif ":sound" not in lines:
            result.fail("vmcheck found the system unsound" if ":unsound" in lines else f"vmcheck did not end: {ended}")
        elif self.short and not re.search(r"^reads +[1-9]", "\n".join(lines), re.MULTILINE):
            result.fail("no page came back from the store: it had memory enough")
        elif after is None:
            result.fail(f"t__frames did not print a number: {ended}")
        elif before is not None and after != before:
            result.fail(f"{before} frames were free or in servers before it, {after} after it: {after - before:+d}")
        return result, after


def frames_after(lines):
    """The number printed after the last :frames mark, or None."""
    if ":frames" not in lines:
        return None
    rest = lines[len(lines) - lines[::-1].index(":frames"):]
    numbers = [line for line in rest if re.fullmatch(r"\d+", line.strip())]
    return int(numbers[0]) if numbers else None


class GuestBoot:
    """Tests that share a boot. A test that takes the machine down does not take the ones behind it along."""

    WARM = "true;vmcheck --quiet;echo :frames;t__frames;"  # servers take their working memory on first use

    def __init__(self, tests):
        self.tests = tests
        self.timeout = sum(test.timeout for test in tests)
        self.alone = any(test.boot[3] > 1 for test in tests)  # harts that share a core with other tests wait for each other

    def run(self, stage):
        results, left = [], list(self.tests)
        while left:
            done = self.boot(stage, left)
            results += done
            left = left[len(done):]
        return results

    def boot(self, stage, tests):
        """Results of the tests that began, at least one."""
        with tempfile.TemporaryDirectory(prefix="pagoda-disk-") as folder:
            disk = make_disk(folder, tests[0].boot[4]) if tests[0].boot[4] else None
            results, ended = self.boot_with(stage, tests, disk)
            wrong = check_disk(disk) if disk else ""
        if wrong and ended:
            results[-1].fail("e2fsck afterwards: " + wrong)
        return results

    def boot_with(self, stage, tests, disk):
        """(results, whether the machine ended in good order)."""
        mem, args, icount, smp, _ = tests[0].boot
        line = self.WARM + "".join(test.shell() for test in tests)
        machine = qemu.Machine(stage.kernel, stage.image, mem=mem, build=stage.build, icount=icount, args=args,
                               smp=smp, run=line.rstrip(";"), extra=stage.qemu_options(tests[0].name),
                               disk=disk and UNSYNCED.format(disk))
        guest = machine.start()
        guest.programs = [os.path.join(stage.out, "test", "guest", test.program + ".elf") for test in tests]
        outcome = guest.wait(sum(test.timeout for test in tests) * patience())
        ended = "it hung; the watchdog ended it" if outcome.hung else f"the machine stopped (status {outcome.status})"
        parts = split_console(outcome.lines + outcome.where, [test.program for test in tests])
        before, results = frames_after(parts[0]), []
        for test, lines in zip(tests, parts[1:]):
            result, before = test.read(lines, before, ended)
            result.seconds = outcome.seconds / max(1, len(parts) - 1)
            results.append(result)
        if not results:
            result = Result(tests[0].name, outcome.seconds)
            result.console = outcome.lines
            result.fail(f"it never began: {ended}")
            results.append(result)
        return results, not outcome.hung


SHORT_STORE = 1024  # frames: more than any of these tests has pages
UNSYNCED = "driver=raw,file.driver=file,file.filename={},cache.no-flush=on"  # a test does not wait for the host's disk
E2FS_ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "LC_ALL": "C"}


def make_disk(folder, words):
    """A disk image of "SIZE OPTIONS" as a DISK: line says."""
    size, *options = words.split()
    path = os.path.join(folder, "disk.img")
    with open(path, "wb"):
        pass
    subprocess.run(["mke2fs", "-q", "-t", "ext2", "-F", *options, path, size], env=E2FS_ENVIRONMENT, stdin=subprocess.DEVNULL,
                   check=True)
    return path


def check_disk(path):
    """What e2fsck has to say about it, or nothing."""
    done = subprocess.run(["e2fsck", "-fn", path], env=E2FS_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return "" if done.returncode == 0 else f"exit status {done.returncode}: {done.stdout.strip()}"


def split_console(lines, programs):
    """[what came before the first mark, the lines of each program that began]."""
    parts, names = [[]], list(programs)
    for line in lines:
        if names and line.strip() == f":begin {names[0]}":
            names.pop(0)
            parts.append([])
        parts[-1].append(line.rstrip())
    return parts


def guest_boots(tests):
    """Put tests of one group, with the same machine, into boots whose command line is not too long."""
    boots, groups = [], {}
    for test in tests:
        key = (test.group, test.boot) if test.group else (test.name,)
        groups.setdefault(key, []).append(test)
    for members in groups.values():
        current = []
        for test in members:
            if current and len("".join(t.shell() for t in [*current, test])) > LINE_MAX:
                boots.append(GuestBoot(current))
                current = []
            current.append(test)
        boots.append(GuestBoot(current))
    return boots


# ---- all of them ----

class Stage:
    """A private copy of what is booted, so that a build meanwhile changes nothing under a running test."""

    def __init__(self, out, build):
        self.out, self.build = os.path.abspath(out), build
        self.folder = tempfile.mkdtemp(prefix="pagoda-test-")
        self.kernel = self._copy("kernel.elf")
        self.image = self._copy("pagoda.img")
        self._copy("ports.img")

    def _copy(self, name):
        source, copy = os.path.join(self.out, name), os.path.join(self.folder, name)
        if os.path.exists(source):
            shutil.copy(source, copy)
        return copy

    def qemu_options(self, _test):
        """More options for the boot that begins with this test; tools/longest.py has some."""
        return []


class Report:
    """Prints results as they come; counts."""

    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = self.skipped = 0
        self.bad = []
        colour = sys.stdout.isatty()
        self.red, self.green, self.plain = ("\033[31m", "\033[32m", "\033[0m") if colour else ("", "", "")

    def add(self, result):
        with self.lock:
            self.passed += result.passed
            self.failed += result.failed
            self.skipped += result.skipped
            mark = f"{self.red}FAIL{self.plain}" if result.failed else f"{self.green}ok{self.plain}  "
            if result.skipped and not result.passed and not result.failed:
                mark = "skip"
            count = result.passed + result.failed
            print(f"{mark} {result.name:<28} {count:>4} case{' ' if count == 1 else 's'} {result.seconds:7.1f} s", flush=True)
            for line in result.console:
                if line.startswith("hint: "):
                    print("     " + line)
            if result.failed:
                self.bad.append(result.name)
                for why in result.why:
                    print(f"     {why}")
                for line in result.console[-TAIL_LINES:]:
                    print(f"     | {line}")
                sys.stdout.flush()

    def finish(self, seconds):
        if self.bad:
            print(f"failed: {' '.join(self.bad)}")
        print(f"in {seconds:.0f} s")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not (self.passed or self.skipped) else 0


def discover(host_programs, only, smp):
    jobs = [(FuzzTest if os.path.basename(path).startswith("fuzz_") else HostTest)(name, path)
            for path in host_programs if selected(name := "host/" + os.path.basename(path), only)]
    paths = sorted(glob.glob(os.path.join(ROOT, "test/guest/[a-z]*.c")))
    guests = [GuestTest(name, path, smp) for path in paths if selected(name := "guest/" + os.path.basename(path)[:-2], only)]
    guests += [GuestTest(name, path, smp, head_keys(path)["SHORT"]) for path in paths
               if "SHORT" in head_keys(path) and selected(name := "guest/" + os.path.basename(path)[:-2] + "-short", only)]
    scripts = [PythonTest(name, path, smp) for path in sorted(glob.glob(os.path.join(ROOT, "test/qemu/test_*.py")))
               if selected(name := "qemu/" + os.path.basename(path)[:-3], only)]
    for name, script in (("lint/sources", "lint.py"), ("lint/pointers", "pointers.py"), ("lint/pages", "pages.py")):
        if selected(name, only):
            jobs.append(PythonTest(name, os.path.join(ROOT, "tools", script)))
    return sorted(jobs + guest_boots(guests) + scripts, key=lambda job: -job.timeout)  # long ones first: even ends


def run_job(job, stage, report):
    try:
        results = job.run(stage)
    except (OSError, ValueError, qemu.QemuError) as error:
        names = [test.name for test in job.tests] if isinstance(job, GuestBoot) else [job.name]
        results = [Result(name) for name in names]
        for result in results:
            result.fail(str(error))
    for result in results:
        report.add(result)


def main():
    parser = argparse.ArgumentParser(description="Run Pagoda's tests.")
    parser.add_argument("--dir", default="build/release", help="the build to test")
    parser.add_argument("--build", default="release")
    parser.add_argument("--only", default="", help="patterns such as guest/fork*, with commas between")
    parser.add_argument("--smp", type=int, default=1, help="harts, for tests that do not ask for more")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("host", nargs="*", help="host test programs")
    given = parser.parse_args()
    began = time.monotonic()
    jobs = discover(given.host, given.only, given.smp)
    report = Report()
    if not jobs:
        print(f"run_tests: no test matches {given.only or 'anything'}.", file=sys.stderr)
    stage = Stage(given.dir, given.build)
    try:
        alone = [job for job in jobs if getattr(job, "alone", False)]
        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            for done in [pool.submit(run_job, job, stage, report) for job in jobs if job not in alone]:
                done.result()
        for job in alone:
            run_job(job, stage, report)
    finally:
        shutil.rmtree(stage.folder, ignore_errors=True)
    return report.finish(time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
