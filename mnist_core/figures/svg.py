"""Line charts as SVG, for what follows a slider and for files.
A page shows one several times sooner than an interactive chart, and text readers read its words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Literal

WIDTH, HEIGHT = 480, 260  # units of the drawing; it becomes as wide as its place
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 44  # what the axes need around the curves
TICKS = 5  # about as many on an axis
Symbol = Literal["", "●", "◆", "◇", "□", "△", "▽"]


@dataclass(frozen=True)
class Curve:
    """Places (x, y) that a line joins, and the symbol that marks each of them, if any does.

    `diverged` says that the run it is of had to end at its last place.
    """

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    width: float = 2.5
    symbol: Symbol = ""
    dashed: bool = False
    diverged: bool = False


@dataclass(frozen=True)
class _Frame:
    """The axes: where a place (x, y) lies in the drawing."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def across(self, x: float) -> float:
        low, high = self.x_range
        return round(LEFT + (x - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def down(self, y: float) -> float:
        low, high = self.y_range
        return round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def line_chart(
    curves: Iterable[Curve],
    *,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    x_title: str,
    y_title: str,
    alt: str,
    mark: float | None = None,
) -> str:
    """Curves between two axes, with a dotted vertical line at `mark`; `alt` is read aloud.

    Text and axes take the colour of the text around the chart, so it fits a light and a dark page.
    """
    frame = _Frame(x_range, y_range)
    parts = [_axes(frame, x_title, y_title), *(_line(frame, curve) for curve in curves)]
    if mark is not None:
        parts.append(
            f'<path d="M{frame.across(mark)} {TOP}V{HEIGHT - BOTTOM}" stroke="currentColor" '
            f'opacity=".6" stroke-width="2" stroke-dasharray="3 4" class="mark"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}" '
        f'fill="currentColor" font-size="14" font-family="sans-serif">{"".join(parts)}</svg>'
    )


def _axes(frame: _Frame, x_title: str, y_title: str) -> str:
    """Ticks with their numbers, faint lines across, and the titles."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in ticks(*frame.y_range):
        at = frame.down(tick)
        parts.append(f'<path d="M{LEFT} {at}H{right}" stroke="currentColor" opacity=".15"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 5}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(*frame.x_range):
        at = frame.across(tick)
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    turned = f'transform="translate(14 {(TOP + bottom) / 2}) rotate(-90)"'
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_title)}</text>"
        f'<text {turned} text-anchor="middle">{escape(y_title)}</text>'
    )
    return "".join(parts)


def _line(frame: _Frame, curve: Curve) -> str:
    """A curve with its symbols; nothing for one without places."""
    places = [(frame.across(x), frame.down(y)) for x, y in zip(curve.x, curve.y, strict=True)]
    if not places:
        return ""
    path = "L".join(f"{x} {y}" for x, y in places)
    line = (
        f'<path d="M{path}" fill="none" stroke="{curve.colour}" stroke-width="{curve.width}" '
        f'stroke-linejoin="round"><title>{escape(curve.name)}</title></path>'
    )
    return line + "".join(_symbol(curve, x, y) for x, y in places if curve.symbol)


def _symbol(curve: Curve, x: float, y: float) -> str:
    if curve.symbol == "●":
        return f'<circle cx="{x}" cy="{y}" r="4.5" fill="{curve.colour}"/>'
    return f'<path d="M{x} {y - 6}l6 6-6 6-6-6z" fill="{curve.colour}"/>'


def on_white(chart: str) -> str:
    """A chart as a file of its own, dark on white."""
    return chart.replace(">", '><rect width="100%" height="100%" fill="#fff"/>', 1)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first = -floor(-low / step)
    digits = 1 - floor(log10(step))  # after the point, that the step has
    return [round(step * number, digits) for number in range(first, floor(high / step + 1e-9) + 1)]
