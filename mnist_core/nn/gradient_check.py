"""Shows that gradients are right, by comparing them with finite differences.
Checks run in float64, where a finite difference is exact to about ten digits.
"""

from collections.abc import Callable

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.layers import Layer
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace

STEP = 1e-5  # of the finite difference: balances its h^2 error against rounding


def relative_error(analytic: float, numeric: float) -> float:
    """Their difference as a share of the larger one, 0..2; 0 if both are zero."""
    larger = max(abs(analytic), abs(numeric))
    return abs(analytic - numeric) / larger if larger else 0.0


def check_layer(layer: Layer, x: Array, *, rng: np.random.Generator) -> dict[str, float]:
    """Relative error of a layer's gradients: of the input ("x") and of each parameter.

    x is (..., N), as the layer takes it; the layer must be in float64. The scalar checked is
    sum(R * forward(x)) for a random R, and each gradient is compared with the central difference
    along one random direction.
    """
    y, cache = layer.forward(x, Workspace())
    weights = rng.normal(size=y.shape)

    def scalar() -> float:
        return float((weights * layer.forward(x, Workspace())[0]).sum())

    gradients = {name: np.zeros_like(array) for name, array in layer.parameters().items()}
    dx = layer.backward(weights.copy(), cache, gradients, Workspace())
    assert dx is not None
    errors = {}
    for name, array, gradient in [("x", x, dx)] + [
        (name, array, gradients[name]) for name, array in layer.parameters().items()
    ]:
        errors[name] = _error_along_a_direction(array, gradient, scalar, rng)
    return errors


def check_network(
    model: Sequential, x: Array, labels: Array, *, rng: np.random.Generator
) -> dict[str, float]:
    """Relative error of the loss's gradient for the input ("x") and each parameter by path name.

    The model must be in float64; x is (*input_shape, N), labels (N,). The loss is the sum over
    the batch.
    """
    gradients = model.new_gradients()
    logits, caches = model.forward(x)
    dlogits = cross_entropy(logits, labels)[1]
    dx = model.backward(dlogits, caches, gradients, input_gradient=True)
    assert dx is not None

    def loss() -> float:
        return cross_entropy(model.forward(x)[0], labels)[0] * labels.size

    parameters = model.parameters.named()
    return {"x": _error_along_a_direction(x, dx, loss, rng)} | {
        name: _error_along_a_direction(parameters[name], gradient, loss, rng)
        for name, gradient in gradients.named().items()
    }


def _error_along_a_direction(
    array: Array, gradient: Array, function: Callable[[], float], rng: np.random.Generator
) -> float:
    """Compare gradient . direction with a central difference of function() along direction."""
    direction = rng.normal(size=array.shape)
    direction /= np.linalg.norm(direction)
    before = array.copy()
    array[...] = before + STEP * direction
    above = function()
    array[...] = before - STEP * direction
    below = function()
    array[...] = before
    return relative_error(float((gradient * direction).sum()), (above - below) / (2 * STEP))
