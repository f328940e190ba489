"""The visitor's best network: the end of an epoch, with the accuracy of these very weights."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.data.mnist import Dataset
from mnist_core.nn.metrics import accuracy
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.snapshots import SnapshotList
from mnist_core.training.config import TrainConfig
from ui.session import BestNetwork, _best_of
from ui.words import percent

# Its steps are too large: the validation accuracy falls from an early epoch on.
FALLING = TrainConfig(
    hidden=(8,), epochs=15, train_size=200, batch_size=10, learning_rate=0.3, seed=0
)


@pytest.fixture
def falling(pool: LocalPool) -> RunHandle:
    """A run that has ended, and was better before."""
    handle = pool.start(FALLING)
    results = handle.wait_for(lambda view: view.ended, timeout=60).results
    assert max(results, key=lambda one: one.validation_accuracy).epoch < len(results)
    return handle


def best_of_a_new_visitor(run: RunHandle) -> tuple[BestNetwork, str]:
    """What a session that begins now takes for the best, and what the page says of it."""
    app = AppTest.from_string("import ui.evaluate.page\nui.evaluate.page.page()")
    app.query_params["run"], app.query_params["network"] = run.id, "best"
    app.run(timeout=60)
    assert not app.exception
    words = " ".join(one.proto.body for one in app.get("html"))  # pyright: ignore[reportAttributeAccessIssue]
    (said,) = re.findall(r"Your best, (.+?)<", words)
    return app.session_state["session"].best, said


def measured(best: BestNetwork, mnist: Dataset) -> float:
    images, labels = mnist.validation.images, mnist.validation.labels
    return accuracy(best.network.predict(images), labels)


def test_the_best_network_has_the_weights_of_the_best_epoch_and_the_accuracy_that_is_said(
    falling: RunHandle, mnist: Dataset
) -> None:
    top = max(falling.peek().results, key=lambda one: one.validation_accuracy)
    for _ in ("first", "after a reload"):
        best, said = best_of_a_new_visitor(falling)
        assert said.startswith(
            f"{percent(top.validation_accuracy)} on validation images after epoch {top.epoch}"
        )
        assert best.snapshot.step == top.epoch * FALLING.steps_per_epoch
        assert measured(best, mnist) == pytest.approx(top.validation_accuracy, abs=1e-9)


def test_without_the_best_epochs_weights_the_best_that_are_there_go_by_their_own_number(
    falling: RunHandle, mnist: Dataset
) -> None:
    view, ends = falling.peek(), FALLING.steps_per_epoch
    first, *_, last = view.results
    better = max(first, last, key=lambda one: one.validation_accuracy)
    kept = [one for one in falling.snapshots.all if one.step <= ends] + [view.snapshot]
    best = _best_of(view, SnapshotList(tuple(one for one in kept if one)), None)
    assert best is not None and best.epoch == better.epoch
    assert measured(best, mnist) == pytest.approx(best.accuracy, abs=1e-9)


def test_weights_from_within_an_epoch_are_nobodys_best(falling: RunHandle) -> None:
    ends = FALLING.steps_per_epoch
    within = tuple(one for one in falling.snapshots.all if one.step % ends)
    assert within
    assert _best_of(falling.peek(), SnapshotList(within), None) is None


def test_what_was_better_before_stays(falling: RunHandle) -> None:
    view = falling.peek()
    before = BestNetwork("another", FALLING, falling.snapshots.all[0], 0.99, 7)
    assert _best_of(view, falling.snapshots, before) is before
