"""What a step against the gradient does to the loss of one digit: for many rates, and repeated.
Everything is computed on a float64 copy, so that the network itself stays as it is. Steps that are
far too large are part of the lesson: a loss that is no number any more is given as infinite.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import cross_entropy, softmax
from mnist_core.nn.network import ParameterVector, Sequential, to_pixels


@dataclass(frozen=True)
class LossAlong:
    """The loss (rates,) after one step W - rate * gradient of all parameters, for each rate."""

    rates: Array
    losses: Array
    before: float  # the loss without a step

    @property
    def best_rate(self) -> float:
        """The rate after which the loss is smallest."""
        return float(self.rates[self.losses.argmin()])

    @property
    def worse_from(self) -> float | None:
        """The smallest rate after which the loss is larger than before; None if there is none."""
        worse = self.rates[self.losses > self.before]
        return float(worse.min()) if worse.size else None


@dataclass(frozen=True)
class Descent:
    """Steps on one digit: what the network says before each of them and after the last."""

    losses: Array  # (steps + 1,)
    probabilities: Array  # (steps + 1, 10); NaN where the loss is infinite


def loss_along(model: Sequential, image: Array, label: int, rates: Array) -> LossAlong:
    """The loss of a uint8 image (28, 28) along its gradient, for learning rates (rates,)."""
    network = model.in_float64()
    x, labels = _example(network, image, label)
    start, gradients = network.parameters.flat.copy(), network.new_gradients()
    before, _ = _loss_and_gradient(network, x, labels, gradients)
    losses = np.empty(len(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        for number, rate in enumerate(rates):
            network.parameters.flat[...] = start - rate * gradients.flat
            losses[number] = cross_entropy(network.forward(x)[0], labels)[0]
    return LossAlong(np.asarray(rates), _infinite_if_no_number(losses), before)


def descend(
    model: Sequential, image: Array, label: int, rate: float, *, steps: int = 10
) -> Descent:
    """Steps of gradient descent, one after the other, on a single uint8 image (28, 28)."""
    network = model.in_float64()
    x, labels = _example(network, image, label)
    gradients = network.new_gradients()
    losses, probabilities = [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps + 1):
            loss, logits = _loss_and_gradient(network, x, labels, gradients)
            losses.append(loss)
            probabilities.append(softmax(logits)[:, 0])
            network.parameters.flat[...] -= rate * gradients.flat
    return Descent(_infinite_if_no_number(np.array(losses)), np.array(probabilities))


def _example(network: Sequential, image: Array, label: int) -> tuple[Array, Array]:
    """The network's input (*input_shape, 1), and the label as (1,)."""
    return network.input_batch(to_pixels(image, network.dtype)), np.array([label])


def _loss_and_gradient(
    network: Sequential, x: Array, labels: Array, gradients: ParameterVector
) -> tuple[float, Array]:
    """The loss and the logits (10, 1); the gradient is written into `gradients`."""
    logits, caches = network.forward(x)
    loss, dlogits = cross_entropy(logits, labels)
    network.backward(dlogits, caches, gradients)
    return loss, logits


def _infinite_if_no_number(losses: Array) -> Array:
    return np.where(np.isnan(losses), np.inf, losses)
