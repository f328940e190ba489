"""What a search over settings found, as SVG: a line over one setting, a heat map over two."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isnan
from statistics import fmean

import numpy as np

from mnist_core.arrays import Array
from mnist_core.figures.colours import MARK
from mnist_core.figures.plane import LEFT, Axis, Plane
from mnist_core.figures.svg import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH

LOG_FROM = 20  # times the smallest value: from there on an axis is logarithmic
AIR = 0.04  # of the axis, at both of its ends
LINE, DIVERGED = "#2f7fc1", "#d13438"
# Of a heat map, from the lowest to the highest: white writing fits the upper half.
PALE, DEEP = np.array([226, 238, 248]), np.array([18, 74, 125])
NO_VALUE = "#dddddd"
ROOM, LETTER = 44, 7.5  # of a row's name, and of one letter: units of the drawing


@dataclass(frozen=True)
class Spread:
    """One value of a setting: its place, how it is written, and the accuracy (0..1) of each seed.

    `diverged` is how many seeds have none, as their runs diverged.
    """

    x: float
    words: str
    accuracies: Sequence[float]
    diverged: int = 0


@dataclass(frozen=True)
class _Named(Axis):
    """An axis whose places have names."""

    names: Sequence[tuple[float, str]] = ()

    def ticks(self) -> list[tuple[float, str]]:
        return list(self.names)


def is_log_spaced(values: Sequence[float]) -> bool:
    """Whether values are better told apart on a logarithmic axis."""
    return len(values) > 1 and min(values) > 0 and max(values) >= LOG_FROM * min(values)


def accuracy_over(spreads: Sequence[Spread], *, title: str, named: bool, y_title: str) -> str:
    """The mean over seeds as a line, the seeds as dots, from the lowest to the highest shaded.

    Args:
        spreads: at least one, in the order of their places.
        title: the setting's name.
        named: whether the places have names instead of numbers: then no line joins them.
        y_title: what the accuracy is of.
    """
    x = _x_axis(spreads, title, named)
    good = [spread for spread in spreads if spread.accuracies]
    reached = [100 * share for spread in good for share in spread.accuracies]
    ends = _with_air(min(reached), max(reached), log=False) if reached else (0.0, 100.0)
    y = Axis(y_title, *ends)
    plane = Plane(x, y)
    parts = spread_line(plane, spreads, colour=LINE, name="" if named else "mean over seeds")
    gone = np.array([spread.x for spread in spreads if spread.diverged])
    if len(gone):
        parts.append(crosses(plane, spreads, colour=DIVERGED))
        parts.append(plane.words(gone[-1], y.low, "diverged", anchor="end"))
    said = "; ".join(in_words(spread) for spread in spreads)
    return plane.chart(parts, alt=f"{y_title} over {title}: {said}")


def spread_line(
    plane: Plane, spreads: Sequence[Spread], *, colour: str, name: str, dash: str = ""
) -> list[str]:
    """Each seed as a dot; with a name, a line through their means and all of them shaded."""
    good = [spread for spread in spreads if spread.accuracies]
    at = np.array([spread.x for spread in good])
    means = 100 * np.array([fmean(spread.accuracies) for spread in good])
    parts = []
    if good and name:
        parts += [_band(plane, good), plane.line(at, means, colour=colour, name=name, dash=dash)]
    for spread in good:
        places = np.full(len(spread.accuracies), spread.x)
        dots = 100 * np.array(spread.accuracies)
        parts.append(plane.dots(places, dots, colour=colour, name=spread.words))
    return parts


def crosses(plane: Plane, spreads: Sequence[Spread], *, colour: str) -> str:
    """A cross at the foot for each value with a run that diverged."""
    gone = np.array([spread.x for spread in spreads if spread.diverged])
    foot = np.full(len(gone), plane.y.low)
    return plane.dots(gone, foot, colour=colour, name="diverged", cross=True)


def heat_map(
    means: Array,
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    titles: tuple[str, str],
    what: str,
) -> str:
    """A cell for each pair of values: the darker, the higher.

    Args:
        means: accuracies (R, C) in 0..1, NaN where no run went well.
        columns, rows: the values of the two settings, as they are written.
        titles: the names of the settings, that of the columns first.
        what: what the accuracies are of.
    """
    width, height = (WIDTH - LEFT - RIGHT) / len(columns), (HEIGHT - TOP - BOTTOM) / len(rows)
    parts, said = [], []
    for r, row in enumerate(rows):
        middle = TOP + (r + 0.5) * height
        parts.append(_text(LEFT - 6, middle + 5, row, "end", ROOM))
        for c, column in enumerate(columns):
            value = float(means[r, c])
            place = (LEFT + c * width, TOP + r * height, width, height)
            words = "-" if isnan(value) else f"{100 * value:.1f}"
            fill, ink = _colours(value, means)
            label = f"{titles[0]} {column}, {titles[1]} {row}: {words}"
            parts.append(_cell(place, words, fill, ink, label))
            said.append(label)
    for c, column in enumerate(columns):
        parts.append(_text(LEFT + (c + 0.5) * width, HEIGHT - BOTTOM + 18, column, "middle", width))
    across, down = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts.append(_text(across, HEIGHT - 6, f"{titles[0]} ({what} in the cells)", "middle"))
    parts.append(
        f'<text transform="translate(12 {down}) rotate(-90)" text-anchor="middle">'
        f"{escape(titles[1])}</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(what)}: '
        f'{escape("; ".join(said))}" fill="currentColor" font-size="14" '
        f'font-family="sans-serif">{"".join(parts)}</svg>'
    )


def _x_axis(spreads: Sequence[Spread], title: str, named: bool) -> Axis:
    values = [spread.x for spread in spreads]
    if named:
        names = [(spread.x, spread.words) for spread in spreads]
        return _Named(title, min(values) - 0.5, max(values) + 0.5, names=names)
    log = is_log_spaced(values)
    return Axis(title, *_with_air(min(values), max(values), log=log), log=log)


def _with_air(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """The ends of an axis, a little beyond the outermost values."""
    if log:
        air = (high / low) ** AIR
        return low / air, high * air
    air = AIR * (high - low) or 0.5
    return low - air, high + air


def _band(plane: Plane, spreads: Sequence[Spread]) -> str:
    """From the lowest to the highest seed of each place."""
    upper = [(s.x, 100 * max(s.accuracies)) for s in spreads]
    lower = [(s.x, 100 * min(s.accuracies)) for s in reversed(spreads)]
    path = "L".join(f"{plane.across(x)} {plane.down(y)}" for x, y in upper + lower)
    return f'<path d="M{path}z" fill="{MARK}" opacity=".3"><title>all seeds</title></path>'


def in_words(spread: Spread) -> str:
    """What the seeds reached, to be read aloud."""
    said = f"{spread.words}:"
    if spread.accuracies:
        low, high = 100 * min(spread.accuracies), 100 * max(spread.accuracies)
        said += f" mean {100 * fmean(spread.accuracies):.2f}, from {low:.2f} to {high:.2f}"
    return said + (f" {spread.diverged} diverged" if spread.diverged else "")


def _colours(value: float, means: Array) -> tuple[str, str]:
    """Of a cell and of what is written in it."""
    if isnan(value):
        return NO_VALUE, "#000"
    low, high = np.nanmin(means), np.nanmax(means)
    share = (value - low) / (high - low) if high > low else 1.0
    red, green, blue = (PALE + share * (DEEP - PALE)).round().astype(int)
    return f"rgb({red},{green},{blue})", "#fff" if share > 0.5 else "#000"


def _cell(
    place: tuple[float, float, float, float], words: str, fill: str, ink: str, label: str
) -> str:
    left, top, width, height = (round(number, 1) for number in place)
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}">'
        f"<title>{escape(label)}</title></rect>"
        f'<text x="{left + width / 2:.1f}" y="{top + height / 2 + 5:.1f}" fill="{ink}" '
        f'text-anchor="middle">{words}</text>'
    )


def _text(x: float, y: float, words: str, anchor: str, room: float = WIDTH) -> str:
    """Words at a place, pressed together if there is less room than they would take."""
    tight = f' textLength="{room:.0f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        f"{tight if LETTER * len(words) > room else ''}>{escape(words)}</text>"
    )
