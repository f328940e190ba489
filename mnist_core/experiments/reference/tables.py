"""The numbers behind every figure, as CSV."""

from collections.abc import Iterable
from typing import Any

from mnist_core.experiments.reference.found import Found
from mnist_core.experiments.reference.plan import FEW, MANY
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import run_row, summary_row

Rows = list[dict[str, Any]]


def tables(found: Found) -> dict[str, Rows]:
    """Rows by the name of their file, which begins as that of the figure does."""
    named = {name: found.runs[name] for name in found.plan.named}
    return {
        "figure-1-training-sizes.csv": _epochs((n, named[n]) for n in (FEW, MANY)),
        "figure-2-learning-rates.csv": [summary_row(score) for score in found.scores],
        "figure-2-runs.csv": [
            run_row(score.candidate.settings, run) for score in found.scores for run in score.runs
        ],
        "figure-3-networks.csv": _epochs(named.items()),
        "figure-4-weights.csv": [
            {"run": one.name, "unit": unit, "row": row}
            | {f"x{x}": float(f"{weight:.4g}") for x, weight in enumerate(line)}
            for one in found.weights
            for unit, picture in enumerate(one.pictures.tolist())
            for row, line in enumerate(picture)
        ],
        "figure-5-tests.csv": [
            {
                "run": name,
                "right": test.right,
                "total": test.total,
                "accuracy": test.accuracy,
                "low": test.interval[0],
                "high": test.interval[1],
            }
            for name, test in found.tests.items()
        ],
    }


def _epochs(runs: Iterable[tuple[str, Finished]]) -> Rows:
    return [
        {
            "run": name,
            "images": run.config.train_size,
            "epoch": result.epoch,
            "train_accuracy": result.train_accuracy,
            "validation_accuracy": result.validation_accuracy,
            "train_loss": result.train_loss,
            "validation_loss": result.validation_loss,
        }
        for name, run in runs
        for result in run.history
    ]
