"""How good an answer is: accuracy, which digits are taken for which, and how sure one can be.
Labels and predictions are integer arrays (N,), probabilities are (N, 10).
"""

from math import sqrt
from typing import Protocol

import numpy as np

from mnist_core.functional import Array, cross_entropy


class HasLogits(Protocol):
    """Any network: logits (10, N) for uint8 images (N, 28, 28)."""

    def logits(self, images: Array) -> Array: ...


def accuracy(predictions: Array, labels: Array) -> float:
    """The share of predictions that are right, 0..1."""
    return float((predictions == labels).mean())


def loss_and_accuracy(model: HasLogits, images: Array, labels: Array) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy of a network on uint8 images (N, 28, 28)."""
    logits = model.logits(images)  # (10, N)
    return cross_entropy(logits, labels)[0], accuracy(logits.argmax(axis=0), labels)


def confusion_matrix(predictions: Array, labels: Array, classes: int = 10) -> Array:
    """Counts (true class, predicted class), (10, 10)."""
    cells = labels.astype(np.intp) * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal bins of confidence, 0..1.

    Guo et al. 2017, "On calibration of modern neural networks".
    """
    confidence = probabilities.max(axis=1)  # (N,)
    right = probabilities.argmax(axis=1) == labels
    where = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    gap = np.bincount(where, confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / labels.size)


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share of `right` out of `total`, both ends in 0..1.

    Wilson 1927: unlike the plain normal interval it is sensible for a few examples and for a
    share of 0 or 1. No examples say nothing: (0, 1).
    """
    if total == 0:
        return 0.0, 1.0
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
