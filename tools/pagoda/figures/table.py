# SPDX-License-Identifier: MIT
"""The table that `scons bench` prints."""

MISSED_MAX, OVER_MAX = 3, 0.25  # how many aims may be missed, and by how much


def show(value):
    return "-" if value is None else f"{value:,.0f}"


def print_rows(title, names, measured, default, peers):
    columns = peers.columns(names[0])
    width = max(len(name) for name in names)
    print(f"\n{title}")
    head = "".join(f"{peer:>12}" for peer in columns)
    print(f"{'':<{width}}  {'Pagoda':>11}{'default':>11}{head}{'ratio':>8}{'aim':>12}  {'sfence':>8}{'satp':>7}")
    for name in names:
        figure = measured[name]
        ours, best, over = figure["median"], peers.best(name), peers.over_aim(name, figure["median"])
        ratio = f"{ours / best:.2f}" if best else "-"
        verdict = "" if over is None else "met" if over <= 0 else f"{over:+.0%}"
        plain = default.get(name, {}).get("median")
        cells = "".join(f"{show(peers.value(name, peer)):>12}" for peer in columns)
        flushes = [figure.get(what) for what in ("sfence", "satp")]
        flushes = f"{flushes[0]:>8.2f}{flushes[1]:>7.2f}" if None not in flushes else f"{'':>15}"
        unit = "" if figure["unit"] == "instructions" else figure["unit"]
        print(f"{name:<{width}}  {show(ours):>11}{show(plain):>11}{cells}{ratio:>8}{show(peers.value(name, 'aim')):>12}"
              f"  {flushes}  {verdict:<6}{unit}".rstrip())


def over_limit(measured, peers):
    """Metrics beyond their hard limit: [(name, limit)]."""
    limits = ((name, peers.row(name).get("limit")) for name in peers.sorted(measured))
    return [(name, limit) for name, limit in limits if limit and measured[name]["median"] > limit]


def verdict(measured, peers):
    """A sentence about the aims as a whole."""
    missed = peers.missed(measured)
    must = [row for row in missed if peers.rows[row].get("must")]
    far = [row for row, (_, over) in missed.items() if over > OVER_MAX]
    sentence = f"{len(missed)} aims missed ({MISSED_MAX} may be)"
    if far:
        sentence += f"; by more than {OVER_MAX:.0%}: {', '.join(far)}"
    if must:
        sentence += f"; of those that must be met: {', '.join(must)}"
    later = peers.missed(measured, later=True)
    if later:
        sentence += f"; missed as well, but aims for later and not counted: {', '.join(later)}"
    return sentence


def print_all(measured, default, peers):
    """Returns the metrics beyond their hard limit."""
    names = peers.sorted(measured)
    plain = [name for name in names if not name.startswith("rtos.")]
    rtos = [name for name in names if name.startswith("rtos.")]
    print_rows("Instructions, medians, if no unit stands behind. ratio: ours to the best peer's. default: the build with checks.\n"
               "sfence, satp: per operation. Behind them: the aim is met, or missed by so much.", plain, measured, default, peers)
    if rtos:
        print_rows("Against classic RTOSes, which have no protection", rtos, measured, default, peers)
    print(f"\n{verdict(measured, peers)}")
    beyond = over_limit(measured, peers)
    for name, limit in beyond:
        print(f"{name} is over its limit of {limit:,}")
    return beyond
