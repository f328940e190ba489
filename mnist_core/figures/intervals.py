"""Accuracies with what is known of them: a dot in its interval for each network, on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mnist_core.figures.svg import ticks

WIDTH, ROW, TOP, FOOT = 480, 32, 2, 38  # units of the drawing
LEFT, RIGHT = 12, 12
LEAST_RANGE = 0.01  # of the axis, so that a difference of nothing does not look large


@dataclass(frozen=True)
class Interval:
    """An accuracy and the ends of its interval, all 0..1, with its network's name and colour."""

    name: str
    colour: str
    accuracy: float
    low: float
    high: float


def intervals(rows: Sequence[Interval], *, alt: str) -> str:
    """A row for each network; the axis is in percent. `alt` is read aloud."""
    low, high = _range(rows)
    height = TOP + ROW * len(rows) + FOOT
    across = lambda value: round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)  # noqa: E731
    bottom = TOP + ROW * len(rows)
    parts = []
    for tick in ticks(100 * low, 100 * high):
        at = across(tick / 100)
        parts.append(
            f'<path d="M{at} {TOP}V{bottom}" stroke="currentColor" opacity=".15"/>'
            f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
        )
    for number, row in enumerate(rows):
        middle = TOP + ROW * number + ROW - 8
        parts.append(_row(row, across(row.low), across(row.accuracy), across(row.high), middle))
    title = f'x="{WIDTH / 2}" y="{height - 4}" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(alt)}" '
        f'fill="currentColor" font-size="14" font-family="sans-serif">{"".join(parts)}'
        f"<text {title}>accuracy in %, with its 95 % interval</text></svg>"
    )


def _row(row: Interval, low: float, at: float, high: float, middle: int) -> str:
    """The interval as a bar, the accuracy as a dot on it, the name above."""
    anchor, x = ("start", low) if at < WIDTH / 2 else ("end", high)
    return (
        f'<path d="M{low} {middle}H{high}" stroke="{row.colour}" stroke-width="10" '
        f'stroke-linecap="butt" opacity=".4"/>'
        f'<circle cx="{at}" cy="{middle}" r="6" fill="{row.colour}"/>'
        f'<text x="{x}" y="{middle - 11}" text-anchor="{anchor}">{escape(row.name)}</text>'
    )


def _range(rows: Sequence[Interval]) -> tuple[float, float]:
    """What the axis shows, with some air at both ends."""
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    air = max(LEAST_RANGE - (high - low), 0.2 * (high - low)) / 2
    return max(0.0, low - air), min(1.0, high + air)
