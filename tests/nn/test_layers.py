"""Every layer: its values by hand, its gradients by finite differences, and no state kept on it."""

from math import log

import numpy as np
import pytest

from mnist_core.nn.builders import build_mlp
from mnist_core.nn.gradient_check import check_layer
from mnist_core.nn.layers import Dense, Dropout, Flatten, ReLU, Sigmoid, Tanh
from mnist_core.nn.workspace import Workspace

TOLERANCE = 1e-6


class DropoutWithFixedChoice(Dropout):
    """Dropout that drops the same values at every call, so that it is a function."""

    def forward(self, x, work):
        return super().forward(x, Workspace(training=True, rng=np.random.default_rng(7)))


def random_dense(units: int, inputs: int) -> Dense:
    rng = np.random.default_rng(2)
    return Dense(rng.normal(size=(units, inputs)), rng.normal(size=units))


@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize(
    "layer",
    [
        random_dense(5, 4),
        random_dense(1, 4),
        Sigmoid(),
        Tanh(),
        ReLU(),
        DropoutWithFixedChoice(0.4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_gradients_agree_with_finite_differences(layer, batch):
    rng = np.random.default_rng(3)
    errors = check_layer(layer, rng.normal(size=(4, batch)), rng=rng)
    assert errors.keys() == {"x"} | layer.parameters().keys()
    assert max(errors.values()) < TOLERANCE


def test_the_gradient_through_flatten_agrees_with_finite_differences():
    rng = np.random.default_rng(3)
    assert check_layer(Flatten(), rng.normal(size=(2, 3, 4, 5)), rng=rng)["x"] < TOLERANCE


def test_dense_is_the_product_with_the_weights_plus_the_bias():
    layer = Dense(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([10.0, 20.0, 30.0]))
    y, cache = layer.forward(np.array([[1.0, 0.0], [-1.0, 2.0]]), Workspace())
    assert y.tolist() == [[9, 14], [19, 28], [29, 42]]
    gradients = {"W": np.empty((3, 2)), "b": np.empty(3)}
    dx = layer.backward(
        np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]]), cache, gradients, Workspace()
    )
    # dW = dy x^T, db = row sums of dy, dx = W^T dy
    assert gradients["W"].tolist() == [[1, -1], [0, 2], [2, -2]]
    assert gradients["b"].tolist() == [1, 1, 2]
    assert dx is not None
    assert dx.tolist() == [[11, 3], [14, 4]]


def test_dense_spares_the_gradient_of_its_input_where_nobody_needs_it():
    layer = random_dense(3, 2)
    work = Workspace()
    y, cache = layer.forward(np.ones((2, 1)), work)
    gradients = {"W": np.empty((3, 2)), "b": np.empty(3)}
    work.needs_dx = False
    assert layer.backward(np.ones_like(y), cache, gradients, work) is None
    assert gradients["W"].tolist() == [[1, 1]] * 3


def test_dense_refuses_a_bias_that_does_not_fit_its_weights():
    with pytest.raises(ValueError, match="expected"):
        Dense(np.zeros((3, 2)), np.zeros(2))


def test_activations_worked_out_by_hand():
    x = np.array([[-log(3), 0.0, log(3)]])
    np.testing.assert_allclose(Sigmoid().forward(x, Workspace())[0], [[0.25, 0.5, 0.75]])
    # tanh(log 3) = (3 - 1/3) / (3 + 1/3) = 0.8
    np.testing.assert_allclose(Tanh().forward(x, Workspace())[0], [[-0.8, 0, 0.8]], atol=1e-15)
    assert ReLU().forward(np.array([[-1.0, 0.0, 2.0]]), Workspace())[0].tolist() == [[0, 0, 2]]


