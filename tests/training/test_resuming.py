"""A run that was interrupted or saved goes on to the same numbers, and only on data of its own."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from mnist_core.data.mnist import load_mnist
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.training.checkpoint import Checkpoint, CheckpointError
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run, starting_point
from mnist_core.training.train import train
from tests.training.test_train import EVERYTHING, QUICK, after, numbers, state, through_a_file


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("config", [QUICK, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("pause", [0, 1, 7, 10, 13, 20, 29], ids=lambda step: f"after-{step}")
def test_a_resumed_run_gives_the_same_numbers_to_the_bit(small, tmp_path, optimizer, config, pause):
    config = replace(config, optimizer=optimizer, learning_rate=0.02)
    whole = Run(config, small)
    expected = numbers(train(whole))
    resumed = Run.resume(through_a_file(after(Run(config, small), pause), tmp_path), small)
    assert numbers(train(resumed)) == expected[pause:]
    assert resumed.history == whole.history
    assert all(map(np.array_equal, state(resumed), state(whole)))


@pytest.mark.parametrize("batch_size", [1, 7, 100, 150, 300])
def test_a_run_resumes_in_the_midst_of_an_epoch_at_any_batch_size(small, tmp_path, batch_size):
    config = replace(EVERYTHING, batch_size=batch_size, epochs=2)
    whole = Run(config, small)
    pause = whole.steps // 2 + 1
    expected = numbers(train(whole))[pause:]
    resumed = Run.resume(through_a_file(after(Run(config, small), pause), tmp_path), small)
    assert numbers(train(resumed)) == expected


def test_a_changed_learning_rate_survives_an_interruption(small, tmp_path):
    def changed() -> Run:
        run = after(Run(QUICK, small), 5)
        run.learning_rate = 0.01
        return run

    expected = numbers(train(changed()))
    resumed = Run.resume(through_a_file(after(changed(), 3), tmp_path), small)
    assert numbers(train(resumed)) == expected[3:]


def test_pausing_in_the_generator_is_no_interruption_at_all(small):
    run = Run(EVERYTHING, small)
    steps = train(run)
    first = numbers(islice(steps, 13))
    run.network().predict(small.test.images)  # a page looks at the network meanwhile
    run.checkpoint()
    assert first + numbers(steps) == numbers(train(Run(EVERYTHING, small)))


def at_looks(*numbers: int) -> Callable[[], bool]:
    """Says that a validation is interrupted when it is asked for those times, counted from 0."""
    looks = iter(range(1000))
    return lambda: next(looks) in numbers


def test_a_validation_that_is_interrupted_leads_to_the_same_numbers(small):
    expected = numbers(train(Run(EVERYTHING, small)))
    steps = list(train(Run(EVERYTHING, small), interrupted=at_looks(0, 2, 7)))
    put_off = [p for p in steps if p.step % 10 == 0 and p.result is None]
    assert [(p.step, p.status) for p in put_off] == [
        (10, "running"),
        (10, "running"),
        (30, "running"),
    ]
    assert numbers(p for p in steps if p not in put_off) == expected


@pytest.mark.parametrize("pause", [10, 30])
def test_a_run_saved_in_the_middle_of_a_validation_goes_on_to_the_same_numbers(
    small, tmp_path, pause
):
    expected = [p.result for p in train(Run(EVERYTHING, small)) if p.result]
    run = Run(EVERYTHING, small)
    always = islice(train(run, interrupted=lambda: run.step == pause), pause)
    assert [p.result for p in always if p.result] == expected[: pause // 10 - 1]
    resumed = Run.resume(through_a_file(run, tmp_path), small)
    first, *steps = train(resumed)
    assert (first.step, first.result) == (pause, expected[pause // 10 - 1])
    assert first.status == ("finished" if pause == 30 else "running")
    assert len(steps) == 30 - pause and resumed.history == expected


# --- checkpoints that do not fit ----------------------------------------------------------------


@pytest.fixture(scope="module")
def adams_checkpoint(small) -> Checkpoint:
    run = after(Run(replace(QUICK, optimizer="adam", ema_decay=0.9), small), 12)
    return run.checkpoint()


def test_a_run_on_other_data_is_not_resumed(adams_checkpoint, small):
    with pytest.raises(CheckpointError, match="other data"):
        Run.resume(adams_checkpoint, replace(small, sha256="other"))


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"epochs": "x"}},
        {"config": {"hidden": [10**9]}},
        {"config": {"surprise": 1}},
        {"config": {"epochs": float("inf")}},
        {"config": {"train_size": 10_000}},
        {"config": {}},  # the default's network has other shapes
        {"step": -1},
        {"step": 31},
        {"step": 10**30},
        {"step": 13},  # Adam has counted 12
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate": -1},
        {"learning_rate": 10**400},
        {"optimizer": {}},
        {"optimizer": {"velocity": np.zeros(6370)}},
        {"ema": {}},
        {"history": [5]},
        {"history": [{}]},
        {"history": [{"epoch": 1}]},
        {"history": [{"surprise": 1}]},
        {"history": []},  # an epoch is over at step 12
    ],
    ids=str,
)
def test_a_checkpoint_that_contradicts_itself_is_not_resumed(adams_checkpoint, small, changes):
    with pytest.raises(CheckpointError) as caught:
        Run.resume(replace(adams_checkpoint, **changes), small)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["x", None, [1], float("nan"), True])
@pytest.mark.parametrize("field", ["epoch", "validation_accuracy"])
def test_a_history_of_anything_but_numbers_is_not_resumed(adams_checkpoint, small, field, value):
    history = [adams_checkpoint.history[0] | {field: value}]
    with pytest.raises(CheckpointError, match="history"):
        Run.resume(replace(adams_checkpoint, history=history), small)


@pytest.mark.parametrize("steps", [-5, 2**63 - 1])
def test_an_optimizer_that_has_counted_wrongly_is_not_resumed(adams_checkpoint, small, steps):
    optimizer = adams_checkpoint.optimizer | {"steps": np.array([steps])}
    with pytest.raises(CheckpointError, match="steps"):
        Run.resume(replace(adams_checkpoint, optimizer=optimizer), small)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_a_run_begins_anew_with_the_weights_of_another(optimizer: str) -> None:
    data = load_mnist()
    config = TrainConfig(hidden=(5,), epochs=1, train_size=100, optimizer=optimizer, ema_decay=0.9)
    other = Run(replace(config, seed=7), data)
    run = Run.resume(starting_point(config, other.model.parameters.flat, data.sha256), data)
    np.testing.assert_array_equal(run.model.parameters.flat, other.model.parameters.flat)
    assert run.step == 0 and list(train(run))[-1].status == "finished"


def test_a_run_does_not_begin_with_the_weights_of_another_network() -> None:
    with pytest.raises(CheckpointError, match="other layers"):
        starting_point(TrainConfig(hidden=(5,)), np.zeros(3, np.float32), "")
