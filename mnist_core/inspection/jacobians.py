"""The Jacobians of a network's pieces, written out in full as they stand in a derivation.
Row i, column j is d(output i) / d(input j); training itself never needs one of these matrices.

An example is a column: vectors are (n, 1), and a gradient of the loss is a row, (1, n).
"""

from typing import Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.layers import Layer
from mnist_core.nn.workspace import Workspace

# How the entries of a matrix W become one vector: column after column, as mathematicians write
# vec(W), or row after row, as NumPy keeps them.
Order = Literal["columns", "rows"]
_NUMPY_ORDER: dict[Order, Literal["F", "C"]] = {"columns": "F", "rows": "C"}


def stack(W: Array, order: Order) -> Array:
    """The entries of W (units, inputs) as one vector (units * inputs,)."""
    return W.ravel(order=_NUMPY_ORDER[order])


def unstack(vector: Array, shape: tuple[int, int], order: Order) -> Array:
    """The matrix of this shape whose entries are stacked in a vector; undoes `stack`."""
    return vector.reshape(shape, order=_NUMPY_ORDER[order])


def dense_by_bias(W: Array) -> Array:
    """da/db of a = W x + b: the identity (units, units), as each sum has a bias of its own."""
    return np.eye(len(W), dtype=W.dtype)


def dense_by_input(W: Array) -> Array:
    """da/dx of a = W x + b: W itself, (units, inputs)."""
    return W


def activation_slopes(layer: Layer, a: Array) -> Array:
    """f'(a) for a column a (n, 1), as the vector (n,) that is all one needs of the Jacobian.

    It is the layer's own: what it hands back of a gradient of ones.
    """
    _, cache = layer.forward(a, Workspace())
    slopes = layer.backward(np.ones_like(a), cache, {}, Workspace())
    assert slopes is not None
    return slopes[:, 0]


def activation_by_input(layer: Layer, a: Array) -> Array:
    """df/da for a column a (n, 1): diagonal (n, n), as each value depends on its own sum alone."""
    return np.diag(activation_slopes(layer, a))


def softmax_by_logits(probabilities: Array) -> Array:
    """dy_hat/da = diag(y_hat) - y_hat y_hat^T, (10, 10), for y_hat = softmax(a), (10, 1)."""
    return np.diag(probabilities[:, 0]) - probabilities @ probabilities.T


def loss_by_probabilities(probabilities: Array, one_hot: Array) -> Array:
    """dL/dy_hat of L = -sum(y log y_hat), the row -y / y_hat, (1, 10), from columns (10, 1).

    -inf if the label's probability is too small for a floating-point number.
    """
    row = np.zeros_like(probabilities.T)
    with np.errstate(divide="ignore"):
        np.divide(-one_hot.T, probabilities.T, out=row, where=one_hot.T > 0)
    return row


def loss_by_logits(probabilities: Array, one_hot: Array) -> Array:
    """dL/da of softmax and cross-entropy together, the row y_hat - y, (1, 10)."""
    return (probabilities - one_hot).T
