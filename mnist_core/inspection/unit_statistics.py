"""What each hidden unit does, what it is worth, and what becomes of a network without it.
A unit of a convolution is a feature map; removing a unit means that its output is always zero.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.activations import (
    HiddenLayer,
    backward_through,
    forward_through,
    input_tiles,
)
from mnist_core.nn.network import Sequential

# Where a unit counts as active (its input is above 0), and the bounds of what it can answer.
ACTIVE_ABOVE = {"sigmoid": 0.5, "relu": 0.0, "tanh": 0.0, "": 0.0}
BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
CONSTANT_SHARE = 0.01  # of the range between the bounds: a smaller spread counts as none
BOUND_SHARE = 0.01  # of that range: closer to a bound, the gradient is nearly zero
SATURATED_SHARE = 0.95  # of the images
# Images computed at once where a change is tried for each unit: two arrays of (1,024 units, TILE)
# fit into a core's cache.
TILE = 256


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
    """How far each logit moves, compared to the mean of all ten, when a unit answers more strongly.

    More strongly by one standard deviation of the unit. Returns (10, units), each column with the
    sum 0: the gradient of the logits by the unit,
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

    `weights` (units, ..) are compared by their cosine. The two most similar units begin a
    chain, and the unit that is most similar to one of its ends is added there until none is left:
    so copies of a unit come next to it.
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
    similarity[:, [first, last]] = -np.inf  # in the chain already
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
