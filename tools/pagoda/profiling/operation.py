# SPDX-License-Identifier: MIT
"""One operation cut out of a sample: its hops between programs and the kernel, and the tree of calls in each."""

import os
import re

from pagoda.profiling.programs import ProfileError
from pagoda.profiling.recording import Instruction


IPC_FLAGS = ((1, "deadline"), (2, "buf"), (4, "handle"))  # abi/syscall.h, IPC_F_*


def call_names(root):
    """{number: name} of the system calls."""
    path = os.path.join(root, "microkernel", "include", "abi", "syscall.h")
    with open(path, encoding="utf-8") as file:
        return {int(number): name for name, number in re.findall(r"X\((\w+), (\d+),", file.read())}


def cut(events, cost, overhead, program):
    """(events of the operation itself, whether they are as many as they cost): from one reading of the counter by the
    measuring program to the other. The first reading is of the first value stored in `started`; where the others stand follows from the differences."""
    position, readings, starts = 0, [], []
    for i, event in enumerate(events):
        if isinstance(event, Instruction):
            if event.flow == "rdinstret" and event.program is program:
                readings.append((position, i))
            position += 1
        elif event[0] == "started":
            starts.append(event[1])

    def nearest(wanted):
        return min(readings, key=lambda reading: abs(reading[0] - wanted))
    if not starts or len(readings) < 2:
        raise ProfileError(f"{program.name} did not read the counter around this figure; it can't be profiled")
    start = nearest(starts[-1] - starts[0])
    wanted = start[0] + cost + overhead
    end = nearest(wanted)
    thread = [event for event in events[:start[1]] if isinstance(event, tuple) and event[0] == "thread"] if start[1] else []
    return thread[-1:] + events[start[1]:end[1]], abs(end[0] - wanted) <= max(4, cost // 100)


class Hop:
    """A stretch in one program, or in the kernel on behalf of one. label: such as `pager` or `kernel: CALL (bench)`."""

    def __init__(self, label, thread, in_kernel):
        self.label, self.thread, self.in_kernel, self.instructions = label, thread, in_kernel, []


class _Splitter:
    def __init__(self, calls):
        self.calls, self.hops = calls, []
        self.thread, self.names, self.left_at = None, {}, {}
        self.call_number = {}

    def user_label(self, program):
        """Two threads of a program are two places."""
        mine = self.names.setdefault(program.name, [])
        if self.thread not in mine:
            mine.append(self.thread)
        number = mine.index(self.thread)
        return program.name + (f" #{number + 1}" if number else "")

    def resume(self, instruction):
        """Back in a program. An instruction that is tried again had faulted: the counter does not count it twice."""
        left = self.left_at.pop(self.thread, None)
        if left and left[0].instructions and left[0].instructions[-1] is instruction and instruction.flow != "ecall":
            left[0].instructions.pop()
            left[1].label = left[1].label.replace(": interrupt", ": fault")

    def enter(self, instruction):
        last = self.hops[-1] if self.hops else None
        in_kernel = instruction.program is None or instruction.program.name == "kernel"
        if last and last.in_kernel == in_kernel and last.thread == self.thread:
            return last
        if not in_kernel:
            self.resume(instruction)
            self.hops.append(Hop(self.user_label(instruction.program), self.thread, False))
        elif last and last.in_kernel:
            return last
        else:
            self.hops.append(Hop(self.kernel_label(last), self.thread, True))
            if last:
                self.left_at[self.thread] = (last, self.hops[-1])
        return self.hops[-1]

    def kernel_label(self, last):
        if last is None:
            return "kernel"
        ecall = last.instructions[-1] if last.instructions else None
        if ecall and ecall.flow == "ecall":
            number = self.call_number.get(self.thread)
            if number is None:  # loaded before the operation began
                number = ecall.program.call_number_before(ecall.va)
            return f"kernel: {self.call_label(number)} ({last.label})"
        return f"kernel: interrupt ({last.label})"

    def call_label(self, number):
        """CALL+handle for 1 | IPC_F_HANDLE << 8."""
        if number is None:
            return "system call"
        flags = [name for bit, name in IPC_FLAGS if number >> 8 & bit]
        return "+".join([self.calls.get(number & 255, f"number {number & 255}"), *flags])

    def run(self, events):
        hop = None
        for event in events:
            if isinstance(event, tuple):
                if event[0] == "thread":
                    self.thread, hop = event[1], None
                continue
            if hop is None or (event.program is None or event.program.name == "kernel") != hop.in_kernel:
                hop = self.enter(event)
            hop.instructions.append(event)
            if event.call_number is not None:
                self.call_number[self.thread] = event.call_number
        for left, entered in self.left_at.values():  # not tried again before the end
            if left.instructions and entered.label.startswith("kernel: interrupt"):
                left.instructions.pop()
                entered.label = entered.label.replace(": interrupt", ": fault")
        return [one for one in self.hops if one.instructions]


def hops_of(events, calls):
    return _Splitter(calls).run(events)


# ---- the tree of calls ----

class Node:
    """A function as it was called from its parents. own: instructions in it, apart from its children."""

    __slots__ = ("name", "own", "calls", "children")

    def __init__(self, name):
        self.name, self.own, self.calls, self.children = name, 0, 0, {}

    def child(self, name):
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = Node(name)
        return found

    @property
    def total(self):
        return self.own + sum(child.total for child in self.children.values())


def inlined(name):
    return "~" + name


class _Stack:
    """Whose code runs, and who called it, by watching calls and returns. Level: [function, node it hangs on, node now]."""

    def __init__(self, place):
        self.place, self.levels, self.flow = place, [], ""

    def step(self, instruction):
        function = instruction.function
        levels = self.levels
        if not levels:
            self.push(function, self.place)
        elif self.flow == "call" and (levels[-1][0] != function or instruction.program.starts_at(instruction.va)):
            self.push(function, levels[-1][2])
        elif levels[-1][0] != function:
            self.leave(function)
        level = levels[-1]
        node = level[1]
        for name, _ in instruction.frames[1:]:
            node = node.child(inlined(name))
        node.own += 1
        level[2] = node
        self.flow = instruction.flow

    def push(self, function, parent):
        node = parent.child(function)
        node.calls += 1
        self.levels.append([function, node, node])

    def leave(self, function):
        """Back to a caller, or on to another function by a jump (a tail call), which takes the place of this one."""
        for i in range(len(self.levels) - 2, -1, -1):
            if self.levels[i][0] == function and self.flow == "return":
                del self.levels[i + 1:]
                return
        self.levels.pop()
        self.push(function, self.levels[-1][2] if self.levels else self.place)


def tree_of(name, hops, label_of):
    """A root of that name whose children are places, as label_of(hop) names them. The kernel's stack is empty at every entry."""
    root, stacks = Node(name), {}
    for hop in hops:
        place = root.child(label_of(hop))
        place.calls += 1
        if hop.in_kernel:
            stack = _Stack(place)
        else:
            stack = stacks.setdefault((hop.thread, place.name), _Stack(place))
        for instruction in hop.instructions:
            stack.step(instruction)
    return root
