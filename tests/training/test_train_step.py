"""A single step: its formula in float64, its learning rate, and what it reports."""

from dataclasses import replace

import numpy as np
import pytest

from mnist_core.nn.builders import build_model
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import to_pixels
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.training.config import TrainConfig
from mnist_core.training.micro_batches import MicroBatches
from mnist_core.training.run import Run
from mnist_core.training.train_step import train_step

CONFIG = TrainConfig(hidden=(8,), train_size=150, optimizer="sgd")


def one_step(config: TrainConfig, data, learning_rate: float) -> tuple[Run, float, float]:
    """A new run after one step with all of its images, and the loss and accuracy reported."""
    run = Run(config, data)
    pixels, labels = to_pixels(run.train.images), run.train.labels
    return run, *train_step(run, pixels, labels, learning_rate, MicroBatches(run.model))


def test_a_step_of_sgd_is_minus_the_learning_rate_times_the_gradient(small):
    run, loss, accuracy = one_step(CONFIG, small, 0.05)
    before = Run(CONFIG, small).model
    exact = build_model(**CONFIG.network, rng=np.random.default_rng(0), dtype=np.float64)
    exact.parameters.flat[...] = before.parameters.flat
    logits, caches = exact.forward(to_pixels(run.train.images, np.float64).T)
    expected_loss, dlogits = cross_entropy(logits, run.train.labels)
    gradients = exact.new_gradients()
    exact.backward(dlogits / 150, caches, gradients)
    np.testing.assert_allclose(
        run.model.parameters.flat, before.parameters.flat - 0.05 * gradients.flat, atol=1e-7
    )
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert accuracy == np.mean(before.predict(run.train.images) == run.train.labels)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_step_with_a_learning_rate_of_zero_moves_nothing(small, optimizer, weight_decay):
    config = replace(CONFIG, optimizer=optimizer, weight_decay=weight_decay)
    run, _, _ = one_step(config, small, 0.0)
    assert np.array_equal(run.model.parameters.flat, Run(config, small).model.parameters.flat)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_small_step_lowers_the_loss(small, optimizer):
    run, loss, _ = one_step(replace(CONFIG, optimizer=optimizer), small, 1e-3)
    logits, _ = run.model.forward(to_pixels(run.train.images).T)
    assert cross_entropy(logits, run.train.labels)[0] < loss
