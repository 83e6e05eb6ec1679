# SPDX-License-Identifier: MIT
"""What SConstruct's targets do once everything is built, and small questions that the SConscripts ask.

Every action of Context returns an exit status; it starts no build.
"""

import fnmatch
import os
import re
import subprocess
import sys

import qemu
from pagoda.settings import SettingError

RUN_TIMEOUT_S = 600
HEAD_LINES = 40


def tools_needed(wanted):
    """The probe groups (pagoda/probe.py) that the targets on the command line need."""
    groups = ["build"]
    if {"run", "gdb", "test", "bench", "mutants", "campaign", "profile", "longest"} & set(wanted):
        groups.append("qemu")
    if {"profile", "longest"} & set(wanted):
        groups.append("plugin")
    if {"test", "mutants", "fuzz", "simulate"} & set(wanted):
        groups.append("host")
    if {"test", "fuzz"} & set(wanted):
        groups.append("fuzz")
    if "gdb" in wanted:
        groups.append("gdb")
    if "model" in wanted:
        groups.append("model")
    return groups


# ---- files with a head ----

_HEAD = re.compile(r"^[\s/*#]*([A-Z]+):\s*(.*?)\s*(?:\*/)?\s*$")


def head_keys(path):
    """KEY: value lines in the first lines of a test's head comment. A key given twice is joined with a space."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for _, line in zip(range(HEAD_LINES), file):
            match = _HEAD.match(line)
            if match:
                found[match[1]] = (found.get(match[1], "") + " " + match[2]).strip()
    return found


def selected(name, only):
    """Whether a test's name matches ONLY (patterns with commas between; empty: all)."""
    patterns = [pattern for pattern in only.split(",") if pattern]
    return not patterns or any(fnmatch.fnmatch(name, p) or name == p for p in patterns)


def boots(only):
    """Whether the tests that ONLY selects can need a kernel and an image."""
    return not only or any(not pattern.startswith(("host/", "lint/")) for pattern in only.split(",") if pattern)


def measures(only):
    """Whether the tests that ONLY selects compare figures with the baseline, for which there is a build of its own."""
    return selected("qemu/test_bench", only)


# ---- ports ----

def check_ports(wanted, known):
    """PORTS names ports that there are; `all` becomes all of them. Raises SettingError."""
    if wanted == ["all"]:
        wanted[:] = known
    for name in wanted:
        if name not in known:
            raise SettingError(f"PORTS={','.join(wanted)}: there is no port {name}; there are: {', '.join(known)}.")


def ports_tested(only, known):
    """The ports whose tests ONLY selects: qemu/test_port_NAME."""
    return [name for name in known if selected("qemu/test_port_" + name, only)]


# ---- EXTRA_APPS ----

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,34}")  # "bin/NAME" fits IMAGE_NAME_MAX


def extra_programs(folder, taken):
    """{program: [C files]} of a directory: every *.c, every folder with *.c in it. Raises SettingError."""
    programs = {}
    for entry in sorted(os.listdir(folder)):
        path = os.path.join(folder, entry)
        if entry.startswith("."):
            continue
        if os.path.isdir(path):
            name = entry
            files = sorted(os.path.join(path, file) for file in os.listdir(path) if file.endswith((".c", ".S")))
        elif entry.endswith(".c"):
            name, files = entry[:-2], [path]
        else:
            continue
        if not files:
            continue
        if not _NAME.fullmatch(name):
            raise SettingError(f"EXTRA_APPS: '{name}' can't be a program's name; use up to 35 letters, digits, _ . + -.")
        if name in programs or "bin/" + name in taken:
            other = "the folder and the file of that name" if name in programs else "a program of Pagoda's own"
            raise SettingError(f"EXTRA_APPS: {path} clashes with {other}; call it something else than {name}.")
        programs[name] = files
    if not programs:
        raise SettingError(f"EXTRA_APPS={folder}: there is no .c file and no folder with .c files in it.")
    return programs


# ---- replacement policies ----

_POLICY = re.compile(r"[a-z][a-z0-9_]{0,14}")  # an identifier in C, and 15 letters in a message
_POLICY_MAY_CALL = {"policy_node", "policy_accessed", "policy_random", "policy_fail", "__sanitizer_cov_trace_pc",
                    "memcpy", "memset", "memmove", "memcmp"}  # the last four gcc calls on its own,
_GCC_HELPER = re.compile(r"__[a-z]+[sdt]i[23]")               # as it does these, such as __clzdi2


