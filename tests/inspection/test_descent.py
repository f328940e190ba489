"""Steps against the gradient on one digit: where they lead, and that they leave no trace."""

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.inspection.descent import LossAlong, descend, loss_along
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import to_pixels


@pytest.fixture
def model():
    return build_mlp(rng=np.random.default_rng(0), dtype=np.float64)


@pytest.fixture
def image(mnist):
    return mnist.train.images[0]


@pytest.fixture
def label(mnist):
    return int(mnist.train.labels[0])


def squared_gradient(model, image, label) -> float:
    """The squared length of the gradient of all parameters."""
    gradients = model.new_gradients()
    logits, caches = model.forward(model.input_batch(to_pixels(image, model.dtype)))
    model.backward(cross_entropy(logits, np.array([label]))[1], caches, gradients)
    return float(gradients.flat @ gradients.flat)


def test_a_small_step_lowers_the_loss_by_rate_times_squared_gradient(model, image, label):
    rate = 1e-6
    along = loss_along(model, image, label, np.array([0, rate]))
    expected = -np.log(model.predict_proba(image[None])[0, label])
    assert along.before == pytest.approx(expected, rel=1e-6)
    assert along.losses[0] == along.before
    fall = rate * squared_gradient(model, image, label)
    assert along.before - along.losses[1] == pytest.approx(fall, rel=1e-3)


def test_the_best_rate_and_the_first_that_makes_it_worse():
    along = LossAlong(np.array([0.0, 0.1, 0.2, 0.4, 0.8]), np.array([2, 1, 1.5, 2.5, np.inf]), 2)
    assert (along.best_rate, along.worse_from) == (0.1, 0.4)
    assert LossAlong(np.array([0.0, 0.1]), np.array([2.0, 1.9]), 2).worse_from is None


def test_steps_one_after_the_other_begin_like_the_single_step(model, image, label):
    descent = descend(model, image, label, 0.01, steps=10)
    assert (descent.losses.shape, descent.probabilities.shape) == ((11,), (11, 10))
    along = loss_along(model, image, label, np.array([0.0, 0.01]))
    assert descent.losses[:2].tolist() == along.losses.tolist()
    assert (np.diff(descent.losses) < 0).all()
    assert -np.log(descent.probabilities[:, label]) == pytest.approx(descent.losses)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_network_stays_as_it_is(name, image, label):
    network = load_model(name)
    before = network.parameters.flat.tobytes()
    loss_along(network, image, label, np.array([0.1, 10]))
    descend(network, image, label, 0.1)
    assert network.parameters.flat.tobytes() == before


def test_steps_that_are_far_too_large_end_at_infinity_and_not_in_a_warning(image, label):
    deep = build_mlp(hidden=(9, 9, 9), activation="relu", rng=np.random.default_rng(1))
    deep.parameters.flat[...] *= 9
    descent = descend(deep, image, label, 1e80, steps=10)
    along = loss_along(deep, image, label, np.array([1e-3, 1e200]))
    for losses in (descent.losses, along.losses):
        assert np.isinf(losses[-1])
        assert not np.isnan(losses).any()
    assert along.worse_from == 1e200
