# SPDX-License-Identifier: MIT
"""Takes figures: boots a build under deterministic time, reads what `bench --json` prints between BENCH-JSON-BEGIN and
BENCH-JSON-END, and adds what only the host sees. A figure that was not measured is left out, never guessed.
"""

import json
import os
import re
import subprocess

import qemu
import size
from pagoda.figures import watched

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BEGIN, END = "BENCH-JSON-BEGIN", "BENCH-JSON-END"
TIMEOUT_S = 900
FULL_MEM = "1G"
DEFAULT_MEM = "256M"  # of the default build's column: the bench program leaves the largest forks out, which take long
SHELL_MEM = "128M"    # METRICS: boot.shell is of a machine of this size
COMMAND = "bench --json"
# Everything but the large forks: what the baseline holds.
QUICK = ["syscall", "ipc", "notify", "fault", "fork.call.0", "fork.call.1", "fork.call.256", "fork.cycle.0", "fork.cycle.1",
         "fork.cycle.256", "fork_exec", "spawn", "boot", "swap"]


def said_by(*command):
    """The first line of a tool's answer, or "unknown"."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def tools():
    """What figures depend on besides the sources: another compiler makes other code, another QEMU may count otherwise."""
    return {"gcc": said_by("riscv64-unknown-elf-gcc", "--version"), "qemu": said_by(qemu.QEMU, "--version")}


class BenchError(Exception):
    """Why there are no figures; a sentence."""


def kernel_and_image(build):
    """The image without the test programs: how many of those there are must not change a figure."""
    folder = os.path.join(ROOT, "build", build)
    return os.path.join(folder, "kernel.elf"), os.path.join(folder, "measured.img")


def extract(lines):
    """The metrics between the marks."""
    text = "\n".join(line.rstrip() for line in lines)
    match = re.search(rf"^{BEGIN}$(.*?)^{END}$", text, re.MULTILINE | re.DOTALL)
    if not match:
        raise BenchError("the guest printed no figures; its last lines:\n" + "\n".join(lines[-20:]))
    try:
        found = json.loads(match[1])
    except ValueError as error:
        raise BenchError(f"the guest's figures are no JSON ({error}):\n{match[1]}") from None
    return found["metrics"]


def boot(build, mem, command):
    """The metrics of one boot."""
    kernel, image = kernel_and_image(build)
    outcome = qemu.Machine(kernel, image, mem=mem, build=build, icount=True, run=command).start().wait(TIMEOUT_S)
    if outcome.hung:
        raise BenchError(f"no power-off within {TIMEOUT_S} seconds; the last lines:\n" + "\n".join(outcome.tail()))
    return extract(outcome.lines)


def from_outside(build):
    """What no program of the guest can see."""
    kernel, image = kernel_and_image(build)
    text, data, _ = size.kernel_size(kernel)
    total = text + data
    metrics = {"size.kernel": {"median": total, "min": total, "max": total, "unit": "bytes"}}
    try:
        metrics.update(watched.metrics(kernel, image, build))
    except watched.NotMeasured as error:
        raise BenchError(str(error)) from None
    return metrics


def figures(build, mem):
    """All metrics of one build."""
    metrics = boot(build, mem, COMMAND)
    if mem != SHELL_MEM:
        metrics.update({name: value for name, value in boot(build, SHELL_MEM, COMMAND + " boot.shell").items()
                        if name == "boot.shell"})
    metrics.update(from_outside(build))
    return metrics


def quick(build="bench"):
    """The metrics of the baseline: all that take no more than seconds, on the smallest machine that is measured."""
    metrics = boot(build, SHELL_MEM, " ".join([COMMAND, *QUICK]))
    metrics.update(from_outside(build))
    return metrics