def policy_files(root):
    """{policy: C file} of those in the tree: the name is the file's."""
    folder = os.path.join(root, "servers", "pager", "policy")
    return {name[:-2]: os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".c")}


def extra_policies(folder, taken):
    """{policy: C file} of a directory outside the tree. Raises SettingError."""
    found = {name[:-2]: os.path.join(folder, name) for name in sorted(os.listdir(folder))
             if name.endswith(".c") and not name.startswith(".")}
    if not found:
        raise SettingError(f"EXTRA_POLICIES={folder}: there is no .c file in it; a policy is one (docs/policies.md).")
    for name, file in found.items():
        if not _POLICY.fullmatch(name):
            raise SettingError(f"EXTRA_POLICIES: '{name}' can't be a policy's name; use up to 15 small letters, digits and _.")
        if name in taken:
            raise SettingError(f"EXTRA_POLICIES: {file} clashes with the policy {name} of Pagoda's own; call it something else.")
    return found


def check_policy(name, root, folder):
    """POLICY names one that the image will have. Raises SettingError."""
    listed = {**policy_files(root), **(extra_policies(folder, policy_files(root)) if folder else {})}
    if name and name not in listed:
        raise SettingError(f"POLICY={name}: there is no such policy; there are: {', '.join(listed)}.")


