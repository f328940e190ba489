"""Charts as plain dictionaries in plotly's form, made from arrays.
A dictionary costs a tenth of a plotly Figure, and a live chart is built twice a second.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mnist_core.functional import Array
from mnist_core.training import EpochResult

# One colour for one thing on every page; told apart by colour-blind eyes, on white and on black.
TRAINING = "#2f7fc1"
VALIDATION = "#e07b00"
MLP = "#009e73"
CNN = "#aa4499"
OWN = "#997700"  # a network of the visitor's own


def faded(colour: str, opacity: float = 0.35) -> str:
    """A "#rrggbb" colour as plotly's rgba(...) with that opacity."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


CURVE_LEGEND = {
    "training, after each epoch": ("●", TRAINING),
    "validation, after each epoch": ("◆", VALIDATION),
    "training, batch by batch": ("—", faded(TRAINING, 0.6)),
}
CURVE_HEIGHT = 280  # pixels
MAX_POINTS = 150  # of a faint line: more can't be seen, and each update would carry them

CONFIG = {"displayModeBar": False, "scrollZoom": False}

Measure = Literal["accuracy", "loss"]


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
) -> dict[str, Any]:
    """Accuracy (%) or loss (nats) over epochs: batches faint, ends of epochs bold.

    batch_epochs and batch_values (N,) are the faint line: position in epochs, and accuracy 0..1
    or loss. The axis spans all `epochs` from the start, so that nothing moves as data arrives;
    `revision` names the run, and the reader's zoom is kept while it stays the same.
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
