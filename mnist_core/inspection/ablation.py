"""What a network loses without some of its hidden units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.activations import (
    HiddenLayer,
    forward_through,
    input_tiles,
    next_with_weights,
)
from mnist_core.inspection.unit_statistics import TILE
from mnist_core.nn.layers import Dense
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace


def without_units(
    model: Sequential, layer: HiddenLayer, units: Sequence[int] | Array
) -> Sequential:
    """A copy of the network in which some units of a hidden layer are off.

    The weights that lead out of them are zero, which is the same as an output of zero and keeps
    a network of the same form: everything that takes a network takes this one.
    """
    masked = model.copied()
    number, following = next_with_weights(masked, layer)
    W = masked.parameters.layers[number]["W"]
    if isinstance(following, Dense):
        W = W.reshape(len(W), layer.units, -1)  # (outputs, units, values of a unit), a view
    W[:, list(units)] = 0
    return masked


class _Rest:
    """What comes after a hidden layer, for trying many changes of the layer's output.

    If a Dense layer follows, its output a = W f + b is linear in each unit: a - W_j f_j is that
    without unit j. So one product serves all units, and of a last hidden layer nothing else is
    left to compute. Other layers are run once for each change.
    """

    def __init__(self, model: Sequential, layer: HiddenLayer) -> None:
        number, following = next_with_weights(model, layer)
        self.dense = following if isinstance(following, Dense) else None
        self.after = model.layers[(number if self.dense is None else number + 1) :]
        self.work = Workspace(reuse=True)
        if self.dense is not None:
            W = self.dense.W.reshape(len(self.dense.W), layer.units, -1)
            # The columns that belong to a unit, together in memory.
            self.W_of_unit = np.ascontiguousarray(W.swapaxes(0, 1))  # (units, outputs, values)

    def logits(self, x: Array) -> Array:
        """Logits (10, n) from the layer's output, or from that of the Dense layer after it."""
        return forward_through(self.after, x, self.work)[0]

    def without_each(self, f: Array, replacements: Array) -> Iterator[Array]:
        """Logits (10, n) without unit 0, 1, .. for the layer's output f (units, .., n)."""
        if self.dense is None:
            for unit, replacement in enumerate(replacements):
                own = f[unit].copy()
                f[unit] = replacement
                yield self.logits(f)
                f[unit] = own
            return
        units, n = len(f), f.shape[-1]
        of_unit = f.reshape(units, -1, n)  # (units, values, n)
        a = self.dense.W @ of_unit.reshape(-1, n) + self.dense.b[:, None]  # (outputs, n)
        changed = np.empty_like(a)
        for unit, replacement in enumerate(replacements):
            taken = of_unit[unit] - replacement if replacement else of_unit[unit]  # (values, n)
            # For a column times a row, BLAS takes three times as long as a plain product.
            product = np.multiply if len(taken) == 1 else np.matmul
            product(self.W_of_unit[unit], taken, out=changed)  # (outputs, n)
            yield self.logits(np.subtract(a, changed, out=changed))

    def with_first(self, f: Array, order: Array, counts: Array) -> Iterator[Array]:
        """Logits (10, n) with only the first units in `order`, for each of the rising counts."""
        n, done = f.shape[-1], 0
        of_unit = f.reshape(len(f), -1, n)  # (units, values, n)
        kept = np.zeros_like(f)
        a = None if self.dense is None else np.tile(self.dense.b[:, None], n)  # (outputs, n)
        for count in counts:
            for unit in order[done:count]:
                if a is None:
                    kept[unit] = f[unit]
                else:
                    a += self.W_of_unit[unit] @ of_unit[unit]
            done = count
            yield self.logits(kept if a is None else a)


def _count_right(logits: Array, labels: Array) -> int:
    """How many columns (10, n) have their first maximum at the label, (n,) of type intp.

    Comparing with the maximum takes a tenth of the time of argmax, which runs along columns.
    """
    highest = np.maximum.reduce(logits, axis=0)  # (n,)
    if np.count_nonzero(logits == highest) > labels.size:  # a tie somewhere
        return int(np.count_nonzero(logits.argmax(axis=0) == labels))
    own = logits.ravel().take(labels * labels.size + np.arange(labels.size))  # logits[labels, .]
    return int(np.count_nonzero(own == highest))


@dataclass(frozen=True)
class Importance:
    """Accuracy that each unit is worth, on the first `seen` of `images` images.

    loss[j] (units,) is accuracy minus the accuracy without unit j; negative if the network is
    better without it. Early values are estimates that settle as more images are seen.
    """

    seen: int
    images: int
    accuracy: float
    loss: Array


def unit_importance(
    model: Sequential,
    layer: HiddenLayer,
    images: Array,
    labels: Array,
    *,
    replacements: Array | None = None,
) -> Iterator[Importance]:
    """Remove every unit of a hidden layer in turn; yields after each tile of images.

    A removed unit gives 0, or its value in `replacements` (units,). With its mean activation
    there, only what it says about the single image is lost: the next layer does not meet a value
    that it has never seen.
    """
    rest = _Rest(model, layer)
    if replacements is None:
        replacements = np.zeros(layer.units, model.dtype)
    until = model.layers[: layer.output + 1]
    right, right_without = 0, np.zeros(layer.units, np.int64)
    for place, x in input_tiles(model, images, min(model.tile, TILE)):
        truth = labels[place].astype(np.intp)
        f = forward_through(until, x)[0]
        for unit, logits in enumerate(rest.without_each(f, replacements)):
            right_without[unit] += _count_right(logits, truth)
        right += _count_right(forward_through(model.layers[layer.output + 1 :], f)[0], truth)
        seen = place.stop
        yield Importance(seen, len(images), right / seen, (right - right_without) / seen)


@dataclass(frozen=True)
class PruningCurve:
    """Accuracy (points,) with only the `kept` (points,) most important units of a layer,
    on the first `seen` of `images` images."""

    seen: int
    images: int
    kept: Array
    accuracy: Array


def pruning_curve(
    model: Sequential,
    layer: HiddenLayer,
    images: Array,
    labels: Array,
    order: Array,
    *,
    points: int = 65,
) -> Iterator[PruningCurve]:
    """Keep the first units in `order` (units,), from none to all; yields after each tile.

    With as many points as there are units and one, every count is tried; else they are spaced
    evenly. Units are kept in a fixed order, so this is not the best choice of each size.
    """
    kept = np.unique(np.linspace(0, layer.units, min(points, layer.units + 1)).round())
    kept = kept.astype(np.intp)
    rest = _Rest(model, layer)
    right = np.zeros(len(kept), np.int64)
    for place, x in input_tiles(model, images):
        f = forward_through(model.layers[: layer.output + 1], x)[0]
        for point, logits in enumerate(rest.with_first(f, order, kept)):
            right[point] += _count_right(logits, labels[place].astype(np.intp))
        yield PruningCurve(place.stop, len(images), kept, right / place.stop)
