"""Training: the same numbers every time, what a step does, and settings that make sense."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.nn.builders import build_model
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import to_pixels
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.run import Progress, Run, _drawn_digits
from mnist_core.training.train import train

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
