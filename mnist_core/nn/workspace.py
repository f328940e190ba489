"""Where layers get their working memory: new arrays every time, or the same ones again."""

from typing import Any

import numpy as np

from mnist_core.arrays import Array


class NewArrays:
    """Where a layer gets its working memory when nobody offers any: a new array every time."""

    def array(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array with undefined values, for what `owner` calls `name`."""
        return np.empty(shape, dtype)

    def zeros(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of zeros that is never written to."""
        return np.zeros(shape, dtype)

    def ones(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """An array of ones that is never written to."""
        return np.ones(shape, dtype)


class Scratch(NewArrays):
    """Working memory that one training loop uses again and again.

    Allocating is a large part of a small step's cost. The arrays that a layer gets here are
    overwritten by its next forward or backward with the same scratch: whoever keeps results
    for longer uses NewArrays. One scratch serves one thread, and owners that keep their dtype.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[object, str], Array] = {}

    def array(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """The array that was made for this owner and name, if it still has this shape."""
        array = self._arrays.get((owner, name))
        if array is None or array.shape != shape:
            array = self._arrays[owner, name] = np.empty(shape, dtype)
        return array

    def zeros(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """The zeros that were made for this owner and name, if they still have this shape."""
        array = self._arrays.get((owner, name))
        if array is None or array.shape != shape:
            array = self._arrays[owner, name] = np.zeros(shape, dtype)
        return array

    def ones(self, owner: object, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """The ones that were made for this owner and name, if they still have this shape."""
        array = self._arrays.get((owner, name))
        if array is None or array.shape != shape:
            array = self._arrays[owner, name] = np.ones(shape, dtype)
        return array


NEW_ARRAYS = NewArrays()
