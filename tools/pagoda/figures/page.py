# SPDX-License-Identifier: MIT
"""The page docs/performance.md and its charts, made from one run of `scons bench`: docs/performance/figures.json, which is
that run's bench.json. The same figures and peers always make the same bytes, so a test can see that nobody edited them.
"""

import os

from pagoda.figures import charts, compare, table
from pagoda.figures.take import ROOT

PAGE = os.path.join(ROOT, "docs", "performance.md")
FOLDER = os.path.join(ROOT, "docs", "performance")
FIGURES = os.path.join(FOLDER, "figures.json")
BAR_CHARTS = [
    ("ipc", "Messages, signals, interrupts", ["syscall.null", "ipc.call", "ipc.roundtrip", "notify.wake", "irq.to_user"]),
    ("faults", "Page faults", ["fault.deliver", "fault.map_only", "fault.cow_copy", "fault.cow_reuse", "fault.zero", "fault.zero_pool",
                               "fault.around16", "swap.in"]),
    ("processes", "Processes", ["fork_exec", "spawn", "boot.shell"]),
]
CURVES = [("fork-call", "The call of fork", "fork.call"), ("fork-cycle", "fork, exit and wait", "fork.cycle")]
CURVE_CLASSES = {"xv6": "s1", "Linux": "s2"}
BAR_CLASSES = {"xv6": "c1", "Linux": "c2", "seL4": "c3"}

OTHER_TOOLS = {"size.kernel": "`scons size`, `build/bench/kernel.elf.map`", "boot.shell": "", "kernel.longest": "[bounds.md](bounds.md)"}

HEAD = """<!-- SPDX-License-Identifier: MIT -->
<!-- Made by `scons bench UPDATE=docs`; edits are lost. -->
# Performance

What operations cost, in instructions, beside other systems on the same machine. One command measures all of it again and
prints the same figures: `scons bench`. How it is measured, and how the peers were: [measuring.md](measuring.md).

Measured at commit `{commit}`: {mem} of memory, `{time}`, {qemu}; {gcc}.

**{verdict}.**
"""


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def peer_cell(name, peer, peers):
    """A peer's value, with what was measured there if that is not quite the same."""
    note = peers.row(name).get("notes", {}).get(peer)
    value = number(peers.value(name, peer))
    return f"{value} ({note})" if note and value != "–" else note or value


def verdict_cell(over):
    return "–" if over is None else "met" if over <= 0 else f"missed by {over:.0%}"


