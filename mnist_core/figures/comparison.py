"""Two kinds of training over each other, as SVG: a line for each seed, a bold one on average."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.figures.plane import Axis, Plane

COLOURS = ("#2f7fc1", "#c4541b")
DASHES = ("", "7 4")  # so that they are told apart without colours
AIR = 0.05  # of the y-axis, at both ends


@dataclass(frozen=True)
class Lines:
    """One side: its name, places (x, y) of the mean, none if it is unknown, and of each seed."""

    name: str
    mean: Sequence[tuple[float, float]]
    seeds: Sequence[Sequence[tuple[float, float]]]


def over_each_other(
    sides: Sequence[Lines], *, x_title: str, y_title: str, x_end: float = 0.0
) -> str:
    """Two sides in one chart, each as far as it is known; both axes are linear.

    The x-axis reaches to `x_end` at least, where that is known before the curves are.
    """
    known = [place for side in sides for line in side.seeds for place in line]
    places = np.array(known or [(0.0, 0.0), (x_end or 1.0, 100.0)])
    low, high = places[:, 1].min(), places[:, 1].max()
    air = AIR * (high - low) or 0.5
    plane = Plane(
        Axis(x_title, 0, max(float(places[:, 0].max()), x_end)),
        Axis(y_title, float(low - air), float(high + air)),
    )
    parts, said = [], []
    for number, (side, colour, dash) in enumerate(zip(sides, COLOURS, DASHES, strict=True)):
        for line in side.seeds:
            parts.append(_line(plane, line, colour, f"{side.name}, one seed", width=0.8))
        if side.mean:
            parts.append(_line(plane, side.mean, colour, side.name, width=3, dash=dash))
            (x, y) = side.mean[-1]
            said.append(f"{side.name} ends at {y:.4g} on average, at {x:.4g}")
        parts.append(_name(plane, number, side.name, colour, dash))
    return plane.chart(parts, alt=f"{y_title} over {x_title}: {'; '.join(said)}")


def _line(
    plane: Plane,
    places: Sequence[tuple[float, float]],
    colour: str,
    name: str,
    *,
    width: float,
    dash: str = "",
) -> str:
    x, y = np.array(places, float).T
    line = plane.line(x, y, colour=colour, name=name, width=width, dash=dash)
    return line + plane.dots(x, y, colour=colour, name=name, radius=width)


def _name(plane: Plane, number: int, name: str, colour: str, dash: str) -> str:
    """A side's name beside a piece of its line, in the lower right corner."""
    x = plane.x.low + 0.62 * (plane.x.high - plane.x.low)
    before = plane.x.low + 0.52 * (plane.x.high - plane.x.low)
    y = plane.y.low + (0.16 - 0.09 * number) * (plane.y.high - plane.y.low)
    piece = plane.line(np.array([before, x]), np.array([y, y]), colour=colour, name=name, dash=dash)
    return piece + plane.words(x, y, name)
