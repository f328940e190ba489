"""The chart of a run that learns, as a dictionary in plotly's form."""

from collections.abc import Sequence
from math import log10
from typing import Any

from mnist_core.figures.svg import Curve
from ui.charts.curves import layout, line_trace, marked
from ui.charts.learning import TITLES, Measure, value_in_words
from ui.charts.ranges import Beyond, points_beyond, y_range
from ui.theme import DIVERGED, LEARNING_HEIGHT, MARK, TRAINING

AXIS = 1.04  # times as long as the run: at the very end its last mark would be cut in half
FEW_POINTS = 10  # of a line: each of them has a mark
MOST_LABELS = 3  # of changed learning rates; more would lie on each other


def learning_figure(
    measure: Measure,
    curves: Sequence[Curve],
    *,
    epochs: int,
    revision: str,
    rates: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """The curves of a run, the faint one of its batches first.

    The x-axis spans all `epochs` from the start, so that nothing moves as data arrives; `revision`
    names the run, and the reader's zoom is kept while it stays the same. `rates` are the places
    (in epochs) where the learning rate was changed, and the new rates.
    """
    epochs = max([epochs, *(int(curve.x[-1]) for curve in curves if curve.dashed and curve.x)])
    span = y_range(measure, curves)
    beyond = points_beyond(measure, curves, span)
    faint, *bold = (_learning_line(measure, curve, span) for curve in curves)
    if len(curves[0].x) > FEW_POINTS:
        faint |= {"hoverinfo": "skip"}
    else:  # a single batch is a point, not a line
        points = {"color": TRAINING, "size": 6, "symbol": "circle-open"}
        faint |= {"mode": "lines+markers", "marker": points, "cliponaxis": False}
    ends = [curve for curve in curves if curve.diverged and curve.x]
    figure = {
        "data": [faint, *bold, *_beyond_marks(beyond), *(_cross(curve, span) for curve in ends)],
        "layout": layout(
            "epoch",
            TITLES[measure],
            height=LEARNING_HEIGHT,
            margin={"l": 45, "r": 12, "t": 12, "b": 34},
            xaxis={"title": _title("epoch"), "range": [0, epochs * AXIS]},
            yaxis={"title": _title(TITLES[measure]), **_y_axis(measure, span)},
            hovermode="x unified",
            uirevision=revision,
        ),
    }
    return _with_rates(figure, rates, at_top=measure != "accuracy")


def _title(text: str) -> dict[str, Any]:
    """An axis' title close to its numbers, as the chart is low."""
    return {"text": text, "standoff": 4}


def _y_axis(measure: Measure, span: tuple[float, float]) -> dict[str, Any]:
    if measure != "error":
        return {"range": list(span)}
    ticks = [times * 10.0**power for power in range(-2, 3) for times in (1, 2, 5)]
    return {
        "type": "log",
        "range": [log10(end) for end in span],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def _learning_line(measure: Measure, curve: Curve, span: tuple[float, float]) -> dict[str, Any]:
    """A curve as plotly's trace, each of its values in words for who points at it."""
    line = line_trace(curve) | {
        "text": [value_in_words(measure, y) for y in curve.y],
        "hovertemplate": "%{text}",
    }
    if measure == "error":  # no error at all has no place on a logarithmic axis
        line["y"] = [max(y, span[0]) for y in curve.y]
    return line


def _beyond_marks(beyond: Sequence[Beyond]) -> list[dict[str, Any]]:
    """Triangles at the ends of the axis that point to what lies beyond it."""
    if not beyond:
        return []
    symbols = ["triangle-up" if point.above else "triangle-down" for point in beyond]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "beyond the axis",
            "x": [point.x for point in beyond],
            "y": [point.y for point in beyond],
            "text": [point.words for point in beyond],
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"color": MARK, "size": 10, "symbol": symbols},
            "cliponaxis": False,
        }
    ]


def _cross(curve: Curve, span: tuple[float, float]) -> dict[str, Any]:
    """A cross at the last place of a run that diverged, and the word."""
    low, high = span
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "diverged",
        "x": [curve.x[-1]],
        "y": [min(max(curve.y[-1], low), high)],
        "text": ["diverged"],
        "textposition": "middle right",
        "hoverinfo": "skip",
        "marker": {"color": DIVERGED, "size": 12, "symbol": "x"},
        "cliponaxis": False,
    }


def _with_rates(
    figure: dict[str, Any], rates: Sequence[tuple[float, float]], *, at_top: bool
) -> dict[str, Any]:
    """The figure with a thin line wherever the learning rate was changed, and what it became.

    The words stand where curves seldom are: loss and error fall, accuracy rises.
    """
    for at, _ in rates:
        figure = marked(figure, at, width=1)
    labelled = rates if len(rates) <= MOST_LABELS else ()
    words = [
        {
            "x": at,
            "y": int(at_top),
            "yref": "paper",
            "text": f"rate {rate:g}",
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "top" if at_top else "bottom",
        }
        for at, rate in labelled
    ]
    return {**figure, "layout": figure["layout"] | {"annotations": words}}