def table_lines(names, figures, peers):
    columns = peers.columns(names[0])
    head = ["figure", "what", "Pagoda", "min", "max", "with checks", *columns, "ratio", "aim", "", "sfence", "satp"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        figure, best = figures["metrics"][name], peers.best(name)
        ours, unit = figure["median"], figure["unit"]
        cells = [f"`{name}`", peers.row(name).get("what", ""), f"**{number(ours)}**" + ("" if unit == "instructions" else f" {unit}"),
                 number(figure.get("min")), number(figure.get("max")), number(figures["default"].get(name, {}).get("median")),
                 *(peer_cell(name, peer, peers) for peer in columns), f"{ours / best:.2f}" if best else "–",
                 number(peers.value(name, "aim")), verdict_cell(peers.over_aim(name, ours)),
                 *(f"{figure[what]:.2f}" if what in figure else "–" for what in ("sfence", "satp"))]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def where(metric, metrics):
    """How to see what a figure is made of. Figures for several sizes, as fork.call.256, have one page: fork.call.md."""
    family, _, size = metric.rpartition(".")
    for name in [metric, family] if size.isdigit() else [metric]:
        own = os.path.join("performance", name + ".md")
        if os.path.exists(os.path.join(ROOT, "docs", own)):
            return f"[{own}]({own})"
    if "functions" in metrics[metric]:
        return "below"
    return OTHER_TOOLS.get(metric, f"`scons profile METRIC={metric}`")


def function_lines(metrics):
    """The figures that came with the functions they are made of."""
    lines = []
    for name in sorted(metrics):
        functions = metrics[name].get("functions")
        if functions:
            most_first = sorted(functions.items(), key=lambda item: (-item[1], item[0]))
            lines += [f"## `{name}` by functions of the kernel", "",
                      "; ".join(f"`{function}` {count}" for function, count in most_first) + ".", ""]
    return lines


def missed_lines(metrics, peers):
    missed = peers.missed(metrics)
    if not missed:
        return ["Every aim is met."]
    lines = ["| figure | measured | aim | over | where the rest goes |", "|---|---|---|---|---|"]
    for metric, over in missed.values():
        must = ", which must be met" if peers.row(metric).get("must") else ""
        lines.append(f"| `{metric}`{must} | {number(metrics[metric]['median'])} | {number(peers.value(metric, 'aim'))} | {over:.0%} | {where(metric, metrics)} |")
    return lines


def mean(rows, what):
    return sum(row[what] for row in rows) / len(rows)


def harts_lines(harts):
    """What tools/harts.py measured; that alone differs from run to run."""
    if not harts:
        return []
    kinds = harts["faults"]
    lines = ["## More harts", "",
             "Page faults per million instructions of a hart, the mean of all; with it the share of its instructions in which a hart waits for the "
             "kernel lock. Not deterministic ([measuring.md](measuring.md)).", "",
             "| harts | " + " | ".join(f"{kind} pages | waiting" for kind in kinds) + " |", "|" + "---|" * (1 + 2 * len(kinds))]
    for number_of in sorted({n for rows in kinds.values() for n in rows}, key=int):
        cells = [f"{mean(rows[number_of], 'per_million'):,.0f} | {mean(rows[number_of], 'waiting'):.0%}" for rows in kinds.values()]
        lines.append(f"| {number_of} | " + " | ".join(cells) + " |")
    kept = harts["kernel_bytes"]
    return lines + ["", f"The kernel keeps {kept['process']:,} bytes per process, {kept['thread']:,} per further thread and {kept['mib']:,} per "
                    "mapped MiB, in page tables and objects.", ""]


def other_lines(metrics, peers):
    rows = peers.unmeasured(metrics)
    if not rows:
        return []
    return ["## Not measured yet", "", "; ".join(f"`{row}` ({peers.rows[row]['what']})" for row in rows) + ".", ""]


def bars_of(metric, metrics, peers):
    others = [(peer, BAR_CLASSES[peer], value) for peer in peers.names if (value := peers.value(metric, peer))]
    return [("Pagoda", "ours", metrics[metric]["median"]), *others]


def chart_files(metrics, peers):
    """{name: SVG} of those for which there are figures."""
    made = {}
    for name, title, wanted in BAR_CHARTS:
        rows = [(metric, bars_of(metric, metrics, peers), peers.value(metric, "aim")) for metric in wanted if metric in metrics]
        if rows:
            made[name] = charts.bars(title + ": ours above, the peers below it; the red line is the aim", rows)
    for name, title, stem in CURVES:
        sizes = sorted(int(metric.rpartition(".")[2]) for metric in metrics if metric.startswith(stem + "."))
        if len(sizes) > 1:
            names = [f"{stem}.{size}" for size in sizes]
            lines = [("Pagoda", "sours", [metrics[metric]["median"] for metric in names])]
            lines += [(peer, CURVE_CLASSES[peer], [peers.value(metric, peer) for metric in names])
                      for peer in peers.names if peer in CURVE_CLASSES]
            lines.append(("aim", "saim", [peers.value(metric, "aim") for metric in names]))
            made[name] = charts.curves(f"{title}, instructions by pages (both axes logarithmic)", sizes, lines)
    return made


def text_of(figures, peers, pictures):
    metrics = figures["metrics"]
    names = peers.sorted(metrics)
    rtos = [name for name in names if name.startswith("rtos.")]
    facts = {**figures["machine"], **figures["tools"], "verdict": table.verdict(metrics, peers)}
    lines = HEAD.format(**facts).splitlines()
    lines += [""] + [f"![{name}](performance/{name}.svg)\n" for name in pictures]
    lines += ["## All figures", "",
              "Medians, in instructions if no unit is named. *with checks*: the default build. *ratio*: ours to the best peer's. *sfence*, "
              "*satp*: `sfence.vma` instructions and writes of `satp` per operation, whose cost instructions do not show. The peers' columns "
              "for a number of pages come from a base and a cost per page.", ""]
    lines += table_lines([name for name in names if name not in rtos], figures, peers)
    if rtos:
        lines += ["", "## Classic RTOSes, which have no protection", ""] + table_lines(rtos, figures, peers)
    lines += ["", "## Aims that are missed", "",
              f"At most {table.MISSED_MAX} may be, none by more than {table.OVER_MAX:.0%}. Of a figure for several sizes the worst.", ""]
    lines += missed_lines(metrics, peers) + [""] + function_lines(metrics) + harts_lines(figures.get("harts")) + other_lines(metrics, peers)
    return "\n".join(lines).rstrip() + "\n"


def files(figures, peers):
    """{path: text} of everything that is made from the figures."""
    pictures = chart_files(figures["metrics"], peers)
    made = {os.path.join(FOLDER, name + ".svg"): svg for name, svg in pictures.items()}
    made[PAGE] = text_of(figures, peers, pictures)
    return made


def write(result, peers):
    """Take the run in `result` (a bench.json) as the figures of the tree, and write the page anew."""
    figures = compare.load_file(result)
    os.makedirs(FOLDER, exist_ok=True)
    for path, text in {FIGURES: compare.text_of(figures), **files(figures, peers)}.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    print(f"written to {os.path.relpath(PAGE, ROOT)} and {os.path.relpath(FOLDER, ROOT)}/")
