"""What the value of a station looks like as a picture of some fifty pixels."""

from math import isqrt

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array
from mnist_core.inspection.stations import Kind

MOST = 48  # rows, and columns, of a picture; of more, the strongest are shown
FEW = 10  # numbers that stand below each other, as the ten classes do
LENGTHY = 4  # times as wide as high: a column is better then
SMALL_MAP = 7  # numbers across a map that is small enough to show sixteen of them


def thumbnail(values: Array, kind: Kind) -> Array:
    """The value of a station, or a gradient in its shape, arranged as a picture (h, w).

    A column is folded into rows, as an image is. Of much, the strongest is shown, which is where
    the numbers of largest magnitude are: four or sixteen of maps (F, H, W) or kernels (F, C, k, k),
    one hidden unit of those connected to pixels, 48 rows and columns of a large matrix.
    """
    if kind == "input":
        return values.reshape(SIDE, SIDE)
    if kind == "loss":
        return values.reshape(1, 1)
    if values.ndim > 2:
        return _mosaic(values.reshape(-1, *values.shape[-2:]))
    if kind != "weights":
        return _small(_folded(values.ravel()))
    if values.shape[1] == PIXELS:
        return values[_strongest(values, 1)[0]].reshape(SIDE, SIDE)
    return _small(values)


def _folded(column: Array) -> Array:
    """Numbers (n,) as a rectangle close to a square; below each other if there is none."""
    n = len(column)
    h = next(h for h in range(isqrt(n), 0, -1) if n % h == 0)
    if n <= FEW or n > LENGTHY * h * h:
        return column[:, None]
    return column.reshape(h, n // h)


def _mosaic(maps: Array) -> Array:
    """The strongest of the maps (n, H, W) in a square, in their order, a line of zeros between."""
    _, H, W = maps.shape
    across = 4 if W <= SMALL_MAP else 2
    across = min(across, isqrt(len(maps)))
    square = np.zeros((across, H + 1, across, W + 1), maps.dtype)
    chosen = maps[_strongest(maps, across**2)].reshape(across, across, H, W)
    square[:, :H, :, :W] = chosen.transpose(0, 2, 1, 3)
    return square.reshape(across * (H + 1), across * (W + 1))[:-1, :-1]


def _strongest(parts: Array, count: int) -> Array:
    """Which parts (n, ...) hold the numbers of largest magnitude, rising."""
    peaks = np.abs(parts).reshape(len(parts), -1).max(axis=1)  # (n,)
    return np.sort(np.argsort(-peaks, kind="stable")[:count])


def _small(picture: Array) -> Array:
    """At most MOST rows and columns of a picture, the strongest in their order."""
    return picture[np.ix_(_strongest(picture, MOST), _strongest(picture.T, MOST))]
