"""The values of one step are the network's own, forward and backward, and so are their names."""

import numpy as np
import pytest

from mnist_core.inspection.backpropagation import Backpropagation, backpropagate
from mnist_core.inspection.stations import Station, stations
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.layers import Dense
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.workspace import Workspace
from tests.inspection.test_trace import IMAGE, MODELS, some_cnn, some_mlp

LABEL = 3
MLPS = {
    f"{activation} {hidden}": some_mlp(activation=activation, hidden=hidden, dropout=0.2)
    for activation in ("sigmoid", "tanh", "relu")
    for hidden in ((12,), (9, 6), (9, 6, 5))
}
ALL = (
    MODELS
    | MLPS
    | {
        "readable CNN": some_cnn(channels=(3, 4), dense=(6,), fast=False, activation="tanh"),
        "fast CNN of sigmoids": some_cnn(channels=(3,), kernel_sizes=(3,), activation="sigmoid"),
    }
)


@pytest.fixture(params=ALL)
def model(request: pytest.FixtureRequest) -> Sequential:
    return ALL[request.param]


def by_name(step: Backpropagation) -> dict[str, Station]:
    return {station.name: station for station in stations(step)}


def test_loss_and_gradients_are_those_of_the_network(model):
    step = backpropagate(model, IMAGE, LABEL)
    x = model.input_batch(to_pixels(IMAGE[None], model.dtype))
    logits, caches = model.forward(x)
    loss, dlogits = cross_entropy(logits, np.array([LABEL]))
    gradients = model.new_gradients()
    model.backward(dlogits.copy(), caches, gradients)
    assert step.loss == loss
    assert np.array_equal(step.logits, logits)
    for name, gradient in gradients.named().items():
        assert np.array_equal(step.gradients[name], gradient), name
    assert np.array_equal(step.layers[-1].gradient, dlogits)
    np.testing.assert_allclose(step.probabilities - step.one_hot, dlogits, atol=1e-15)


def test_each_gradient_of_a_value_is_what_the_loss_does_when_the_value_is_shifted(model):
    step = backpropagate(model, IMAGE, LABEL)
    direction_of = np.random.default_rng(0)
    for number, own in enumerate(step.layers):
        assert own.output.shape == own.gradient.shape
        direction = direction_of.normal(size=own.output.shape)

        def loss(shift, number=number, own=own, direction=direction):
            y = own.output + shift * direction
            y = y[..., None] if y.ndim == 3 else y
            for layer in model.layers[number + 1 :]:
                y = layer.forward(y, Workspace())[0]
            return cross_entropy(y, np.array([LABEL]))[0]

        slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
        assert np.vdot(own.gradient, direction) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_a_layer_that_writes_into_its_gradient_leaves_the_step_as_it_was():
    class Overwriting(Dense):
        def backward(self, dy, cache, gradients, work):
            dx = super().backward(dy, cache, gradients, work)
            dy[...] = np.nan
            return dx

    plain = some_mlp(hidden=(5,))
    first, activation, last = plain.layers
    assert isinstance(first, Dense) and isinstance(last, Dense)
    layers = [Overwriting(first.W, first.b), activation, Overwriting(last.W, last.b)]
    step = backpropagate(Sequential(layers, dtype=np.float64), IMAGE, LABEL)
    for own, expected in zip(step.layers, backpropagate(plain, IMAGE, LABEL).layers, strict=True):
        assert np.array_equal(own.gradient, expected.gradient)


@pytest.mark.parametrize("fast", [True, False])
def test_a_convolution_that_pools_shows_the_maps_before_it(fast):
    model = some_cnn(channels=(3,), kernel_sizes=(5,), fast=fast)
    own = backpropagate(model, IMAGE, LABEL).layers[0]
    assert own.maps is not None and own.maps_gradient is not None
    assert own.maps.shape == own.maps_gradient.shape == (3, 24, 24)
    windows = own.maps.reshape(3, 12, 2, 12, 2)
    np.testing.assert_allclose(windows.max(axis=(2, 4)), own.output, rtol=1e-12)
    # Of each window one value got all of the gradient.
    gradients = own.maps_gradient.reshape(3, 12, 2, 12, 2)
    assert np.array_equal(gradients.sum(axis=(2, 4)), own.gradient)
    assert ((gradients != 0).sum(axis=(2, 4)) <= 1).all()


def test_a_step_of_a_network_in_float32_stays_in_float32():
    model = some_mlp().copied(np.float32)
    step = backpropagate(model, IMAGE, LABEL)
    assert {station.value.dtype for station in stations(step)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("image", "label"),
    [(IMAGE, 10), (IMAGE, -1), (IMAGE / 255, 3), (IMAGE[None], 3)],
)
def test_what_is_no_image_or_no_label_is_refused(image, label):
    with pytest.raises(ValueError, match="image|label"):
        backpropagate(MLPS["sigmoid (12,)"], image, label)


