"""How good an answer is: accuracy, which digits are taken for which, and how sure one can be.
Labels and predictions are integer arrays (N,), probabilities are (N, 10).
"""

from typing import Protocol

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.nn.functional import cross_entropy


class HasLogits(Protocol):
    """Any network: logits (10, N) for uint8 images (N, 28, 28)."""

    def logits(self, images: Array) -> Array: ...


def accuracy(predictions: Array, labels: Array) -> float:
    """The share of predictions that are right, 0..1."""
    return float((predictions == labels).mean())


def loss_and_accuracy(model: HasLogits, images: Array, labels: Array) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy of a network on uint8 images (N, 28, 28)."""
    return loss_and_accuracy_of(model.logits(images), labels)


def loss_and_accuracy_of(logits: Array, labels: Array) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy of logits (10, N)."""
    return cross_entropy(logits, labels)[0], accuracy(logits.argmax(axis=0), labels)


def accuracy_per_class(predictions: Array, labels: Array) -> Array:
    """The share of each digit's images that is right, (10,); NaN for a digit without images."""
    total = np.bincount(labels, minlength=CLASSES)
    right = np.bincount(labels[predictions == labels], minlength=CLASSES)
    return np.divide(right, total, out=np.full(CLASSES, np.nan), where=total > 0)
