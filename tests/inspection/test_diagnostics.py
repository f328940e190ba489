"""Runs that are ill in a known way get their diagnosis's name, and healthy ones get none."""

from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.inspection.diagnostics import (
    Diagnosis,
    Measurements,
    activities,
    diagnose,
    gradient_of,
    root_mean_squares,
    update_ratios,
    weight_histogram,
)
from mnist_core.inspection.unit_statistics import Activity
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.metrics import loss_and_accuracy
from mnist_core.nn.network import ParameterVector
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import EpochResult, Run
from mnist_core.training.train import train

SMALL_RUN = TrainConfig(hidden=(16,), epochs=1, train_size=600, schedule="constant")


def epoch(loss: float) -> EpochResult:
    return EpochResult(1, loss, 0.5, loss, 0.5, seconds=1.0)


def activity(dead: int, saturated: int, units: int = 20) -> Activity:
    """A layer of which the first units are dead, and the next ones saturated."""
    number, anything = np.arange(units), np.zeros(units)
    is_saturated = (number >= dead) & (number < dead + saturated)
    return Activity(anything, anything, anything, number < dead, is_saturated)


def test_the_gradient_is_that_of_the_mean_loss(mnist):
    model = build_mlp(
        hidden=(5,), activation="tanh", rng=np.random.default_rng(0), dtype=np.float64
    )
    images, labels = mnist.train.images[:7], mnist.train.labels[:7]
    gradient = gradient_of(model, images, labels).named()["2.W"][3, 2]
    weight, step, losses = model.parameters.named()["2.W"], 1e-6, []
    for sign in (1, -1):
        weight[3, 2] += sign * step
        losses.append(cross_entropy(model.logits(images), labels)[0])
        weight[3, 2] -= sign * step
    assert gradient == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-5)


def test_root_mean_squares_by_array():
    layers = [{"W": np.zeros((2, 2)), "b": np.zeros(1)}, {}, {"W": np.zeros((1, 2))}]
    vector = ParameterVector.shaped_like(layers, np.float32)
    vector.flat[...] = [1, 1, 1, 1, 4, 3, 4]
    by_array = root_mean_squares(vector)
    assert by_array == pytest.approx({"0.W": 1, "0.b": 4, "2.W": 12.5**0.5})


def test_an_exploding_gradient_still_has_a_finite_root_mean_square():
    vector = ParameterVector.shaped_like([{"W": np.zeros(4)}], np.float32)
    vector.flat[...] = 1e30
    assert root_mean_squares(vector)["0.W"] == pytest.approx(1e30, rel=1e-6)


def test_the_ratio_of_an_update_to_the_weights():
    before = {"0.W": np.array([3.0, 4.0]), "0.b": np.zeros(2)}
    after = {"0.W": np.array([3.3, 4.4]), "0.b": np.ones(2)}
    assert update_ratios(before, after) == pytest.approx({"0.W": 0.1})


def test_a_histogram_of_weights_is_symmetric_about_zero():
    counts, edges = weight_histogram(np.array([-2.0, 0.5, 1.0, 1.5]), bins=4)
    assert edges.tolist() == [-2, -1, 0, 1, 2]
    assert counts.tolist() == [1, 0, 1, 2]
    assert weight_histogram(np.zeros(5))[0].sum() == 5


def trained(config: TrainConfig, data: Dataset) -> tuple[Run, Diagnosis | None]:
    """A run to its end, and what is wrong with it."""
    run, before, ratios = Run(config, data), {}, {}
    status = "running"
    for progress in train(run):
        weights = {name: array.copy() for name, array in run.model.parameters.named().items()}
        ratios, before, status = update_ratios(before, weights), weights, progress.status
    measured = Measurements(
        {} if status == "diverged" else ratios, activities(run.model, data.validation.images)
    )
    return run, diagnose(config, run.history, status=status, measured=measured)


def validation_loss(run: Run) -> float:
    validation = run.data.validation
    return loss_and_accuracy(run.network(), validation.images, validation.labels)[0]


def test_a_healthy_run_has_no_troubles(small):
    assert trained(replace(SMALL_RUN, epochs=3), small)[1] is None


def test_a_run_without_results_yet_has_no_troubles():
    assert diagnose(SMALL_RUN, []) is None


