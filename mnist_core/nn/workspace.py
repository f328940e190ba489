"""What a pass through a network needs besides its formulas: memory, randomness, and its purpose.
Whoever calls a network owns the workspace, so that nothing of a pass stays on the network itself.
"""

from typing import Any

import numpy as np

from mnist_core.arrays import Array


class Workspace:
    """The working memory of one caller, and what layers have to know about the pass.

    One workspace serves one thread, and layers that keep their dtype.

    Args:
        training: whether the pass is one of training, in which Dropout drops values.
        rng: the generator that Dropout draws from in training; the owner may change it.
        reuse: whether a layer gets the same arrays again in its next pass, which overwrites what
            it returned in this one. That saves a large part of a small step's cost. Without it
            every array is a new one.
    """

    __slots__ = ("training", "rng", "needs_dx", "_arrays")  # made for every image: few and fast

    def __init__(
        self,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
        reuse: bool = False,
    ) -> None:
        self.training = training
        self.rng = rng
        # Whether the layer that goes back needs to find the gradient of its input. Sequential
        # sets it, since for the first layer in training nobody asks.
        self.needs_dx = True
        self._arrays: dict[tuple[object, str], Array] | None = {} if reuse else None

    def array(
        self,
        owner: object,
        name: str,
        shape: tuple[int, ...],
        dtype: Any,
        fill: float | None = None,
    ) -> Array:
        """An array for what `owner` calls `name`, with undefined values or all equal to `fill`.

        An array with `fill` must not be written to.
        """
        array = None if self._arrays is None else self._arrays.get((owner, name))
        if array is None or array.shape != shape:
            array = np.empty(shape, dtype) if fill is None else np.zeros(shape, dtype)
            if fill:
                array.fill(fill)
            if self._arrays is not None:
                self._arrays[owner, name] = array
        return array
