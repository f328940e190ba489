"""What a run has come to: the number that stands large, and the words below the curves."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from mnist_core.runs.handle import RunHandle
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import RunState
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Progress
from tests.ui.tools import with_plain_spaces
from ui.session import ShownRun
from ui.train import outcome
from ui.train.network import network_of_run
from ui.train.outcome import BEST_RECIPES

CONFIG = TrainConfig(learning_rate=0.1, epochs=2, train_size=6400, batch_size=64)  # 200 steps
RESULT = EpochResult(1, 0.05344, 0.9841, 0.1, 0.99996, 2.0)
BATCH = Progress(
    step=1, steps=200, epoch=1, loss=2.35118, accuracy=6 / 64, learning_rate=0.1, seconds=0.1,
    images=64, result=None, status="running",
)  # fmt: skip


def shown(**known: Any) -> ShownRun:
    """A run of which that much is known."""
    view = replace(RunState("a", CONFIG), **known).view()
    return ShownRun(cast(RunHandle, None), view, None, chosen=False)


def headline(run: ShownRun | None) -> str:
    return with_plain_spaces(outcome.headline(run))


def in_words(run: ShownRun) -> str:
    return with_plain_spaces(outcome.in_words(run))


def test_the_test_accuracy_stands_large_at_the_end_and_can_be_compared() -> None:
    run = shown(status="finished", results=(RESULT,), test_accuracy=0.9755)
    assert "97.55 %" in headline(run) and "test accuracy" in headline(run)
    for number in ("90 to 91 %", "94 %", "98.6 %"):
        assert number in in_words(run)


def test_an_epoch_far_on_is_written_as_people_write_it() -> None:
    run = shown(status="running", results=(replace(RESULT, epoch=1200),))
    assert "epoch 1,200" in headline(run) and "After epoch 1,200:" in in_words(run)


def test_nobody_is_told_to_press_start_who_has(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    monkeypatch.setattr(
        "ui.train.network.network_picture", lambda *_, title, **__: titles.append(title)
    )
    monkeypatch.setattr("ui.train.network.activity_in_link", lambda *_, **__: None)
    for run in (None, shown(status="starting")):
        network_of_run(run)
    assert ["Press Start" in title for title in titles] == [True, False]


def test_before_the_end_it_is_the_validation_accuracy_and_nothing_of_test_images() -> None:
    run = shown(status="running", results=(RESULT,))
    assert "99.99 %" in headline(run) and "validation accuracy, epoch 1" in headline(run)
    assert "test" not in headline(run) + in_words(run)
    assert "validation accuracy" in headline(None) and "–" in headline(None)


def at_step(run: ShownRun, step: int) -> ShownRun:
    """The same run at a chosen step."""
    snapshot = Snapshot(step, step // 100, "finished", np.zeros(1, np.float32), None)
    return replace(run, snapshot=snapshot, chosen=True)


@pytest.mark.parametrize(
    ("step", "value", "words"),
    [
        (99, ">–<", "validation accuracy<"),
        (100, "90.00 %", "validation accuracy, epoch 1<"),
        (199, "90.00 %", "validation accuracy, epoch 1<"),
        (200, "95.00 %", "validation accuracy, epoch 2<"),
    ],
)
def test_at_a_chosen_step_the_epoch_before_it_stands_large(
    step: int, value: str, words: str
) -> None:
    results = tuple(
        replace(RESULT, epoch=epoch, validation_accuracy=accuracy)
        for epoch, accuracy in ((1, 0.9), (2, 0.95))
    )
    run = at_step(shown(status="finished", results=results, test_accuracy=0.97), step)
    assert value in headline(run) and words in headline(run)
    beside = in_words(run)
    assert (value in beside) if step >= 100 else ("no epoch has ended yet" in beside)
    assert "report's network" not in beside  # nothing of test images is there to be compared


def test_the_values_have_sensible_digits() -> None:
    words = in_words(shown(status="running", results=(RESULT,)))
    assert "training accuracy **98.41 %** (loss 0.0534)" in words


def test_a_single_batch_says_its_number_and_its_values() -> None:
    words = in_words(shown(status="paused", progress=BATCH))
    assert "Batch 1: loss 2.3512, accuracy 9.4 % of its 64 images." in words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((), ""),
        (((120, 0.05),), "Learning rate 0.1, then 0.05 from step 120 on."),
        (
            tuple((10 * n, 0.1 / n) for n in (2, 4, 5, 8)),
            "Learning rate 0.1, 1 more, then 0.025 from step 40 on, 0.02 from step 50 on, "
            "0.0125 from step 80 on.",
        ),
    ],
)
def test_a_changed_learning_rate_is_named(changes: Any, words: str) -> None:
    said = in_words(shown(status="running", rate_changes=changes))
    assert words in said and ("Learning rate" in said) == bool(words)


def test_a_run_that_diverged_says_so_first() -> None:
    assert "**Diverged**" in in_words(shown(status="diverged", results=(RESULT,)))


def test_the_best_recipes_are_those_of_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for name, accuracy in BEST_RECIPES.values():
        (row,) = (line for line in readme.splitlines() if line.startswith(f"| {name} |"))
        assert row.endswith(f"| {accuracy} |")
