"""A search over settings: every combination with several seeds, and which one is best.
Validation images choose; the test images judge the best combination alone, once.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from math import nan
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from mnist_core.data.mnist import Split
from mnist_core.evaluation.scores import wilson_interval
from mnist_core.experiments.kept_runs import KeptRuns, write_text
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.space import as_text, in_text
from mnist_core.inspection.diagnostics import GUESSING, HARDLY_BETTER
from mnist_core.training.config import TrainConfig


@dataclass(frozen=True)
class Candidate:
    """One combination of the varied settings, and its runs, one for each seed."""

    settings: dict[str, Any]
    configs: tuple[TrainConfig, ...]


def candidate(base: TrainConfig, settings: dict[str, Any], seeds: int) -> Candidate:
    """These settings in place of the base's, with `seeds` seeds from its own on.

    Raises ValueError for settings that can't be.
    """
    config = replace(base, **settings)
    configs = tuple(replace(config, seed=config.seed + number) for number in range(seeds))
    return Candidate(settings, configs)


@dataclass(frozen=True)
class Score:
    """What the runs of a candidate led to; accuracies 0..1 are of validation images at the end.

    Runs that diverged have no part in the mean and what stands beside it.
    """

    candidate: Candidate
    runs: tuple[Finished, ...]

    @property
    def accuracies(self) -> list[float]:
        """Of the runs that went well, in the order of their seeds."""
        return [r.history[-1].validation_accuracy for r in self.runs if r.status == "finished"]

    @property
    def mean(self) -> float:
        """NaN if no run went well."""
        return fmean(self.accuracies) if self.accuracies else nan

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds, with n - 1; None of fewer than two runs."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else None

    @property
    def diverged(self) -> int:
        """How many runs diverged."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def is_complete(self) -> bool:
        """Whether every run went well."""
        return len(self.accuracies) == len(self.candidate.configs)


def scores(candidates: Sequence[Candidate], finished: Iterable[Finished]) -> list[Score]:
    """The score of each candidate, from the runs of all of them in one list, by their index."""
    by_index = {run.index: run for run in finished}
    found, first = [], 0
    for one in candidates:
        indices = range(first, first + len(one.configs))
        found.append(Score(one, tuple(by_index[i] for i in indices if i in by_index)))
        first += len(one.configs)
    return found


def best(scored: Sequence[Score]) -> Score | None:
    """The highest mean among those of which every run went well; None if there is none."""
    return max((s for s in scored if s.is_complete), key=lambda s: s.mean, default=None)


def outcome(run: Finished) -> str:
    """How a run ended, in a word or two."""
    if run.status == "finished" and run.history[-1].train_loss >= HARDLY_BETTER * GUESSING:
        return "stood still"
    return run.status


def run_row(settings: dict[str, Any], run: Finished) -> dict[str, Any]:
    """A run as a row: None where it has no epoch that ended well."""
    last = run.history[-1] if run.history else None
    top = max(run.history, key=lambda r: r.validation_accuracy, default=None)
    return _texts(settings) | {
        "seed": run.config.seed,
        "best_validation_accuracy": top and top.validation_accuracy,
        "best_epoch": top and top.epoch,
        "train_accuracy": last and last.train_accuracy,
        "validation_accuracy": last and last.validation_accuracy,
        "train_loss": last and last.train_loss,
        "validation_loss": last and last.validation_loss,
        "outcome": outcome(run),
        "seconds": round(run.seconds, 3),
    }


def summary_row(score: Score) -> dict[str, Any]:
    """A candidate as a row; accuracies of validation images."""
    reached = score.accuracies
    return _texts(score.candidate.settings) | {
        "runs": len(score.runs),
        "diverged": score.diverged,
        "mean": score.mean if reached else None,
        "minimum": min(reached, default=None),
        "maximum": max(reached, default=None),
        "standard_deviation": score.deviation,
        "seconds": round(fmean(run.seconds for run in score.runs), 3) if score.runs else None,
    }


def write_tables(folder: Path, scored: Sequence[Score]) -> None:
    """Write results.csv, a row for each run, and summary.csv, a row for each candidate."""
    write_csv(
        folder / "results.csv",
        [run_row(score.candidate.settings, run) for score in scored for run in score.runs],
    )
    write_csv(folder / "summary.csv", [summary_row(score) for score in scored])


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that all have the same names."""
    write_text(path, as_csv(rows))


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows that all have the same names, as a table; None becomes an empty cell."""
    text = StringIO()
    table = csv.DictWriter(text, rows[0] if rows else [], lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def judged_by_test_images(score: Score, kept: KeptRuns, test: Split) -> list[float]:
    """The share of the test images that each network of the best candidate recognises, 0..1."""
    return [float(kept.recognised(run.config, test).mean()) for run in score.runs]


def best_in_words(score: Score, tested: Sequence[float], images: int) -> str:
    """The best candidate, and what its networks reach on so many test images."""
    mean = fmean(tested)
    if len(tested) == 1:
        low, high = wilson_interval(round(mean * images), images)
        of = f"95 % interval {low:.2%} to {high:.2%}"
    else:
        of = f"{len(tested)} networks, {min(tested):.2%} to {max(tested):.2%}"
    return (
        f"best: {in_text(score.candidate.settings)}, validation {score.mean:.2%}; "
        f"test accuracy {mean:.2%} ({of})"
    )


def write_best(path: Path, score: Score, test_accuracies: Sequence[float]) -> None:
    """Write the best candidate, and what its networks reach on the test images, as JSON."""
    values = {
        "settings": _texts(score.candidate.settings),
        "validation_accuracy": score.mean,
        "test_accuracies": test_accuracies,
    }
    write_text(path, json.dumps(values, indent=1))


def _texts(settings: dict[str, Any]) -> dict[str, str]:
    return {name: as_text(name, value) for name, value in settings.items()}
