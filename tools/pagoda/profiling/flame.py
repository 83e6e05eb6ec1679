# SPDX-License-Identifier: MIT
"""A tree of calls as a flame graph: an SVG file that needs nothing else, for light and dark pages.

Width is instructions; a bar stands on the function that called it. The lowest row is the whole operation, the next one
its hops or places. Hover for the exact numbers.
"""

import html
import zlib

WIDTH, ROW, FONT, CHAR = 1200, 17, 11, 6.3  # pixels
MARGIN, HEAD = 10, 46
NARROWEST = 0.4  # pixels; less is not drawn
STYLE = """
  svg { font: %dpx monospace; background: #ffffff; } text { fill: #1b1b1b; pointer-events: none; }
  .title { font-size: 15px; font-weight: bold; } .note { fill: #555555; }
  rect { stroke: #ffffff; stroke-width: 0.6; } rect:hover { stroke: #000000; stroke-width: 1.2; }
  .all { fill: #d9d9d9; } .kernel0 { fill: #f2b08a; } .kernel1 { fill: #eda177; } .kernel2 { fill: #f5bf9f; }
  .user0 { fill: #a9c8ea; } .user1 { fill: #98bce4; } .user2 { fill: #bbd4ef; }
  .inlined { fill-opacity: 0.55; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181c; } text { fill: #f0f0f0; } .note { fill: #a8a8a8; }
    rect { stroke: #16181c; } rect:hover { stroke: #ffffff; }
    .all { fill: #4a4d53; } .kernel0 { fill: #93512d; } .kernel1 { fill: #854726; } .kernel2 { fill: #a15c36; }
    .user0 { fill: #2f5f94; } .user1 { fill: #295482; } .user2 { fill: #386aa3; }
  }
""" % FONT


def _depth(node, per_pixel):
    deepest = 0
    for child in node.children.values():
        if child.total / per_pixel >= NARROWEST:
            deepest = max(deepest, 1 + _depth(child, per_pixel))
    return deepest


def _class(node, side):
    shade = zlib.crc32(node.name.lstrip("~").encode()) % 3
    return f"{side}{shade}" + (" inlined" if node.name.startswith("~") else "")


class _Drawing:
    def __init__(self, whole, per_pixel, base):
        self.whole, self.per_pixel, self.base, self.parts = whole, per_pixel, base, []

    def bar(self, node, x, depth, css):
        width, y = node.total / self.per_pixel, self.base - (depth + 1) * ROW
        share = 100 * node.total / self.whole
        tip = html.escape(f"{node.name}: {node.total:,} instructions ({share:.1f} %), {node.own:,} of its own")
        self.parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" class="{css}"><title>{tip}</title></rect>')
        room = int((width - 4) / CHAR)
        if room >= 3:
            label = f"{node.name} {node.total:,}"
            label = label if len(label) <= room else node.name
            label = label if len(label) <= room else label[:room - 1] + "…"
            self.parts.append(f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(label)}</text>')

    def children(self, node, x, depth, side):
        for child in node.children.values():
            width = child.total / self.per_pixel
            if width >= NARROWEST:
                here = side or ("kernel" if "kernel" in child.name.split(":")[0] else "user")
                self.bar(child, x, depth, _class(child, here))
                self.children(child, x, depth + 1, here)
            x += width


def draw(root, title, note):
    """The SVG as text. The children of root are the places, in the order in which they stand side by side."""
    whole = max(root.total, 1)
    per_pixel = whole / (WIDTH - 2 * MARGIN)
    height = HEAD + (2 + _depth(root, per_pixel)) * ROW
    drawing = _Drawing(whole, per_pixel, height - ROW // 2)
    drawing.bar(root, MARGIN, 0, "all")
    drawing.children(root, MARGIN, 1, None)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<!-- SPDX-License-Identifier: MIT -->", f"<title>{html.escape(title)}</title>", f"<style>{STYLE}</style>",
        f'<text x="{MARGIN}" y="20" class="title">{html.escape(title)}</text>',
        f'<text x="{MARGIN}" y="37" class="note">{html.escape(note)}</text>', *drawing.parts, "</svg>", ""])
