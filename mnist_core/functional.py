"""The few functions that a network is made of besides its layers.
An example is a column: class scores are (C, N), so softmax and cross-entropy reduce along axis 0.
"""

import numpy as np

Array = np.ndarray


def sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)), element by element; `out` may be `a` itself.

    exp(-a) overflows to infinity for a below about -88 in float32, and 1 / inf is the right 0.
    """
    with np.errstate(over="ignore"):
        out = np.negative(a, out=out)
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def relu(a: Array) -> Array:
    """max(a, 0), element by element."""
    return np.maximum(a, 0)


def softmax(logits: Array) -> Array:
    """Probabilities (C, N) from logits (C, N): every column sums to one.

    Shifting by the column's maximum leaves the result unchanged and keeps exp from overflowing.
    """
    exponentials = np.exp(logits - logits.max(axis=0))  # (C, N)
    exponentials /= exponentials.sum(axis=0)
    return exponentials


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """Mean of -log(probability of the true class), and its gradient summed over the batch.

    Arguments: logits (C, N), labels (N,) integers below C.
    Returns: the mean loss in nats, and d(sum of losses)/d(logits), softmax - one-hot, (C, N).
    Divide the gradient by N for the gradient of the mean.

    The loss is log(sum exp) - logit of the true class, so a probability of zero costs a large
    number and never an infinite one.
    """
    columns = np.arange(labels.size)
    shifted = logits - logits.max(axis=0)  # (C, N)
    true_logits = shifted[labels, columns]  # (N,)
    gradient = np.exp(shifted, out=shifted)
    sums = gradient.sum(axis=0)  # (N,)
    loss = (np.log(sums) - true_logits).mean()
    gradient /= sums
    gradient[labels, columns] -= 1
    return float(loss), gradient
