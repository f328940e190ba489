"""Jacobians in full agree with numerical ones, and their product with the network's gradients."""

import tracemalloc

import numpy as np
import pytest

from mnist_core.arrays import Array
from mnist_core.inspection import jacobians
from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.jacobian_chain import chain
from mnist_core.inspection.jacobians import stack, unstack
from mnist_core.inspection.kronecker import KroneckerJacobian
from mnist_core.nn.functional import softmax
from mnist_core.nn.layers import ACTIVATIONS, Dense
from mnist_core.nn.workspace import Workspace
from tests.inspection.test_backpropagation import ALL, LABEL, MLPS
from tests.inspection.test_trace import IMAGE, some_cnn, some_mlp

ORDERS: tuple[jacobians.Order, ...] = ("columns", "rows")
SHAPES = [(3, 5), (5, 3), (4, 4), (1, 6), (6, 1)]


def column(n: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(n, 1))


def some_dense(shape: tuple[int, int]) -> Dense:
    return Dense(np.random.default_rng(1).normal(size=shape), column(shape[0], 2)[:, 0])


def numerical(function, at: Array) -> Array:
    """The Jacobian (outputs, inputs) of a function of a vector, by central differences."""
    columns = []
    for place in range(at.size):
        shift = np.zeros(at.shape)
        shift.flat[place] = 1e-5
        columns.append((function(at + shift) - function(at - shift)).ravel() / 2e-5)
    return np.array(columns).T


def sums(W: Array, b: Array, x: Array) -> Array:
    return Dense(W, b).forward(x, Workspace())[0]