@pytest.mark.parametrize(
    ("ill", "name"),
    [
        ({"learning_rate": 1.0}, "inactive units"),
        ({"learning_rate": 3.0}, "inactive units"),
        ({"learning_rate": 30.0}, "diverging"),
        ({"learning_rate": 0.0}, "not learning"),
        ({"learning_rate": 1e-6}, "not learning"),
        ({"learning_rate": 1e-6, "optimizer": "adam"}, "not learning"),
        ({"learning_rate": 1e-6, "reduction": "sum"}, "not learning"),
        ({"learning_rate": 0.1, "reduction": "sum"}, "inactive units"),
        ({"learning_rate": 1.0, "reduction": "sum", "optimizer": "sgd"}, "inactive units"),
        ({"learning_rate": 1.0, "optimizer": "adam"}, "inactive units"),
        ({"learning_rate": 3.0, "activation": "tanh"}, "diverging"),
        ({"learning_rate": 30.0, "activation": "sigmoid"}, "diverging"),
        ({"learning_rate": 10.0, "hidden": (16, 16, 16), "optimizer": "sgd"}, "diverging"),
        ({"hidden": (16, 16, 16), "activation": "sigmoid"}, "inactive units"),
        ({"initialisation": "normal(0)"}, "not learning"),
        ({"learning_rate": 1e-6, "model": "cnn", "channels": (4, 8)}, "not learning"),
    ],
)
def test_each_remedy_cures_the_run_that_it_is_given_for(small, ill, name):
    config = replace(SMALL_RUN, epochs=4, batch_size=20, **ill)
    run, diagnosis = trained(config, small)
    assert diagnosis is not None and diagnosis.name == name
    cured, _ = trained(replace(config, **diagnosis.change), small)
    assert validation_loss(cured) < min(0.8 * validation_loss(run), 2.0)


def test_a_dead_network_is_told_one_cause_and_never_to_take_larger_steps(small):
    config = replace(SMALL_RUN, epochs=3, learning_rate=3.0)
    run, diagnosis = trained(config, small)
    assert run.history[-1].train_loss > 2.2  # it does not learn either
    assert diagnosis is not None and "of the 16 units of hidden layer 1" in diagnosis.reason
    assert diagnosis.change["learning_rate"] < config.learning_rate


@pytest.mark.parametrize("loss", [50.0, inf, nan])
def test_a_loss_far_above_guessing_is_divergence(loss):
    diagnosis = diagnose(SMALL_RUN, [epoch(0.5), epoch(loss)])
    assert diagnosis is not None and diagnosis.name == "diverging"


def test_summed_gradients_that_diverge_are_averaged_first():
    config = replace(SMALL_RUN, reduction="sum", batch_size=100, learning_rate=0.05)
    diagnosis = diagnose(config, [], status="diverged")
    assert diagnosis is not None
    assert diagnosis.change == {"reduction": "mean", "learning_rate": 0.05}


def test_a_step_larger_than_the_weights_is_divergence():
    measured = Measurements({"0.W": 0.1, "2.W": 3.0, "0.b": 9.0})
    diagnosis = diagnose(SMALL_RUN, [epoch(0.5)], measured=measured)
    assert diagnosis is not None and diagnosis.name == "diverging"
    assert "3 times" in diagnosis.reason


def test_a_run_that_jumps_about_without_learning_gets_a_smaller_learning_rate():
    diagnosis = diagnose(SMALL_RUN, [epoch(log(10))], measured=Measurements({"0.W": 0.5}))
    assert diagnosis is not None and diagnosis.name == "not learning"
    assert diagnosis.change["learning_rate"] <= SMALL_RUN.learning_rate / 10


def test_a_loss_that_falls_slowly_is_learning_until_the_run_is_finished():
    falling = [epoch(2.40), epoch(2.33)]
    assert diagnose(SMALL_RUN, falling) is None
    assert diagnose(SMALL_RUN, falling, status="finished") is not None
    assert diagnose(SMALL_RUN, [epoch(2.33), epoch(2.33)]) is not None


def test_units_that_died_of_large_steps_are_found(small):
    run = Run(SMALL_RUN, small)
    run.model.parameters.named()["0.b"][:10] = -100
    measured = Measurements(activities=activities(run.model, small.validation.images))
    diagnosis = diagnose(SMALL_RUN, [], measured=measured)
    assert diagnosis is not None and diagnosis.name == "inactive units"
    assert diagnosis.reason.startswith("10 of the 16 units of hidden layer 1")


def test_a_few_inactive_units_are_no_trouble():
    few, many = activity(2, 3), activity(2, 4)  # of 20: a quarter, and more
    assert diagnose(SMALL_RUN, [], measured=Measurements(activities=[few])) is None
    diagnosis = diagnose(SMALL_RUN, [], measured=Measurements(activities=[activity(0, 0), many]))
    assert diagnosis is not None and "6 of the 20 units of hidden layer 2" in diagnosis.reason


@pytest.mark.parametrize("rate", LIMITS["learning_rate"])
def test_a_remedy_keeps_within_the_limits_of_the_learning_rate(rate):
    config = replace(SMALL_RUN, learning_rate=rate)
    for status in ("finished", "diverged"):
        diagnosis = diagnose(config, [epoch(log(10))], status=status)
        assert diagnosis is not None
        replace(config, **diagnosis.change)  # ValueError for what training does not accept
