"""Convolution and pooling: the plain layers against loops, the fast ones against the plain."""

import numpy as np
import pytest

from mnist_core.arrays import Array
from mnist_core.nn.builders import CNNS, build_cnn
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool
from mnist_core.nn.fused_convolution import ConvPool, columns_per_product
from mnist_core.nn.gradient_check import check_layer, check_network
from mnist_core.nn.layers import Layer
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def kernels(F: int, C: int, k_h: int, k_w: int, dtype: type = np.float64) -> tuple[Array, Array]:
    """Random W (F, C, k_h, k_w) and b (F,)."""
    return rng(F).normal(size=(F, C, k_h, k_w)).astype(dtype), rng(1).normal(size=F).astype(dtype)


def there_and_back(
    layer: Layer, x: Array, dy: Array | None = None, work: Workspace | None = None
) -> dict[str, Array]:
    """Copies of the output, of the input's gradient and of the parameters' gradients."""
    work = work or Workspace()
    y, cache = layer.forward(x, work)
    if dy is None:
        dy = rng(2).normal(size=y.shape).astype(x.dtype)
    gradients = {name: np.zeros_like(array) for name, array in layer.parameters().items()}
    dx = layer.backward(dy.copy(), cache, gradients, work)
    assert dx is not None
    return {"y": y.copy(), "dx": dx.copy()} | gradients


def loops(x: Array, W: Array, b: Array, top: int, left: int, shape: tuple) -> Array:
    """A convolution as its definition says it: every output value is a sum of its own.

    The input is taken as zero outside of its borders; top and left are where windows begin.
    """
    F, C, k_h, k_w = W.shape
    y = np.zeros((F, *shape, x.shape[-1]))
    for f in range(F):
        for i in range(shape[0]):
            for j in range(shape[1]):
                y[f, i, j] = b[f]
                for c in range(C):
                    for u in range(k_h):
                        for v in range(k_w):
                            row, column = i + u - top, j + v - left
                            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                                y[f, i, j] += W[f, c, u, v] * x[c, row, column]
    return y


@pytest.mark.parametrize(
    ("kernel", "padding", "shape", "top", "left"),
    [
        ((3, 3), "valid", (5, 6), 0, 0),
        ((3, 3), "same", (7, 8), 1, 1),
        ((2, 4), "same", (7, 8), 0, 1),  # the odd zero comes after
        ((5, 2), "valid", (3, 7), 0, 0),
        ((1, 1), "same", (7, 8), 0, 0),
        ((7, 8), "valid", (1, 1), 0, 0),
    ],
)
def test_the_plain_convolution_is_what_loops_give(kernel, padding, shape, top, left):
    x = rng(3).normal(size=(2, 7, 8, 3))
    W, b = kernels(4, 2, *kernel)
    y, _ = Conv2D(W, b, padding=padding).forward(x, Workspace())
    np.testing.assert_allclose(y, loops(x, W, b, top, left, shape), rtol=1e-12, atol=1e-12)


def test_a_convolution_worked_out_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    layer = Conv2D(np.array([[[[1.0, 0.0], [0.0, -2.0]]]]), np.array([0.5]))
    # Each window's upper left value, minus twice the lower right one, plus a half.
    results = there_and_back(layer, x, dy=np.array([1.0, 0.0, 0.0, 10.0]).reshape(1, 2, 2, 1))
    assert results["y"].ravel().tolist() == [-7.5, -8.5, -10.5, -11.5]
    # dW = the window at 0 once plus the window at 4 ten times; db = 1 + 10.
    assert results["W"].ravel().tolist() == [40, 51, 73, 84]
    assert results["b"].tolist() == [11]
    assert results["dx"].ravel().tolist() == [1, 0, 0, 0, -2 + 10, 0, 0, 0, -20]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pooling_is_the_maximum_of_every_window(size):
    x = rng(4).normal(size=(2, 7, 8, 3))
    y, _ = MaxPool2D(size).forward(x, Workspace())
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            window = x[:, i * size : (i + 1) * size, j * size : (j + 1) * size]
            assert np.array_equal(y[:, i, j], window.max(axis=(1, 2)))
    assert y.shape == (2, 7 // size, 8 // size, 3)


def one_image(rows: list[list[float]]) -> Array:
    return np.array(rows)[None, :, :, None]


@pytest.mark.parametrize(
    ("window", "winner"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], [[1, 0], [0, 0]]),
        ([[0.0, 1.0], [1.0, 1.0]], [[0, 1], [0, 0]]),
        ([[0.0, 1.0], [1.0, 0.0]], [[0, 1], [0, 0]]),
        ([[1.0, 0.0], [0.0, 1.0]], [[1, 0], [0, 0]]),
        ([[0.0, 0.0], [1.0, 1.0]], [[0, 0], [1, 0]]),
        ([[0.0, -1.0], [-1.0, 0.5]], [[0, 0], [0, 1]]),
    ],
)
@pytest.mark.parametrize("kind", [PlainConvPool, ConvPool])
def test_of_equal_values_the_first_one_in_reading_order_gets_the_gradient(kind, window, winner):
    identity = kind(np.ones((1, 1, 1, 1)), np.zeros(1))
    x = one_image(window)
    results = there_and_back(identity, x, dy=np.full((1, 1, 1, 1), 3.0))
    assert results["dx"][0, :, :, 0].tolist() == (3 * np.array(winner)).tolist()
    assert results["y"].item() == x.max()
    dx = there_and_back(MaxPool2D(2), x, dy=np.full((1, 1, 1, 1), 3.0))["dx"]
    assert np.array_equal(dx, results["dx"])


