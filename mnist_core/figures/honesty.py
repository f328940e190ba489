"""Confidence against accuracy, and accuracy against coverage, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.evaluation.calibration import Coverage, Reliability
from mnist_core.figures.colours import MARK
from mnist_core.figures.plane import DOT, Axis, Plane

FEW_IMAGES = 10  # say little: a bin of fewer is a dot alone
FEW = 0.02  # of accuracy that the axis shows at least


@dataclass(frozen=True)
class Line:
    """A network's name and colour; `dash` tells a second line of the same network."""

    name: str
    colour: str
    dash: str = ""


def reliability_chart(found: Sequence[tuple[Line, Reliability]], *, alt: str) -> str:
    """The diagonal is a network that is right as often as it says; below it one is too sure."""
    plane = Plane(Axis("confidence", 0, 1), Axis("share that is right", 0, 1))
    ends = np.array([0.0, 1.0])
    parts = [plane.line(ends, ends, colour=MARK, name="as often as it says", width=1.5)]
    for line, reliability in found:
        many, filled = reliability.counts >= FEW_IMAGES, reliability.counts > 0
        x, y = reliability.confidence[many], reliability.accuracy[many]
        parts.append(plane.line(x, y, colour=line.colour, name=line.name, dash=line.dash))
        x, y = reliability.confidence[filled], reliability.accuracy[filled]
        # The size of a dot says how many images lie in its bin, on a logarithmic scale.
        radii = np.minimum(1.5 + np.log10(reliability.counts[filled]), DOT)
        for at, (one, other) in enumerate(zip(x, y, strict=True)):
            name = f"{line.name}: {reliability.counts[filled][at]:,} images"
            place = np.array([one]), np.array([other])
            parts.append(plane.dots(*place, colour=line.colour, name=name, radius=radii[at]))
    return plane.chart(parts, alt=alt)


def coverage_chart(
    found: Sequence[tuple[Line, Coverage]], places: Sequence[tuple[float, float]], *, alt: str
) -> str:
    """Accuracy of the images that are answered, against their share.

    A dot marks a place (share answered, accuracy) on each line. The chart ends where half of the
    images are answered: a dot for fewer stays at the line's last place.
    """
    lowest = min(float(coverage.accuracy[coverage.coverage > 0.5].min()) for _, coverage in found)
    low = min(lowest, 1 - FEW)
    accuracy = Axis("right, of those answered (%)", 100 * (low - 0.1 * (1 - low)), 100)
    plane = Plane(Axis("images answered (%)", 50, 100), accuracy)
    parts = []
    for (line, coverage), (answered, right) in zip(found, places, strict=True):
        shown = coverage.coverage >= 0.5
        x, y = 100 * coverage.coverage[shown], 100 * coverage.accuracy[shown]
        parts.append(plane.line(x, y, colour=line.colour, name=line.name, dash=line.dash))
        inside = answered >= 0.5
        place = (np.array([100 * answered]), np.array([100 * right])) if inside else (x[:1], y[:1])
        parts.append(plane.dots(*place, colour=line.colour, name=line.name, radius=4))
    return plane.chart(parts, alt=alt)
