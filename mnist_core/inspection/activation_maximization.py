"""Draws the picture that excites a hidden unit most, by climbing its gradient in the input.
Many units are drawn at once, one picture for each, so that a gallery takes a second or two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array
from mnist_core.inspection.activations import HiddenLayer, backward_through, forward_through
from mnist_core.nn.layers import Layer
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace

STEPS = 60
RATE = 0.1  # of the first step, for pixels in 0..1; it falls to 0 along a straight line
SMOOTHNESS = 1.0  # above 2 / (8 RATE) = 2.5 the steps would overshoot what they smooth
INK_COST = 0.4
START = 0.1  # the brightest pixel of the noise that a picture begins with


@dataclass(frozen=True)
class MaximizedActivation:
    """Pictures after some of the steps, (units, 28, 28) in 0..1, for the units that were named.

    responses (units,) are the values that are climbed: the units' inputs W x + b.
    """

    step: int
    steps: int
    pictures: Array
    responses: Array


def maximize_activation(
    model: Sequential,
    layer: HiddenLayer,
    units: Sequence[int] | Array,
    *,
    of_map: Literal["centre", "mean"] = "centre",
    steps: int = STEPS,
    smoothness: float = SMOOTHNESS,
    ink_cost: float = INK_COST,
    rng: np.random.Generator,
) -> Iterator[MaximizedActivation]:
    """Climb from faint noise; yields the noise itself (step 0), then after every step.

    What is climbed is the unit's input W x + b, whose gradient does not vanish where a ReLU is
    off or a sigmoid saturated. Of a feature map it is the value in its centre, which shows the
    pattern it looks for, or the mean of all. Climbing that alone ends in noise that looks like no
    handwriting (Erhan et al. 2009); so neighbouring pixels are drawn to each other's mean
    with the weight `smoothness`, and white costs `ink_cost` a pixel: a pixel that does not
    matter to the unit stays black. Each unit's gradient is scaled to a root mean square of 1, so
    that the same two numbers serve weak and strong units.
    """
    units = np.asarray(units, np.intp)
    layers = model.layers[: layer.weights + 1]
    work = Workspace(reuse=True)
    pixels = (START * rng.random((len(units), PIXELS))).astype(model.dtype)  # (U, 784)
    for step in range(steps + 1):
        responses, gradients = _climbed_values(model, layers, pixels, units, of_map, work)
        yield MaximizedActivation(step, steps, pixels.reshape(-1, SIDE, SIDE), responses)
        size = np.sqrt(np.mean(gradients**2, axis=1, keepdims=True))  # (U, 1)
        # A unit that no pixel moves has no direction, rather than an infinite one.
        direction = np.divide(gradients, size, out=np.zeros_like(gradients), where=size > 0)
        direction += smoothness * laplacian(pixels.reshape(-1, SIDE, SIDE)).reshape(-1, PIXELS)
        direction -= ink_cost
        pixels = np.clip(pixels + RATE * (1 - step / steps) * direction, 0, 1)


def _climbed_values(
    model: Sequential,
    layers: Sequence[Layer],
    pixels: Array,
    units: Array,
    of_map: str,
    work: Workspace,
) -> tuple[Array, Array]:
    """Each unit's value for its own picture, (U,), and the gradient by its pixels, (U, 784)."""
    x = model.input_batch(pixels)
    a, caches = forward_through(layers, x, work)  # (units, U) or (F, H, W, U)
    weights = np.zeros_like(a)  # of every output in the sum that is climbed
    own = np.arange(len(units))
    if a.ndim == 2:
        weights[units, own] = 1
    elif of_map == "centre":
        _, H, W, _ = a.shape
        weights[units, H // 2, W // 2, own] = 1
    else:
        weights[units, :, :, own] = 1 / (a.shape[1] * a.shape[2])
    responses = (a * weights).reshape(-1, len(units)).sum(axis=0)
    gradients = backward_through(layers, weights, caches, work)  # (*input_shape, U)
    return responses, gradients.reshape(PIXELS, -1).T


def laplacian(pictures: Array) -> Array:
    """The sum of the four neighbours minus four times the pixel, (N, H, W); mirrored at edges.

    It is the direction in which the sum of squared differences between neighbours falls fastest.
    """
    p = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    neighbours = p[:, :-2, 1:-1] + p[:, 2:, 1:-1] + p[:, 1:-1, :-2] + p[:, 1:-1, 2:]
    return neighbours - 4 * pictures
