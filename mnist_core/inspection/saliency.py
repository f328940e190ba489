"""Why a network answers as it does for one image: which pixels, which examples, which units.
An image is uint8 (28, 28), white ink on black; every function leaves the network as it was.
"""

from typing import Literal

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array
from mnist_core.inspection.activations import backward_through, forward_through
from mnist_core.nn.functional import softmax
from mnist_core.nn.network import Sequential, to_pixels


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
