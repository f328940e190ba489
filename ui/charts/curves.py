"""Charts as plain dictionaries in plotly's form, made from arrays.
A dictionary costs a tenth of a plotly Figure, and a live chart is built twice a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.training.run import EpochResult
from ui.theme import TRAINING, VALIDATION, faded

CURVE_LEGEND = {
    "training, after each epoch": ("●", TRAINING),
    "validation, after each epoch": ("◆", VALIDATION),
    "training, batch by batch": ("—", faded(TRAINING, 0.6)),
}
CURVE_HEIGHT = 280  # pixels
MAX_POINTS = 150  # of a faint line: more can't be seen, and each update would carry them
CONFIG = {"displayModeBar": False, "scrollZoom": False}
Measure = Literal["accuracy", "loss"]


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
    batch_epochs: Array,
    batch_values: Array,
    *,
    epochs: int,
    revision: str,
    others: Sequence[OtherRun] = (),
) -> dict[str, Any]:
    """Accuracy (%) or loss (nats) over epochs: batches faint, ends of epochs bold.

    batch_epochs and batch_values (N,) are the faint line: position in epochs, and accuracy 0..1
    or loss. The axis spans all `epochs` from the start, so that nothing moves as data arrives;
    `revision` names the run, and the reader's zoom is kept while it stays the same. Of `others`
    the validation curve is laid over it, dashed.
    """
    factor, unit = (100, "%") if measure == "accuracy" else (1, "")
    form = ".2f" if measure == "accuracy" else ".4f"
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "batches",
            "x": thinned(batch_epochs).round(4).tolist(),
            "y": (thinned(batch_values) * factor).round(4).tolist(),
            "line": {"color": faded(TRAINING), "width": 1},
            "hoverinfo": "skip",
        }
    ]
    at = [result.epoch for result in results]
    for name, which, colour, symbol in (
        ("training", "train", TRAINING, "circle"),
        ("validation", "validation", VALIDATION, "diamond"),
    ):
        values = [getattr(result, f"{which}_{measure}") * factor for result in results]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": at,
                "y": values,
                "line": {"color": colour, "width": 3},
                "marker": {"color": colour, "size": 7, "symbol": symbol},
                "hovertemplate": f"%{{y:{form}}}{unit}",
            }
        )
    for other in others:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"{other.name}, validation",
                "x": [result.epoch for result in other.results],
                "y": [getattr(r, f"validation_{measure}") * factor for r in other.results],
                "line": {"color": other.colour, "width": 2, "dash": "dash"},
                "hovertemplate": f"%{{y:{form}}}{unit}",
            }
        )
        epochs = max(epochs, len(other.results))
    axis = {"title": {"text": "accuracy (%)"}} if factor == 100 else {"title": {"text": "loss"}}
    if factor == 1:
        axis["rangemode"] = "tozero"  # type: ignore[assignment]
    if not results and not len(batch_values):
        axis["range"] = [0, 100] if factor == 100 else [0, 2.5]  # type: ignore[assignment]
    return {
        "data": traces,
        "layout": {
            "height": CURVE_HEIGHT,
            "margin": {"l": 55, "r": 10, "t": 10, "b": 40},
            "xaxis": {"title": {"text": "epoch"}, "range": [0, epochs * 1.02]},
            "yaxis": axis,
            "showlegend": False,  # one legend for both charts stands above them
            "hovermode": "x unified",
            "uirevision": revision,
        },
    }


def curves_along(
    values: Array, curves: dict[str, tuple[str, Array]], now: float, *, x: str, y: str
) -> dict[str, Any]:
    """Probabilities along a changing value (N,): {name: (colour, probabilities (N,) in 0..1)}.

    A vertical line marks the value `now`; `x` and `y` are the axes' titles with their units.
    """
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": values.round(4).tolist(),
            "y": (100 * probabilities).round(2).tolist(),
            "line": {"color": colour, "width": 3},
            "hovertemplate": "%{y:.1f}%",
        }
        for name, (colour, probabilities) in curves.items()
    ]
    return {
        "data": traces,
        "layout": {
            "height": CURVE_HEIGHT,
            "margin": {"l": 55, "r": 10, "t": 10, "b": 40},
            "xaxis": {"title": {"text": x}, "range": [float(values[0]), float(values[-1])]},
            "yaxis": {"title": {"text": y}, "range": [0, 103]},
            "shapes": [
                {
                    "type": "line",
                    "yref": "paper",
                    **{"x0": now, "x1": now, "y0": 0, "y1": 1},
                    "line": {"color": "#888888", "width": 1, "dash": "dot"},
                }
            ],
            "legend": {"orientation": "h", "y": 1.15},
            "hovermode": "x unified",
        },
    }


def fine_tune_curves(
    steps: Sequence[int], curves: dict[str, tuple[str, Sequence[float]]], *, y: str
) -> dict[str, Any]:
    """Accuracies over the steps of fine-tuning: {name: (colour, accuracies 0..1)}."""
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": list(steps),
                "y": [round(100 * value, 3) for value in values],
                "line": {"color": colour, "width": 3},
                "hovertemplate": "%{y:.2f}%",
            }
            for name, (colour, values) in curves.items()
        ],
        "layout": {
            "height": CURVE_HEIGHT,
            "margin": {"l": 55, "r": 10, "t": 10, "b": 40},
            "xaxis": {"title": {"text": "step of fine-tuning"}},
            "yaxis": {"title": {"text": y}},
            "showlegend": False,
            "hovermode": "x unified",
        },
    }


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
