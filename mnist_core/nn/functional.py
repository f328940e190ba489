"""The few functions that a network is made of besides its layers.
An example is a column: class scores are (C, N), so softmax and cross-entropy reduce along axis 0.
"""

from functools import lru_cache

import numpy as np

from mnist_core.arrays import Array

# Numbers as arrays spare NumPy the conversion of a Python number, 1 us in every call.
ONE = np.ones((), np.float32)
LOWEST = np.full((), -80, np.float32)


def sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)), element by element; `out` may be `a` itself.

    Below -80 the result is taken as that at -80, 2e-35: exp would overflow soon after.
    """
    out = np.maximum(a, LOWEST, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += ONE
    return np.reciprocal(out, out=out)


def softmax(logits: Array) -> Array:
    """Probabilities (C, N) from logits (C, N): every column sums to one.

    Shifting by the column's maximum leaves the result unchanged and keeps exp from overflowing.
    """
    exponentials = np.exp(logits - np.maximum.reduce(logits, 0))  # (C, N)
    exponentials /= np.add.reduce(exponentials, 0)
    return exponentials


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """Mean of -log(probability of the true class), and its gradient summed over the batch.

    Arguments: logits (C, N), labels (N,) integers below C.
    Returns: the mean loss in nats, and d(sum of losses)/d(logits), softmax - one-hot, (C, N).
    Divide the gradient by N for the gradient of the mean.

    The loss is log(sum exp) - logit of the true class, so a probability of zero costs a large
    number and never an infinite one.
    """
    # Plain ufunc reductions along axis 0, and one-hot columns for both places where the labels
    # matter: for ten classes and a small batch the cost is that of the calls, and .mean() or
    # [labels, columns] are each several calls.
    gradient = logits - np.maximum.reduce(logits, 0)  # (C, N), at most 0
    one_hot = _identity(len(logits), logits.dtype).take(labels, axis=1)  # (C, N)
    true_logits = np.vdot(gradient, one_hot)  # their sum
    np.exp(gradient, out=gradient)
    sums = np.add.reduce(gradient, 0)  # (N,)
    loss = float(np.add.reduce(np.log(sums)) - true_logits) / labels.size
    gradient /= sums
    gradient -= one_hot
    return loss, gradient


@lru_cache
def _identity(classes: int, dtype: np.dtype) -> Array:
    """The identity matrix (C, C): the column of a label is 1 at the label."""
    return np.eye(classes, dtype=dtype)
