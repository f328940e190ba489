"""What a convolution and its pooling do with one image, place by place, forward and backward.
A place is where a filter lies on the input; what it covers there is a patch.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool
from mnist_core.nn.workspace import Workspace


@dataclass(frozen=True)
class PatchProduct:
    """One number of a convolution: a filter and a patch, both (C, k_h, k_w), and the bias."""

    filter: Array
    patch: Array
    bias: float

    @property
    def parts(self) -> Array:
        """Value times weight, (C, k_h, k_w)."""
        return self.filter * self.patch

    @property
    def total(self) -> float:
        """filter . patch + bias."""
        return float(self.parts.sum()) + self.bias


@dataclass(frozen=True)
class ConvolutionStep:
    """A convolution in one step: every patch of its input as a row, so that it is one product.

    maps = filters patches^T + bias, and the gradient of the filters is deltas patches.

    Args:
        padded: the input in the zeros of the padding, (C, H, W).
        zeros: how many of its rows above and columns to the left are padding.
        patches: a row for each place, row by row as one reads, (H' W', C k_h k_w): "im2col".
        filters: W (F, C, k_h, k_w).
        bias: b (F,).
        maps: what the convolution computes, (F, H', W'), before any pooling.
        deltas: the gradient of the loss with respect to the maps, (F, H', W').
    """

    padded: Array
    zeros: tuple[int, int]
    patches: Array
    filters: Array
    bias: Array
    maps: Array
    deltas: Array

    def patch(self, row: int, column: int) -> Array:
        """What a filter covers of `padded` where its upper left corner lies there, (C, k_h, k_w).

        ValueError if there is no such place.
        """
        height, width = self.maps.shape[1:]
        if row not in range(height) or column not in range(width):
            raise ValueError(f"the maps are {height}x{width}; no place is ({row}, {column})")
        return self.patches[row * width + column].reshape(self.filters.shape[1:])

    def product_at(self, filter: int, row: int, column: int) -> PatchProduct:
        """How the number maps[filter, row, column] is made."""
        patch = self.patch(row, column)
        return PatchProduct(self.filters[filter], patch, float(self.bias[filter]))

    def gradient_part(self, filter: int, row: int, column: int) -> Array:
        """What one place adds to the gradient of a filter: delta * patch, (C, k_h, k_w)."""
        return self.deltas[filter, row, column] * self.patch(row, column)

    def filter_gradient(self, filter: int) -> Array:
        """The gradient of a filter, the sum of all places' parts, (C, k_h, k_w)."""
        gradient = self.deltas[filter].ravel() @ self.patches
        return gradient.reshape(self.filters.shape[1:])


def convolution_step(step: Backpropagation, layer: int) -> ConvolutionStep:
    """The convolution in the layer of that number; ValueError if it has none."""
    part = step.layer(layer)
    if not isinstance(part, Conv2D):
        raise ValueError(f"layer {layer} is no convolution")
    x = step.input_of(layer)[..., None]  # (C, H, W, 1)
    padded, (_, rows, columns) = part.with_zeros(x, Workspace())
    _, (patches, _, _) = Conv2D.forward(part, x, Workspace())  # (C k_h k_w, H' W')
    own = step.layers[layer]
    return ConvolutionStep(
        padded=padded[..., 0],
        zeros=(rows.start, columns.start),
        patches=patches.T,
        filters=part.W,
        bias=part.b,
        maps=own.output if own.maps is None else own.maps,
        deltas=own.gradient if own.maps_gradient is None else own.maps_gradient,
    )


@dataclass(frozen=True)
class PoolingStep:
    """Max pooling in one step: where each pooled value came from, and its gradient went to.

    Args:
        size: how many rows and columns a window has.
        maps: what was pooled, (F, H, W).
        pooled: the largest value of each window, (F, P, Q).
        rows, columns: where in its map each of them stood, (F, P, Q).
        gradient: that of the pooled values, (F, P, Q): each goes back whole to that one place, and
            all other places get 0.
    """

    size: int
    maps: Array
    pooled: Array
    rows: Array
    columns: Array
    gradient: Array


def pooling_step(step: Backpropagation, layer: int) -> PoolingStep:
    """The pooling in the layer of that number; ValueError if it has none."""
    part = step.layer(layer)
    if isinstance(part, PlainConvPool):  # ConvPool is one
        pool, maps = part.pool, step.layers[layer].maps
    elif isinstance(part, MaxPool2D):
        pool, maps = part, step.input_of(layer)
    else:
        raise ValueError(f"layer {layer} does no pooling")
    assert maps is not None
    # The layer itself decides which of equal values counts: a gradient of ones goes to the chosen.
    pooled, cache = pool.forward(maps[..., None], Workspace())
    chosen = pool.backward(np.ones_like(pooled), cache, {}, Workspace())[..., 0]  # (F, H, W)
    F, P, Q, _ = pooled.shape
    size = pool.size
    windows = chosen[:, : P * size, : Q * size].reshape(F, P, size, Q, size)
    winners = windows.swapaxes(2, 3).reshape(F, P, Q, -1).argmax(axis=-1)  # (F, P, Q)
    rows, columns = np.divmod(winners, size)
    return PoolingStep(
        size=size,
        maps=maps,
        pooled=step.layers[layer].output,
        rows=rows + size * np.arange(P)[:, None],
        columns=columns + size * np.arange(Q),
        gradient=step.layers[layer].gradient,
    )
