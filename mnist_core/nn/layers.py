"""The layers of a multi-layer perceptron, and the form that every layer has.
A layer is its formula: it owns its parameters and nothing else.
"""

from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import ONE, sigmoid
from mnist_core.nn.workspace import Workspace

Cache = Any


class Layer:
    """One step of a network, and how an error travels back through it.

    `work` holds all that is not the formula: arrays to write into, the generator for Dropout.
    """

    def parameters(self) -> dict[str, Array]:
        """The layer's own arrays by attribute name; none if it learns nothing.

        A Sequential replaces each attribute by a view of its one flat vector, so a layer reads
        them from itself at every call.
        """
        return {}

    def forward(self, x: Array, work: Workspace) -> tuple[Array, Cache]:
        """The output for a batch x (..., N), and what backward will need of this pass."""
        raise NotImplementedError

    def backward(
        self, dy: Array, cache: Cache, gradients: dict[str, Array], work: Workspace
    ) -> Array | None:
        """Write the gradient of every parameter into `gradients`; return dx, that of the input.

        Args:
            dy: the gradient of the output, in its shape; the layer may overwrite it.
            cache: what forward returned.
            gradients: an array for each of `parameters`, to be written into.
            work: if work.needs_dx is False, None may be returned.
        """
        raise NotImplementedError


class Dense(Layer):
    """y = W x + b for a batch of columns: x (inputs, N), y (units, N)."""

    def __init__(self, W: Array, b: Array) -> None:
        if W.ndim != 2 or b.shape != (W.shape[0],):
            raise ValueError(f"W (units, inputs) and b (units,) expected, not {W.shape} {b.shape}")
        self.W, self.b = W, b

    def parameters(self):
        return {"W": self.W, "b": self.b}

    def forward(self, x, work):
        # np.dot, here and below: for two matrices it is np.matmul with 1 us less to decide.
        y = np.dot(self.W, x, out=work.array(self, "y", (len(self.W), x.shape[1]), x.dtype))
        y += self.b[:, None]
        return y, x  # (units, N), (inputs, N)

    def backward(self, dy, cache, gradients, work):
        x = cache
        np.dot(dy, x.T, out=gradients["W"])  # (units, inputs)
        # The sum over the batch as a product with ones: half the time of a reduction.
        np.dot(dy, work.array(self, "ones", dy.shape[1:], dy.dtype, fill=1), out=gradients["b"])
        if work.needs_dx:
            return np.dot(self.W.T, dy, out=work.array(self, "dx", x.shape, dy.dtype))


class Sigmoid(Layer):
    """f = 1 / (1 + exp(-a)), element by element; df/da = f (1 - f)."""

    def forward(self, x, work):
        y = sigmoid(x, out=work.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(self, dy, cache, gradients, work):
        dx = np.subtract(ONE, cache, out=work.array(self, "dx", dy.shape, dy.dtype))
        dx *= cache
        dx *= dy
        return dx


class Tanh(Layer):
    """f = tanh(a), element by element; df/da = 1 - f^2."""

    def forward(self, x, work):
        y = np.tanh(x, out=work.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(self, dy, cache, gradients, work):
        dx = np.square(cache, out=work.array(self, "dx", dy.shape, dy.dtype))
        np.subtract(ONE, dx, out=dx)
        dx *= dy
        return dx


class ReLU(Layer):
    """f = max(a, 0), element by element; df/da is 1 where f > 0, else 0, also at a = 0."""

    def forward(self, x, work):
        # The maximum with an array of zeros runs at twice the speed of that with the scalar.
        zeros = work.array(self, "zeros", x.shape, x.dtype, fill=0)
        y = np.maximum(x, zeros, out=work.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(self, dy, cache, gradients, work):
        alive = np.greater(cache, 0, out=work.array(self, "alive", dy.shape, np.bool_))
        return np.multiply(dy, alive, out=work.array(self, "dx", dy.shape, dy.dtype))


class Dropout(Layer):
    """In training each value is dropped with probability `rate`, and the rest is scaled up.

    Scaling by 1 / (1 - rate) keeps the expected value, so that nothing is to be done at
    prediction ("inverted" dropout, Srivastava et al. 2014). Training without a generator in the
    workspace is a ValueError.
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {rate}")
        self.rate = rate

    def forward(self, x, work):
        if not work.training or self.rate == 0:
            return x, None
        if work.rng is None:
            raise ValueError("dropout needs a generator in training: Workspace(rng=...)")
        factors = work.array(self, "factors", x.shape, x.dtype)
        np.greater_equal(work.rng.random(x.shape, dtype=np.float32), self.rate, out=factors)
        factors *= 1 / (1 - self.rate)
        return np.multiply(x, factors, out=work.array(self, "y", x.shape, x.dtype)), factors

    def backward(self, dy, cache, gradients, work):
        if cache is None:
            return dy
        return np.multiply(dy, cache, out=work.array(self, "dx", dy.shape, dy.dtype))


class Flatten(Layer):
    """(C, H, W, N) -> (C H W, N): a view, since the batch is the last axis."""

    def forward(self, x, work):
        return x.reshape(-1, x.shape[-1]), x.shape

    def backward(self, dy, cache, gradients, work):
        return dy.reshape(cache)  # (C, H, W, N)


ACTIVATIONS: dict[str, type[Layer]] = {"sigmoid": Sigmoid, "relu": ReLU, "tanh": Tanh}
