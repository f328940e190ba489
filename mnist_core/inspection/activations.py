"""Looks into a network: which hidden layers it has, and what they compute for given images.
A unit is one value of a Dense layer, or one whole feature map of a convolution.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from mnist_core.arrays import SIDE, Array
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool, windows_along
from mnist_core.nn.layers import ACTIVATIONS, Cache, Dropout, Flatten, Layer
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.workspace import Workspace


@dataclass(frozen=True)
class HiddenLayer:
    """A layer with weights that is not the last one, together with what follows up to the next.

    `weights` is the number of the layer with weights, as in the parameter's path "0.W"; `output`
    is that of the layer after which the values are complete, usually the activation. `shape` is
    (units,) or (maps, H, W), that of the output for one image.
    """

    weights: int
    output: int
    shape: tuple[int, ...]
    activation: str  # a key of ACTIVATIONS, or "" for none

    @property
    def units(self) -> int:
        """How many units, or feature maps."""
        return self.shape[0]

    @property
    def has_maps(self) -> bool:
        """Whether its units are feature maps."""
        return len(self.shape) == 3


_hidden_layers: WeakKeyDictionary[Sequential, tuple[HiddenLayer, ...]] = WeakKeyDictionary()


def hidden_layers(model: Sequential) -> tuple[HiddenLayer, ...]:
    """The hidden layers in the order of the network: found once, as its layers never change."""
    if model not in _hidden_layers:
        _hidden_layers[model] = _found_hidden_layers(model)
    return _hidden_layers[model]


def _found_hidden_layers(model: Sequential) -> tuple[HiddenLayer, ...]:
    numbers = [number for number, layer in enumerate(model.layers) if "W" in layer.parameters()]
    shapes = _output_shapes(model)
    layers = []
    for number, following in zip(numbers, numbers[1:], strict=False):
        output = following - 1
        while isinstance(model.layers[output], Flatten | Dropout):
            output -= 1
        activation = next(
            (
                name
                for layer in model.layers[number + 1 : output + 1]
                for name, kind in ACTIVATIONS.items()
                if type(layer) is kind
            ),
            "",
        )
        layers.append(HiddenLayer(number, output, shapes[output], activation))
    return tuple(layers)


def next_with_weights(model: Sequential, layer: HiddenLayer) -> tuple[int, Layer]:
    """The layer with weights that follows a hidden layer: its number, and the layer."""
    return next(
        (number, part)
        for number, part in enumerate(model.layers)
        if number > layer.output and "W" in part.parameters()
    )


def _output_shapes(model: Sequential) -> list[tuple[int, ...]]:
    """The shape of every layer's output for one image, found by asking with a blank one."""
    x = np.zeros((*model.input_shape, 1), model.dtype)
    work, shapes = Workspace(), []
    for layer in model.layers:
        x = layer.forward(x, work)[0]
        shapes.append(x.shape[:-1])
    return shapes


def forward_through(
    layers: Sequence[Layer], x: Array, work: Workspace | None = None
) -> tuple[Array, list[Cache]]:
    """The output of some consecutive layers for x (..., N), and each layer's cache."""
    work = work or Workspace()
    caches = []
    for layer in layers:
        x, cache = layer.forward(x, work)
        caches.append(cache)
    return x, caches


def backward_through(
    layers: Sequence[Layer], dy: Array, caches: list[Cache], work: Workspace | None = None
) -> Array:
    """The gradient of the first layer's input; those of the parameters are thrown away."""
    work = work or Workspace()
    for layer, cache in zip(reversed(layers), reversed(caches), strict=True):
        unused = {name: np.empty_like(array) for name, array in layer.parameters().items()}
        dx = layer.backward(dy, cache, unused, work)
        assert dx is not None
        dy = dx
    return dy


def input_tiles(
    model: Sequential, images: Array, size: int | None = None
) -> Iterator[tuple[slice, Array]]:
    """uint8 images (N, 28, 28) as batches (*input_shape, n) of `size`, each with its place in N.

    Without a size it is the one that the network computes fastest with.
    """
    size = size or model.tile
    for start in range(0, len(images), size):
        pixels = to_pixels(images[start : start + size], model.dtype)
        yield slice(start, start + len(pixels)), model.input_batch(pixels)


def hidden_activations(
    model: Sequential, images: Array, layer: HiddenLayer, *, before_activation: bool = False
) -> Array:
    """What a hidden layer computes for uint8 images (N, 28, 28): (*layer.shape, N).

    With before_activation=True it is the output of the layer with weights, W x + b.
    """
    layers = model.layers[: (layer.weights if before_activation else layer.output) + 1]
    pieces = [forward_through(layers, x)[0] for _, x in input_tiles(model, images)]
    return np.concatenate(pieces, axis=-1)


def unit_responses(
    model: Sequential, images: Array, layer: HiddenLayer, *, before_activation: bool = False
) -> Array:
    """One number for each unit and image, (units, N): how strongly the unit answers.

    For a feature map it is the largest value in it: how clearly the feature was found in the
    place where it is clearest. A feature is in few places of a digit, so a mean would say more
    about the empty paper around them.
    """
    layers = model.layers[: (layer.weights if before_activation else layer.output) + 1]
    responses = np.empty((layer.units, len(images)), model.dtype)
    for place, x in input_tiles(model, images):
        f = forward_through(layers, x)[0]  # (units, n) or (maps, H, W, n)
        responses[:, place] = f.max(axis=(1, 2)) if layer.has_maps else f
    return responses


def feature_maps(model: Sequential, image: Array) -> dict[HiddenLayer, Array]:
    """The feature maps (maps, H, W) of each convolution for one uint8 image (28, 28)."""
    return {
        layer: hidden_activations(model, image[None], layer)[..., 0]
        for layer in hidden_layers(model)
        if layer.has_maps
    }


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: rows top to bottom - 1, columns left to right - 1."""

    top: int
    left: int
    bottom: int
    right: int


def receptive_field(model: Sequential, layer: HiddenLayer, row: int, column: int) -> Box:
    """The pixels of the input that a value at (row, column) of the layer's maps depends on.

    Found by going back from the value: each layer says which of its inputs a range of its
    outputs was computed from. What lies in the padding is no pixel and is cut off.
    """
    _, H, W = layer.shape
    if not (0 <= row < H and 0 <= column < W):
        raise ValueError(f"the maps are {H}x{W}; they have no value at ({row}, {column})")
    sides = [(SIDE, SIDE), *(shape[1:] for shape in _output_shapes(model)[: layer.output])]
    rows, columns = (row, row + 1), (column, column + 1)
    for part, (height, width) in zip(
        reversed(model.layers[: layer.output + 1]), reversed(sides), strict=True
    ):
        rows = _inputs_of(part, rows, axis=0, size=height)
        columns = _inputs_of(part, columns, axis=1, size=width)
    return Box(rows[0], columns[0], rows[1], columns[1])


def _inputs_of(layer: Layer, outputs: tuple[int, int], *, axis: int, size: int) -> tuple[int, int]:
    """The range of a layer's input of `size`, along an axis, that a range of outputs came from."""
    start, end = outputs
    if isinstance(layer, PlainConvPool):  # ConvPool is one
        start, end = layer.pool.size * start, layer.pool.size * end
    if isinstance(layer, Conv2D):
        kernel = layer.W.shape[2 + axis]
        zeros_before = windows_along(size, kernel, layer.padding)[1]
        start, end = start - zeros_before, end - 1 - zeros_before + kernel
    elif isinstance(layer, MaxPool2D):
        start, end = layer.size * start, layer.size * end
    return max(start, 0), min(end, size)
