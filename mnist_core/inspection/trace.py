"""One image on its way through a network, and what each value on the way was made of.
A value before its activation is a sum, so it can be split among its inputs without any estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import SIDE, Array
from mnist_core.inspection.activations import (
    HiddenLayer,
    backward_through,
    forward_through,
    hidden_layers,
    next_with_weights,
)
from mnist_core.nn.functional import softmax
from mnist_core.nn.layers import ACTIVATIONS, Dense, Layer
from mnist_core.nn.network import Sequential, to_pixels


@dataclass(frozen=True)
class LayerTrace:
    """What a hidden layer computed: `sums` are W x + b, and `values` the output, as `layer.shape`.

    Both are (units,) or (maps, H, W): of maps that are pooled, the sums that the values came from.
    """

    layer: HiddenLayer
    sums: Array
    values: Array

    @property
    def answers(self) -> Array:
        """One number for each unit or map, (units,): of a map its value of largest magnitude."""
        if not self.layer.has_maps:
            return self.values
        return np.array([map[self.strongest_place(unit)] for unit, map in enumerate(self.values)])

    def strongest_place(self, unit: int) -> tuple[int, int]:
        """Row and column where the magnitude of a map is largest; ValueError for no map."""
        if not self.layer.has_maps:
            raise ValueError("only a feature map has places")
        magnitude = np.abs(self.values[unit])
        # A map that found nothing is zero everywhere; its sums still say where it was nearest.
        likely = np.where(magnitude == magnitude.max(), self.sums[unit], -np.inf)
        row, column = np.unravel_index(int(likely.argmax()), likely.shape)
        return int(row), int(column)


@dataclass(frozen=True)
class Trace:
    """One image, uint8 (28, 28), and all that a network computed: logits, probabilities (10,)."""

    image: Array
    layers: tuple[LayerTrace, ...]
    logits: Array
    probabilities: Array


@dataclass(frozen=True)
class SumOfInputs:
    """A sum split among its inputs: parts.sum() + bias = total.

    `parts` has the shape of what the sum was made of: (28, 28) for pixels, else that of the values
    of the hidden layer before.
    """

    parts: Array
    bias: float
    total: float

    @property
    def by_unit(self) -> Array:
        """The parts of each unit or map of the layer before, (units,); meaningless for pixels."""
        return self.parts.reshape(len(self.parts), -1).sum(axis=1)


def trace(model: Sequential, image: Array) -> Trace:
    """Everything that the network computes for one uint8 image (28, 28)."""
    x = model.input_batch(to_pixels(image[None], model.dtype))
    layers, start = [], 0
    for layer in hidden_layers(model):
        sums = forward_through(model.layers[start : layer.weights + 1], x)[0]
        x = forward_through(model.layers[layer.weights + 1 : layer.output + 1], sums)[0]
        start = layer.output + 1
        sums = forward_through(_pooling(model, layer), sums)[0]
        layers.append(LayerTrace(layer, sums[..., 0], x[..., 0]))
    logits = forward_through(model.layers[start:], x)[0]
    return Trace(image, tuple(layers), logits[:, 0], softmax(logits)[:, 0])


def unit_sum(model: Sequential, traced: Trace, level: int, unit: int) -> SumOfInputs:
    """What a hidden unit's sum W x + b was made of; of a feature map, at its strongest place.

    Args:
        level: which hidden layer, from 0.
        unit: which of its units or maps.
    """
    here = traced.layers[level]
    place = here.strongest_place(unit) if here.layer.has_maps else ()
    start = traced.layers[level - 1].layer.output + 1 if level else 0
    one = np.zeros((*here.sums.shape, 1), model.dtype)
    one[(unit, *place, 0)] = 1
    layers = [*model.layers[start : here.layer.weights + 1], *_pooling(model, here.layer)]
    bias = float(model.parameters.layers[here.layer.weights]["b"][unit])
    return _split(model, traced, level, layers, one, bias)


def logit_sum(model: Sequential, traced: Trace, digit: int) -> SumOfInputs:
    """What a digit's logit was made of: its inputs are the last hidden layer's values."""
    start = traced.layers[-1].layer.output + 1 if traced.layers else 0
    one = np.zeros((len(traced.logits), 1), model.dtype)
    one[digit] = 1
    bias = float(model.parameters.layers[-1]["b"][digit])
    return _split(model, traced, len(traced.layers), model.layers[start:], one, bias)


def contribution_matrix(model: Sequential, traced: Trace, level: int) -> Array | None:
    """Value times weight for each pair of units between a hidden layer and what follows it.

    (following, units): row i sums, with the bias, to what unit i of the next layer or logit i was
    made of; a map's part is the sum over the map. None if no Dense layer follows.
    """
    here = traced.layers[level]
    _, following = next_with_weights(model, here.layer)
    if not isinstance(following, Dense):
        return None
    values = here.values.reshape(here.layer.units, -1)  # (units, values of a unit)
    W = following.W.reshape(len(following.W), *values.shape)
    if values.shape[1] == 1:
        return W[:, :, 0] * values[:, 0]
    return np.einsum("fuv,uv->fu", W, values)


def _pooling(model: Sequential, layer: HiddenLayer) -> list[Layer]:
    """What follows the weights of a hidden layer but its activation.

    An activation never falls, so the largest value of a window comes from its largest sum: pooling
    in front of the activation chooses the same places.
    """
    activations = tuple(ACTIVATIONS.values())
    following = model.layers[layer.weights + 1 : layer.output + 1]
    return [part for part in following if not isinstance(part, activations)]


def _split(
    model: Sequential, traced: Trace, level: int, layers: Sequence[Layer], one: Array, bias: float
) -> SumOfInputs:
    """The value that `one` marks in the output of some layers, split among their input.

    In front of an activation these layers are linear, apart from pooling, which hands on one value
    of several: so each input times its derivative is its part, and the parts make up the sum.
    """
    if level:
        x = traced.layers[level - 1].values[..., None]
    else:
        x = model.input_batch(to_pixels(traced.image[None], model.dtype))
    y, caches = forward_through(layers, x)
    total = float(np.vdot(y, one))
    parts = (backward_through(layers, one, caches) * x)[..., 0]
    return SumOfInputs(parts if level else parts.reshape(SIDE, SIDE), bias, total)
