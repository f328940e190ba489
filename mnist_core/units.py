"""What each hidden unit does, what it is worth, and what becomes of a network without it.
A unit of a convolution is a feature map; removing a unit means that its output is always zero.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from mnist_core.functional import Array
from mnist_core.hidden import (
    HiddenLayer,
    backward_through,
    forward_through,
    input_tiles,
)
from mnist_core.layers import Dense, Layer, Scratch
from mnist_core.models import CLASSES, Sequential

# Where a unit counts as active (its input is above 0), and the bounds of what it can answer.
ACTIVE_ABOVE = {"sigmoid": 0.5, "relu": 0.0, "tanh": 0.0, "": 0.0}
BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
CONSTANT_SHARE = 0.01  # of the range between the bounds: a smaller spread is none
BOUND_SHARE = 0.01  # of that range: so near to a bound, the gradient is all but gone
SATURATED_SHARE = 0.95  # of the images
# Images at once where a change is tried for each unit: what 1,024 units give for them, twice,
# has to stay in a core's cache.
TILE = 256


def without_units(
    model: Sequential, layer: HiddenLayer, units: Sequence[int] | Array
) -> Sequential:
    """A copy of the network in which some units of a hidden layer are off.

    The weights that lead out of them are zero, which is the same as an output of zero and keeps
    a network of the same form: everything that takes a network takes this one.
    """
    masked = Sequential(
        [copy(part) for part in model.layers],
        input_shape=model.input_shape,
        tile=model.tile,
        share=model.share,
        dtype=model.dtype,
    )
    number, following = _next_with_weights(masked, layer)
    W = masked.parameters.layers[number]["W"]
    if isinstance(following, Dense):
        W = W.reshape(len(W), layer.units, -1)  # (outputs, units, values of a unit), a view
    W[:, list(units)] = 0
    return masked


def _next_with_weights(model: Sequential, layer: HiddenLayer) -> tuple[int, Layer]:
    """The next layer with weights, and its number."""
    return next(
        (number, part)
        for number, part in enumerate(model.layers)
        if number > layer.output and "W" in part.parameters()
    )


class _Rest:
    """What comes after a hidden layer, for trying many changes of the layer's output.

    If a Dense layer follows, its output a = W f + b is linear in each unit: a - W_j f_j is that
    without unit j. So one product serves all units, and of a last hidden layer nothing else is
    left to compute. Other layers are run once for each change.
    """

    def __init__(self, model: Sequential, layer: HiddenLayer) -> None:
        number, following = _next_with_weights(model, layer)
        self.dense = following if isinstance(following, Dense) else None
        self.after = model.layers[(number if self.dense is None else number + 1) :]
        self.scratch = Scratch()
        if self.dense is not None:
            W = self.dense.W.reshape(len(self.dense.W), layer.units, -1)
            # The columns that belong to a unit, together in memory.
            self.W_of_unit = np.ascontiguousarray(W.swapaxes(0, 1))  # (units, outputs, values)

    def logits(self, x: Array) -> Array:
        """Logits (10, n) from the layer's output, or from that of the Dense layer after it."""
        return forward_through(self.after, x, scratch=self.scratch)[0]

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

    A removed unit gives 0, or its value in `replacements` (units,): with its mean activation
    there, what is measured is the loss of what it says about the image, without the shock of a
    value that the next layer has never met.
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


def accuracy_per_class(predictions: Array, labels: Array) -> Array:
    """The share of each digit's images that is right, (10,); NaN for a digit without images."""
    total = np.bincount(labels, minlength=CLASSES)
    right = np.bincount(labels[predictions == labels], minlength=CLASSES)
    return np.divide(right, total, out=np.full(CLASSES, np.nan), where=total > 0)


@dataclass(frozen=True)
class Activity:
    """How each unit of a layer answers over many images; every array is (units,).

    dead: a ReLU unit that is active on no image; a sigmoid or tanh unit whose answers spread
    (standard deviation) over less than 1 % of its range. saturated: a sigmoid or tanh unit that
    is within 1 % of its range from a bound on more than 95 % of the images, where it hardly
    learns; one that always gives the same bound is both.
    """

    mean: Array
    spread: Array  # standard deviation
    active: Array  # share of images on which the unit's input is above 0
    dead: Array
    saturated: Array


