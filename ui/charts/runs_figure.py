"""The validation curves of several runs over each other, as a dictionary in plotly's form.
A run is a letter in it: its name is a stranger's text, and plotly takes such text for HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Any, Literal

from mnist_core.figures.svg import Curve
from mnist_core.training.run import EpochResult
from ui.charts.curves import layout, line_trace
from ui.charts.learning import Measure, value_in_words
from ui.charts.ranges import y_range
from ui.theme import RUNS

Across = Literal["epochs", "seconds"]
TITLES: dict[Measure, str] = {"accuracy": "validation accuracy (%)", "loss": "validation loss"}
X_TITLES: dict[Across, str] = {"epochs": "epoch", "seconds": "seconds of training"}
LETTERS = "ABCDEFGH"
DASHES = ("solid", "dash", "dot", "dashdot")
# The same as CSS backgrounds: from where to where there is colour, in pixels, and then again.
PIECES = (((0, 4),), ((0, 8), (12, 12)), ((0, 3), (6, 6)), ((0, 8), (11, 14), (17, 17)))


@dataclass(frozen=True)
class Look:
    """How a run is drawn: its letter, its colour, its kind of line."""

    letter: str
    colour: str
    dash: str

    @property
    def line(self) -> str:
        """A piece of the line, as CSS for a background."""
        stops, before = [], 0
        for start, end in PIECES[DASHES.index(self.dash)]:
            stops += [f"transparent {before}px {start}px", f"{self.colour} {start}px {end}px"]
            before = end
        return f"repeating-linear-gradient(90deg,{','.join(stops)})"


def look_of(number: int) -> Look:
    """The look of the run of that number, from 0 to 7."""
    return Look(LETTERS[number], RUNS[number], DASHES[number % len(DASHES)])


def runs_figure(
    runs: Sequence[Sequence[EpochResult]], measure: Measure, across: Across
) -> dict[str, Any]:
    """The curves of at most eight runs, each with its letter at the end of its line."""
    curves = [_curve(number, run, measure, across) for number, run in enumerate(runs)]
    traces, letters = [], []
    for number, curve in enumerate(curves):
        trace = line_trace(curve)
        trace["line"] |= {"dash": look_of(number).dash}
        trace["marker"] |= {"size": 4}
        trace["hovertemplate"] = f"{'%{y:.4f}' if measure == 'loss' else '%{y:.2f} %'}"
        traces.append(trace)
        if curve.x:
            letters.append(_letter(curve))
    low, high = y_range(measure, curves)
    return {
        "data": traces,
        "layout": layout(
            X_TITLES[across],
            TITLES[measure],
            yaxis={"title": {"text": TITLES[measure]}, "range": [low, high]},
            annotations=letters,
            hovermode="x unified" if across == "epochs" else "closest",
            uirevision=f"{measure} {across}",
        ),
    }


def runs_in_words(runs: Sequence[Sequence[EpochResult]], measure: Measure) -> str:
    """The ends of the curves in a sentence, for those who do not see them."""
    said = []
    for number, results in enumerate(runs):
        curve = _curve(number, results, measure, "epochs")
        end = f"{value_in_words(measure, curve.y[-1])} at last" if curve.y else "no epoch yet"
        said.append(f"{curve.name} {end}")
    return f"{TITLES[measure]}: {'; '.join(said)}"


def _curve(number: int, results: Sequence[EpochResult], measure: Measure, across: Across) -> Curve:
    look, seconds = look_of(number), accumulate(result.seconds for result in results)
    places = [
        (result.epoch if across == "epochs" else round(at, 3), _value(result, measure))
        for result, at in zip(results, seconds, strict=True)
    ]
    places = [(x, y) for x, y in places if isfinite(y)]  # a run that has diverged
    x, y = [x for x, _ in places], [y for _, y in places]
    return Curve(look.letter, look.colour, x, y, width=2, symbol="●")


def _value(result: EpochResult, measure: Measure) -> float:
    if measure == "loss":
        return round(result.validation_loss, 4)
    return round(100 * result.validation_accuracy, 2)


def _letter(curve: Curve) -> dict[str, Any]:
    return {
        "x": curve.x[-1],
        "y": curve.y[-1],
        "text": curve.name,
        "xanchor": "left",
        "xshift": 4,
        "showarrow": False,
    }
