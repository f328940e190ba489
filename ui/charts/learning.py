"""What the curves of a run are: names, colours and points, whoever draws them.
curves.py draws them as an interactive chart, svg.py as a picture that follows a slider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.runs.numbers import BatchPoint
from mnist_core.training.run import EpochResult
from ui.theme import TRAINING, VALIDATION, faded

BATCHES = "training, batch by batch"
CURVE_LEGEND = {
    "training, after each epoch": ("●", TRAINING),
    "validation, after each epoch": ("◆", VALIDATION),
    BATCHES: ("—", faded(TRAINING, 0.6)),
}
MAX_POINTS = 150  # of a faint line: more can't be seen, and each update would carry them
Measure = Literal["accuracy", "loss"]
Symbol = Literal["", "●", "◆"]
TITLES: dict[Measure, str] = {"accuracy": "accuracy (%)", "loss": "loss"}


@dataclass(frozen=True)
class Curve:
    """Places (x, y) that a line joins, and the symbol that marks each of them, if any does."""

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    width: float = 2.5
    symbol: Symbol = ""
    dashed: bool = False


@dataclass(frozen=True)
class OtherRun:
    """A run to lay over the one that is shown: its name, kind of network and results."""

    name: str
    colour: str
    results: Sequence[EpochResult]


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
) -> list[Curve]:
    """Accuracy in % or loss in nats over epochs: batches faint, then the ends of epochs bold.

    Of `others` the validation curve is laid over them, dashed.
    """
    factor = 100 if measure == "accuracy" else 1
    points = [batch_line[i] for i in thinned(np.arange(len(batch_line)))]
    curves = [
        Curve(
            BATCHES,
            faded(TRAINING),
            [round(point.step / steps_per_epoch, 4) for point in points],
            [round(factor * getattr(point, measure), 4) for point in points],
            width=1,
        )
    ]
    of_own: list[tuple[str, str, str, Symbol]] = [
        ("training", "train", TRAINING, "●"),
        ("validation", "validation", VALIDATION, "◆"),
    ]
    for name, which, colour, symbol in of_own:
        at, values = _ends_of_epochs(results, f"{which}_{measure}", factor)
        curves.append(Curve(name, colour, at, values, width=3, symbol=symbol))
    for other in others:
        at, values = _ends_of_epochs(other.results, f"validation_{measure}", factor)
        name = f"{other.name}, validation"
        curves.append(Curve(name, other.colour, at, values, width=2, dashed=True))
    return curves


def _ends_of_epochs(
    results: Sequence[EpochResult], value: str, factor: float
) -> tuple[list[int], list[float]]:
    return [r.epoch for r in results], [factor * getattr(r, value) for r in results]


def learning_in_words(measure: Measure, results: Sequence[EpochResult]) -> str:
    """The curves in a sentence, for those who do not see them."""
    if not results:
        return f"{measure} over epochs: no epoch has ended yet"
    last = results[-1]
    form = ".1%" if measure == "accuracy" else ".4f"
    train, validation = (getattr(last, f"{which}_{measure}") for which in ("train", "validation"))
    return (
        f"{measure} over epochs; after epoch {last.epoch}: training {train:{form}}, "
        f"validation {validation:{form}}"
    )


def results_table(results: Sequence[EpochResult]) -> dict[str, list[Any]]:
    """Every epoch's values as columns: accuracy in %, loss in nats, time in seconds."""
    return {
        "epoch": [r.epoch for r in results],
        "training accuracy (%)": [round(100 * r.train_accuracy, 2) for r in results],
        "validation accuracy (%)": [round(100 * r.validation_accuracy, 2) for r in results],
        "training loss": [round(r.train_loss, 4) for r in results],
        "validation loss": [round(r.validation_loss, 4) for r in results],
        "seconds": [round(r.seconds, 2) for r in results],
    }
