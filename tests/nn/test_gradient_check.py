"""The gradient check finds a wrong gradient, and passes every network that we build."""

import numpy as np
import pytest

from mnist_core.nn.builders import build_mlp
from mnist_core.nn.gradient_check import check_layer, check_network
from mnist_core.nn.layers import Dense, ReLU, Sigmoid, Tanh
from mnist_core.nn.network import Sequential

TOLERANCE = 1e-6


class SlightlyWrongDense(Dense):
    """Dense with one of its gradients a tenth of a percent too large."""

    def __init__(self, W, b, wrong: str) -> None:
        super().__init__(W, b)
        self.wrong = wrong

    def backward(self, dy, cache, gradients, work):
        dx = super().backward(dy, cache, gradients, work)
        if self.wrong == "x":
            assert dx is not None
            dx *= 1.001
        else:
            gradients[self.wrong] *= 1.001
        return dx


@pytest.mark.parametrize("wrong", ["x", "W", "b"])
def test_the_check_finds_a_gradient_that_is_wrong_by_a_thousandth(wrong):
    rng = np.random.default_rng(0)
    layer = SlightlyWrongDense(rng.normal(size=(5, 4)), rng.normal(size=5), wrong)
    errors = check_layer(layer, rng.normal(size=(4, 3)), rng=rng)
    # |1.001 g - g| / 1.001 g
    assert errors.pop(wrong) == pytest.approx(0.001 / 1.001, rel=1e-3)
    assert max(errors.values()) < TOLERANCE


@pytest.mark.parametrize("wrong", ["W", "b"])
def test_the_check_of_a_network_names_the_parameter_that_is_wrong(wrong):
    rng = np.random.default_rng(0)
    last = SlightlyWrongDense(rng.normal(size=(3, 5)), rng.normal(size=3), wrong)
    first = Dense(rng.normal(size=(5, 4)), rng.normal(size=5))
    model = Sequential([first, Sigmoid(), last], input_shape=(4,), dtype=np.float64)
    errors = check_network(model, rng.normal(size=(4, 6)), rng.integers(0, 3, 6), rng=rng)
    assert errors.pop(f"2.{wrong}") > 5e-4
    assert max(errors.values()) < TOLERANCE


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("hidden", [(64,), (20, 10), (12, 8, 6), (1,)])
@pytest.mark.parametrize("batch", [1, 5])
def test_gradients_of_whole_networks_agree_with_finite_differences(
    activation, hidden, batch, mnist
):
    rng = np.random.default_rng(11)
    model = build_mlp(hidden=hidden, activation=activation, rng=rng, dtype=np.float64)
    # Away from the all-zero biases of a new network, which would hide mistakes.
    model.parameters.flat[...] += rng.normal(0, 0.1, model.parameters.flat.size)
    x = mnist.train.images[:batch].reshape(batch, -1).T / 255
    errors = check_network(model, x, mnist.train.labels[:batch], rng=rng)
    assert errors.keys() == {"x"} | model.parameters.named().keys()
    assert max(errors.values()) < TOLERANCE


def test_the_check_leaves_the_network_as_it_was():
    rng = np.random.default_rng(1)
    model = build_mlp(hidden=(8,), activation="tanh", rng=rng, dtype=np.float64)
    x = rng.random((784, 2))
    before, x_before = model.parameters.flat.copy(), x.copy()
    check_network(model, x, np.array([1, 2]), rng=rng)
    assert np.array_equal(model.parameters.flat, before)
    assert np.array_equal(x, x_before)


@pytest.mark.parametrize("layer", [Sigmoid(), Tanh(), ReLU()])
def test_a_layer_without_parameters_is_checked_for_its_input_alone(layer):
    errors = check_layer(layer, np.ones((2, 2)), rng=np.random.default_rng(0))
    assert errors.keys() == {"x"}
