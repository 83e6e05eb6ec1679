# SPDX-License-Identifier: MIT
"""A profile as text: by hop, by place, by function, instruction by instruction."""

from pagoda.profiling.operation import Node

HOPS_SHOWN = 60
FUNCTIONS_SHOWN = 60
IN_ORDER_MAX = 20000  # instructions of an operation that are listed in the order in which they ran


def hop_table(hops):
    """One line per hop; two hops that take turns, as a server that is called again and again, are one line with a count."""
    rows = []
    for hop in hops:
        rows.append((hop.label, len(hop.instructions)))
    lines = ["hops, in order:", f"{'':>4} {'instructions':>12}  where"]
    shown = 0
    i = 0
    while i < len(rows) and shown < HOPS_SHOWN:
        times, period = _repeats(rows, i)
        for j in range(period):
            count = sum(rows[i + j + k * period][1] for k in range(times))
            note = f"   ({times} times, {count / times:,.1f} each)" if times > 1 else ""
            lines.append(f"{i + j + 1:>4} {count:>12,}  {rows[i + j][0]}{note}")
            shown += 1
        i += times * period
    if i < len(rows):
        lines.append(f"     {sum(count for _, count in rows[i:]):>12,}  in {len(rows) - i:,} more hops")
    return lines


def _repeats(rows, start):
    """(times, period): how often the next hops repeat, for the period up to 8 that covers most."""
    best = (1, 1)
    for period in range(1, 9):
        labels = [label for label, _ in rows[start:start + period]]
        times = 1
        while [label for label, _ in rows[start + times * period:start + (times + 1) * period]] == labels:
            times += 1
        if times > 1 and times * period > best[0] * best[1]:
            best = (times, period)
    return best


def place_table(root):
    total = root.total
    lines = ["places:", f"{'instructions':>12} {'share':>6} {'visits':>7}  where"]
    for place in sorted(root.children.values(), key=lambda node: -node.total):
        lines.append(f"{place.total:>12,} {100 * place.total / total:>5.1f}% {place.calls:>7,}  {place.name}")
    return lines


class _Row:
    def __init__(self):
        self.own = self.inclusive = self.calls = 0


def _collect(node: Node, rows, above):
    row = rows.setdefault(node.name, _Row())
    row.own += node.own
    row.calls += node.calls
    if node.name not in above:
        row.inclusive += node.total
    for child in node.children.values():
        _collect(child, rows, above | {node.name})


def function_table(root, shown=FUNCTIONS_SHOWN):
    """Per place, its functions with what they cost by themselves and with all they call."""
    lines = []
    for place in sorted(root.children.values(), key=lambda node: -node.total):
        rows = {}
        for child in place.children.values():
            _collect(child, rows, frozenset())
        lines += ["", f"{place.name}: {place.total:,}", f"{'self':>12} {'inclusive':>12} {'calls':>8}  function"]
        ranked = sorted(rows.items(), key=lambda item: (-item[1].own, -item[1].inclusive))
        for name, row in ranked[:shown]:
            calls = f"{row.calls:,}" if row.calls else ""
            lines.append(f"{row.own:>12,} {row.inclusive:>12,} {calls:>8}  {name}")
        if len(ranked) > shown:
            lines.append(f"{sum(row.own for _, row in ranked[shown:]):>12,} {'':>12} {'':>8}  in {len(ranked) - shown} more")
    return lines


# ---- instruction by instruction ----

def _insn_text(instruction):
    if instruction.program is None:
        return "(firmware)"
    return instruction.program.disassembly().get(instruction.va, "?")


def _line_of(instruction):
    """file:line of the innermost frame."""
    return instruction.frames[-1][1]


def _frames_text(instruction):
    return " > ".join(name for name, _ in instruction.frames)


def in_order(hops):
    """Every instruction in the order in which it ran."""
    lines, number = [], 0
    for i, hop in enumerate(hops):
        lines += ["", f"==== hop {i + 1}: {hop.label}, {len(hop.instructions):,} instructions"]
        frames = line = None
        for instruction in hop.instructions:
            if _frames_text(instruction) != frames:
                frames = _frames_text(instruction)
                lines.append(f"  -- {frames}")
            where = _line_of(instruction)
            number += 1
            text = f"{number:>6}  {instruction.va & 0xFFFFFFFFFF:>10x}  {_insn_text(instruction):<44}"
            lines.append((text + (where if where != line else "")).rstrip())
            line = where
    return lines


def by_function(hops):
    """Each place's functions, each instruction that ran with how often it did."""
    places = {}
    for hop in hops:
        counts = places.setdefault(hop.label, {})
        for instruction in hop.instructions:
            counts[instruction] = counts.get(instruction, 0) + 1
    lines = []
    for label, counts in sorted(places.items(), key=lambda item: -sum(item[1].values())):
        lines += ["", f"==== {label}: {sum(counts.values()):,} instructions"]
        functions = {}
        for instruction in counts:
            functions.setdefault(instruction.function, []).append(instruction)
        for name, own in sorted(functions.items(), key=lambda item: -sum(counts[one] for one in item[1])):
            lines += ["", f"  -- {name}: {sum(counts[one] for one in own):,}"]
            lines += _listing(sorted(own, key=lambda one: one.va), counts)
    return lines


def _listing(own, counts):
    lines, where = [], None
    for instruction in own:
        text = f"{counts[instruction]:>9,}  {instruction.va & 0xFFFFFFFFFF:>10x}  {_insn_text(instruction):<44}"
        here = _line_of(instruction)
        lines.append((text + (here if here != where else "")).rstrip())
        where = here
    return lines
