"""A run whose loss is no number any more, or billions, ends with its last good weights."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from mnist_core.nn.metrics import loss_and_accuracy
from mnist_core.training.run import Run
from mnist_core.training.train import DIVERGED_LOSS, train
from tests.training.test_train import QUICK, after, state, through_a_file

EXPLOSIVE = replace(
    QUICK,
    hidden=(64, 64, 64),
    initialisation="normal(3)",
    optimizer="sgd",
    learning_rate=100.0,
    reduction="sum",
    schedule="constant",
)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_a_loss_that_is_no_number_ends_the_run_with_its_last_good_weights(
    small, optimizer, ema_decay
):
    run = Run(replace(EXPLOSIVE, optimizer=optimizer, ema_decay=ema_decay), small)
    *_, last = train(run)
    assert last.status == "diverged"
    assert "learning rate" in last.message
    assert last.step == run.step < run.steps
    for array in state(run):
        assert np.isfinite(array).all()
    probabilities = run.network().predict_proba(small.test.images)
    assert np.isfinite(probabilities).all()


def test_a_finite_loss_of_billions_ends_the_run_with_its_last_good_weights(small):
    # Steps so large that all units die: the loss stays finite, and nothing is learned any more.
    config = replace(QUICK, hidden=(64, 64), activation="relu", schedule="constant")
    run = Run(replace(config, optimizer="nesterov", learning_rate=30.0), small)
    *steps, last = train(run)
    assert DIVERGED_LOSS <= last.loss < inf
    assert last.status == "diverged" and "learning rate" in last.message
    assert all(step.loss < DIVERGED_LOSS for step in steps)
    loss, _ = loss_and_accuracy(run.network(), small.validation.images, small.validation.labels)
    assert loss < 100


def test_wild_initial_weights_are_not_taken_for_divergence(small):
    config = replace(QUICK, hidden=(256, 64, 64), activation="relu", initialisation="normal(2)")
    first, *_, last = train(Run(replace(config, optimizer="adam", learning_rate=0.01), small))
    assert first.loss > 1000 and last.status == "finished"


def test_a_run_whose_last_step_diverges_does_not_count_as_finished(small):
    run = Run(replace(QUICK, batch_size=150, epochs=1), small)  # a single step
    run.learning_rate = 1e30
    *_, last = train(run)
    assert last.status == "diverged"
    assert run.history == []
    assert np.isfinite(run.model.parameters.flat).all()


def test_a_diverged_run_can_be_saved_and_resumed_with_a_lower_rate(small, tmp_path):
    run = Run(replace(EXPLOSIVE, optimizer="nesterov", ema_decay=0.9), small)
    list(train(run))
    resumed = Run.resume(through_a_file(run, tmp_path), small)
    resumed.learning_rate = 1e-12
    *_, last = train(resumed)
    assert last.status == "finished"


def test_divergence_late_in_a_run_keeps_what_was_learnt_before(small):
    run = after(Run(replace(QUICK, epochs=20), small), 130)
    learnt = run.model.parameters.flat.copy()
    run.learning_rate = 1e30
    *_, last = train(run)
    assert last.status == "diverged"
    assert 80 <= run.step <= 131  # at most 50 steps older
    assert len(run.history) == run.step // 10
    distance = np.linalg.norm(run.model.parameters.flat - learnt)
    assert distance < np.linalg.norm(learnt)
