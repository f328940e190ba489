"""safetensors: the package of that name reads our bytes, and the description is enough to use."""

import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from scipy.signal import correlate
from scipy.special import expit, softmax

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.plain_steps import FORMULAS, plain_steps
from mnist_core.experiments.safetensors_file import safetensors_bytes
from mnist_core.nn.convolution import Conv2D, MaxPool2D
from mnist_core.nn.layers import Dense, Flatten
from mnist_core.nn.network import Sequential
from tests.experiments.conftest import ALL, network_of, words

FUNCTIONS = {"relu": lambda x: np.maximum(x, 0), "sigmoid": expit, "tanh": np.tanh}


@pytest.mark.parametrize("options", ALL, ids=words)
def test_the_package_reads_every_array_to_the_bit(options):
    checkpoint, model = network_of(options)
    arrays = safetensors.numpy.load(safetensors_bytes(checkpoint, model))
    named = model.parameters.named()
    assert arrays.keys() == named.keys()
    for name, array in named.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_float64_keeps_its_bits_too():
    checkpoint, model = network_of(ALL[0])
    arrays = safetensors.numpy.load(safetensors_bytes(checkpoint, model.in_float64()))
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float64)}


def test_the_arrays_begin_where_they_can_be_used_in_place():
    content = safetensors_bytes(*network_of(ALL[0]))
    assert int.from_bytes(content[:8], "little") % 8 == 0


def as_described(content: bytes, images: np.ndarray, path) -> np.ndarray:
    """The probabilities (N, 10), made of the file alone by somebody else's functions."""
    path.write_bytes(content)
    with safetensors.safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    steps = json.loads(metadata["layers"])
    x = images / 255
    x = x.reshape(len(x), -1) if steps[0]["kind"] == "dense" else x[:, None]
    for step in steps:
        W, b = (arrays.get(step.get(name), np.empty(0)) for name in ("W", "b"))
        match step["kind"]:
            case "dense":
                x = x @ W.T + b
            case "conv2d":
                top, left, bottom, right = step["padding"]
                x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
                maps = [[correlate(image, kernel, "valid")[0] for kernel in W] for image in x]
                x = np.array(maps) + b[:, None, None]
            case "max_pool2d":
                size = step["size"]
                H, V = (length // size for length in x.shape[2:])
                x = x[:, :, : H * size, : V * size]
                x = x.reshape(*x.shape[:2], H, size, V, size).max(axis=(3, 5))
            case "flatten":
                x = x.reshape(len(x), -1)
            case "dropout":
                pass
            case kind:
                x = FUNCTIONS[kind](x)
    return softmax(x, axis=1)


@pytest.mark.parametrize("options", ALL, ids=words)
def test_the_description_is_enough_to_build_the_network(options, mnist: Dataset, tmp_path):
    checkpoint, model = network_of(options)
    content = safetensors_bytes(checkpoint, model)
    images = mnist.test.images[:5]
    theirs = as_described(content, images, tmp_path / "network.safetensors")
    np.testing.assert_allclose(theirs, model.predict_proba(images), atol=1e-5)


def test_every_layer_that_can_be_put_together_by_hand_is_described():
    rng = np.random.default_rng(0)
    model = Sequential(
        [
            Conv2D(rng.normal(size=(2, 1, 3, 5)), np.zeros(2), padding="same"),
            MaxPool2D(3),
            Flatten(),
            Dense(rng.normal(size=(10, 162)), np.zeros(10)),
        ],
        input_shape=(1, 28, 28),
    )
    assert plain_steps(model) == [
        {"kind": kind, **values, "formula": FORMULAS[kind]}
        for kind, values in [
            ("conv2d", {"W": "0.W", "b": "0.b", "padding": [1, 2, 1, 2]}),
            ("max_pool2d", {"size": 3}),
            ("flatten", {}),
            ("dense", {"W": "3.W", "b": "3.b"}),
        ]
    ]
