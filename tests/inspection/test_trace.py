"""What a trace says is what the network computed, and the parts of a sum make it up."""

import copy

import numpy as np
import pytest

from mnist_core.arrays import Array
from mnist_core.inspection.activations import hidden_activations, hidden_layers
from mnist_core.inspection.trace import contribution_matrix, logit_sum, trace, unit_sum
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.convolution import Conv2D, MaxPool2D
from mnist_core.nn.layers import ACTIVATIONS, Dense, Flatten, Tanh
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace
from tests.inspection.test_activations import NETWORKS

RNG = np.random.default_rng(5)
IMAGE = np.where(RNG.random((28, 28)) < 0.2, RNG.integers(1, 256, (28, 28)), 0).astype(np.uint8)


def some_mlp(**settings: object) -> Sequential:
    model = build_mlp(rng=np.random.default_rng(1), dtype=np.float64, **settings)  # pyright: ignore
    flat = model.parameters.flat
    flat += np.random.default_rng(2).normal(0, 0.05, flat.size)
    return model


def some_cnn(**settings: object) -> Sequential:
    model = build_cnn(rng=np.random.default_rng(1), dtype=np.float64, **settings)  # pyright: ignore
    flat = model.parameters.flat
    flat += np.random.default_rng(2).normal(0, 0.05, flat.size)
    return model


def pooled_after_tanh() -> Sequential:
    rng = np.random.default_rng(7)
    kernels, W = rng.normal(size=(4, 1, 5, 5)), rng.normal(size=(10, 4 * 12 * 12))
    layers = [Conv2D(kernels, np.zeros(4)), Tanh(), MaxPool2D(2), Flatten(), Dense(W, np.zeros(10))]
    return Sequential(layers, input_shape=(1, 28, 28), dtype=np.float64)


MODELS = {
    "one hidden layer": some_mlp(hidden=(7,), activation="sigmoid"),
    "three hidden layers": some_mlp(hidden=(9, 6, 5), activation="tanh", dropout=0.3),
    "CNN": some_cnn(channels=(3, 4), dense=(6,), dropout=0.5),
    "CNN with same padding": some_cnn(channels=(3, 4), padding="same", kernel_sizes=(5, 4)),
    "CNN without a dense layer": some_cnn(channels=(3,), kernel_sizes=(5,), dense=()),
    "CNN of tanh": some_cnn(channels=(3, 4), activation="tanh"),
    "pooling apart": NETWORKS["plain"](np.random.default_rng(1)),
    "pooling apart, after tanh": pooled_after_tanh(),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Sequential:
    return MODELS[request.param]


def test_a_trace_has_what_the_network_computes(model):
    traced = trace(model, IMAGE)
    for layer, found in zip(hidden_layers(model), traced.layers, strict=True):
        assert found.layer == layer
        np.testing.assert_allclose(
            found.values, hidden_activations(model, IMAGE[None], layer)[..., 0]
        )
        assert found.sums.shape == found.values.shape
        f = ACTIVATIONS[layer.activation]()
        np.testing.assert_allclose(f.forward(found.sums, Workspace())[0], found.values)
    np.testing.assert_allclose(traced.logits, model.logits(IMAGE[None])[:, 0])
    np.testing.assert_allclose(traced.probabilities, model.predict_proba(IMAGE[None])[0], rtol=1e-5)


def test_a_map_answers_with_its_value_of_largest_magnitude():
    seen = set()
    for name in ("CNN", "CNN of tanh", "pooling apart, after tanh"):
        for found in trace(MODELS[name], IMAGE).layers:
            for unit, map in enumerate(found.values if found.layer.has_maps else ()):
                answer = found.answers[unit]
                assert answer == map[found.strongest_place(unit)]
                assert abs(answer) == np.abs(map).max()
                seen.add(np.sign(answer))
    assert seen == {-1, 1}


def test_a_map_that_found_nothing_has_its_place_where_its_sum_is_largest():
    model = copy.deepcopy(MODELS["CNN"])
    model.parameters.layers[0]["b"][:] = -100
    found = trace(model, IMAGE).layers[0]
    assert not found.values.any()
    for unit in range(found.layer.units):
        assert found.sums[unit][found.strongest_place(unit)] == found.sums[unit].max()


def test_a_unit_has_no_place():
    with pytest.raises(ValueError, match="feature map"):
        trace(MODELS["one hidden layer"], IMAGE).layers[0].strongest_place(0)


def test_the_parts_of_each_sum_and_its_bias_make_it_up(model):
    traced = trace(model, IMAGE)
    for level, found in enumerate(traced.layers):
        for unit in range(found.layer.units):
            split = unit_sum(model, traced, level, unit)
            assert split.parts.sum() + split.bias == pytest.approx(split.total, rel=1e-5, abs=1e-4)
            place = found.strongest_place(unit) if found.layer.has_maps else ()
            assert split.total == pytest.approx(float(found.sums[(unit, *place)]), rel=1e-5)
    for digit in range(10):
        split = logit_sum(model, traced, digit)
        assert split.parts.sum() + split.bias == pytest.approx(split.total, rel=1e-5, abs=1e-4)
        assert split.total == pytest.approx(float(traced.logits[digit]), rel=1e-5)
        assert split.by_unit.sum() == pytest.approx(float(split.parts.sum()), rel=1e-5)


def test_the_evidence_of_a_unit_is_pixel_times_weight():
    model = MODELS["one hidden layer"]
    split = unit_sum(model, trace(model, IMAGE), 0, 3)
    W: Array = model.parameters.layers[0]["W"]
    np.testing.assert_allclose(split.parts, W[3].reshape(28, 28) * (IMAGE / 255), atol=1e-12)


def test_no_pixel_outside_of_the_window_is_evidence_for_a_map():
    model = MODELS["CNN"]
    traced = trace(model, IMAGE)
    row, column = traced.layers[0].strongest_place(1)
    rows, columns = np.nonzero(unit_sum(model, traced, 0, 1).parts)
    assert 2 * row <= rows.min() and rows.max() < 2 * row + 6  # 5x5 windows, pooled by 2
    assert 2 * column <= columns.min() and columns.max() < 2 * column + 6


def test_contributions_between_layers_sum_to_what_follows(model):
    traced = trace(model, IMAGE)
    sums = [found.sums for found in traced.layers[1:]] + [traced.logits]
    layers = [layer["b"] for layer in model.parameters.layers if "b" in layer][1:]
    for level, (following, bias) in enumerate(zip(sums, layers, strict=True)):
        matrix = contribution_matrix(model, traced, level)
        if following.ndim == 3:
            assert matrix is None
        else:
            assert matrix is not None
            np.testing.assert_allclose(matrix.sum(axis=1) + bias, following, rtol=1e-5, atol=1e-4)
