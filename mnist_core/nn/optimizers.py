"""How a gradient becomes a step: SGD, Nesterov momentum and Adam.
Parameters, gradients and an optimizer's memory are flat vectors (P,), changed in place.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from mnist_core.arrays import Array


class Optimizer(Protocol):
    """Moves parameters against a gradient; `state` is all that it remembers, by name."""

    state: dict[str, Array]

    def gradient_scale(self, learning_rate: float) -> float:
        """What the gradient must have been multiplied with when `step` gets it.

        Where that is the learning rate, train_step multiplies the ten output errors of each
        image with it before they travel back. What comes out is learning_rate * gradient, and a
        pass over all parameters is saved: 3 % of a step of 784-64-10 with batches of 10.
        """
        ...

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """Change `parameters` (P,) in place.

        Args:
            parameters: all of a network's, (P,).
            gradient: gradient_scale(learning_rate) times theirs, (P,); it may be overwritten.
            learning_rate: of this step.
        """
        ...


class SGD:
    """Stochastic gradient descent: parameters -= learning_rate * gradient."""

    def __init__(self, size: int, *, momentum: float = 0.0) -> None:
        self.state: dict[str, Array] = {}

    def gradient_scale(self, learning_rate: float) -> float:
        """The learning rate."""
        return learning_rate

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """One step down the gradient, which has been multiplied with the learning rate before."""
        parameters -= gradient  # learning_rate * gradient: see gradient_scale


class Nesterov:
    """SGD with momentum that looks ahead: V = mu V + rate G, P -= rate G + mu V.

    Sutskever et al. 2013, with the gradient G taken where the parameters are (Bengio et al. 2013).
    """

    def __init__(self, size: int, *, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self.state = {"velocity": np.zeros(size, np.float32)}
        self._ahead = np.empty(size, np.float32)

    def gradient_scale(self, learning_rate: float) -> float:
        """The learning rate."""
        return learning_rate

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """One step along the gradient and the velocity that it has just changed.

        The gradient has been multiplied with the learning rate before: see gradient_scale.
        """
        velocity = self.state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        np.multiply(velocity, self.momentum, out=self._ahead)
        parameters -= gradient
        parameters -= self._ahead


class Adam:
    """Steps of about the learning rate, whatever the gradient's size (Kingma & Ba 2015)."""

    def __init__(
        self, size: int, *, momentum: float = 0.9, decay: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.momentum = momentum
        self.decay = decay
        self.epsilon = epsilon
        self.state = {
            "mean": np.zeros(size, np.float32),
            "square": np.zeros(size, np.float32),
            "steps": np.zeros(1, np.int64),
        }
        self._work = np.empty(size, np.float32)

    def gradient_scale(self, learning_rate: float) -> float:
        """1: Adam's memory is of the gradient itself."""
        return 1.0

    def step(self, parameters: Array, gradient: Array, learning_rate: float) -> None:
        """parameters -= learning_rate * mean / (sqrt(square) + epsilon).

        Both means are corrected for their start at 0.
        """
        mean, square, work = self.state["mean"], self.state["square"], self._work
        self.state["steps"] += 1
        steps = int(self.state["steps"][0])
        np.subtract(gradient, mean, out=work)
        work *= 1 - self.momentum
        mean += work
        np.square(gradient, out=work)
        work -= square
        work *= 1 - self.decay
        square += work
        # The corrections 1 / (1 - decay^steps) are folded into the rate and into epsilon.
        unbias = (1 - self.decay**steps) ** 0.5
        np.sqrt(square, out=work)
        work += self.epsilon * unbias
        np.divide(mean, work, out=work)
        work *= learning_rate * unbias / (1 - self.momentum**steps)
        parameters -= work


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "nesterov": Nesterov,
    "adam": Adam,
}
