"""Hidden layers are found in every kind of network, and receptive fields are what they say."""

import numpy as np
import pytest

from mnist_core.inspection.activations import (
    Box,
    HiddenLayer,
    feature_maps,
    hidden_activations,
    hidden_layers,
    next_with_weights,
    receptive_field,
    unit_responses,
)
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.convolution import Conv2D, MaxPool2D
from mnist_core.nn.layers import Dense, Flatten, ReLU
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace


def plain_network(rng: np.random.Generator) -> Sequential:
    """Both paddings, kernels that are not square, and pooling by 3."""
    return Sequential(
        [
            Conv2D(rng.normal(size=(2, 1, 5, 4)), np.zeros(2), padding="same"),
            ReLU(),
            MaxPool2D(3),
            Conv2D(rng.normal(size=(3, 2, 2, 3)), np.zeros(3)),
            ReLU(),
            Flatten(),
            Dense(rng.normal(size=(10, 3 * 8 * 7)), np.zeros(10)),
        ],
        input_shape=(1, 28, 28),
    )


NETWORKS = {
    "valid": lambda rng: build_cnn(rng=rng),
    "readable": lambda rng: build_cnn(fast=False, rng=rng),
    "same": lambda rng: build_cnn(kernel_sizes=(5, 4), padding="same", rng=rng),
    "plain": plain_network,
}


def test_the_hidden_layers_of_an_mlp_are_all_but_the_last():
    model = build_mlp(
        hidden=(7, 5), activation="tanh", dropout=0.5, rng=np.random.default_rng(0)
    )  # Dense, Tanh, Dropout, Dense, Tanh, Dropout, Dense
    assert hidden_layers(model) == (
        HiddenLayer(0, 1, (7,), "tanh"),
        HiddenLayer(3, 4, (5,), "tanh"),
    )


def test_what_follows_a_hidden_layer_is_the_next_layer_with_weights():
    model = NETWORKS["plain"](np.random.default_rng(0))
    found = [next_with_weights(model, layer) for layer in hidden_layers(model)]
    assert found == [(3, model.layers[3]), (6, model.layers[6])]  # past pooling, past Flatten


def test_the_hidden_layers_of_a_cnn_have_maps_and_units():
    model = build_cnn(channels=(4, 6), dense=(9,), rng=np.random.default_rng(0))
    layers = hidden_layers(model)
    assert [layer.shape for layer in layers] == [(4, 12, 12), (6, 4, 4), (9,)]
    assert [layer.has_maps for layer in layers] == [True, True, False]
    assert {layer.activation for layer in layers} == {"relu"}


def test_activations_are_those_of_the_formula(mnist):
    model = build_mlp(hidden=(6,), activation="relu", rng=np.random.default_rng(1))
    images = mnist.test.images[:1100]  # more than two tiles
    weights = model.parameters.named()
    a = weights["0.W"] @ (images.reshape(-1, 784).T / 255) + weights["0.b"][:, None]
    (layer,) = hidden_layers(model)
    before = hidden_activations(model, images, layer, before_activation=True)
    assert np.allclose(before, a, atol=1e-5)
    assert np.allclose(hidden_activations(model, images, layer), np.maximum(a, 0), atol=1e-5)
    assert np.array_equal(unit_responses(model, images, layer), np.maximum(before, 0))


def test_a_map_answers_with_its_largest_value(mnist):
    model = build_cnn(rng=np.random.default_rng(2))
    images = mnist.test.images[:3]
    for layer, maps in feature_maps(model, images[1]).items():
        responses = unit_responses(model, images, layer)
        assert maps.shape == layer.shape
        assert np.allclose(responses[:, 1], maps.reshape(layer.units, -1).max(axis=1))


def influential_pixels(model: Sequential, layer: HiddenLayer) -> np.ndarray:
    """By brute force, which pixels reach which values of the maps: bool (28, 28, H, W).

    A pixel that is not a number makes everything computed from it not a number.
    """
    x = np.zeros((1, 28, 28, 28 * 28), np.float32)
    x.reshape(784, 784)[np.diag_indices(784)] = np.nan
    for part in model.layers[: layer.output + 1]:
        x = part.forward(x, Workspace())[0]
    return np.isnan(x[0]).transpose(2, 0, 1).reshape(28, 28, *layer.shape[1:])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_receptive_field_holds_the_pixels_that_reach_the_value_and_no_others(name):
    model = NETWORKS[name](np.random.default_rng(3))
    for layer in hidden_layers(model):
        reached = influential_pixels(model, layer)
        _, H, W = layer.shape
        for row in range(H):
            for column in range(W):
                box = receptive_field(model, layer, row, column)
                inside = np.zeros((28, 28), bool)
                inside[box.top : box.bottom, box.left : box.right] = True
                assert np.array_equal(reached[:, :, row, column], inside)


def test_the_receptive_field_of_a_second_convolution_by_hand():
    model = build_cnn(rng=np.random.default_rng(0))  # 5x5, pool 2, 5x5, pool 2
    # Row 0 of the second maps: rows 0..1 before pooling, 0..5 of the first maps, 0..11 before
    # their pooling, 0..15 of the picture; each row further down begins 4 pixels later.
    assert receptive_field(model, hidden_layers(model)[1], 0, 3) == Box(0, 12, 16, 28)


def test_a_place_outside_of_the_maps_is_refused():
    model = build_cnn(rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="12x12"):
        receptive_field(model, hidden_layers(model)[0], 0, 12)
