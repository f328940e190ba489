"""Networks: shapes, names, a whole step worked out by hand, and prediction."""

import copy
import pickle
from math import log

import numpy as np
import pytest

from mnist_core.nn.builders import build_mlp, build_model
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.initialisation import normal_sigma
from mnist_core.nn.layers import Dense, ReLU, Sigmoid
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.optimizers import SGD
from mnist_core.nn.workspace import Workspace


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_one_forward_and_backward_step_worked_out_by_hand():
    model = Sequential(
        [
            Dense(np.array([[2.0, -1.0], [4.0, -2.0]]), np.array([0.0, 0.0])),
            Sigmoid(),
            Dense(np.array([[2.0, 0.0], [0.0, -2.0]]), np.array([0.0, 2.0])),
        ],
        input_shape=(2,),
        dtype=np.float64,
    )
    x = np.array([[1.0], [2.0]])
    # a1 = W1 x + b1 = (2 - 2, 4 - 4) = (0, 0)        f1 = sigmoid(a1) = (1/2, 1/2)
    # a2 = W2 f1 + b2 = (1 + 0, -1 + 2) = (1, 1)      y_hat = (1/2, 1/2)
    logits, caches = model.forward(x)
    assert logits.tolist() == [[1], [1]]
    loss, dlogits = cross_entropy(logits, np.array([0]))
    assert loss == pytest.approx(log(2), rel=1e-15)

    # With y = (1, 0): dL/da2 = dL/db2 = y_hat - y = (-1/2, 1/2)
    # dL/dW2 = (y_hat - y) f1^T = ((-1/4, -1/4), (1/4, 1/4))
    # dL/df1 = W2^T (y_hat - y) = (2 * -1/2, -2 * 1/2) = (-1, -1)
    # dL/da1 = dL/df1 * f1 (1 - f1) = (-1/4, -1/4) = dL/db1
    # dL/dW1 = dL/da1 x^T = ((-1/4, -1/2), (-1/4, -1/2))
    # dL/dx = W1^T dL/da1 = (2 * -1/4 + 4 * -1/4, -1 * -1/4 - 2 * -1/4) = (-3/2, 3/4)
    gradients = model.new_gradients()
    dx = model.backward(dlogits, caches, gradients, input_gradient=True)
    assert dx is not None
    assert dx.tolist() == [[-1.5], [0.75]]
    named = {name: array.tolist() for name, array in gradients.named().items()}
    assert named == {
        "0.W": [[-0.25, -0.5], [-0.25, -0.5]],
        "0.b": [-0.25, -0.25],
        "2.W": [[-0.25, -0.25], [0.25, 0.25]],
        "2.b": [-0.5, 0.5],
    }

    # One step of SGD with the learning rate 2: every parameter minus twice its gradient.
    SGD(model.parameters.flat.size).step(model.parameters.flat, 2 * gradients.flat, 2)
    assert model.parameters.named()["0.W"].tolist() == [[2.5, 0.0], [4.5, -1.0]]
    assert model.parameters.named()["0.b"].tolist() == [0.5, 0.5]
    assert model.parameters.named()["2.W"].tolist() == [[2.5, 0.5], [-0.5, -2.5]]
    assert model.parameters.named()["2.b"].tolist() == [1, 1]
    # a1 = (2.5 + 0.5, 4.5 - 2 + 0.5) = (3, 3): the layers compute with the new parameters.
    assert model.layers[0].forward(x, Workspace())[0].tolist() == [[3], [3]]


