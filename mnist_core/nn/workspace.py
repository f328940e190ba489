"""What a pass through a network needs besides its formulas: memory, randomness, and its purpose.
Whoever calls a network owns the workspace, so that nothing of a pass stays on the network itself.
"""

from typing import Any

import numpy as np

from mnist_core.arrays import Array


class Workspace:
    """The working memory of one caller, and what layers have to know about the pass.

    A new workspace gives new arrays. One that is used again gives the same arrays again, which
    saves a large part of a small step's cost; what a layer returned is then overwritten by the
    layer's next pass with this workspace. One workspace serves one thread, and layers that keep
    their dtype.

    Args:
        training: whether the pass is one of training, in which Dropout drops values.
        rng: the generator that Dropout draws from in training; the owner may change it.
    """

    __slots__ = ("training", "rng", "needs_dx", "_arrays")  # made for every image: few and fast

    def __init__(self, *, training: bool = False, rng: np.random.Generator | None = None) -> None:
        self.training = training
        self.rng = rng
        # Whether the layer that goes back needs to find the gradient of its input. Sequential
        # sets it, since for the first layer in training nobody asks.
        self.needs_dx = True
        self._arrays: dict[tuple[object, str], Array] = {}

    def array(
        self,
        owner: object,
        name: str,
        shape: tuple[int, ...],
        dtype: Any,
        fill: float | None = None,
    ) -> Array:
        """The array that `owner` calls `name`: the one of its last pass if that had this shape.

        Its values are undefined, or all equal to `fill`; such an array is never written to.
        """
        key = (owner, name)
        array = self._arrays.get(key)
        if array is None or array.shape != shape:
            array = np.empty(shape, dtype) if fill is None else np.zeros(shape, dtype)
            if fill:
                array.fill(fill)
            self._arrays[key] = array
        return array
