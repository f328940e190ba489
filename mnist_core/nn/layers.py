"""The layers of a multi-layer perceptron, and the form that every layer has.
A layer owns its parameters and nothing else: forward returns what backward will need.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import ONE, sigmoid
from mnist_core.nn.workspace import NEW_ARRAYS, NewArrays

Cache = Any


class Layer(Protocol):
    """One step of a network, and how an error travels back through it."""

    def parameters(self) -> dict[str, Array]:
        """The layer's own arrays by attribute name. A Sequential replaces each attribute by a
        view of its one flat vector, so a layer reads them from itself at every call."""
        ...

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """Output for a batch x (..., N), and what backward needs. `rng` is given in training."""
        ...

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """Write the gradient of each parameter into `gradients`; return that of the input.

        `dy` has the output's shape; the layer may overwrite it. With input_gradient=False the
        input's gradient is not needed (the first layer in training) and None is returned.
        """
        ...


class Dense:
    """y = W x + b for a batch of columns: x (inputs, N), y (units, N)."""

    def __init__(self, W: Array, b: Array) -> None:
        if W.ndim != 2 or b.shape != (W.shape[0],):
            raise ValueError(f"W (units, inputs) and b (units,) expected, not {W.shape} {b.shape}")
        self.W = W
        self.b = b

    def parameters(self) -> dict[str, Array]:
        """W (units, inputs) and b (units,)."""
        return {"W": self.W, "b": self.b}

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """W x + b, (units, N); the cache is x."""
        # np.dot, here and below: for two matrices it is np.matmul with 1 us less to decide.
        shape = (self.W.shape[0], x.shape[1])
        y = np.dot(self.W, x, out=scratch.array(self, "y", shape, x.dtype))  # (units, N)
        y += self.b[:, None]
        return y, x

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dW = dy x^T, db = the sum of dy over the batch, dx = W^T dy."""
        x = cache  # (inputs, N)
        np.dot(dy, x.T, out=gradients["W"])  # (units, inputs)
        # The sum as a product with ones: half the time of a reduction.
        ones = scratch.ones(self, "ones", (dy.shape[1],), dy.dtype)
        np.dot(dy, ones, out=gradients["b"])  # (units,)
        if not input_gradient:
            return None
        return np.dot(self.W.T, dy, out=scratch.array(self, "dx", x.shape, dy.dtype))


class _WithoutParameters:
    """What layers that learn nothing have in common."""

    def parameters(self) -> dict[str, Array]:
        """None."""
        return {}


class Sigmoid(_WithoutParameters):
    """f = 1 / (1 + exp(-a)), element by element."""

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """sigmoid(x); the cache is the output, since the derivative is f (1 - f)."""
        y = sigmoid(x, out=scratch.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy f (1 - f)."""
        dx = np.subtract(ONE, cache, out=scratch.array(self, "dx", dy.shape, dy.dtype))
        dx *= cache
        dx *= dy
        return dx


class Tanh(_WithoutParameters):
    """f = tanh(a), element by element."""

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """tanh(x); the cache is the output, since the derivative is 1 - f^2."""
        y = np.tanh(x, out=scratch.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy (1 - f^2)."""
        dx = np.square(cache, out=scratch.array(self, "dx", dy.shape, dy.dtype))
        np.subtract(ONE, dx, out=dx)
        dx *= dy
        return dx


class ReLU(_WithoutParameters):
    """f = max(a, 0), element by element; the derivative at 0 is taken as 0."""

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """max(x, 0); the cache is the output, which is positive just where x was."""
        # The maximum with an array of zeros runs at twice the speed of that with the scalar.
        zeros = scratch.zeros(self, "zeros", x.shape, x.dtype)
        y = np.maximum(x, zeros, out=scratch.array(self, "y", x.shape, x.dtype))
        return y, y

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy where the output was positive, otherwise 0."""
        alive = np.greater(cache, 0, out=scratch.array(self, "alive", dy.shape, np.bool_))
        return np.multiply(dy, alive, out=scratch.array(self, "dx", dy.shape, dy.dtype))


class Dropout(_WithoutParameters):
    """In training each value is dropped with probability `rate`, and the rest is scaled up.

    Scaling by 1 / (1 - rate) keeps the expected value, so that nothing is to be done at
    prediction ("inverted" dropout, Srivastava et al. 2014).
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {rate}")
        self.rate = rate

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """x with random values set to 0 if `rng` is given; the cache is the factor of each."""
        if rng is None or self.rate == 0:
            return x, None
        factors = scratch.array(self, "factors", x.shape, x.dtype)
        np.greater_equal(rng.random(x.shape, dtype=np.float32), self.rate, out=factors)
        factors *= 1 / (1 - self.rate)
        return np.multiply(x, factors, out=scratch.array(self, "y", x.shape, x.dtype)), factors

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy times the factor that the value was given."""
        if cache is None:
            return dy
        return np.multiply(dy, cache, out=scratch.array(self, "dx", dy.shape, dy.dtype))


class Flatten(_WithoutParameters):
    """(C, H, W, N) -> (C H W, N): a view, since the batch is the last axis."""

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """x as columns; the cache is x's shape."""
        return x.reshape(-1, x.shape[-1]), x.shape

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy in the input's shape."""
        return dy.reshape(cache)


ACTIVATIONS: dict[str, Callable[[], Layer]] = {"sigmoid": Sigmoid, "relu": ReLU, "tanh": Tanh}
