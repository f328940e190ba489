"""Charts as plain dictionaries in plotly's form, made from arrays.
A dictionary costs a tenth of a plotly Figure, and a live chart is built twice a second.
"""

from collections.abc import Sequence
from typing import Any

from mnist_core.arrays import Array
from mnist_core.figures.svg import Curve
from ui.theme import CURVE_HEIGHT, MARK

CONFIG = {"displayModeBar": False, "scrollZoom": False}
SYMBOLS = {
    "●": "circle",
    "◆": "diamond",
    "◇": "diamond-open",
    "□": "square-open",
    "△": "triangle-up-open",
    "▽": "triangle-down-open",
}


def layout(x: str, y: str, **others: Any) -> dict[str, Any]:
    """What all charts share; x and y are the axes' titles, and `others` add to it or replace it."""
    return {
        "height": CURVE_HEIGHT,
        "margin": {"l": 55, "r": 10, "t": 10, "b": 40},
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "showlegend": False,
        **others,
    }


def marked(figure: dict[str, Any], at: float | None, width: float = 2) -> dict[str, Any]:
    """The figure with a vertical line at a place of its x-axis; as it was for None."""
    if at is None:
        return figure
    line = {
        "type": "line",
        "yref": "paper",
        **{"x0": at, "x1": at, "y0": 0, "y1": 1},
        "line": {"color": MARK, "width": width, "dash": "dot"},
    }
    shapes = [*figure["layout"].get("shapes", []), line]
    return {**figure, "layout": figure["layout"] | {"shapes": shapes}}


def line_trace(curve: Curve) -> dict[str, Any]:
    """A curve as plotly's trace, with its symbols if it has any."""
    line = {"color": curve.colour, "width": curve.width}
    symbols = {"color": curve.colour, "size": 7, "symbol": SYMBOLS.get(curve.symbol)}
    return {
        "type": "scatter",
        "mode": "lines+markers" if curve.symbol else "lines",
        "name": curve.name,
        "x": list(curve.x),
        "y": list(curve.y),
        "line": line | ({"dash": "dash"} if curve.dashed else {}),
        **({"marker": symbols} if curve.symbol else {}),
    }


def curves_along(
    values: Array, curves: dict[str, tuple[str, Array]], now: float, *, x: str, y: str
) -> dict[str, Any]:
    """Probabilities along a changing value (N,): {name: (colour, probabilities (N,) in 0..1)}.

    A vertical line marks the value `now`; `x` and `y` are the axes' titles with their units.
    """
    lines = [
        Curve(name, colour, values.round(4).tolist(), (100 * p).round(2).tolist(), width=3)
        for name, (colour, p) in curves.items()
    ]
    figure = {
        "data": [line_trace(line) | {"hovertemplate": "%{y:.1f} %"} for line in lines],
        "layout": layout(
            x,
            y,
            xaxis={"title": {"text": x}, "range": [float(values[0]), float(values[-1])]},
            yaxis={"title": {"text": y}, "range": [0, 103]},
            showlegend=len(lines) > 1,
            legend={"orientation": "h", "y": 1.15},
            hovermode="x unified",
        ),
    }
    return marked(figure, now, width=1)


def fine_tune_curves(
    steps: Sequence[int], curves: dict[str, tuple[str, Sequence[float]]], *, y: str
) -> dict[str, Any]:
    """Accuracies over the steps of fine-tuning: {name: (colour, accuracies 0..1)}."""
    lines = [
        Curve(name, colour, steps, [round(100 * value, 3) for value in values], width=3)
        for name, (colour, values) in curves.items()
    ]
    return {
        "data": [
            line_trace(line) | {"mode": "lines+markers", "hovertemplate": "%{y:.2f} %"}
            for line in lines
        ],
        "layout": layout("step of fine-tuning", y, hovermode="x unified"),
    }
