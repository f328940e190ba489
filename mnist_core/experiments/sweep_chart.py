"""The chart of a search: accuracy over the settings that were varied."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mnist_core.experiments.kept_runs import write_text
from mnist_core.experiments.space import as_number, as_text
from mnist_core.experiments.sweep import Score
from mnist_core.figures.svg import on_white
from mnist_core.figures.sweep import Spread, accuracy_over, heat_map

ACCURACY = "validation accuracy (%)"


def draw(path: Path, scored: Sequence[Score]) -> None:
    """Write a chart: a line over one varied setting, a heat map over two, none over more.

    Two settings that were drawn at random make no grid, and have no chart either.
    """
    names = [*scored[0].candidate.settings]
    if len(names) == 1:
        write_text(path, on_white(line_over(names[0], scored)))
    elif len(names) == 2 and (chart := map_over(names[0], names[1], scored)):
        write_text(path, on_white(chart))


def line_over(name: str, scored: Sequence[Score]) -> str:
    """Validation accuracy over one setting."""
    numbers = [as_number(score.candidate.settings[name]) for score in scored]
    named = None in numbers
    spreads = [
        Spread(
            index if number is None or named else number,
            as_text(name, score.candidate.settings[name]),
            score.accuracies,
            score.diverged,
        )
        for index, (score, number) in enumerate(zip(scored, numbers, strict=True))
    ]
    spreads.sort(key=lambda spread: spread.x)
    return accuracy_over(spreads, title=in_words(name), named=named, y_title=ACCURACY)


def map_over(columns: str, rows: str, scored: Sequence[Score]) -> str:
    """Validation accuracy over two settings; "" if it is not known of every pair of values."""

    def values(name: str) -> list[str]:
        return list(dict.fromkeys(as_text(name, s.candidate.settings[name]) for s in scored))

    across, down = values(columns), values(rows)
    if len(across) * len(down) != len(scored):
        return ""
    means = np.full((len(down), len(across)), np.nan)
    for score in scored:
        column, row = (as_text(name, score.candidate.settings[name]) for name in (columns, rows))
        means[down.index(row), across.index(column)] = score.mean
    titles = in_words(columns), in_words(rows)
    return heat_map(means, columns=across, rows=down, titles=titles, what=ACCURACY)


def in_words(name: str) -> str:
    """A setting's name as an axis has it."""
    return name.replace("_", " ")
