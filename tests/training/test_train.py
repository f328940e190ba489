"""Training: the same numbers every time, after every interruption, and an end with a reason."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, pairwise
from math import inf
from typing import Any

import numpy as np
import pytest

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.data.mnist import load_mnist
from mnist_core.nn.builders import build_model
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.metrics import loss_and_accuracy
from mnist_core.nn.network import to_pixels
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.run import Progress, Run, _drawn_digits, starting_point
from mnist_core.training.train import DIVERGED_LOSS, train

QUICK = TrainConfig(hidden=(8,), train_size=150, batch_size=16, epochs=3)  # 3 x 10 steps
EVERYTHING = replace(
    QUICK,
    hidden=(8, 6),
    dropout=0.2,
    weight_decay=1e-3,
    augmentation=AUGMENTATIONS["handwriting"],
    strokes=0.06,  # 9 digits: an epoch has 10 steps still
    ema_decay=0.9,
)


def numbers(steps: Iterator[Progress]) -> list[tuple[Any, ...]]:
    """All that steps report but the time they took."""
    return [
        (p.step, p.epoch, p.loss, p.accuracy, p.learning_rate, p.result, p.status) for p in steps
    ]


def after(run: Run, steps: int) -> Run:
    """The run, so many steps on."""
    for _ in islice(train(run), steps):
        pass
    return run


def through_a_file(run: Run, tmp_path) -> Checkpoint:
    save_checkpoint(tmp_path / "run.npz", run.checkpoint())
    return load_checkpoint(tmp_path / "run.npz")


def state(run: Run) -> list[np.ndarray]:
    """Every array that a run holds."""
    arrays = [run.model.parameters.flat, *run.optimizer.state.values()]
    return arrays if run.ema is None else [*arrays, run.ema.flat]


# --- what a run reports -------------------------------------------------------------------------


def test_every_step_is_reported_and_every_epoch_judged(small):
    run = Run(QUICK, small)
    steps = list(train(run))
    assert [p.step for p in steps] == list(range(1, 31))
    assert [p.epoch for p in steps] == [1] * 10 + [2] * 10 + [3] * 10
    assert {p.steps for p in steps} == {30}
    assert [p.step for p in steps if p.result] == [10, 20, 30]
    assert [p.result for p in steps if p.result] == run.history
    assert [p.status for p in steps] == ["running"] * 29 + ["finished"]
    assert [p.images for p in steps[8:11]] == [144, 150, 166]  # 9 x 16, then the last 6
    assert all(earlier.seconds < later.seconds for earlier, later in pairwise(steps))


def test_a_finished_run_has_nothing_left_to_do(small):
    run = after(Run(QUICK, small), 30)
    assert list(train(run)) == []


def test_an_epoch_is_judged_on_clean_images_by_the_weights_at_its_end(small):
    run = after(Run(replace(QUICK, dropout=0.5, augmentation=AUGMENTATIONS["affine"]), small), 10)
    result = run.history[-1]
    for split, loss, accuracy in (
        (run.train, result.train_loss, result.train_accuracy),
        (small.validation, result.validation_loss, result.validation_accuracy),
    ):
        probabilities = run.model.predict_proba(split.images).astype(np.float64)
        true_class = probabilities[range(len(split)), split.labels]
        assert loss == pytest.approx(-np.log(true_class).mean(), rel=1e-4)
        assert accuracy == np.mean(probabilities.argmax(axis=1) == split.labels)


def test_every_image_is_used_once_an_epoch(small):
    # A network whose only weight that matters counts: with a loss that is the same for every
    # image, the mean over an epoch's batches is the mean over all images.
    run = Run(replace(QUICK, learning_rate=0.0), small)
    images = to_pixels(run.train.images).T
    expected = cross_entropy(run.model.forward(images)[0], run.train.labels)[0]
    steps = list(islice(train(run), 10))
    sizes = np.diff([0] + [p.images for p in steps])
    assert sizes.tolist() == [16] * 9 + [6]
    assert np.average([p.loss for p in steps], weights=sizes) == pytest.approx(expected, rel=1e-5)


def test_images_come_in_another_order_each_epoch(small):
    run = Run(replace(QUICK, learning_rate=0.0), small)
    losses = [p.loss for p in train(run)]
    assert len(set(losses[:10]) & set(losses[10:20])) == 0


def test_the_first_start_learns(mnist):
    run = Run(replace(TrainConfig(), train_size=5000, epochs=2), mnist)
    last = [p.result for p in train(run) if p.result][-1]
    assert last.validation_accuracy > 0.9


# --- the same numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize("config", [QUICK, EVERYTHING], ids=["plain", "everything"])
def test_same_seed_gives_the_same_history_to_the_bit(small, config):
    first, again = Run(config, small), Run(config, small)
    assert numbers(train(first)) == numbers(train(again))
    assert first.history == again.history
    assert all(map(np.array_equal, state(first), state(again)))


def test_drawn_digits_are_as_many_as_asked_for_and_made_again_from_the_seed_alone(small):
    config = replace(QUICK, strokes=0.2)
    run = Run(config, small)
    drawn = run.lessons[150:]
    assert (len(drawn), run.steps_per_epoch) == (30, 12)  # 180 by 16
    assert np.bincount(drawn.labels).tolist() == [3] * 10
    np.testing.assert_array_equal(run.lessons.images[:150], run.train.images)
    _drawn_digits.cache_clear()  # as in another process
    again, other = Run(config, small), Run(replace(config, seed=1), small)
    np.testing.assert_array_equal(again.lessons.images, run.lessons.images)
    assert not np.array_equal(other.lessons.images[150:], drawn.images)


def test_without_drawn_digits_an_epoch_has_the_training_images_alone(small):
    run = Run(QUICK, small)
    assert run.lessons is run.train


def test_a_run_of_hostile_settings_draws_nothing_before_its_first_step(small, monkeypatch):
    monkeypatch.setattr("mnist_core.training.run._drawn_digits", None)
    run = Run(replace(QUICK, strokes=1.0), small)
    assert Run.resume(run.checkpoint(), small).steps == 57  # 3 epochs of 300 by 16


def test_another_seed_gives_another_history(small):
    first, other = Run(QUICK, small), Run(replace(QUICK, seed=1), small)
    assert not np.array_equal(first.train.images, other.train.images)
    assert not np.array_equal(first.model.parameters.flat, other.model.parameters.flat)
    assert numbers(train(first)) != numbers(train(other))


def test_two_runs_that_take_turns_do_not_disturb_each_other(small):
    alone = numbers(train(Run(EVERYTHING, small)))
    other = train(Run(replace(QUICK, seed=9), small))
    pairs = zip(train(Run(EVERYTHING, small)), other, strict=True)
    assert numbers(first for first, _ in pairs) == alone


def test_numpys_global_generator_is_neither_used_nor_changed(small):
    def global_state() -> list[int]:
        return np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002

    before = global_state()
    after(Run(EVERYTHING, small), 12)
    assert global_state() == before


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


# --- what a step does ---------------------------------------------------------------------------


def test_summed_gradients_with_a_rate_are_mean_gradients_with_that_rate_times_the_batch(small):
    # 150 images in batches of 30: no batch is smaller than the others.
    mean = replace(QUICK, batch_size=30, optimizer="sgd", learning_rate=0.3, reduction="mean")
    summed = replace(mean, learning_rate=0.01, reduction="sum")
    first, second = after(Run(mean, small), 15), after(Run(summed, small), 15)
    np.testing.assert_allclose(
        first.model.parameters.flat, second.model.parameters.flat, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_step_of_sgd_is_the_gradient_times_the_rate(small, reduction, weight_decay):
    config = replace(
        QUICK,
        batch_size=150,
        optimizer="sgd",
        schedule="constant",
        learning_rate=0.05,
        reduction=reduction,
        weight_decay=weight_decay,
    )
    run = Run(config, small)
    # The same step in float64 from the definition: P - rate (gradient + decay W).
    exact = build_model(**config.network, rng=np.random.default_rng(0), dtype=np.float64)
    exact.parameters.flat[...] = run.model.parameters.flat
    logits, caches = exact.forward(to_pixels(run.train.images, np.float64).T)
    gradients = exact.new_gradients()
    exact.backward(cross_entropy(logits, run.train.labels)[1], caches, gradients)
    after(run, 1)
    for name, before in exact.parameters.named().items():
        gradient = gradients.named()[name] / (150 if reduction == "mean" else 1)
        if name.endswith(".W"):  # biases are not pulled towards zero
            gradient = gradient + weight_decay * before
        np.testing.assert_allclose(
            run.model.parameters.named()[name], before - 0.05 * gradient, rtol=1e-4, atol=1e-5
        )


def test_adam_with_summed_gradients_takes_the_steps_of_mean_ones(small):
    # Adam divides by the gradient's size, so that a factor changes nothing (but for epsilon).
    adam = replace(QUICK, optimizer="adam", learning_rate=0.01, batch_size=30)
    first = after(Run(adam, small), 5).model.parameters.flat
    second = after(Run(replace(adam, reduction="sum"), small), 5).model.parameters.flat
    np.testing.assert_allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_learning_rate_follows_its_schedule(small, schedule):
    run = Run(replace(QUICK, schedule=schedule, learning_rate=0.02), small)
    rates = [p.learning_rate for p in train(run)]
    assert rates == pytest.approx([0.02 * SCHEDULES[schedule](step / 30) for step in range(30)])


def test_a_batch_of_one_trains(small):
    run = Run(replace(QUICK, batch_size=1, epochs=1, learning_rate=0.01), small)
    assert len(list(train(run))) == 150
    assert np.isfinite(run.model.parameters.flat).all()


def test_a_batch_of_all_images_is_worked_through_in_parts_with_the_same_result(mnist):
    config = replace(QUICK, train_size=2500, batch_size=2500, optimizer="sgd", epochs=1)
    run = Run(config, mnist)
    exact = build_model(**config.network, rng=np.random.default_rng(0), dtype=np.float64)
    exact.parameters.flat[...] = run.model.parameters.flat
    logits, caches = exact.forward(to_pixels(run.train.images, np.float64).T)
    gradients = exact.new_gradients()
    loss, dlogits = cross_entropy(logits, run.train.labels)
    exact.backward(dlogits, caches, gradients)
    progress = next(train(run))
    assert progress.loss == pytest.approx(loss, rel=1e-5)
    expected = exact.parameters.flat - progress.learning_rate * gradients.flat / 2500
    np.testing.assert_allclose(run.model.parameters.flat, expected, atol=1e-6)


def test_averaged_weights_are_those_that_predict_and_follow_the_others(small):
    run = Run(replace(QUICK, ema_decay=0.99), small)
    assert run.network() is run.model  # nothing to average yet
    after(run, 1)
    one_step_on = run.model.parameters.flat.copy()
    after(run, 29)
    assert run.ema is not None
    averaged = run.network().parameters.flat
    assert np.array_equal(averaged, run.ema.flat)
    now = run.model.parameters.flat
    assert np.linalg.norm(averaged - now) < np.linalg.norm(one_step_on - now)


# --- divergence ---------------------------------------------------------------------------------

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


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [QUICK, EVERYTHING, *PRESETS.values()])
def test_settings_come_back_from_their_dictionary(config):
    assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "transformer"},
        {"model": []},
        {"hidden": 64},
        {"hidden": [64.5]},
        {"hidden": [True]},
        {"hidden": ["64"]},
        {"hidden": [10**9]},
        {"hidden": []},
        {"hidden": [1, 2, 3, 4]},
        {"activation": "swish"},
        {"initialisation": "lecun"},
        {"dropout": -0.1},
        {"dropout": 1},
        {"optimizer": "lion"},
        {"learning_rate": -1},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate": "fast"},
        {"learning_rate": None},
        {"learning_rate": 10**400},
        {"momentum": 1},
        {"weight_decay": -1e-9},
        {"reduction": "max"},
        {"schedule": "step"},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"epochs": 0},
        {"epochs": "x"},
        {"epochs": 10**9},
        {"epochs": float("inf")},
        {"epochs": float("nan")},
        {"epochs": [1]},
        {"train_size": 0},
        {"augmentation": {"shift": -1}},
        {"augmentation": {"surprise": 1}},
        {"augmentation": {"shift": "x"}},
        {"augmentation": 5},
        {"ema_decay": 1},
        {"threads": 0},
        {"threads": 100},
        {"seed": -1},
        {"seed": 2**32},
        {"surprise": 1},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused_with_the_settings_name(settings):
    with pytest.raises(ValueError) as caught:
        TrainConfig.from_dict(settings)
    assert next(iter(settings)).replace("_", " ") in str(caught.value)


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_themselves_are_allowed(name):
    for limit in LIMITS[name]:
        assert getattr(replace(TrainConfig(), **{name: limit}), name) == limit


@pytest.mark.parametrize("size", [99, 601])
def test_a_training_size_that_the_data_does_not_have_is_refused(small, size):
    with pytest.raises(ValueError, match="from 100 to 600"):
        Run(replace(QUICK, train_size=size), small)


def test_the_reports_recipe_is_the_reports():
    config = PRESETS["report-50000"]
    assert (config.hidden, config.activation) == ((64,), "sigmoid")
    assert (config.optimizer, config.reduction, config.schedule) == ("sgd", "sum", "constant")
    assert (config.learning_rate, config.batch_size, config.epochs) == (0.0001, 100, 100)
    assert PRESETS["report-2000"] == replace(config, train_size=2000)


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
