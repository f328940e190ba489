"""A network as a list of plain steps from pixels to logits, for programs that are not ours.
An image is a row here, (N, ...), as nearly everybody else has it; no array has to be turned round.
"""

from collections.abc import Iterator
from typing import Any

from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool, windows_along
from mnist_core.nn.layers import ACTIVATIONS, Dense, Dropout, Flatten, Layer
from mnist_core.nn.network import Sequential

INPUT = (
    "uint8 images (N, 28, 28), 0 is the background and 255 full ink; times 1/255 in float32; then "
    "(N, 784) for dense, (N, 1, 28, 28) for conv2d"
)
OUTPUT = "logits (N, 10) of the digits 0 to 9; the probabilities are softmax(logits)"
FORMULAS = {
    "dense": "y = x W^T + b: x (N, inputs), W (units, inputs), b (units), y (N, units)",
    "conv2d": (
        "y[n, f, i, j] = b[f] + the sum over c, u, v of W[f, c, u, v] x[n, c, i + u, j + v]: "
        "x (N, C, H, W) with zeros around it, padding = [top, left, bottom, right]; stride 1"
    ),
    "max_pool2d": (
        "the largest value of each window of size x size, window beside window; rows and columns "
        "that fill no window are left out"
    ),
    "flatten": "(N, C, H, W) -> (N, C H W): the width runs fastest, the channels slowest",
    "dropout": "y = x: it is for training alone",
    "relu": "y = max(x, 0)",
    "sigmoid": "y = 1 / (1 + exp(-x))",
    "tanh": "y = tanh(x)",
}


def plain_steps(model: Sequential) -> list[dict[str, Any]]:
    """What a network does, step by step, in JSON's types.

    Each step has a `kind`, one of FORMULAS, and its `formula`. "W" and "b" are the path names of
    its arrays, as in model.parameters.named(); "padding" and "size" are those of the formula.
    """
    return [
        {"kind": kind, **values, "formula": FORMULAS[kind]}
        for number, layer in enumerate(model.layers)
        for kind, values in _steps_of(layer, number)
    ]


def activation_name(layer: Layer) -> str:
    """The name in ACTIVATIONS of a layer's class."""
    return next(name for name, kind in ACTIVATIONS.items() if type(layer) is kind)


def _steps_of(layer: Layer, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kinds and values of one layer's steps: two for a convolution that pools."""
    arrays = {name: f"{number}.{name}" for name in layer.parameters()}
    match layer:
        case Dense():
            yield "dense", arrays
        case Conv2D():
            yield "conv2d", {**arrays, "padding": zeros_around(layer)}
            if isinstance(layer, PlainConvPool):
                yield "max_pool2d", {"size": layer.pool.size}
        case MaxPool2D():
            yield "max_pool2d", {"size": layer.size}
        case Flatten():
            yield "flatten", {}
        case Dropout():
            yield "dropout", {"rate": layer.rate}
        case _:
            yield activation_name(layer), {}


def zeros_around(layer: Conv2D) -> list[int]:
    """How many zeros the padding adds: [top, left, bottom, right]."""
    # How many depends on the kernel alone: any size that holds it will do.
    sides = [windows_along(kernel, kernel, layer.padding)[1:] for kernel in layer.W.shape[2:]]
    return [before for before, _ in sides] + [after for _, after in sides]
