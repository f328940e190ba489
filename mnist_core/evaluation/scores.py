"""How good an answer is, and how sure one can be of that.
Labels and predictions are integer arrays (N,).
"""

from math import sqrt

import numpy as np

from mnist_core.arrays import CLASSES, Array


def confusion_matrix(predictions: Array, labels: Array, classes: int = CLASSES) -> Array:
    """Counts (true class, predicted class), (classes, classes)."""
    cells = labels.astype(np.intp) * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share of `right` out of `total`, both ends in 0..1.

    Wilson 1927: unlike the plain normal interval it is sensible for a few examples and for a
    share of 0 or 1. Without examples nothing is known: (0, 1).
    """
    if total == 0:
        return 0.0, 1.0
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
