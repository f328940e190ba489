"""The figures of the experiment, as SVG."""

from collections.abc import Sequence
from html import escape

import numpy as np

from mnist_core.arrays import Array
from mnist_core.experiments.reference.found import SWEEP, WELL, Found
from mnist_core.experiments.reference.plan import CNN, FASTER, FEW, MANY, PART, Plan
from mnist_core.experiments.reference.rates import (
    NAMED_RATE,
    WORDS,
    of_reduction,
    rate_in_words,
    rate_of,
)
from mnist_core.experiments.reference.weights import WeightPictures, in_a_grid
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import Score
from mnist_core.figures import colours
from mnist_core.figures.intervals import Interval, intervals
from mnist_core.figures.plane import Axis, Plane
from mnist_core.figures.svg import Curve, line_chart
from mnist_core.figures.sweep import Spread, crosses, in_words, spread_line
from mnist_core.report.pieces import png_address
from mnist_core.words import percent

AIR = 1.5  # times: how far the axis of rates reaches beyond the outermost
HIGH = 80  # percent: above it, an axis begins here
SIDES = {"sum": (colours.SUMMED, ""), "mean": (colours.MEAN, "6 4")}
COLOURS = {
    FEW: colours.MARK, PART: colours.MLP, MANY: colours.MLP, FASTER: colours.MARK,
    SWEEP: colours.SUMMED, WELL: colours.TUNED, CNN: colours.CNN,
}  # fmt: skip
STRONGEST = 99.5  # percentile of the absolute weights that has the full colour
GAP_GREY = (128, 128, 128, 48)  # between the pictures of the units
WEIGHTS, FOOT = 480, 44  # units of the drawing


def names(plan: Plan) -> dict[str, str]:
    """What each run is called."""
    few, many = (f"{plan.named[name].train_size:,} images" for name in (FEW, MANY))
    rate = f"{plan.named[FASTER].learning_rate:g}"
    return {
        MANY: many,
        FEW: few,
        PART: f"{many}, {plan.named[PART].epochs} epochs",
        FASTER: f"{few}, rate {rate}",
        SWEEP: "best rate of the sweep",
        WELL: "the same 64 units, well trained",
        CNN: "CNN",
    }


def training_chart(run: Finished, name: str) -> str:
    """Training and validation accuracy of each epoch."""
    epochs = [result.epoch for result in run.history]
    training = [100 * result.train_accuracy for result in run.history]
    validation = [100 * result.validation_accuracy for result in run.history]
    ends = [f"{what} {at[-1]:.1f} %" for what, at in _named(training, validation) if at]
    diverged = run.status == "diverged"
    return line_chart(
        [
            Curve("training", colours.TRAINING, epochs, training, diverged=diverged),
            Curve("validation", colours.VALIDATION, epochs, validation, diverged=diverged),
        ],
        x_range=(0, run.config.epochs),
        y_range=(0, 100),
        x_title="epoch",
        y_title="accuracy (%)",
        alt=f"Accuracy over epochs with {name}; at the end {', '.join(ends) or 'nothing'}",
    )


def _named(training: list[float], validation: list[float]) -> list[tuple[str, list[float]]]:
    return [("training", training), ("validation", validation)]


def rates_chart(scores: Sequence[Score]) -> str:
    """Validation accuracy over the learning rate, for summed and for mean gradients."""
    every = [rate_of(score) for score in scores]
    x = Axis("learning rate", min(every) / AIR, max(every) * AIR, log=True)
    plane = Plane(x, Axis("validation accuracy (%)", 0, 100))
    parts, said = [plane.mark(NAMED_RATE, rate_in_words(NAMED_RATE))], []
    for reduction, (colour, dash) in SIDES.items():
        spreads = [
            Spread(rate_of(s), rate_in_words(rate_of(s)), s.accuracies, s.diverged)
            for s in of_reduction(scores, reduction)
        ]
        name = f"{WORDS[reduction]} gradients"
        parts += spread_line(plane, spreads, colour=colour, name=name, dash=dash)
        if any(spread.diverged for spread in spreads):
            parts.append(crosses(plane, spreads, colour=colour))
        said.append(f"{name}: {', '.join(in_words(spread) for spread in spreads)}")
    return plane.chart(parts, alt=f"Accuracy over learning rate. {'. '.join(said)}")


