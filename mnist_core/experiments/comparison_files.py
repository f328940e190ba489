"""What is kept of a comparison: tables as CSV, and the curves of both sides over each other."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_core.experiments.comparison import Pair, Point, curve, mean_curve
from mnist_core.experiments.kept_runs import write_text
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import write_csv
from mnist_core.figures.comparison import Lines, over_each_other
from mnist_core.figures.svg import on_white

# What each chart is called, and where a point lies on its x-axis.
CHARTS: dict[str, tuple[str, Callable[[Point], float]]] = {
    "epochs": ("epoch", lambda point: point.epoch),
    "seconds": ("seconds of training", lambda point: point.seconds),
}


def write_comparison(folder: Path, pairs: Sequence[Pair]) -> None:
    """Write curves.csv, tests.csv, epochs.svg and seconds.svg into a folder that is there."""
    sides = {"A": [pair.first.run for pair in pairs], "B": [pair.second.run for pair in pairs]}
    rows = [
        {"side": letter, "seed": run.config.seed} | vars(point)
        for letter, runs in sides.items()
        for run in runs
        for point in curve(run)
    ]
    write_csv(folder / "curves.csv", rows)
    write_csv(folder / "tests.csv", [pair_row(pair) for pair in pairs])
    for name in CHARTS:
        write_text(folder / f"{name}.svg", on_white(curves_chart(name, sides)))


def curves_chart(name: str, sides: Mapping[str, Sequence[Finished]]) -> str:
    """The chart of that name: the runs of both sides so far, and the means of those that ended."""
    title, across = CHARTS[name]
    lines = [_lines(side, runs, across) for side, runs in sides.items()]
    # The whole length from the start, where it is known, so that nothing moves as curves arrive.
    epochs = max(run.config.epochs for runs in sides.values() for run in runs)
    end = float(epochs) if name == "epochs" else 0.0
    return over_each_other(lines, x_title=title, x_end=end, y_title="validation accuracy (%)")


def pair_row(pair: Pair) -> dict[str, Any]:
    """A seed as a row: accuracies of test images and their 95 % intervals, all 0..1."""
    test = pair.test
    row: dict[str, Any] = {"seed": pair.seed}
    for side, judged in (("first", pair.first), ("second", pair.second)):
        low, high = judged.interval
        row |= {f"{side}_accuracy": judged.accuracy, f"{side}_low": low, f"{side}_high": high}
        row[f"{side}_seconds_per_epoch"] = judged.seconds_per_epoch
    low, high = test.interval()
    return row | {
        "difference": test.difference,
        "difference_low": low,
        "difference_high": high,
        "only_first_right": test.only_first,
        "only_second_right": test.only_second,
        "p_value": test.p_value,
    }


def _lines(name: str, runs: Sequence[Finished], across: Callable[[Point], float]) -> Lines:
    def places(points: Sequence[Point]) -> list[tuple[float, float]]:
        return [(across(point), 100 * point.validation_accuracy) for point in points]

    ended = [run for run in runs if run.status == "finished"]
    mean = places(mean_curve(ended)) if ended else []
    return Lines(name, mean, [places(curve(run)) for run in runs if run.history])