def test_relu_passes_no_gradient_where_its_input_was_zero_or_less():
    layer = ReLU()
    _, cache = layer.forward(np.array([[-1.0, 0.0, 2.0]]), Workspace())
    dx = layer.backward(np.array([[5.0, 5.0, 5.0]]), cache, {}, Workspace())
    assert dx is not None
    assert dx.tolist() == [[0, 0, 5]]


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = np.ones((200, 500))
    work = Workspace(training=True, rng=np.random.default_rng(0))
    y, _ = Dropout(0.3).forward(x, work)
    assert np.unique(y) == pytest.approx([0, 1 / 0.7])
    # 100,000 draws: the share's standard deviation is 0.0015
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.006)
    assert y.mean() == pytest.approx(1, abs=0.01)


def test_dropout_does_nothing_outside_training():
    x = np.ones((3, 4))
    layer = Dropout(0.5)
    for work in (Workspace(), Workspace(rng=np.random.default_rng(0))):
        y, cache = layer.forward(x, work)
        assert y is x
        dy = np.full((3, 4), 2.0)
        assert layer.backward(dy, cache, {}, work) is dy


def test_dropout_in_training_without_a_generator_is_an_error():
    with pytest.raises(ValueError, match="dropout needs a generator in training"):
        Dropout(0.5).forward(np.ones((3, 4)), Workspace(training=True))


def test_a_network_with_dropout_is_not_trained_without_a_generator_but_predicts(mnist):
    model = build_mlp(hidden=(5,), dropout=0.5, rng=np.random.default_rng(0))
    model.predict(mnist.test.images[:2])
    with pytest.raises(ValueError, match="dropout needs a generator in training"):
        model.forward(np.ones((784, 2), np.float32), Workspace(training=True))


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_dropout_refuses_a_rate_that_is_no_share(rate):
    with pytest.raises(ValueError, match="dropout"):
        Dropout(rate)


def test_flatten_is_a_view():
    x = np.arange(24.0).reshape(2, 3, 2, 2)
    y, _ = Flatten().forward(x, Workspace())
    assert y.shape == (12, 2)
    assert np.shares_memory(x, y)
    assert y[:, 1].tolist() == x[..., 1].ravel().tolist()


@pytest.mark.parametrize(
    "layer", [random_dense(4, 4), Sigmoid(), Tanh(), ReLU()], ids=lambda layer: type(layer).__name__
)
def test_nothing_of_one_batch_stays_on_the_layer(layer):
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(2, 4, 3))
    dy = rng.normal(size=(4, 3))
    y, cache = layer.forward(first, Workspace())
    alone = layer.backward(dy.copy(), cache, new_gradients(layer), Workspace())
    y_before = y.copy()
    layer.forward(second, Workspace())
    again = layer.backward(dy.copy(), cache, new_gradients(layer), Workspace())
    assert np.array_equal(y, y_before)
    assert np.array_equal(alone, again)


def new_gradients(layer):
    return {name: np.empty_like(array) for name, array in layer.parameters().items()}


def test_a_workspace_can_give_the_same_numbers_in_the_same_memory_again():
    layer, work = random_dense(5, 4), Workspace(reuse=True)
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 4, 3))
    y, _ = layer.forward(first, work)
    assert np.array_equal(y, layer.forward(first, Workspace())[0])
    z, _ = layer.forward(second, work)
    assert np.shares_memory(y, z)
    assert np.array_equal(z, layer.forward(second, Workspace())[0])
    # Another batch size, as at the end of an epoch, gets memory of its own shape.
    assert layer.forward(first[:, :1], work)[0].shape == (5, 1)


def test_otherwise_every_array_of_a_workspace_is_a_new_one():
    layer, work, x = random_dense(5, 4), Workspace(), np.ones((4, 3))
    y, _ = layer.forward(x, work)
    assert not np.shares_memory(y, layer.forward(x, work)[0])


@pytest.mark.parametrize("reuse", [True, False])
def test_a_workspace_fills_an_array_when_it_is_asked_to(reuse):
    work = Workspace(reuse=reuse)
    for _ in range(2):
        assert work.array("owner", "ones", (2,), np.float32, fill=1).tolist() == [1, 1]
        assert work.array("another", "zeros", (3,), np.float32, fill=0).tolist() == [0, 0, 0]
    assert work.array("owner", "ones", (3,), np.float32, fill=1).tolist() == [1, 1, 1]
