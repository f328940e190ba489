"""What the curves of a run are: names, colours and points, whoever draws them.
curves.py draws them as an interactive chart, svg.py as a picture that follows a slider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.figures.svg import Curve, Symbol
from mnist_core.runs.numbers import BatchPoint, averaged
from mnist_core.training.run import EpochResult
from ui.theme import TRAINING, VALIDATION, faded
from ui.words import percent

BATCHES, FAINT = "training, batch by batch", faded(TRAINING, 0.6)
CURVE_LEGEND = {
    "training, after each epoch": ("●", TRAINING),
    "validation, after each epoch": ("◆", VALIDATION),
    BATCHES: ("—", FAINT),
}
MAX_POINTS = 150  # of a faint line: more can't be seen, and each update would carry them
LASTING = 0.01  # of a run's steps: a learning rate that holds for less was passed by a slider
Measure = Literal["accuracy", "error", "loss"]
HOLLOW: Sequence[Symbol] = ("◇", "□", "△", "▽")  # of runs that are laid over
TITLES: dict[Measure, str] = {
    "accuracy": "accuracy (%)",
    "error": "error (%)",
    "loss": "loss",
}
RateChange = tuple[int, float]  # the step that it came before, the new learning rate


@dataclass(frozen=True)
class OtherRun:
    """A run to lay over the one that is shown: its name, how it stands in a word, its results."""

    name: str
    status: str
    colour: str
    symbol: Symbol
    results: Sequence[EpochResult]
    diverged: bool = False

    @property
    def label(self) -> str:
        """What its curve is called."""
        return f"{self.name}, {self.status}: validation"


def thinned(values: Array, most: int = MAX_POINTS) -> Array:
    """At most `most` of the values (N,), evenly spread, with the first and the last."""
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).round().astype(int)]


def learning_curves(
    measure: Measure,
    results: Sequence[EpochResult],
    batch_line: Sequence[BatchPoint],
    steps_per_epoch: int,
    others: Sequence[OtherRun] = (),
    *,
    diverged: bool = False,
) -> list[Curve]:
    """Accuracy or error in %, or loss in nats, over epochs.

    Batches come first, faint, each point in the middle of the batches that it is the mean of; then
    the ends of epochs, bold. Of `others` the validation curve is laid over them, dashed.
    """
    points = averaged(batch_line, MAX_POINTS)
    curves = [
        Curve(
            BATCHES,
            FAINT,
            [round((p.step - (p.batches - 1) / 2) / steps_per_epoch, 4) for p in points],
            [_in_units(measure, p.loss, p.accuracy) for p in points],
            width=1,
            diverged=diverged,
        )
    ]
    of_own: list[tuple[str, str, str, Symbol]] = [
        ("training", "train", TRAINING, "●"),
        ("validation", "validation", VALIDATION, "◆"),
    ]
    for name, which, colour, symbol in of_own:
        at, values = _ends_of_epochs(results, which, measure)
        curves.append(Curve(name, colour, at, values, width=3, symbol=symbol))
    for o in others:
        at, values = _ends_of_epochs(o.results, "validation", measure)
        look: dict[str, Any] = {"symbol": o.symbol, "dashed": True, "diverged": o.diverged}
        curves.append(Curve(o.label, o.colour, at, values, width=2, **look))
    return curves


def _ends_of_epochs(
    results: Sequence[EpochResult], which: str, measure: Measure
) -> tuple[list[int], list[float]]:
    values = [
        _in_units(measure, getattr(r, f"{which}_loss"), getattr(r, f"{which}_accuracy"))
        for r in results
    ]
    return [r.epoch for r in results], values


def _in_units(measure: Measure, loss: float, accuracy: float) -> float:
    """As it is drawn: accuracy and error in %, loss in nats."""
    values = {"accuracy": 100 * accuracy, "error": 100 * (1 - accuracy), "loss": loss}
    return round(values[measure], 4)


def lasting_changes(
    changes: Sequence[RateChange], first_rate: float, steps: int
) -> list[RateChange]:
    """The changes of the learning rate that held for a while, of a run of so many steps.

    A slider that is moved passes many rates; only where it came to rest is worth a mark.
    """
    kept: list[RateChange] = []
    for number, (step, rate) in enumerate(changes):
        until = changes[number + 1][0] if number + 1 < len(changes) else float("inf")
        if until - step > LASTING * steps and rate != (kept[-1][1] if kept else first_rate):
            kept.append((step, rate))
    return kept


def value_in_words(measure: Measure, value: float) -> str:
    """A value of a curve with its unit: "98.41 %", "0.0534"."""
    return f"{value:.4f}" if measure == "loss" else percent(value / 100)


def learning_in_words(measure: Measure, curves: Sequence[Curve]) -> str:
    """The curves in sentences, for those who do not see them."""
    batches, *ends = curves
    said = [_curve_in_words(measure, curve) for curve in ends if curve.y]
    if not any(curve.y for curve in ends if not curve.dashed):
        said.insert(0, "no epoch has ended yet")
    if batches.y:
        said.append(f"{BATCHES}: {value_in_words(measure, batches.y[-1])} at last")
    if batches.diverged:
        said.append("the run diverged")
    return f"{measure} over epochs: {'; '.join(said)}"


def _curve_in_words(measure: Measure, curve: Curve) -> str:
    first, last = (
        f"{value_in_words(measure, curve.y[at])} after epoch {curve.x[at]:,g}" for at in (0, -1)
    )
    return f"{curve.name} {last}" if len(curve.y) == 1 else f"{curve.name} {first}, {last}"


def results_table(results: Sequence[EpochResult]) -> dict[str, list[str]]:
    """Every epoch's values as columns: accuracy in %, loss in nats, time in seconds."""
    return {
        "epoch": [f"{r.epoch}" for r in results],
        "training accuracy (%)": [f"{100 * r.train_accuracy:.2f}" for r in results],
        "validation accuracy (%)": [f"{100 * r.validation_accuracy:.2f}" for r in results],
        "training loss": [f"{r.train_loss:.4f}" for r in results],
        "validation loss": [f"{r.validation_loss:.4f}" for r in results],
        "seconds": [f"{r.seconds:.2f}" for r in results],
    }
