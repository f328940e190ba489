"""Charts of what hidden units hold and do, as plain dictionaries in plotly's form.
Arrays go in, dictionaries come out; nothing here knows a page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from ui.charts.curves import layout
from ui.theme import (
    DIGITS,
    ENLARGED_HEIGHT,
    NEGATIVE,
    POSITIVE,
    UNIT_CHART_HEIGHT,
)


def _layout(x: str, y: str, **others: Any) -> dict[str, Any]:
    return layout(x, y, **{"height": UNIT_CHART_HEIGHT, **others})


def weights_enlarged(weights: Array, colours: Array) -> dict[str, Any]:
    """Weights (H, W) as a heat map whose values can be pointed at.

    `colours`, uint8 (255, 3), are those of the tiles from the most negative to the most positive.
    """
    H, W = weights.shape
    bound = float(np.abs(weights).max()) or 1.0
    stops = np.linspace(0, 1, len(colours)).tolist()
    return {
        "data": [
            {
                "type": "heatmap",
                "z": weights.round(5).tolist(),
                "zmin": -bound,
                "zmax": bound,
                "colorscale": [
                    [at, f"rgb({r},{g},{b})"]
                    for at, (r, g, b) in zip(stops, colours.tolist(), strict=True)
                ],
                "hovertemplate": "row %{y}, column %{x}: %{z:.4f}<extra></extra>",
                "colorbar": {"thickness": 12},
            }
        ],
        # Pixels stay square by a smaller chart, not by rows and columns that there are not.
        "layout": _layout(
            "column",
            "row",
            height=ENLARGED_HEIGHT,
            xaxis={"title": {"text": "column"}, "range": [-0.5, W - 0.5], "constrain": "domain"},
            yaxis={
                "title": {"text": "row"},
                "range": [H - 0.5, -0.5],
                "constrain": "domain",
                "scaleanchor": "x",
            },
        ),
    }


def signed_bars(values: Array, *, x: str, y: str) -> dict[str, Any]:
    """One bar for each of the values (N,), coloured by its sign."""
    return {
        "data": [
            {
                "type": "bar",
                "x": list(range(len(values))),
                "y": values.round(5).tolist(),
                "marker": {"color": [POSITIVE if value >= 0 else NEGATIVE for value in values]},
                "hovertemplate": "%{x}: %{y:.4f}<extra></extra>",
            }
        ],
        "layout": _layout(x, y, xaxis={"title": {"text": x}, "dtick": 1}),
    }


def activation_histograms(edges: Array, counts: Array) -> dict[str, Any]:
    """One row for each digit: the share of its images in each bin; counts (10, bins)."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    middles = (edges[:-1] + edges[1:]) / 2
    return {
        "data": [
            {
                "type": "heatmap",
                "x": middles.round(4).tolist(),
                "y": list(range(len(counts))),
                "z": (100 * shares).round(2).tolist(),
                "colorscale": [[0, "rgba(47,127,193,0.04)"], [1, "rgba(47,127,193,1)"]],
                "hovertemplate": "digit %{y}, W x + b %{x}: %{z:.1f} %<extra></extra>",
                "colorbar": {"thickness": 12, "title": {"text": "%"}},
            }
        ],
        "layout": _layout("W x + b", "digit", yaxis={"dtick": 1, "title": {"text": "digit"}}),
    }


def lines(
    x: Sequence[float],
    curves: Mapping[str, Sequence[float | None]],
    *,
    x_title: str,
    y_title: str,
    colours: Sequence[str] = DIGITS,
    log: bool = False,
    y_range: tuple[float, float] | None = None,
    legend: bool = True,
) -> dict[str, Any]:
    """Named curves over common places x; None leaves a gap."""
    y_axis: dict[str, Any] = {"title": {"text": y_title}}
    if log:
        y_axis |= {"type": "log", "exponentformat": "power"}
    if y_range:
        y_axis["range"] = list(y_range)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": list(x),
                "y": list(values),
                "line": {"color": colours[number % len(colours)], "width": 2.5},
            }
            for number, (name, values) in enumerate(curves.items())
        ],
        "layout": _layout(
            x_title,
            y_title,
            yaxis=y_axis,
            showlegend=legend and len(curves) > 1,
            legend={"orientation": "h", "y": 1.18},
            hovermode="x unified",
        ),
    }


def histogram(counts: Array, edges: Array, *, x: str) -> dict[str, Any]:
    """Counts (bins,) between edges (bins + 1,)."""
    middles = (edges[:-1] + edges[1:]) / 2
    return {
        "data": [
            {
                "type": "bar",
                "x": middles.round(6).tolist(),
                "y": counts.tolist(),
                "marker": {"color": NEGATIVE},
            }
        ],
        "layout": _layout(x, "weights", bargap=0.02),
    }
