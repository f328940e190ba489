"""Runs that are ill in a known way get their diagnosis's name, and healthy ones get none."""

from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest

from mnist_core.inspection.activations import hidden_layers, unit_responses
from mnist_core.inspection.diagnostics import (
    diagnose,
    gradient_of,
    root_mean_squares,
    update_ratios,
    weight_histogram,
)
from mnist_core.inspection.unit_statistics import Activity, unit_activity
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import ParameterVector
from mnist_core.training.config import TrainConfig
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


def test_a_healthy_run_has_no_troubles(small):
    run = Run(replace(SMALL_RUN, epochs=3), small)
    steps = train(run)
    next(steps)
    before = {name: array.copy() for name, array in run.model.parameters.named().items()}
    next(steps)
    ratios = update_ratios(before, run.model.parameters.named())
    for _ in steps:
        pass
    (layer,) = hidden_layers(run.model)
    responses = unit_responses(run.model, small.validation.images, layer)
    units = [unit_activity(responses, layer.activation)]
    assert diagnose(run.config, run.history, ratios=ratios, activities=units) == []


def test_a_run_without_results_yet_has_no_troubles():
    assert diagnose(SMALL_RUN, []) == []


def test_a_run_that_diverged_gets_a_tenth_of_its_learning_rate(small):
    run = Run(replace(SMALL_RUN, learning_rate=100.0), small)
    run.learning_rate = 1e30  # so that it diverges for sure, and does not only kill all units
    *_, end = train(run)
    assert end.status == "diverged"
    (diagnosis,) = diagnose(run.config, run.history, status=end.status)
    assert (diagnosis.name, diagnosis.change) == ("diverging", {"learning_rate": 10.0})


@pytest.mark.parametrize("loss", [50.0, inf, nan])
def test_a_loss_far_above_guessing_is_divergence(loss):
    (diagnosis,) = diagnose(SMALL_RUN, [epoch(0.5), epoch(loss)])
    assert diagnosis.name == "diverging"


def test_summed_gradients_that_diverge_are_averaged_first():
    config = replace(SMALL_RUN, reduction="sum", batch_size=100, learning_rate=0.1)
    (diagnosis,) = diagnose(config, [], status="diverged")
    assert diagnosis.change == {"reduction": "mean"}


def test_a_step_larger_than_the_weights_is_divergence():
    (diagnosis,) = diagnose(SMALL_RUN, [epoch(0.5)], ratios={"0.W": 0.1, "2.W": 3.0, "0.b": 9.0})
    assert diagnosis.name == "diverging"
    assert "3 times" in diagnosis.reason


def test_a_run_that_hardly_moves_gets_ten_times_its_learning_rate(small):
    run = Run(replace(SMALL_RUN, learning_rate=1e-7), small)
    for _ in train(run):
        pass
    (diagnosis,) = diagnose(run.config, run.history, ratios={"0.W": 1e-7})
    assert (diagnosis.name, diagnosis.change) == ("not learning", {"learning_rate": 1e-4})


def test_a_run_that_jumps_about_without_learning_gets_a_smaller_learning_rate():
    (diagnosis,) = diagnose(SMALL_RUN, [epoch(log(10))], ratios={"0.W": 0.5})
    assert diagnosis.name == "not learning"
    assert diagnosis.change == {"learning_rate": SMALL_RUN.learning_rate / 10}


def test_a_run_from_equal_weights_gets_random_ones():
    config = replace(SMALL_RUN, initialisation="normal(0)")
    (diagnosis,) = diagnose(config, [epoch(log(10))])
    assert (diagnosis.name, diagnosis.change) == ("not learning", {"initialisation": "glorot"})


def test_units_that_died_of_large_steps_are_found(small):
    run = Run(SMALL_RUN, small)
    (layer,) = hidden_layers(run.model)
    run.model.parameters.named()["0.b"][:10] = -100
    responses = unit_responses(run.model, small.validation.images, layer)
    (diagnosis,) = diagnose(SMALL_RUN, [], activities=[unit_activity(responses, "relu")])
    assert diagnosis.name == "inactive units"
    assert diagnosis.reason.startswith("10 of the 16 units of hidden layer 1")


def test_a_few_inactive_units_are_no_trouble():
    assert diagnose(SMALL_RUN, [], activities=[activity(2, 3)]) == []  # 5 of 20: a quarter
    (diagnosis,) = diagnose(SMALL_RUN, [], activities=[activity(0, 0), activity(2, 4)])
    assert "6 of the 20 units of hidden layer 2" in diagnosis.reason


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_every_remedy_is_a_setting_that_training_accepts(activation):
    config = replace(SMALL_RUN, activation=activation)
    found = diagnose(config, [epoch(log(10))], activities=[activity(10, 10)])
    found += diagnose(config, [epoch(inf)])
    assert [diagnosis.name for diagnosis in found] == [
        "not learning",
        "inactive units",
        "diverging",
    ]
    for diagnosis in found:
        assert replace(config, **diagnosis.change) != config
