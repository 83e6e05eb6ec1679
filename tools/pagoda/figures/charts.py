# SPDX-License-Identifier: MIT
"""Charts as SVG text: bars of one metric a row, and curves over the number of pages. Colours follow the reader's light or dark
scheme; what is measured stands as a number too, so nothing depends on a colour.
"""

import html
import math

STYLE = """<style>
svg { font: 12px sans-serif; fill: #24292f; background: #ffffff; }
.grid { stroke: #d0d7de; } .ours { fill: #1f6feb; } .c1 { fill: #9a6700; } .c2 { fill: #8250df; } .c3 { fill: #57606a; }
.aim { stroke: #cf222e; stroke-width: 2; } .line { fill: none; stroke-width: 2; }
.sours { stroke: #1f6feb; stroke-width: 3; } .s1 { stroke: #9a6700; } .s2 { stroke: #8250df; } .saim { stroke: #cf222e; stroke-dasharray: 5 4; }
@media (prefers-color-scheme: dark) {
 svg { fill: #e6edf3; background: #0d1117; } .grid { stroke: #30363d; } .ours { fill: #58a6ff; } .c1 { fill: #d29922; }
 .c2 { fill: #bc8cff; } .c3 { fill: #8b949e; } .aim { stroke: #ff7b72; } .sours { stroke: #58a6ff; } .s1 { stroke: #d29922; }
 .s2 { stroke: #bc8cff; } .saim { stroke: #ff7b72; }
}
</style>"""
BAR, GAP, LABEL_X, BAR_X, BAR_WIDTH, WIDTH = 14, 16, 8, 210, 400, 760


def picture(width, height, title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
            f"<!-- SPDX-License-Identifier: MIT -->\n<title>{html.escape(title)}</title>\n{STYLE}\n")
    return head + f'<rect width="{width}" height="{height}" fill="none"/>\n' + "\n".join(parts) + "\n</svg>\n"


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def bars(title, rows):
    """rows: [(name, [(who, css class, value)], aim or None)]. Each row has its own scale."""
    parts, y = [], 28
    parts.append(text(LABEL_X, 16, title))
    for name, values, aim in rows:
        scale = BAR_WIDTH / max([value for _, _, value in values] + [aim or 0])
        parts.append(text(LABEL_X, y + BAR - 3, name))
        top = y
        for who, css, value in values:
            parts.append(f'<rect class="{css}" x="{BAR_X}" y="{y}" width="{max(1, value * scale):.1f}" height="{BAR - 2}"/>')
            parts.append(text(BAR_X + value * scale + 6, y + BAR - 4, f"{who} {value:,.0f}"))
            y += BAR
        if aim:
            at = BAR_X + aim * scale
            parts.append(f'<line class="aim" x1="{at:.1f}" y1="{top - 3}" x2="{at:.1f}" y2="{y}"/>')
        y += GAP
    return picture(WIDTH, y, title, parts)


def curves(title, sizes, lines):
    """Logarithmic both ways; sizes may begin with 0, drawn as 0.5. lines: [(who, css class, [value per size])]."""
    left, top, wide, high = 100, 40, 520, 300
    known = [value for _, _, values in lines for value in values if value]
    low, top_value = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))

    def x_of(size):
        first, last = math.log2(0.5), math.log2(max(sizes))
        return left + wide * (math.log2(max(size, 0.5)) - first) / (last - first)

    def y_of(value):
        return top + high * (1 - (math.log10(value) - low) / (top_value - low))

    parts = [text(LABEL_X, 16, title)]
    for power in range(low, top_value + 1):
        y = y_of(10 ** power)
        parts.append(f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{left + wide}" y2="{y:.1f}"/>')
        parts.append(text(left - 6, y + 4, f"{10 ** power:,}", "end"))
    for size in sizes:
        parts.append(text(x_of(size), top + high + 18, f"{size:,}", "middle"))
    parts.append(text(left + wide / 2, top + high + 36, "resident private pages", "middle"))
    ends = []
    for who, css, values in lines:
        points = [(x_of(size), y_of(value)) for size, value in zip(sizes, values) if value]
        parts.append(f'<polyline class="line {css}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        ends.append([points[-1][1], who])
    ends.sort()
    for before, end in zip(ends, ends[1:]):
        end[0] = max(end[0], before[0] + 14)  # names do not overlap
    parts += [text(left + wide + 8, y + 4, who) for y, who in ends]
    return picture(WIDTH, top + high + 48, title, parts)