def test_the_stations_of_the_report_in_its_order():
    step = backpropagate(some_mlp(hidden=(64,)), IMAGE, LABEL)
    found = stations(step)
    assert [(x.name, x.kind, x.shape, x.layer, x.sources) for x in found] == [
        ("x", "input", (784, 1), None, ()),
        ("a1", "sum", (64, 1), 0, ("x",)),
        ("f1", "activation", (64, 1), 1, ("a1",)),
        ("a2", "sum", (10, 1), 2, ("f1",)),
        ("y_hat", "probabilities", (10, 1), None, ("a2",)),
        ("L", "loss", (), None, ("y_hat",)),
        ("dL/da2", "sum", (10, 1), None, ("y_hat",)),
        ("dL/dW2", "weights", (10, 64), 2, ("dL/da2", "f1")),
        ("dL/db2", "bias", (10, 1), 2, ("dL/da2",)),
        ("dL/df1", "activation", (64, 1), 2, ("dL/da2",)),
        ("dL/da1", "sum", (64, 1), 1, ("dL/df1", "a1")),
        ("dL/dW1", "weights", (64, 784), 0, ("dL/da1", "x")),
        ("dL/db1", "bias", (64, 1), 0, ("dL/da1",)),
    ]
    assert [x.direction for x in found] == ["forward"] * 6 + ["backward"] * 7


def test_the_stations_fulfil_the_formulas_of_the_report():
    model = some_mlp(hidden=(8,), activation="sigmoid")
    of = {name: x.value for name, x in by_name(backpropagate(model, IMAGE, LABEL)).items()}
    W1, b1, W2, b2 = model.parameters.named().values()
    y = np.eye(10)[:, [LABEL]]
    np.testing.assert_allclose(of["a1"], W1 @ of["x"] + b1[:, None])
    np.testing.assert_allclose(of["f1"], 1 / (1 + np.exp(-of["a1"])))
    np.testing.assert_allclose(of["a2"], W2 @ of["f1"] + b2[:, None])
    np.testing.assert_allclose(of["y_hat"], np.exp(of["a2"]) / np.exp(of["a2"]).sum())
    assert of["L"] == pytest.approx(-(y * np.log(of["y_hat"])).sum())
    np.testing.assert_allclose(of["dL/da2"], of["y_hat"] - y, atol=1e-15)
    np.testing.assert_allclose(of["dL/dW2"], (of["y_hat"] - y) @ of["f1"].T, atol=1e-15)
    np.testing.assert_allclose(of["dL/df1"], W2.T @ of["dL/da2"])
    np.testing.assert_allclose(of["dL/da1"], of["dL/df1"] * of["f1"] * (1 - of["f1"]))
    np.testing.assert_allclose(of["dL/dW1"], of["dL/da1"] @ of["x"].T)
    np.testing.assert_allclose(of["dL/db1"], of["dL/da1"])


@pytest.mark.parametrize("fast", [True, False])
def test_the_stations_of_a_cnn(fast):
    model = some_cnn(channels=(3, 4), dense=(6,), dropout=0.5, fast=fast)
    found = stations(backpropagate(model, IMAGE, LABEL))
    assert " ".join(x.name for x in found) == (
        "x c1 p1 f1 c2 p2 f2 v2 a3 f3 a4 y_hat L "
        "dL/da4 dL/dW4 dL/db4 dL/df3 dL/da3 dL/dW3 dL/db3 dL/dv2 dL/df2 dL/dp2 dL/dc2 dL/dW2 "
        "dL/db2 dL/df1 dL/dp1 dL/dc1 dL/dW1 dL/db1"
    )
    shapes = {x.name: x.shape for x in found}
    assert shapes["x"] == (1, 28, 28)
    assert shapes["c2"] == shapes["dL/dc2"] == (4, 8, 8)
    assert shapes["p2"] == shapes["dL/df2"] == (4, 4, 4)
    assert shapes["v2"] == (64, 1)
    assert shapes["dL/dW2"] == (4, 3, 5, 5)
    assert shapes["dL/db2"] == (4, 1)
    names = set(shapes)
    assert all(set(x.sources) <= names for x in found)


@pytest.mark.parametrize("name", ["pooling apart", *MLPS])
def test_every_station_is_computed_from_stations_before_it(name):
    seen = set()
    for station in stations(backpropagate(ALL[name], IMAGE, LABEL)):
        assert set(station.sources) <= seen
        seen.add(station.name)
