"""Which values a learning chart's axis spans, and which of its points lie beyond them.
The axis follows what happens after the first half epoch: 92 to 99 % must not be a flat line at the
top of 0 to 100, and one spike of the loss must not press everything else to the bottom for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from statistics import median
from typing import Literal

import numpy as np

from mnist_core.figures.svg import Curve
from ui.charts.learning import Measure, value_in_words

RUNGS = (0, 50, 80, 90, 95, 98, 99)  # %: where accuracy begins; few, so that the axis seldom moves
SETTLED = 0.5  # epochs after which batches count
QUANTILE = 0.05  # of those batches may lie beyond
LEAST_ERROR = 0.01  # %: one image of ten thousand
UNTRAINED_LOSS = 2.4  # just above that of a guess, log(10)
LEAST_LOSS = 1e-3  # an axis needs some length


@dataclass(frozen=True)
class Beyond:
    """The farthest of neighbouring points of a curve beyond the axis, as a mark at its end.

    `above` says at which end; `words` name curve, value and epoch.
    """

    x: float
    y: float
    above: bool
    words: str


def y_range(measure: Measure, curves: Sequence[Curve]) -> tuple[float, float]:
    """The lowest and the highest value of the axis.

    Until the run's first epoch has ended, everything is in sight. Then the ends of epochs decide,
    the first of them always, the others unless they are lonely spikes; and of the later batches
    all but a twentieth. What lies beyond is marked (points_beyond), a double click shows it, and
    the error's axis, which is logarithmic, has room for the first points and the last ones.
    """
    ends = [curve.y for curve in curves if curve.symbol]
    begun = any(curve.y for curve in curves if curve.symbol and not curve.dashed)
    faint = [curve for curve in curves if not curve.symbol]
    if measure == "error":
        least = min((y for line in ends for y in line if y > 0), default=1.5)
        return max(0.7 * least, LEAST_ERROR), 100
    if measure == "accuracy":
        errors = [e for line in ends for e in without_spikes([100 - y for y in line])]
        low = min([100 - max(errors), *_settled(faint, QUANTILE, "higher")]) if begun else 0
        rung = max(r for r in RUNGS if r == 0 or low - r >= 0.05 * (100 - r))
        return rung, 100 + 0.03 * (100 - rung)
    lines = ends if begun else [*ends, *(curve.y for curve in faint)]
    others = _settled(faint, 1 - QUANTILE, "lower") if begun else [UNTRAINED_LOSS]
    high = max([*others, *(y for line in lines for y in without_spikes(line))])
    return 0, 1.08 * max(high, LEAST_LOSS)


def without_spikes(values: Sequence[float]) -> list[float]:
    """Errors or losses, none above twice the median of itself and two on each side.

    The first stays as it is, since a run begins high.
    """
    capped = (
        min(value, 2 * median(values[max(at - 2, 0) : at + 3])) for at, value in enumerate(values)
    )
    return [*values[:1], *islice(capped, 1, None)]


def _settled(
    curves: Sequence[Curve], share: float, method: Literal["lower", "higher"]
) -> list[float]:
    """The later point that this share of them lies below; none without such points.

    Where there are few, the `method` leaves out at least the farthest of them.
    """
    values = [y for c in curves for x, y in zip(c.x, c.y, strict=True) if x > SETTLED]
    return [float(np.quantile(values, share, method=method))] if values else []


def points_beyond(
    measure: Measure, curves: Sequence[Curve], span: tuple[float, float]
) -> list[Beyond]:
    """A mark for each stretch of a curve that leaves the axis."""
    low, high = span
    found = []
    for curve in curves:
        places = list(zip(curve.x, curve.y, strict=True))
        for side, stretch in groupby(places, lambda place: (place[1] > high) - (place[1] < low)):
            if side:
                x, y = max(stretch, key=lambda place: side * place[1])
                words = f"{curve.name}: {value_in_words(measure, y)} at epoch {x:,g}"
                found.append(Beyond(x, high if side > 0 else low, side > 0, words))
    return found