def test_stacked_by_columns_and_by_rows():
    W = np.array([[1, 2, 3], [4, 5, 6]])
    assert stack(W, "columns").tolist() == [1, 4, 2, 5, 3, 6]
    assert stack(W, "rows").tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_unstack_undoes_stack(order, shape):
    W = some_dense(shape).W
    assert np.array_equal(unstack(stack(W, order), shape, order), W)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_jacobians_of_a_dense_layer_are_the_numerical_ones(order, shape):
    layer, x = some_dense(shape), column(shape[1])
    full = KroneckerJacobian(x, shape[0], order).full()
    by_W = numerical(
        lambda vector: sums(unstack(vector, shape, order), layer.b, x), stack(layer.W, order)
    )
    by_b = numerical(lambda b: sums(layer.W, b, x), layer.b)
    by_x = numerical(lambda x: sums(layer.W, layer.b, x), x)
    np.testing.assert_allclose(full, by_W, atol=1e-9)
    np.testing.assert_allclose(jacobians.dense_by_bias(layer.W), by_b, atol=1e-9)
    np.testing.assert_allclose(jacobians.dense_by_input(layer.W), by_x, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_jacobian_by_the_weights_is_a_kronecker_product(shape):
    x, identity = column(shape[1]), np.eye(shape[0])
    by_columns = KroneckerJacobian(x, shape[0], "columns")
    by_rows = KroneckerJacobian(x, shape[0], "rows")
    assert np.array_equal(by_columns.full(), np.kron(x.T, identity))
    assert np.array_equal(by_rows.full(), np.kron(identity, x.T))


def test_the_pattern_of_blocks_by_hand():
    x = np.array([[7.0], [8.0], [9.0]])
    by_columns = KroneckerJacobian(x, 2, "columns")
    assert by_columns.full().tolist() == [[7, 0, 8, 0, 9, 0], [0, 7, 0, 8, 0, 9]]
    assert (by_columns.blocks, by_columns.block_shape) == (3, (2, 2))
    by_rows = KroneckerJacobian(x, 2, "rows")
    assert by_rows.full().tolist() == [[7, 8, 9, 0, 0, 0], [0, 0, 0, 7, 8, 9]]
    assert (by_rows.blocks, by_rows.block_shape) == (2, (2, 3))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_window_is_a_part_of_the_whole(order, shape):
    jacobian = KroneckerJacobian(column(shape[1]), shape[0], order)
    full, (rows, columns) = jacobian.full(), jacobian.shape
    assert np.array_equal(jacobian.window(range(rows), range(columns)), full)
    part = jacobian.window(range(rows // 2, rows), range(1, columns, 2))
    assert np.array_equal(part, full[rows // 2 :, 1::2])
    assert jacobian.window(range(0), range(columns)).shape == (0, columns)


def test_a_window_of_a_matrix_too_large_to_be_built():
    jacobian = KroneckerJacobian(column(784), 1024, "columns")
    with pytest.raises(ValueError, match="6,577 MB"):
        jacobian.full()
    corner = jacobian.window(range(1022, 1024), range(jacobian.shape[1] - 2, jacobian.shape[1]))
    assert np.array_equal(corner, np.eye(2) * jacobian.x[-1])


@pytest.mark.parametrize("window", [(range(-1, 2), range(2)), (range(2), range(5, 7))])
def test_a_window_outside_of_the_matrix_is_refused(window):
    with pytest.raises(ValueError, match="within"):
        KroneckerJacobian(column(3), 2, "rows").window(*window)


@pytest.mark.parametrize("order", ORDERS)
def test_each_weight_has_its_column(order):
    W, x = some_dense((3, 5)).W, column(5)
    jacobian = KroneckerJacobian(x, 3, order)
    for row, place in np.ndindex(3, 5):
        number = jacobian.column_of(row, place)
        assert stack(W, order)[number] == W[row, place]
        assert jacobian.full()[:, number].tolist() == [x[place, 0] * (i == row) for i in range(3)]
    with pytest.raises(ValueError, match="no weight"):
        jacobian.column_of(3, 0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_jacobians_of_activations_are_the_numerical_ones(name):
    layer, a = ACTIVATIONS[name](), column(7)
    expected = numerical(lambda a: layer.forward(a, Workspace())[0], a)
    np.testing.assert_allclose(jacobians.activation_by_input(layer, a), expected, atol=1e-9)
    slopes = jacobians.activation_slopes(layer, a)
    np.testing.assert_allclose(slopes, np.diag(expected), atol=1e-9)


def test_jacobians_of_softmax_and_the_loss_are_the_numerical_ones():
    a, y = column(10), np.eye(10)[:, [4]]
    y_hat = softmax(a)

    def loss(y_hat):
        return -np.log(y_hat[4])

    by_logits = jacobians.softmax_by_logits(y_hat)
    by_y_hat = jacobians.loss_by_probabilities(y_hat, y)
    together = jacobians.loss_by_logits(y_hat, y)
    np.testing.assert_allclose(by_logits, numerical(softmax, a), atol=1e-9)
    np.testing.assert_allclose(by_y_hat, numerical(loss, y_hat), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(together, numerical(lambda a: loss(softmax(a)), a), atol=1e-9)
    np.testing.assert_allclose(by_y_hat @ by_logits, together, atol=1e-15)


def test_a_label_without_any_probability_costs_infinitely_much():
    y_hat, y = softmax(np.array([[0.0], [1000.0]])), np.array([[1.0], [0.0]])
    assert jacobians.loss_by_probabilities(y_hat, y).tolist() == [[-np.inf, 0]]
    assert jacobians.loss_by_logits(y_hat, y).tolist() == [[-1, 1]]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", [*MLPS, "CNN", "readable CNN"])
def test_the_chain_of_full_jacobians_gives_the_networks_gradients(name, order):
    step = backpropagate(ALL[name], IMAGE, LABEL)
    for number, layer in enumerate(ALL[name].layers):
        if not isinstance(layer, Dense):
            continue
        by_W = chain(step, f"{number}.W", order)
        assert by_W.gradient.shape == (1, layer.W.size)
        assert by_W.difference < 1e-12
        gradient = unstack(by_W.gradient, (len(layer.W), layer.W.shape[1]), order)
        np.testing.assert_allclose(gradient, step.gradients[f"{number}.W"], atol=1e-12)
        by_b = chain(step, f"{number}.b", order)
        assert by_b.gradient.shape == (1, len(layer.b))
        assert by_b.difference < 1e-12


def test_the_factors_of_a_chain_have_the_shapes_that_the_report_could_not_reach():
    step = backpropagate(some_mlp(hidden=(64,), activation="sigmoid"), IMAGE, LABEL)
    assert [(x.name, x.shape) for x in chain(step, "0.W").factors] == [
        ("dL/da2", (1, 10)),
        ("da2/df1", (10, 64)),
        ("df1/da1", (64, 64)),
        ("da1/dW1", (64, 50176)),
    ]
    assert [(x.name, x.shape) for x in chain(step, "2.W").factors] == [
        ("dL/da2", (1, 10)),
        ("da2/dW2", (10, 640)),
    ]
    assert [x.name for x in chain(step, "0.b").factors][-1] == "da1/db1"


def test_a_chain_tells_how_far_a_spoiled_gradient_is_off():
    step = backpropagate(some_mlp(hidden=(5,)), IMAGE, LABEL)
    step.gradients["2.W"][3, 2] += 0.25
    assert chain(step, "2.W").difference == pytest.approx(0.25)


@pytest.mark.parametrize("order", ORDERS)
def test_the_largest_jacobian_of_the_report_is_built_once_and_never_copied(order):
    step = backpropagate(some_mlp(hidden=(64,), activation="sigmoid"), IMAGE, LABEL)
    tracemalloc.start()
    try:
        chain(step, "0.W", order)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 64 * 50176 * 8 < peak < 40e6


@pytest.mark.parametrize("parameter", ["1.W", "0.x", "0", "7.W", "", "-1.W"])
def test_a_parameter_that_there_is_not_has_no_chain(parameter):
    with pytest.raises(ValueError, match="no parameter"):
        chain(backpropagate(some_mlp(), IMAGE, LABEL), parameter)


def test_a_convolution_has_no_chain():
    model = some_cnn(channels=(3,), kernel_sizes=(5,))
    with pytest.raises(ValueError, match="Dense"):
        chain(backpropagate(model, IMAGE, LABEL), "0.W")