_FUNCTION = re.compile(r"[0-9a-f]+ <([\w.]+)>:")
_JUMP_TO_ITSELF = re.compile(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t(?:j|jmp)\s+\1\b")


def check_policy_loops(target, source, env):
    """After the compilation of a policy: 1, and a sentence, if it has a loop without a body. The compiler puts no counting call
    into such a loop, so that no budget would end it; it is one instruction, which jumps to itself."""
    objdump = env["CC"].replace("gcc", "objdump")
    listed = subprocess.run([objdump, "-d", str(target[0])], stdout=subprocess.PIPE, text=True, check=True).stdout
    function = ""
    for line in listed.splitlines():
        if named := _FUNCTION.match(line):
            function = named[1] if not named[1].startswith(".L") else function
        elif _JUMP_TO_ITSELF.match(line):
            print(f"scons: the policy {source[0]} has an endless loop without a body, in {function}(); the budget counts basic blocks "
                  "and could not end it.", file=sys.stderr)
            return 1
    return 0


def check_policy_object(target, source, env):
    """After the compilation of a policy: 1, and a sentence, if it uses what policies don't see."""
    listed = subprocess.run([env["CC"].replace("gcc", "nm"), "-u", str(target[0])], stdout=subprocess.PIPE, text=True,
                            check=True).stdout
    names = set(listed.split()) - _POLICY_MAY_CALL - {"U"}
    wrong = sorted(name for name in names if not _GCC_HELPER.fullmatch(name))
    if not wrong:
        return 0
    print(f"scons: the policy {source[0]} uses {', '.join(wrong)}; all that a policy may use is in policy.h.", file=sys.stderr)
    return 1


# ---- seeded bugs ----

def read_mutants(root):
    """[(name, file, [tests])] of test/mutants.txt: three columns, tests separated by commas."""
    path = os.path.join(root, "test", "mutants.txt")
    if not os.path.exists(path):
        return []
    rows = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if len(words) >= 3:
                rows.append((words[0], words[1], [t for t in ",".join(words[2:]).split(",") if t]))
    return rows


def mutant_part(root, mutant):
    """The folder that a seeded bug is compiled into; "" means all of them. Exits when the name is unknown."""
    rows = {name: file for name, file, _ in read_mutants(root)}
    if mutant not in rows:
        print(f"scons: MUTANT={mutant}: test/mutants.txt lists no such bug, only: {', '.join(rows) or 'none'}.",
              file=sys.stderr)
        raise SystemExit(2)
    for part in ("microkernel/core", "microkernel/riscv"):
        if rows[mutant].startswith(part):
            return "microkernel"
    for part in ("servers/pager", "servers/procmgr", "servers/console", "servers/init", "servers/fs", "servers/blk"):
        if rows[mutant].startswith(part + "/"):
            return part
    return ""


def is_affected(folder, part):
    return folder == part or part == "" or folder.startswith(part + "/")


# ---- what targets do ----

def boot_words(options):
    """Boot arguments that only some boots have: the frame limit, the size of the store, the replacement policy."""
    words = [f"frames={options['FRAMES']}"] if options["FRAMES"] else []
    words += [f"around={options['AROUND']}"] if options["AROUND"] is not None else []
    words += [f"store={options['STORE']}"] if options["STORE"] is not None else []
    words += [f"policy={options['POLICY']}"] if options["POLICY"] else []
    return " ".join(words)


class Context:
    """The settings of this call of scons and the folder of its build."""

    def __init__(self, root, options, out):
        self.root, self.options, self.out = root, options, out

    def machine(self, **changes):
        o = self.options
        given = {"kernel": f"{self.out}/kernel.elf", "image": f"{self.out}/pagoda.img", "mem": o["MEM"],
                 "fork": o["FORK"], "build": o["BUILD"], "icount": o["ICOUNT"], "run": o["RUN"], "args": boot_words(o),
                 "smp": o["SMP"], "disk": o["DISK"]}
        return qemu.Machine(**{**given, **changes})

    def run(self):
        sys.stdout.flush()
        port = qemu.free_port() if self.options["GDB"] else None
        port_file = os.path.join(self.root, self.out, "gdb.port")
        if port:
            with open(port_file, "w", encoding="ascii") as file:
                file.write(str(port))
            print(f"scons: waiting for a debugger on port {port}; in another terminal: scons gdb", flush=True)
        try:
            machine = self.machine(gdb_port=port)
            if self.options["RUN"]:
                return qemu.run_line(machine, self.options["TIMEOUT"] or RUN_TIMEOUT_S)
            if sys.stdout.isatty():
                print("scons: leave with `poweroff`, or with Ctrl-A X. ^C goes to the program in Pagoda.", flush=True)
            return machine.interact(self.options["TIMEOUT"])
        except qemu.QemuError as error:
            print(f"scons: {error}.", file=sys.stderr)
            return 2
        finally:
            if port and os.path.exists(port_file):
                os.unlink(port_file)

    def tool(self, name, *arguments):
        """Run tools/NAME and return its exit status."""
        sys.stdout.flush()
        command = [sys.executable, os.path.join(self.root, "tools", name), *arguments]
        return subprocess.run(command, cwd=self.root, check=False).returncode

    def gdb(self):
        arguments = ["--dir", self.out, "--mem", self.options["MEM"], "--fork", self.options["FORK"]]
        if self.options["RUN"]:
            arguments += ["--run", self.options["RUN"]]
        return self.tool("gdb/session.py", *arguments)

    def size(self):
        return self.tool("size.py", f"{self.out}/kernel.elf")

    def test(self, host):
        arguments = ["--dir", self.out, "--build", self.options["BUILD"], "--only", self.options["ONLY"],
                     "--smp", str(self.options["SMP"])]
        return self.tool("run_tests.py", *arguments, *host)

    def bench_builds(self):
        """The builds that the bench target needs: none to compare with what was measured before, one for the baseline."""
        if self.options["COMPARE"] and os.path.exists(os.path.join(self.root, "build", "bench", "bench.json")):
            return []
        return ["bench"] if self.options["UPDATE"] == ["baseline"] else ["bench", "release"]

    def bench(self):
        arguments = ["--mem", self.options["MEM"]] if self.options["MEM_GIVEN"] else []
        arguments += ["--compare", self.options["COMPARE"]] if self.options["COMPARE"] else []
        return self.tool("bench.py", *arguments, "--update", ",".join(self.options["UPDATE"]))

    def profile(self):
        return self.tool("profiler.py", self.options["METRIC"], "--after", self.options["AFTER"])

    def longest(self):
        return self.tool("longest.py", "--only", self.options["ONLY"])

    def mutants(self):
        return self.tool("mutants.py", "--only", self.options["MUTANT"] or self.options["ONLY"])

    def campaign(self):
        return self.tool("campaign.py", "--dir", self.out, "--build", self.options["BUILD"], "--only", self.options["ONLY"])

    def fuzz(self, programs):
        """The fuzzers among the host programs, one after the other, TIME seconds each (or RUNS inputs)."""
        fuzzers = [program for program in programs if os.path.basename(program).startswith("fuzz_")]
        limit = ["--runs", str(self.options["RUNS"])] if self.options["RUNS"] else ["--time", str(self.options["TIME"])]
        return self.tool("fuzz.py", *limit, *fuzzers)

    def simulate(self, program):
        sys.stdout.flush()
        arguments = ["-p", self.options["POLICY"]] if self.options["POLICY"] else []
        arguments += ["-f", str(self.options["FRAMES"])] if self.options["FRAMES"] else []
        arguments += [self.options["TRACE"]] if self.options["TRACE"] else []
        status = subprocess.run([os.path.join(self.root, program), *arguments], cwd=self.root, check=False).returncode
        print(f"scons: this was {program}; it has options (--help)", flush=True)
        return status

    def model(self):
        return self.tool("model.py")
