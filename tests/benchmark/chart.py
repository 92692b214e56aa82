# SPDX-License-Identifier: GPL-2.0-or-later
"""A log-log chart as SVG: milliseconds against a count, each curve with its name at its end, for light and dark pages."""

import math
from html import escape

STYLE = """
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #57606a }
.paper { fill: #ffffff } .title { font-size: 17px; font-weight: bold; fill: #1f2328 }
.grid { stroke: #e4e7eb } .halo { stroke: #ffffff; stroke-width: 4; stroke-linejoin: round }
polyline { fill: none; stroke-linejoin: round; stroke-width: 2 } .thin { stroke-width: 1 }
.thick { stroke-width: 4 } text.thick { stroke: none; font-weight: bold } .dashes { stroke-dasharray: 7 4 }
"""
DARK = """
text { fill: #9198a1 } .paper { fill: #0d1117 } .title { fill: #f0f6fc }
.grid { stroke: #2a313c } .halo { stroke: #0d1117 }
"""


class Curve:
    """points: (count, ms). emphasis: "", "thick" or "dashes"."""

    def __init__(self, name, points, light, dark, emphasis=""):
        self.name, self.points, self.light, self.dark, self.emphasis = name, sorted(points), light, dark, emphasis

    def end(self):
        return self.points[-1]


class Chart:
    width, height = 800, 500
    left, right, top, bottom = 68, 256, 62, 74
    label_height = 18

    def __init__(self, curves):
        self.curves = curves
        self.counts = sorted({n for curve in curves for n, _ in curve.points})
        values = [ms for curve in curves for _, ms in curve.points]
        self.low, self.high = math.log10(min(values)) - 0.15, math.log10(max(values)) + 0.15
        # there is no 0 on a log scale: it stands a decade below the first other
        self.first = math.log10(min((n for n in self.counts if n), default=10)) - 1
        self.last = math.log10(max(max(self.counts), 10))
        self.parts = []

    def x(self, n):
        share = ((math.log10(n) if n else self.first) - self.first) / (self.last - self.first)
        return self.left + share * (self.width - self.left - self.right)

    def y(self, ms):
        share = (math.log10(ms) - self.low) / (self.high - self.low)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)

    def text(self, x, y, text, kind="", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, points, kind):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" class="{kind}"/>')

    def axes(self):
        end, floor = self.width - self.right, self.height - self.bottom
        for decade in range(math.ceil(self.low), math.floor(self.high) + 1):
            y = self.y(10**decade)
            self.line([(self.left, y), (end, y)], "grid thin")
            self.text(self.left - 8, y + 4, f"{10 ** decade:g} ms", anchor="end")
        for n in self.counts:
            self.line([(self.x(n), self.top), (self.x(n), floor)], "grid thin")
            self.text(self.x(n), floor + 20, f"{n:,}", anchor="middle")
        self.text((self.left + end) / 2, floor + 40, "ports published before", anchor="middle")

    def draw_curves(self):
        # the emphasized are drawn last, and a dashed line over a thick one
        order = ["", "thick", "dashes"]
        for i, curve in sorted(enumerate(self.curves), key=lambda pair: order.index(pair[1].emphasis)):
            places = [(self.x(n), self.y(ms)) for n, ms in curve.points]
            self.line(places, f"l{i} {curve.emphasis}")
            if curve.emphasis != "dashes":
                for x, y in places:
                    self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="t{i}"/>')

    def label_curves(self):
        ends = {}
        for i, curve in enumerate(self.curves):
            n, ms = curve.end()
            if n in self.counts[-2:]:
                ends.setdefault(n, []).append([self.y(ms), i, self.y(ms)])
                continue
            # one that ends early has its name above its beginning, where the others are far
            x, y = self.x(0) + 12, self.y(curve.points[0][1]) - 8
            self.text(x, y, curve.name, "halo")
            self.text(x, y, curve.name, f"t{i}")
        for n, labels in ends.items():
            self.label_ends(self.x(n), labels)

    def label_ends(self, x, ends):
        ends.sort()
        for above, label in zip(ends, ends[1:]):
            label[0] = max(label[0], above[0] + self.label_height)
        for y, i, y_end in ends:
            self.line([(x + 6, y_end), (x + 18, y)], f"l{i} thin")
            curve = self.curves[i]
            emphasis = "thick" if curve.emphasis == "thick" else ""
            self.text(x + 22, y + 4, f"{curve.name}  {self.number(curve.end()[1])}", f"t{i} {emphasis}")

    @staticmethod
    def number(ms):
        return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2g} ms"

    def svg(self, title, subtitle, source):
        self.text(self.left, 26, title, "title")
        self.text(self.left, 46, subtitle)
        self.text(self.left, self.height - 12, source)
        self.axes()
        self.draw_curves()
        self.label_curves()
        light = "".join(f".l{i} {{ stroke: {c.light} }} .t{i} {{ fill: {c.light} }}\n" for i, c in enumerate(self.curves))
        dark = "".join(f".l{i} {{ stroke: {c.dark} }} .t{i} {{ fill: {c.dark} }}\n" for i, c in enumerate(self.curves))
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}">',
            f"<style>{STYLE}{light}@media (prefers-color-scheme: dark) {{{DARK}{dark}}}\n</style>",
            f'<rect width="{self.width}" height="{self.height}" rx="6" class="paper"/>',
        ]
        return "\n".join(head + self.parts + ["</svg>"]) + "\n"
