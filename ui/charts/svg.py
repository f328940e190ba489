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


@dataclass(frozen=True)
class Curve:
    """Places (x, y) that a line joins, and the symbol that marks each of them, if any does."""

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    width: float = 2.5
    symbol: Literal["", "●", "◆"] = ""


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
    (x_low, x_high), (y_low, y_high) = x_range, y_range

    def across(x: float) -> float:
        return round(LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT), 1)

    def down(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM), 1)

    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in ticks(y_low, y_high):
        at = down(tick)
        parts.append(f'<path d="M{LEFT} {at}H{right}" stroke="currentColor" opacity=".15"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 5}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(x_low, x_high):
        parts.append(
            f'<text x="{across(tick)}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
        )
    turned = f'transform="translate(14 {(TOP + bottom) / 2}) rotate(-90)"'
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{x_title}</text>'
        f'<text {turned} text-anchor="middle">{y_title}</text>'
    )
    for curve in curves:
        places = [(across(x), down(y)) for x, y in zip(curve.x, curve.y, strict=True)]
        if not places:
            continue
        path = "L".join(f"{x} {y}" for x, y in places)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{curve.colour}" stroke-width="{curve.width}" '
            f'stroke-linejoin="round"><title>{escape(curve.name)}</title></path>'
        )
        for x, y in places if curve.symbol else ():
            shape = (
                f'<circle cx="{x}" cy="{y}" r="4.5"'
                if curve.symbol == "●"
                else (f'<path d="M{x} {y - 6}l6 6-6 6-6-6z"')
            )
            parts.append(f'{shape} fill="{curve.colour}"/>')
    if mark is not None:
        parts.append(
            f'<path d="M{across(mark)} {TOP}V{bottom}" stroke="currentColor" opacity=".6" '
            f'stroke-width="2" stroke-dasharray="3 4" class="mark"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(alt)}" '
        f'fill="currentColor" font-size="14" font-family="sans-serif">{"".join(parts)}</svg>'
    )


def on_white(chart: str) -> str:
    """A chart as a file of its own, dark on white."""
    return chart.replace(">", f'><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', 1)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first = -floor(-low / step)
    return [round(step * number, 10) for number in range(first, floor(high / step + 1e-9) + 1)]
