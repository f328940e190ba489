"""One training step on one image: every value on the way forward, every gradient on the way back.
The numbers are those of the network's own layers; nothing is computed here a second time.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from mnist_core.nn.convolution import Conv2D, PlainConvPool
from mnist_core.nn.functional import cross_entropy, softmax
from mnist_core.nn.layers import Layer
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.workspace import Workspace


@dataclass(frozen=True)
class LayerValues:
    """What a layer computed, and the gradient of the loss with respect to it, in the same shape.

    That is a column (units, 1), or maps (F, H, W). A layer that convolves and pools computes two
    things: `output` is pooled, and `maps` (F, H', W') is the convolution before it, else None.
    """

    output: Array
    gradient: Array
    maps: Array | None = None
    maps_gradient: Array | None = None


@dataclass(frozen=True)
class Backpropagation:
    """All numbers of one step, in the network's dtype; none of them is ever overwritten.

    Args:
        model: the network itself, whose weights are expected to stay as they were.
        x: the input, a column (784, 1) or an image (1, 28, 28), pixels in 0..1.
        layers: the values of each of the network's layers.
        gradients: of the loss, by the parameter's path name, in the parameter's shape.
        logits, probabilities, one_hot: columns (10, 1); one_hot is 1 at the label.
        loss: -log(probability of the label), in nats.
    """

    model: Sequential
    x: Array
    layers: tuple[LayerValues, ...]
    gradients: dict[str, Array]
    logits: Array
    probabilities: Array
    one_hot: Array
    loss: float

    def layer(self, number: int) -> Layer:
        """The network's layer of that number; ValueError if there is none."""
        if number not in range(len(self.layers)):
            raise ValueError(f"the layers are 0 to {len(self.layers) - 1}; there is no {number}")
        return self.model.layers[number]

    def input_of(self, layer: int) -> Array:
        """What went into a layer, by its number: the output of the one before, or x."""
        return self.layers[layer - 1].output if layer else self.x


def backpropagate(model: Sequential, image: Array, label: int) -> Backpropagation:
    """Forward, loss and backward for one uint8 image (28, 28), without dropout.

    Give it model.in_float64() for numbers that can be checked. ValueError if the image or the
    label, 0 to 9, is none.
    """
    if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
        raise ValueError(f"a uint8 image (28, 28) expected, not {image.dtype} {image.shape}")
    if label not in range(CLASSES):
        raise ValueError(f"the label must be 0 to {CLASSES - 1}, not {label}")
    work = Workspace()  # not one of training, so dropout is off; and every array is a new one
    x = model.input_batch(to_pixels(image[None], model.dtype))

    inputs, caches = [x], []
    for layer in model.layers:
        y, cache = layer.forward(inputs[-1], work)
        inputs.append(y)
        caches.append(cache)
    logits = inputs[-1]
    loss, dlogits = cross_entropy(logits, np.array([label]))

    gradients = model.new_gradients()
    layers, dy = [], dlogits
    for number in range(len(model.layers) - 1, -1, -1):
        layer = model.layers[number]
        layers.insert(0, _layer_values(layer, inputs[number], inputs[number + 1], dy))
        # A copy, since a layer may write into the gradient that it is given.
        dx = layer.backward(dy.copy(), caches[number], gradients.layers[number], work)
        assert dx is not None
        dy = dx

    return Backpropagation(
        model=model,
        x=_of_one_image(x),
        layers=tuple(layers),
        gradients=gradients.named(),
        logits=logits,
        probabilities=softmax(logits),
        one_hot=np.eye(CLASSES, dtype=model.dtype)[:, [label]],
        loss=loss,
    )


def _layer_values(layer: Layer, x: Array, y: Array, dy: Array) -> LayerValues:
    """The values of one layer that made y of x (..., 1)."""
    if not isinstance(layer, PlainConvPool):  # ConvPool is one
        return LayerValues(_of_one_image(y), _of_one_image(dy))
    # The two halves of the layer, one after the other.
    maps, _ = Conv2D.forward(layer, x, Workspace())
    _, pool_cache = layer.pool.forward(maps, Workspace())
    dmaps = layer.pool.backward(dy, pool_cache, {}, Workspace())
    return LayerValues(
        _of_one_image(y), _of_one_image(dy), _of_one_image(maps), _of_one_image(dmaps)
    )


def _of_one_image(values: Array) -> Array:
    """A column (units, 1) as it is; maps (F, H, W, 1) without the batch axis, (F, H, W)."""
    return values[..., 0] if values.ndim == 4 else values