def compared_chart(found: Found) -> str:
    """Validation accuracy of each epoch, on a logarithmic axis of epochs."""
    called = names(found.plan)
    shown = {name: found.runs[name] for name in (FEW, MANY, WELL, CNN) if name in found.runs}
    longest = max(run.config.epochs for run in shown.values())
    ends = {n: run.history[-1].validation_accuracy for n, run in shown.items() if run.history}
    low = HIGH if min(ends.values(), default=0) > HIGH / 100 else 0
    plane = Plane(
        Axis("epoch", 0.9, max(longest, 2) * 1.1, log=True),
        Axis("validation accuracy (%)", low, 100),
    )
    parts = []
    for name, run in shown.items():
        x = np.array([result.epoch for result in run.history], float)
        y = 100 * np.array([result.validation_accuracy for result in run.history])
        above = y >= low
        parts.append(plane.line(x, y, colour=COLOURS[name], name=called[name]))
        parts.append(
            plane.dots(x[above][-1:], y[above][-1:], colour=COLOURS[name], name=called[name])
        )
    said = "; ".join(f"{called[name]} {percent(end, 1)}" for name, end in ends.items())
    return plane.chart(parts, alt=f"Validation accuracy over epochs, at the end: {said}")


def tests_chart(found: Found) -> str:
    """The test accuracies with their intervals."""
    called = names(found.plan)
    rows = [
        Interval(called[name], COLOURS[name], test.accuracy, *test.interval)
        for name, test in found.tests.items()
    ]
    said = "; ".join(f"{row.name} {percent(row.accuracy)}" for row in rows)
    return intervals(rows, alt=f"Test accuracy with its 95 % interval: {said}")


def weights_chart(one: WeightPictures, name: str) -> str:
    """All units' weights as pictures, over the scale."""
    alt = f"The weights of {len(one.pictures)} units of {name}"
    return pictures_chart(one.pictures, one.name, alt, strongest_of(one.pictures))


def strongest_of(pictures: Array) -> float:
    """The size of weights, in pictures (units, S, S), that has the full colour."""
    return float(np.percentile(np.abs(pictures), STRONGEST)) or 1.0


def pictures_chart(pictures: Array, name: str, alt: str, strongest: float) -> str:
    """Numbers as pictures (units, S, S), orange above zero and blue below, over the scale.

    `name` tells it from other such charts of a page, `alt` is read aloud.
    """
    image = png_address(coloured(in_a_grid(pictures), strongest))
    scale = f"scale-{name}"
    stops = "".join(
        f'<stop offset="{at}" stop-color="{colour}" stop-opacity="{opacity}"/>'
        for at, colour, opacity in (
            (0, colours.NEGATIVE, 1), (0.5, colours.NEGATIVE, 0),
            (0.5, colours.POSITIVE, 0), (1, colours.POSITIVE, 1),
        )
    )  # fmt: skip
    numbers = "".join(
        f'<text x="{x}" y="{WEIGHTS + 38}" text-anchor="{anchor}">{words}</text>'
        for x, anchor, words in (
            (120, "start", f"−{strongest:.2g}"), (240, "middle", "0"),
            (360, "end", f"+{strongest:.2g}"),
        )
    )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WEIGHTS}" height="{WEIGHTS + FOOT}" '
        f'viewBox="0 0 {WEIGHTS} {WEIGHTS + FOOT}" role="img" '
        f'aria-label="{escape(alt)}, from {-strongest:.2g} to {strongest:.2g}" '
        f'fill="currentColor" font-size="14" font-family="sans-serif">'
        f'<defs><linearGradient id="{scale}">{stops}</linearGradient>'
        f'</defs><image width="{WEIGHTS}" height="{WEIGHTS}" href="{image}" '
        f'preserveAspectRatio="xMidYMin" style="image-rendering:pixelated"/>'
        f'<rect x="120" y="{WEIGHTS + 8}" width="240" height="12" fill="url(#{scale})" '
        f'stroke="currentColor" stroke-opacity=".3"/>{numbers}</svg>'
    )


def coloured(values: Array, strongest: float) -> Array:
    """Numbers (H, W) as colours whose opacity is their size, uint8 (H, W, 4); NaN is grey."""
    blank = np.isnan(values)
    filled = np.where(blank, 0, values)
    colour = np.where((filled > 0)[..., None], _rgb(colours.POSITIVE), _rgb(colours.NEGATIVE))
    opacity = 255 * np.minimum(np.abs(filled) / strongest, 1)
    image = np.dstack([colour, opacity]).round().astype(np.uint8)
    image[blank] = GAP_GREY
    return image


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
