"""Why a network answers as it does for one image: which pixels, which examples, which units.
An image is uint8 (28, 28), white ink on black; every function leaves the network as it was.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from mnist_core.data import Split
from mnist_core.functional import Array, softmax
from mnist_core.hidden import (
    backward_through,
    forward_through,
    hidden_activations,
    hidden_layers,
)
from mnist_core.models import CLASSES, PIXELS, SIDE, Sequential, to_pixels

INDEX_BYTES = 26_000_000  # 50,000 images with 128 values each in float32


def gradient_saliency(
    model: Sequential,
    image: Array,
    digit: int,
    *,
    of: Literal["logit", "log-probability"] = "log-probability",
    times_input: bool = False,
) -> Array:
    """d(logit or log-probability of a digit)/d(pixel), (28, 28), pixels counted in 0..1.

    The logit says what speaks for the digit; the log-probability, what speaks for it rather than
    for the others. Simonyan et al. 2014. Times the input, only pixels with ink can count: to
    first order, it is what each pixel's ink has contributed.
    """
    pixels = to_pixels(image[None], model.dtype)  # (1, 784)
    gradient = _pixel_gradients(model, pixels, digit, of)  # (1, 784)
    if times_input:
        gradient = gradient * pixels
    return gradient.reshape(SIDE, SIDE)


def smoothed_saliency(
    model: Sequential,
    image: Array,
    digit: int,
    *,
    of: Literal["logit", "log-probability"] = "log-probability",
    copies: int = 32,
    noise: float = 0.15,
    rng: np.random.Generator,
) -> Array:
    """The mean of gradient_saliency over copies with normal noise, (28, 28).

    A network of rectified units has a gradient that jumps from pixel to pixel; the mean over a
    neighbourhood is what lasts. Smilkov et al. 2017, "SmoothGrad". `noise` is the standard
    deviation, pixels being in 0..1.
    """
    shifts = noise * rng.standard_normal((copies, PIXELS), np.float32)
    pixels = (to_pixels(image[None]) + shifts).astype(model.dtype)  # (copies, 784)
    return _pixel_gradients(model, pixels, digit, of).mean(axis=0).reshape(SIDE, SIDE)


def _pixel_gradients(
    model: Sequential, pixels: Array, digit: int, of: Literal["logit", "log-probability"]
) -> Array:
    """The gradient for each row of pixels (N, 784), of the same shape."""
    logits, caches = forward_through(model.layers, model.input_batch(pixels))
    # d log softmax_d / d logits = one-hot - softmax
    dlogits = -softmax(logits) if of == "log-probability" else np.zeros_like(logits)  # (10, N)
    dlogits[digit] += 1
    dx = backward_through(model.layers, dlogits, caches)  # (*input_shape, N)
    return dx.reshape(PIXELS, -1).T


def occlusion_map(
    model: Sequential,
    image: Array,
    digit: int,
    *,
    of: Literal["probability", "log-probability"] = "probability",
    patch: int = 5,
    stride: int = 1,
) -> Array:
    """How much the digit's probability falls when a black patch covers a pixel, (28, 28).

    A pixel's value is the mean over all patches that cover it: positive where the ink speaks for
    the digit, negative where it speaks against. The log-probability still shows differences
    where the probability is all but one. Zeiler & Fergus 2014.
    """
    if not 1 <= patch <= SIDE or stride < 1:
        raise ValueError(f"patch from 1 to {SIDE} and stride from 1, not {patch} and {stride}")
    first = np.union1d(np.arange(0, SIDE - patch + 1, stride), SIDE - patch)
    covers = (np.arange(SIDE) >= first[:, None]) & (np.arange(SIDE) < first[:, None] + patch)
    patches = covers[:, None, :, None] & covers[None, :, None, :]  # (P, P, 28, 28)
    covered = np.where(patches, np.uint8(0), image).reshape(-1, SIDE, SIDE)  # (P P, 28, 28)

    logits = model.logits(np.concatenate([image[None], covered])).astype(np.float64)
    logits -= logits.max(axis=0)
    scores = logits[digit] - np.log(np.exp(logits).sum(axis=0))  # (1 + P P,), log-probabilities
    if of == "probability":
        scores = np.exp(scores)
    falls = (scores[0] - scores[1:]).reshape(len(first), -1)  # (P, P)
    weights = covers / covers.sum(axis=0)  # (P, 28): of each position in each line's mean
    return weights.T @ falls @ weights


@dataclass(frozen=True)
class Neighbours:
    """Training images that the network sees as nearest to an image, the nearest first.

    `indices` (k,) point into the split that the index was built from; distances are Euclidean.
    """

    indices: Array
    labels: Array
    distances: Array


@dataclass(frozen=True)
class NeighbourIndex:
    """The training images as the network's last hidden layer sees them, ready to be searched.

    Distances are Euclidean, because the answer is W f + b of this layer's activations f: images
    at distance d have logits that differ by at most |W| d. The cosine would call a faint and a
    strong activation equal, which the last layer does not; and the activations of sigmoids, all
    positive, have nearly the same direction.
    """

    activations: Array  # float32 (M, values)
    half_squares: Array  # (M,): half of each row's squared length
    indices: Array  # (M,): which of the training images
    labels: Array  # (M,)

    @classmethod
    def build(cls, model: Sequential, train: Split, *, max_bytes: int = INDEX_BYTES) -> Self:
        """Compute the activations of the training images, or of as many as fit into max_bytes.

        If they don't all fit, the first ones of each class are taken, as many of each as of any
        other.
        """
        layer = hidden_layers(model)[-1]
        values = int(np.prod(layer.shape))
        indices = first_of_each_class(train.labels, max_bytes // (4 * values))
        activations = np.empty((len(indices), values), np.float32)
        for start in range(0, len(indices), 1024):
            f = hidden_activations(model, train.images[indices[start : start + 1024]], layer)
            activations[start : start + f.shape[-1]] = f.reshape(values, -1).T
        half_squares = 0.5 * np.einsum("mv,mv->m", activations, activations)
        return cls(activations, half_squares, indices, train.labels[indices])

    def nearest(self, model: Sequential, image: Array, k: int = 5) -> Neighbours:
        """The k nearest training images to an image, as seen by the network of `build`."""
        layer = hidden_layers(model)[-1]
        f = hidden_activations(model, image[None], layer).reshape(-1).astype(np.float32)
        # |a - f|^2 / 2 without what is the same for all: a product instead of M differences.
        order = self.half_squares - self.activations @ f  # (M,)
        k = min(k, len(order))
        chosen = np.argpartition(order, k - 1)[:k]
        # Rounding in that shorter form is of the size of |a|^2; among the chosen we do it fully.
        distances = np.linalg.norm(self.activations[chosen] - f, axis=1)
        by_distance = np.lexsort((chosen, distances))
        chosen = chosen[by_distance]
        return Neighbours(self.indices[chosen], self.labels[chosen], distances[by_distance])


def first_of_each_class(labels: Array, count: int) -> Array:
    """Indices, rising, of about `count` examples with equally many of each class; all if they fit.

    A class with too few has all of its examples in it, and the others get no more for that.
    """
    if count >= len(labels):
        return np.arange(len(labels))
    share = max(count // CLASSES, 1)
    return np.sort(
        np.concatenate([np.flatnonzero(labels == digit)[:share] for digit in range(CLASSES)])
    )


@dataclass(frozen=True)
class Contributions:
    """How far each unit of the last hidden layer pushed an answer away from its rival.

    values.sum() + bias = logit of the digit - logit of the rival = difference.
    """

    digit: int
    rival: int
    values: Array  # (units,): positive for the digit, negative for the rival
    bias: float
    difference: float


def unit_contributions(
    model: Sequential,
    image: Array,
    digit: int,
    *,
    rival: int | None = None,
    baseline: Array | None = None,
) -> Contributions:
    """Split a digit's lead over a rival among the units of the last hidden layer.

    The lead in logits is a sum over units, the sum over j of (W[digit, j] - W[rival, j]) f_j,
    plus the difference of biases: so these parts are exact, not an estimate. A comparison with
    one rival is used, since a logit alone says nothing: raising all ten changes no probability.
    Without a rival it is the strongest other digit. A feature map's part is the sum over the map.

    `baseline` (units,) are values that count as no push, by default 0, and its share goes into
    the bias. A sigmoid unit is never 0: for it, take the mean activation over many images.
    """
    layer = hidden_layers(model)[-1]
    f = hidden_activations(model, image[None], layer).reshape(layer.units, -1)  # (units, values)
    parameters = model.parameters.layers[-1]
    W = parameters["W"].astype(np.float64).reshape(CLASSES, *f.shape)  # (10, units, values)
    b = parameters["b"].astype(np.float64)
    logits = np.tensordot(W, f, axes=2) + b  # (10,)
    if rival is None:
        rival = int(np.argmax(np.where(np.arange(CLASSES) == digit, -np.inf, logits)))
    W_lead = W[digit] - W[rival]  # (units, values)
    rest = np.zeros(layer.units) if baseline is None else baseline
    values = (W_lead * (f - rest[:, None])).sum(axis=1)  # (units,)
    bias = b[digit] - b[rival] + (W_lead * rest[:, None]).sum()
    return Contributions(digit, rival, values, float(bias), float(logits[digit] - logits[rival]))