def test_a_batch_of_two_through_relu_worked_out_by_hand():
    first = Dense(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, -1.0]))
    last = Dense(np.array([[1.0, 1.0], [1.0, 1.0]]), np.zeros(2))
    model = Sequential([first, ReLU(), last], input_shape=(2,), dtype=np.float64)
    # Columns (1, 3) and (2, 0): a1 = (1, 2), (2, -1); f1 = (1, 2), (2, 0); a2 = (3, 3), (2, 2)
    logits, caches = model.forward(np.array([[1.0, 2.0], [3.0, 0.0]]))
    assert logits.tolist() == [[3, 2], [3, 2]]
    # Labels 1 and 0: dL/da2 = (1/2, -1/2), (-1/2, 1/2), whose products with W2 cancel.
    gradients = model.new_gradients()
    model.backward(cross_entropy(logits, np.array([1, 0]))[1], caches, gradients)
    # dW2 = (1/2)(1, 2) - (1/2)(2, 0) = (-1/2, 1) for the first row and its opposite below
    assert gradients.named()["2.W"].tolist() == [[-0.5, 1], [0.5, -1]]
    assert gradients.named()["2.b"].tolist() == [0, 0]
    assert not gradients.named()["0.W"].any()


def test_the_reports_network_has_its_shapes_and_names():
    model = build_mlp(rng=rng())
    shapes = {name: array.shape for name, array in model.parameters.named().items()}
    assert shapes == {"0.W": (64, 784), "0.b": (64,), "2.W": (10, 64), "2.b": (10,)}
    assert model.parameters.flat.size == 64 * 784 + 64 + 10 * 64 + 10
    assert model.parameters.flat.dtype == np.float32


def test_named_parameters_are_views_of_the_one_flat_vector():
    model = build_mlp(hidden=(3, 2), rng=rng())
    model.parameters.flat[...] = np.arange(model.parameters.flat.size)
    named = model.parameters.named()
    assert np.array_equal(
        np.concatenate([array.ravel() for array in named.values()]), model.parameters.flat
    )
    first = model.layers[0]
    assert isinstance(first, Dense)
    assert np.shares_memory(first.W, model.parameters.flat)


@pytest.mark.parametrize("hidden", [(1,), (1024,), (64, 32), (20, 1, 20)])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_one_to_three_hidden_layers_give_ten_probabilities(hidden, activation, mnist):
    model = build_mlp(hidden=hidden, activation=activation, rng=rng())
    probabilities = model.predict_proba(mnist.test.images[:3])
    assert probabilities.shape == (3, 10)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("hidden", [(), (1, 1, 1, 1), (0,), (1025,), (64, -1)])
def test_other_hidden_layers_are_refused(hidden):
    with pytest.raises(ValueError, match="hidden"):
        build_mlp(hidden=hidden, rng=rng())


def test_unknown_names_are_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="sigmoid, relu, tanh"):
        build_mlp(activation="swish", rng=rng())
    with pytest.raises(ValueError, match="mlp"):
        build_model("transformer", rng=rng())


@pytest.mark.parametrize(
    ("initialisation", "sigma"),
    [
        ("glorot", (2 / (784 + 400)) ** 0.5),
        ("he", (2 / 784) ** 0.5),
        ("normal(0.01)", 0.01),
        ("normal(0)", 0),
    ],
)
def test_initial_weights_spread_as_asked_and_biases_are_zero(initialisation, sigma):
    named = build_mlp(hidden=(400,), initialisation=initialisation, rng=rng()).parameters.named()
    # 313,600 draws: their standard deviation is known to 0.13 %, their mean to sigma / 560.
    assert named["0.W"].std() == pytest.approx(sigma, rel=0.006)
    assert named["0.W"].mean() == pytest.approx(0, abs=sigma / 100)
    assert not named["0.b"].any()
    assert not named["2.b"].any()


@pytest.mark.parametrize(
    "text",
    ["", "normal", "normal()", "normal(x)", "normal(-1)", "normal(nan)", "normal(1)(", "lecun"],
)
def test_other_initialisations_are_refused(text):
    with pytest.raises(ValueError, match="initialisation must be glorot, he or normal"):
        normal_sigma(text)