def test_rows_and_columns_that_fill_no_window_get_no_gradient():
    results = there_and_back(MaxPool2D(2), rng().normal(size=(1, 5, 5, 2)))
    assert results["y"].shape == (1, 2, 2, 2)
    assert not results["dx"][:, 4].any()
    assert not results["dx"][:, :, 4].any()


LAYERS = [
    Conv2D(*kernels(3, 2, 3, 2)),
    Conv2D(*kernels(3, 2, 3, 3), padding="same"),
    Conv2D(*kernels(3, 2, 2, 4), padding="same"),
    MaxPool2D(2),
    MaxPool2D(3),
    PlainConvPool(*kernels(3, 2, 3, 3)),
    ConvPool(*kernels(3, 2, 3, 3)),
    ConvPool(*kernels(3, 2, 2, 3), padding="same"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_gradients_agree_with_finite_differences(layer):
    errors = check_layer(layer, rng(5).normal(size=(2, 8, 9, 3)), rng=rng(6))
    assert set(errors) == {"x", *layer.parameters()}
    assert max(errors.values()) < 1e-6


@pytest.mark.parametrize("fast", [True, False])
def test_gradients_of_a_whole_network_agree_with_finite_differences(fast):
    model = build_cnn(
        channels=(2, 3), kernel_sizes=(5, 3), dense=(7,), activation="tanh", fast=fast,
        rng=rng(), dtype=np.float64,
    )  # fmt: skip
    x = rng(7).random((1, 28, 28, 4))
    errors = check_network(model, x, np.array([3, 1, 4, 1]), rng=rng(8))
    assert set(errors) == {"x", *model.parameters.named()}
    assert max(errors.values()) < 1e-6


@pytest.mark.parametrize("N", [1, 2, 7, 64])
@pytest.mark.parametrize("name", CNNS)
def test_the_fast_network_equals_the_plain_one_to_float32_rounding(name, N):
    results = []
    for fast in (True, False):
        model = build_cnn(**CNNS[name], fast=fast, rng=rng())
        x = rng(9).random((1, 28, 28, N), np.float32)
        logits, caches = model.forward(x)
        gradients = model.new_gradients()
        dx = model.backward(np.cos(logits), caches, gradients, input_gradient=True)
        results.append({"logits": logits, "dx": dx} | gradients.named())
    fast, plain = results
    assert fast.keys() == plain.keys()
    for key, array in fast.items():
        assert array is not None
        assert array.dtype == np.float32
        error = np.abs(array - plain[key]).max() / np.abs(plain[key]).max()
        assert error < 3e-6, key


@pytest.mark.parametrize("name", CNNS)
def test_fast_and_plain_networks_have_the_same_parameters_under_the_same_names(name):
    fast = build_cnn(**CNNS[name], rng=rng()).parameters.named()
    plain = build_cnn(**CNNS[name], rng=rng(), fast=False).parameters.named()
    assert list(fast) == list(plain)
    assert all(np.array_equal(fast[key], plain[key]) for key in fast)


def test_a_used_workspace_changes_nothing_from_batch_to_batch():
    layer, work = ConvPool(*kernels(3, 2, 3, 3, np.float32), padding="same"), Workspace(reuse=True)
    for N in (5, 5, 2, 5):
        x = rng(N).normal(size=(2, 6, 6, N)).astype(np.float32)
        alone, again = there_and_back(layer, x), there_and_back(layer, x, work=work)
        for key in alone:
            assert np.array_equal(alone[key], again[key]), key


def test_input_that_is_a_view_gives_what_its_copy_gives():
    rows = rng().random((5, 36))
    view = rows.T.reshape(1, 6, 6, 5)
    layer = ConvPool(*kernels(2, 1, 3, 3))
    results, copied = there_and_back(layer, view), there_and_back(layer, view.copy())
    assert all(np.array_equal(results[key], copied[key]) for key in results)


def test_without_the_input_gradient_the_others_are_the_same():
    for kind in (PlainConvPool, ConvPool):
        layer = kind(*kernels(2, 1, 3, 3))
        x = rng().normal(size=(1, 6, 6, 4))
        work = Workspace()
        y, cache = layer.forward(x, work)
        gradients = {name: np.zeros_like(array) for name, array in layer.parameters().items()}
        dy = rng(2).normal(size=y.shape)
        work.needs_dx = False
        assert layer.backward(dy, cache, gradients, work) is None
        with_it = there_and_back(layer, x)
        assert all(np.array_equal(gradients[name], with_it[name]) for name in gradients)


def test_groups_of_columns_are_equal_and_as_large_as_the_cache_allows():
    assert columns_per_product(12, 64, window_bytes=100) == 12
    assert columns_per_product(12, 64, window_bytes=96 * 1024 // (7 * 64)) == 6
    assert columns_per_product(5, 64, window_bytes=96 * 1024 // (2 * 64)) == 1
    assert columns_per_product(4, 64, window_bytes=10**9) == 1
    assert columns_per_product(4, 32, window_bytes=10**9) == 2  # at least 64 of all images
    assert columns_per_product(9, 32, window_bytes=10**9) == 3
    assert columns_per_product(4, 1, window_bytes=10**9) == 4


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"channels": (), "kernel_sizes": ()}, "one to 3 convolutions"),
        ({"channels": (2,) * 4, "kernel_sizes": (3,) * 4}, "one to 3 convolutions"),
        ({"channels": (8, 16), "kernel_sizes": (5,)}, "2 channels and 1 kernel sizes"),
        ({"channels": (0, 16)}, "convolution 1 has 1 to 128 channels, not 0"),
        ({"channels": (8, 129)}, "convolution 2 has 1 to 128 channels, not 129"),
        ({"kernel_sizes": (29, 5)}, "kernel size of 1 to 28, not 29: its input is 28x28"),
        ({"kernel_sizes": (5, 0)}, "convolution 2 has a kernel size of 1 to 12, not 0"),
        ({"kernel_sizes": (21, 5)}, "kernel size of 1 to 4, not 5: its input is 4x4"),
        ({"kernel_sizes": (28, 1)}, "leaves nothing for 2x2 pooling"),
        ({"dense": (64,) * 4}, "at most 3 hidden dense layers"),
        ({"dense": (0,)}, "1 to 1024 units"),
        ({"padding": "full"}, "padding must be valid or same"),
        ({"activation": "step"}, "activation must be"),
        ({"initialisation": "zeros"}, "initialisation must be"),
        ({"dropout": 1.5}, "dropout must be"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_with_the_reason(options, reason):
    with pytest.raises(ValueError, match=reason):
        build_cnn(**options, rng=rng())


def test_layers_refuse_what_does_not_go_together():
    W, b = kernels(2, 1, 3, 3)
    with pytest.raises(ValueError, match="a kernel of 3x3 does not fit into an input of 2x5"):
        Conv2D(W, b).forward(np.zeros((1, 2, 5, 1)), Workspace())
    with pytest.raises(ValueError, match="a kernel of 3x3 does not fit into an input of 2x5"):
        ConvPool(W, b).forward(np.zeros((1, 2, 5, 1)), Workspace())
    with pytest.raises(ValueError, match="maps of 1x3 are too small for 2x2 pooling"):
        ConvPool(W, b).forward(np.zeros((1, 3, 5, 1)), Workspace())
    with pytest.raises(ValueError, match="pooling by 2 does not fit into an input of 1x3"):
        PlainConvPool(W, b).forward(np.zeros((1, 3, 5, 1)), Workspace())
    with pytest.raises(ValueError, match="W .F, C, k_h, k_w. and b .F,. expected"):
        ConvPool(W, np.zeros(3))
    with pytest.raises(ValueError, match="size"):
        MaxPool2D(0)
    with pytest.raises(ValueError, match="padding"):
        PlainConvPool(W, b, padding="reflect")


def test_same_padding_keeps_the_side_and_valid_takes_the_kernel_off():
    def sides(**options) -> list[int]:
        model = build_cnn(channels=(2, 3), kernel_sizes=(3, 3), rng=rng(), **options)
        assert isinstance(model, Sequential)
        maps = [28]
        x = np.zeros((1, 28, 28, 1), np.float32)
        for layer in model.layers[:4]:
            x, _ = layer.forward(x, Workspace())
            maps.append(x.shape[1])
        return maps[::2]

    assert sides(padding="same") == [28, 14, 7]
    assert sides(padding="valid") == [28, 13, 5]


def test_three_convolutions_dropout_and_dense_layers_go_together():
    model = build_cnn(
        channels=(4, 4, 4), kernel_sizes=(3, 3, 2), dense=(8, 6), dropout=0.5, rng=rng()
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        *["ConvPool", "ReLU"] * 3, "Flatten", *["Dropout", "Dense", "ReLU"] * 2, "Dropout", "Dense",
    ]  # fmt: skip
    images = rng().integers(0, 256, (3, 28, 28), dtype=np.uint8)
    probabilities = model.predict_proba(images)
    assert probabilities.shape == (3, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
