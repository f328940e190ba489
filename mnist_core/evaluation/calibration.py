"""Whether a network is right as often as it says: confidence against accuracy."""

import numpy as np

from mnist_core.arrays import Array


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal bins of confidence, 0..1.

    Guo et al. 2017, "On calibration of modern neural networks".
    """
    confidence = probabilities.max(axis=1)  # (N,)
    right = probabilities.argmax(axis=1) == labels
    where = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    gap = np.bincount(where, confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / labels.size)