def test_the_same_generator_gives_the_same_network():
    first, again, other = (build_mlp(rng=rng(seed)).parameters.flat for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pixels_go_from_zero_to_one():
    images = np.full((2, 28, 28), 255, np.uint8)
    images[1] = 0
    pixels = to_pixels(images)
    assert pixels.shape == (2, 784)
    assert pixels.dtype == np.float32
    assert pixels.max(axis=1) == pytest.approx([1, 0])


@pytest.mark.parametrize("n", [0, 1, 2, 511, 512, 513, 1200])
def test_a_prediction_does_not_depend_on_how_many_are_made_at_once(n, mnist):
    model = build_mlp(hidden=(16,), rng=rng())
    images = mnist.test.images[:n]
    together = model.predict_proba(images)
    assert together.shape == (n, 10)
    for i in range(0, n, 100):
        alone = model.predict_proba(images[i : i + 1])[0]
        np.testing.assert_allclose(together[i], alone, rtol=1e-4, atol=1e-6)


def test_predict_is_the_most_probable_digit(mnist):
    model = build_mlp(rng=rng())
    images = mnist.test.images[:50]
    assert np.array_equal(model.predict(images), model.predict_proba(images).argmax(axis=1))


def test_images_need_not_be_contiguous(mnist):
    model = build_mlp(rng=rng())
    strided = mnist.test.images[:20:2].transpose(0, 2, 1)
    np.testing.assert_array_equal(
        model.predict_proba(strided), model.predict_proba(np.ascontiguousarray(strided))
    )


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), np.uint8),
        np.zeros((1, 784), np.uint8),
        np.zeros((1, 28, 27), np.uint8),
        np.zeros((1, 28, 28), np.float32),
    ],
)
def test_images_of_another_form_are_refused(images):
    with pytest.raises(ValueError, match="uint8 images"):
        build_mlp(rng=rng()).predict_proba(images)


def test_one_model_serves_two_passes_at_the_same_time():
    model = build_mlp(hidden=(5,), rng=rng(), dtype=np.float64)
    first, second = rng(1).random((2, 784, 3))
    labels = np.array([1, 2, 3])
    alone, between = model.new_gradients(), model.new_gradients()
    logits, caches = model.forward(first)
    model.backward(cross_entropy(logits, labels)[1], caches, alone)
    logits, caches = model.forward(first)
    model.forward(second)  # another page predicts between the two halves of a step
    model.backward(cross_entropy(logits, labels)[1], caches, between)
    assert np.array_equal(alone.flat, between.flat)


def test_dropout_follows_every_hidden_layer_and_changes_no_prediction(mnist):
    with_dropout = build_mlp(hidden=(16, 8), dropout=0.5, rng=rng())
    without = build_mlp(hidden=(16, 8), rng=rng())
    assert with_dropout.has_randomness
    assert not without.has_randomness
    images = mnist.test.images[:5]
    np.testing.assert_array_equal(with_dropout.predict_proba(images), without.predict_proba(images))


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_network_that_comes_out_of_a_pickle_is_the_same_and_can_be_trained(name):
    model = build_model(name, dropout=0.5, rng=rng(), dtype=np.float64)
    images = rng(1).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    content = pickle.dumps(model)
    assert len(content) < 1.1 * model.parameters.flat.nbytes + 10_000  # not twice
    read = pickle.loads(content)
    assert np.array_equal(read.logits(images), model.logits(images))
    assert (read.tile, read.share, read.dtype) == (model.tile, model.share, np.float64)
    read.parameters.flat[...] = 0  # its layers read the one vector
    assert not read.logits(images).any()


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_deep_copy_leaves_the_network_as_it_is(name):
    model = build_model(name, dropout=0.5, rng=rng())
    images = rng(1).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    before = model.logits(images)
    other = copy.deepcopy(model)
    other.parameters.flat[...] = 0
    other.parameters.layers[0]["b"][:] = -100
    assert np.array_equal(model.logits(images), before)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_copy_in_float64_has_the_same_weights_and_is_independent(name):
    model = build_model(name, dropout=0.5, rng=rng())
    images = rng(1).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    before = model.logits(images)
    copied = model.in_float64()
    assert copied.dtype == copied.logits(images).dtype == np.float64
    assert np.array_equal(copied.parameters.flat, model.parameters.flat)
    np.testing.assert_allclose(copied.logits(images), before, rtol=1e-4, atol=1e-5)
    copied.parameters.flat[...] = 0
    assert not copied.logits(images).any()
    assert np.array_equal(model.logits(images), before)