def unit_activity(responses: Array, activation: str) -> Activity:
    """Activity from responses (units, N) of units with the named activation, "" for none."""
    spread = responses.std(axis=1)
    active = (responses > ACTIVE_ABOVE[activation]).mean(axis=1)
    if activation in BOUNDS:
        low, high = BOUNDS[activation]
        margin = BOUND_SHARE * (high - low)
        at_a_bound = (responses < low + margin) | (responses > high - margin)
        dead = spread < CONSTANT_SHARE * (high - low)
        saturated = at_a_bound.mean(axis=1) > SATURATED_SHARE
    else:
        dead = active == 0 if activation == "relu" else spread == 0
        saturated = np.zeros(len(responses), bool)
    return Activity(responses.mean(axis=1), spread, active, dead, saturated)


def logit_effects(model: Sequential, layer: HiddenLayer, images: Array) -> Array:
    """How far each logit moves, against the mean of the ten, with one spread more of a unit.

    Returns (10, units), each column with the sum 0: the gradient of the logits by the unit,
    averaged over uint8 images (N, 28, 28), times the unit's standard deviation over them. For
    the last hidden layer the gradient is W, so that this is exact for any image; for a feature
    map, all of it is raised by the standard deviation of its mean. About 500 images are enough.
    """
    until, after = model.layers[: layer.output + 1], model.layers[layer.output + 1 :]
    gradients = np.zeros((CLASSES, layer.units))
    means = np.empty((layer.units, len(images)))
    for place, x in input_tiles(model, images):
        f = forward_through(until, x)[0]
        means[:, place] = f.reshape(layer.units, -1, f.shape[-1]).mean(axis=1)
        logits, caches = forward_through(after, f)
        for digit in range(CLASSES):
            dlogits = np.zeros_like(logits)
            dlogits[digit] = 1
            df = backward_through(after, dlogits, caches)  # (units, .., n)
            gradients[digit] += df.reshape(layer.units, -1).sum(axis=1)
    gradients -= gradients.mean(axis=0)
    return gradients / len(images) * means.std(axis=1)


def spoken_digits(effects: Array) -> Array:
    """The digit that each unit speaks for, (units,): the largest of its effects (10, units).

    -1 for a unit that speaks for none, since it never changes or leads nowhere.
    """
    return np.where((effects != 0).any(axis=0), effects.argmax(axis=0), -1)


@dataclass(frozen=True)
class ClassHistograms:
    """How often a unit gave which answer: edges (bins + 1,), counts (10, bins) by digit."""

    edges: Array
    counts: Array


def class_histograms(responses: Array, labels: Array, *, bins: int = 30) -> ClassHistograms:
    """Histograms of one unit's responses (N,), with the same bins for each digit."""
    edges = np.histogram_bin_edges(responses, bins)
    counts = [np.histogram(responses[labels == digit], edges)[0] for digit in range(CLASSES)]
    return ClassHistograms(edges, np.array(counts))


def extreme_images(responses: Array, count: int = 9) -> tuple[Array, Array]:
    """The images that excite a unit most and least, from its responses (N,): two index arrays.

    The most extreme one is first. A ReLU unit gives 0 for many images; its responses before the
    activation tell the least exciting ones apart.
    """
    order = np.argsort(responses, kind="stable")
    return order[::-1][:count], order[:count]


def similarity_order(weights: Array) -> Array:
    """An order of the units in which neighbours are alike, (units,).

    `weights` (units, ..) are compared by their cosine. The two most similar units are a chain,
    and again and again the unit that is most similar to one of its ends is added there: so
    copies of a unit come next to it.
    """
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    similarity = rows @ rows.T  # (units, units)
    np.fill_diagonal(similarity, -np.inf)
    if len(rows) == 1:
        return np.zeros(1, np.intp)
    first, last = np.unravel_index(similarity.argmax(), similarity.shape)
    left, right = [int(first)], [int(last)]  # the chain is left, reversed, and right
    similarity[:, [first, last]] = -np.inf  # nobody's next any more
    for _ in range(len(rows) - 2):
        to_left, to_right = similarity[left[-1]], similarity[right[-1]]
        best_left, best_right = int(to_left.argmax()), int(to_right.argmax())
        if to_left[best_left] > to_right[best_right]:
            left.append(best_left)
            similarity[:, best_left] = -np.inf
        else:
            right.append(best_right)
            similarity[:, best_right] = -np.inf
    return np.array(left[::-1] + right)
