"""Convolution and pooling, seen place by place, are the network's own, forward and backward."""

import numpy as np
import pytest

from mnist_core.inspection.backpropagation import Backpropagation, backpropagate
from mnist_core.inspection.convolution_steps import convolution_step, pooling_step
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool
from mnist_core.nn.layers import Dense, Flatten
from mnist_core.nn.network import Sequential
from tests.inspection.test_backpropagation import LABEL
from tests.inspection.test_trace import IMAGE, MODELS, some_cnn, some_mlp

CNNS = {
    f"{kind} {padding} {activation}": some_cnn(
        channels=(3, 4), kernel_sizes=(5, 4), padding=padding, activation=activation, fast=fast
    )
    for kind, fast in (("fast", True), ("readable", False))
    for padding in ("valid", "same")
    for activation in ("relu", "tanh")
} | {"pooling apart": MODELS["pooling apart"].in_float64()}


@pytest.fixture(params=CNNS)
def step(request: pytest.FixtureRequest) -> Backpropagation:
    return backpropagate(CNNS[request.param], IMAGE, LABEL)


def numbers_of(step: Backpropagation, kind: type) -> list[int]:
    return [number for number, layer in enumerate(step.model.layers) if isinstance(layer, kind)]


def test_filter_times_patch_and_bias_is_the_number_that_the_network_computes(step):
    for number in numbers_of(step, Conv2D):
        found = convolution_step(step, number)
        totals = np.empty(found.maps.shape)
        for place in np.ndindex(totals.shape):
            totals[place] = found.product_at(*place).total
        np.testing.assert_allclose(totals, found.maps, rtol=1e-12, atol=1e-12)
        output = step.layers[number].output
        if output.shape != totals.shape:  # the layer pools
            F, P, Q = output.shape
            windows = totals[:, : 2 * P, : 2 * Q].reshape(F, P, 2, Q, 2)
            totals = windows.max(axis=(2, 4))
        np.testing.assert_allclose(totals, output, rtol=1e-12, atol=1e-12)


def test_a_patch_is_what_the_filter_covers(step):
    for number in numbers_of(step, Conv2D):
        found = convolution_step(step, number)
        _, _, k_h, k_w = found.filters.shape
        _, height, width = found.maps.shape
        assert found.patches.shape == (height * width, found.filters[0].size)
        for row, column in [(0, 0), (2, 1), (height - 1, width - 1)]:
            covered = found.padded[:, row : row + k_h, column : column + k_w]
            assert np.array_equal(found.patch(row, column), covered)
        top, left = found.zeros
        x = step.input_of(number)
        inside = found.padded[:, top : top + x.shape[1], left : left + x.shape[2]]
        assert np.array_equal(inside, x)
        assert np.abs(found.padded).sum() == pytest.approx(np.abs(x).sum(), rel=1e-12)


def test_the_gradient_of_a_filter_is_the_sum_over_all_places(step):
    for number in numbers_of(step, Conv2D):
        found = convolution_step(step, number)
        expected = step.gradients[f"{number}.W"]
        scale = np.abs(expected).max()
        for filter in range(len(found.filters)):
            summed = sum(
                found.gradient_part(filter, *place) for place in np.ndindex(found.maps.shape[1:])
            )
            for gradient in (summed, found.filter_gradient(filter)):
                np.testing.assert_allclose(gradient, expected[filter], atol=1e-12 * scale)
        np.testing.assert_allclose(
            found.deltas.sum(axis=(1, 2)), step.gradients[f"{number}.b"], rtol=1e-12, atol=1e-15
        )


def test_pooling_takes_each_value_from_its_place_and_hands_its_gradient_back_there(step):
    for number in numbers_of(step, MaxPool2D) + numbers_of(step, PlainConvPool):
        found = pooling_step(step, number)
        maps = np.arange(len(found.maps))[:, None, None]
        taken = found.maps[maps, found.rows, found.columns]
        np.testing.assert_allclose(taken, found.pooled, rtol=1e-12, atol=1e-12)
        handed_back = np.zeros(found.maps.shape)
        handed_back[maps, found.rows, found.columns] = found.gradient
        own = step.layers[number].maps_gradient
        expected = own if own is not None else step.layers[number - 1].gradient
        assert np.array_equal(handed_back, expected)


def test_of_equal_values_the_first_place_is_taken():
    blank = Conv2D(np.zeros((1, 1, 1, 1)), np.zeros(1))
    last = Dense(np.ones((10, 81)), np.zeros(10))
    model = Sequential(
        [blank, MaxPool2D(3), Flatten(), last], input_shape=(1, 28, 28), dtype=np.float64
    )
    found = pooling_step(backpropagate(model, IMAGE, LABEL), 1)
    assert found.rows[0, :, 4].tolist() == list(range(0, 27, 3))
    assert found.columns[0, 4].tolist() == list(range(0, 27, 3))


@pytest.mark.parametrize("layer", [0, 1, 7, -1])
def test_an_mlp_has_neither_convolution_nor_pooling(layer):
    step = backpropagate(some_mlp(), IMAGE, LABEL)
    with pytest.raises(ValueError, match="no convolution|there is no"):
        convolution_step(step, layer)
    with pytest.raises(ValueError, match="no pooling|there is no"):
        pooling_step(step, layer)


def test_a_place_outside_of_the_maps_has_no_patch():
    found = convolution_step(backpropagate(CNNS["fast valid relu"], IMAGE, LABEL), 0)
    with pytest.raises(ValueError, match="24x24"):
        found.patch(24, 0)
