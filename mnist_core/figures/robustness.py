"""Accuracy against the strength of a distortion, as SVG."""

from collections.abc import Sequence

from mnist_core.arrays import Array
from mnist_core.evaluation.distortions import Distortion
from mnist_core.figures.honesty import Line
from mnist_core.figures.plane import Axis, Plane


def robustness_chart(
    distortion: Distortion, strengths: Array, lines: Sequence[tuple[Line, Array]], *, alt: str
) -> str:
    """Accuracies 0..1 (K,) of each network at K strengths; `alt` is read aloud."""
    first, last = distortion.strengths[0], distortion.strengths[-1]
    plane = Plane(Axis(f"strength ({distortion.unit})", first, last), Axis("right (%)", 0, 100))
    parts = []
    for line, accuracies in lines:
        for draw in (plane.line, plane.dots):
            parts.append(draw(strengths, 100 * accuracies, colour=line.colour, name=line.name))
    return plane.chart(parts, alt=alt)
