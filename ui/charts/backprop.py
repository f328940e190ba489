"""Charts of the Back-propagation page as SVG: gradients against finite differences, the error over
the step size, and the loss along the gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.figures.plane import DOT, Axis, Plane
from mnist_core.inspection.descent import LossAlong
from ui.charts.slopes import Slopes
from ui.theme import DIVERGED, MARK, NEGATIVE, POSITIVE, RIGHT_RATE, TOO_LARGE, TOO_SMALL, TRAINING

ERRORS = 1e-14, 10.0  # what the axis of the error spans
HALF = 0.5  # of what one step can gain: a rate that gains less is too small
ROOM = 0.65  # of an axis: further to the right there is no room for a name
ABOVE = 2.0  # times the loss before the step that the axis of losses spans


def gradients_chart(analytic: Array, numerical: Array, wrong: Array, *, alt: str) -> str:
    """Magnitudes of both gradients (N,), none of them zero, on and beside the diagonal.

    Args:
        wrong: bool (N,), the ones that are crossed out.
    """
    x, y = np.abs(analytic), np.abs(numerical)
    everything = np.concatenate([x, y])
    ends = 10.0 ** floor(log10(everything.min())), 10.0 ** ceil(log10(everything.max()))
    low, high = ends if ends[0] < ends[1] else (ends[0], 10 * ends[0])
    plane = Plane(
        Axis("size of the gradient by back-propagation", low, high, log=True),
        Axis("by finite differences", low, high, log=True),
    )
    diagonal = np.array([low, high])
    parts = [plane.line(diagonal, diagonal, colour=MARK, name="both are equal", width=1)]
    for name, colour, shown in (
        ("positive", POSITIVE, (analytic > 0) & ~wrong),
        ("negative", NEGATIVE, (analytic < 0) & ~wrong),
    ):
        parts.append(plane.dots(x[shown], y[shown], colour=colour, name=name))
    parts.append(plane.dots(x[wrong], y[wrong], colour=DIVERGED, name="they differ", cross=True))
    return plane.chart(parts, alt=alt)


@dataclass(frozen=True)
class ErrorCurve:
    """Relative errors (steps,) in one type of numbers: of several weights, and of one alone."""

    name: str
    colour: str
    dash: str
    median: Array
    own: Array | None


def error_chart(
    steps: Array, curves: Sequence[ErrorCurve], slopes: dict[str, Slopes | None], *, alt: str
) -> str:
    """Errors over the step's size (steps,), and the slopes of truncation and rounding, dotted."""
    plane = Plane(
        Axis("step size h", float(steps.min()), float(steps.max()), log=True),
        Axis("relative error", *ERRORS, log=True),
    )
    parts = []
    for found in slopes.values():
        if found is not None:
            parts += _slope_lines(plane, steps, found)
    if (clearest := next((one for one in slopes.values() if one is not None), None)) is not None:
        below, h = clearest.error / 30, clearest.crossing  # the foot of the V, where room is
        if plane.x.share(2 * h) < ROOM:
            parts.append(plane.words(2 * h, below, "truncation: slope 2"))
        else:  # in a line of its own
            end = float(steps.max())
            parts.append(plane.words(end, below / 30, "truncation: slope 2", anchor="end"))
        parts.append(plane.words(h / 2, below, "rounding: slope −1", anchor="end"))
    for curve in curves:
        look: dict[str, Any] = {"colour": curve.colour, "dash": curve.dash}
        if curve.own is not None:
            name = f"{curve.name}, the followed weight alone"
            parts.append(plane.line(steps, curve.own, name=name, width=1, **look))
        parts.append(plane.line(steps, curve.median, name=f"{curve.name}, median", **look))
    return plane.chart(parts, alt=alt)


def _slope_lines(plane: Plane, steps: Array, slopes: Slopes) -> list[str]:
    """Both slopes, down to a little below the place where they cross."""
    lines = {
        "truncation": slopes.truncation * steps**2,
        "rounding": slopes.rounding / steps,
    }
    return [
        plane.line(steps[told], errors[told], colour=MARK, name=name, width=1.5, dash="2 4")
        for name, errors in lines.items()
        for told in [errors > slopes.error / 5]
    ]


@dataclass(frozen=True)
class Regions:
    """Learning rates that are too small, right, and too large, if any is."""

    right_from: float
    best: float
    too_large_from: float | None

    def of(self, rate: float) -> str:
        """In which of the three a rate lies: "too small", "right" or "too large"."""
        if self.too_large_from is not None and rate >= self.too_large_from:
            return "too large"
        return "too small" if rate < self.right_from else "right"


def regions_of(along: LossAlong) -> Regions:
    """A rate is too large from where the loss grows, and too small if it gains less than HALF.

    Far beyond, where all units are saturated, the loss may be small again: that counts no more.
    """
    limit = along.worse_from
    fair = along.rates < (np.inf if limit is None else limit)
    if limit is not None and not fair.any():
        return Regions(limit, limit, limit)
    rates, gains = along.rates[fair], along.before - along.losses[fair]
    return Regions(
        right_from=float(rates[(gains >= HALF * gains.max()).argmax()]),
        best=float(rates[gains.argmax()]),
        too_large_from=limit,
    )


def rates_chart(along: LossAlong, regions: Regions, *, chosen: float, alt: str) -> str:
    """The loss after one step over the learning rate, with the chosen rate as a mark."""
    rates, before = along.rates, along.before
    low, high = float(rates[0]), float(rates[-1])
    end = high if regions.too_large_from is None else regions.too_large_from
    plane = Plane(
        Axis("learning rate", low, high, log=True),
        Axis("loss after one step", 0, ABOVE * (before or 1)),
    )
    parts = [plane.area(low, regions.right_from, colour=TOO_SMALL, words="too small")]
    parts.append(plane.area(regions.right_from, end, colour=RIGHT_RATE, words="right", row=1))
    if end < high:
        parts.append(plane.area(end, high, colour=TOO_LARGE, words="too large"))
    parts.append(
        plane.line(
            np.array([low, high]), np.array([before] * 2),
            colour=MARK, name="the loss before", width=1.5, dash="2 4",
        )
    )  # fmt: skip
    parts.append(plane.words(low, 1.1 * before, "before"))
    parts.append(
        plane.line(rates, along.losses, colour=TRAINING, name="loss after one step", width=3)
    )
    # Named above the line of the loss before: at the mark's foot lies the curve.
    anchor = "end" if plane.x.share(chosen) > 0.5 else "start"
    parts.append(plane.mark(chosen, ""))
    parts.append(plane.words(chosen, 1.5 * (before or 1), f"{chosen:g}", anchor=anchor))
    return plane.chart(parts, alt=alt)


def steps_chart(values: Array, *, name: str, top: float, least: int, colour: str, alt: str) -> str:
    """A value before the first step and after each (steps + 1,), from 0 to `top`.

    The axis has room for at least so many steps; what is no number is left out.
    """
    plane = Plane(Axis("step", 0, max(least, len(values) - 1)), Axis(name, 0, top))
    steps = np.arange(float(len(values)))
    there = np.isfinite(values)
    line = plane.line(steps, values, colour=colour, name=name)
    dots = plane.dots(steps[there], values[there], colour=colour, name=name, radius=DOT)
    return plane.chart([line, dots], alt=alt)
