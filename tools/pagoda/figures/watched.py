# SPDX-License-Identifier: MIT
"""irq.to_user and fault.deliver: from a device's interrupt to the first instruction of its user-level driver, which is the
console server, and from a store to an absent page to the pager's first instruction.

No program of the guest can see both ends, so QEMU is watched: it runs one instruction at a time and logs each one while a
character is typed at a guest that computes (`bench --spin`) or that stores when it has read a line (`bench --touch`). What
stands between the log's trap and the next user-level address is the kernel's way. The same whatever the host does meanwhile.
"""

import collections
import os
import re
import tempfile
import time

import qemu

SAMPLES = 33
PATIENCE_S = 60
SETTLE_S = 0.02  # from the guest's line to its loop; too early is noticed, and tried again
TRIES = 20
MEM = "128M"
KERNEL_HALF = 1 << 63
INTERRUPT = re.compile(r"do_interrupt: hart:0, async:1, cause:0*9, epc:0x([0-9a-f]+)")
STORE_FAULT = re.compile(r"do_interrupt: hart:0, async:0, cause:0*f, epc:0x([0-9a-f]+)")
EXECUTED = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/[^\]]*\] ?(\S*)")
REPEATED = "cpu_io_recompile:"  # an access to a device: its instruction was logged, undone, and is logged again


class NotMeasured(Exception):
    """The log does not hold what was to be measured; a sentence."""


def kernel_functions(lines, trap, place):
    """{function of the kernel: its instructions}, from the first such trap, which must find the guest at `place`, to the next
    user-level instruction.
    """
    functions, last = None, None
    for line in lines:
        if functions is None:
            if match := trap.search(line):
                if int(match[1], 16) != place:
                    raise NotMeasured(f"the trap found the guest at 0x{match[1]}, not at 0x{place:x}")
                functions = collections.Counter()
        elif match := EXECUTED.match(line):
            address, last = int(match[1], 16), match[2] or "(no name)"
            if address == place:
                raise NotMeasured("the trapped program went on: the server did not run first")
            if address < KERNEL_HALF:
                return {name: count for name, count in functions.items() if count}
            functions[last] += 1
        elif line.startswith(REPEATED):
            functions[last] -= 1
    raise NotMeasured("QEMU's log shows no trap and server")


def monitor(guest, line):
    said = guest.qmp("human-monitor-command", **{"command-line": line})
    if said.strip():
        raise qemu.QemuError(f"QEMU's monitor answers '{line}' with: {said.strip()}")


def one_line(guest, log, said, trap):
    """Type a line; the kernel's functions in the trap that follows. NotMeasured: the guest was not there yet."""
    place = int(guest.expect(rf"^{said} \d+ 0x([0-9a-f]+)\n", PATIENCE_S)[1], 16)
    time.sleep(SETTLE_S)
    start = os.path.getsize(log) if os.path.exists(log) else 0
    monitor(guest, "singlestep on")
    monitor(guest, "log exec,nochain,int")
    guest.send("\n")
    guest.expect(r"\n", PATIENCE_S)  # the echo: the driver has run
    if trap is STORE_FAULT:
        guest.expect(rf"(?={said} )", PATIENCE_S)  # and so has the program
    monitor(guest, "log none")
    monitor(guest, "singlestep off")
    with open(log, encoding="ascii", errors="replace") as file:
        file.seek(start)
        return kernel_functions(file, trap, place)


def measure(machine_of, how, samples):
    """The metric: {"median", "min", "max", "unit", "functions": of the median}. how: the bench's option, what it says, the trap."""
    option, said, trap = how
    found, why = [], None
    with tempfile.TemporaryDirectory(prefix="pagoda-watched-") as folder:
        log = os.path.join(folder, "log")
        machine = machine_of(run=f"bench {option} {samples + TRIES}", extra=["-D", log])
        with machine.start() as guest:
            for _ in range(samples + TRIES):
                try:
                    found.append(one_line(guest, log, said, trap))
                except NotMeasured as reason:
                    why = reason
                if len(found) == samples:
                    break
    if len(found) < samples:
        raise NotMeasured(f"bench {option}: only {len(found)} of {samples} samples: {why}")
    found.sort(key=lambda functions: sum(functions.values()))
    middle, costs = found[len(found) // 2], [sum(functions.values()) for functions in found]
    return {"median": sum(middle.values()), "min": costs[0], "max": costs[-1], "unit": "instructions", "functions": middle}


def metrics(kernel, image, build, samples=SAMPLES):
    """Both metrics. NotMeasured, qemu.QemuError."""
    def machine_of(**more):
        return qemu.Machine(kernel, image, mem=MEM, build=build, icount=True, **more)
    return {"irq.to_user": measure(machine_of, ("--spin", "BENCH-SPIN", INTERRUPT), samples),
            "fault.deliver": measure(machine_of, ("--touch", "BENCH-TOUCH", STORE_FAULT), samples)}
