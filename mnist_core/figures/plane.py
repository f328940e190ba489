"""A plane with two axes, linear or logarithmic, and what can be drawn onto it, as SVG.
Text and axes take the colour of the text around the chart, so it fits a light and a dark page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

import numpy as np

from mnist_core.arrays import Array
from mnist_core.figures.svg import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, ticks
from mnist_core.words import RAISED

LEFT = 68  # numbers on the y-axis may have many digits
DOT = 4  # the largest dot's radius
LINE = 18  # height of a line of text
MOST_TICKS = 8  # on a logarithmic axis
PLAIN = range(-4, 5)  # powers of ten that are written out


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`; where it is logarithmic both are above zero."""

    title: str
    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 at its beginning and 1 at its end."""
        low, high = (log10(end) if self.log else end for end in (self.low, self.high))
        return ((log10(value) if self.log else value) - low) / (high - low)

    def has(self, value: float) -> bool:
        """Whether a value has a place on the axis or on its continuation."""
        return bool(np.isfinite(value)) and (value > 0 or not self.log)

    def ticks(self) -> list[tuple[float, str]]:
        """Values that are named on the axis: powers of ten where it is logarithmic."""
        if not self.log:
            return [(tick, f"{tick:g}") for tick in ticks(self.low, self.high)]
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        stride = max(1, ceil((last - first + 1) / MOST_TICKS))
        powers = [power for power in range(first, last + 1) if power % stride == 0]
        plain = all(power in PLAIN for power in powers)
        return [
            (10.0**power, f"{10.0**power:g}" if plain else f"10{str(power).translate(RAISED)}")
            for power in powers
        ]


@dataclass(frozen=True)
class Plane:
    """Where things lie in the drawing."""

    x: Axis
    y: Axis

    def across(self, x: float) -> float:
        """The place of x, in units of the drawing from its left."""
        return round(LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT), 1)

    def down(self, y: float) -> float:
        """The place of y, in units of the drawing from its top."""
        return round(HEIGHT - BOTTOM - self.y.share(y) * (HEIGHT - TOP - BOTTOM), 1)

    def chart(self, parts: Iterable[str], *, alt: str) -> str:
        """The axes with all parts, cut off a dot's radius beyond them. `alt` is read aloud."""
        left, top = LEFT - DOT, TOP - DOT
        width, height = WIDTH - RIGHT + DOT - left, HEIGHT - BOTTOM + DOT - top
        place = f'x="{left}" y="{top}" width="{width}" height="{height}"'
        inside = f'<svg {place} viewBox="{left} {top} {width} {height}">{"".join(parts)}</svg>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}" '
            f'fill="currentColor" font-size="14" font-family="sans-serif">'
            f"{self._axes()}{inside}</svg>"
        )

    def _axes(self) -> str:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts = []
        for value, words in self.y.ticks():
            at = self.down(value)
            parts.append(f'<path d="M{LEFT} {at}H{right}" stroke="currentColor" opacity=".15"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{at + 5}" text-anchor="end">{words}</text>')
        for value, words in self.x.ticks():
            at = self.across(value)
            # The last one would reach beyond the drawing.
            side = "end" if self.x.share(value) > 0.98 else "middle"
            parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="{side}">{words}</text>')
        turned = f'transform="translate(12 {(TOP + bottom) / 2}) rotate(-90)"'
        parts.append(
            f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
            f"{escape(self.x.title)}</text>"
            f'<text {turned} text-anchor="middle">{escape(self.y.title)}</text>'
        )
        return "".join(parts)

    def line(
        self, x: Array, y: Array, *, colour: str, name: str, width: float = 2.5, dash: str = ""
    ) -> str:
        """A line through places (N,) and (N,); it has a gap where one has no place."""
        steps, joined = [], False
        for one, other in zip(x.tolist(), y.tolist(), strict=True):
            there = self.x.has(one) and self.y.has(other)
            if there:
                steps.append(f"{'L' if joined else 'M'}{self.across(one)} {self.down(other)}")
            joined = there
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        return (
            f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="{width}"'
            f'{dashes} stroke-linejoin="round"><title>{escape(name)}</title></path>'
        )

    def dots(
        self,
        x: Array,
        y: Array,
        *,
        colour: str,
        name: str,
        radius: float = 3,
        cross: bool = False,
    ) -> str:
        """A dot, or a cross, at each of the places (N,) and (N,); all of them are on the axes."""
        path = "".join(
            f"M{self.across(one)} {self.down(other)}"
            + ("m-4 -4l8 8m0 -8l-8 8" if cross else "h.01")
            for one, other in zip(x.tolist(), y.tolist(), strict=True)
        )
        look = (
            'stroke-width="2"' if cross else f'stroke-width="{2 * radius}" stroke-linecap="round"'
        )
        return (
            f'<path d="{path}" fill="none" stroke="{colour}" {look} opacity=".75">'
            f"<title>{escape(name)}</title></path>"
        )

    def area(self, low: float, high: float, *, colour: str, words: str, row: int = 0) -> str:
        """A shaded stretch of the x-axis, and its name in a line of text at the top."""
        left, right = self.across(low), self.across(high)
        return (
            f'<path d="M{left} {TOP}H{right}V{HEIGHT - BOTTOM}H{left}z" fill="{colour}" '
            f'opacity=".16"/><text x="{(left + right) / 2}" y="{TOP + LINE * (row + 1)}" '
            f'text-anchor="middle">{escape(words)}</text>'
        )

    def mark(self, at: float, words: str) -> str:
        """A dotted line at a value of the x-axis, named at its foot, on the side with more room."""
        x = self.across(at)
        left = self.x.share(at) > 0.5
        side = f'x="{x - 6}" text-anchor="end"' if left else f'x="{x + 6}"'
        return (
            f'<path d="M{x} {TOP}V{HEIGHT - BOTTOM}" stroke="currentColor" stroke-width="2" '
            f'stroke-dasharray="3 4" class="mark"/>'
            f'<text {side} y="{HEIGHT - BOTTOM - 8}" font-weight="600">{escape(words)}</text>'
        )

    def words(self, x: float, y: float, words: str, *, anchor: str = "start") -> str:
        """A name beside a place."""
        aside = {"start": 8, "end": -8}[anchor]
        return (
            f'<text x="{self.across(x) + aside}" y="{self.down(y) + 5}" text-anchor="{anchor}" '
            f'opacity=".85">{escape(words)}</text>'
        )
