"""The gradient of a Dense layer's parameter as a product of full Jacobians: the chain rule as it
is written down. It gives the numbers that the network computes, with far more to multiply.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.jacobians import (
    Order,
    activation_by_input,
    dense_by_bias,
    dense_by_input,
    loss_by_logits,
    stack,
)
from mnist_core.inspection.kronecker import KroneckerJacobian
from mnist_core.inspection.stations import Station, stations
from mnist_core.nn.layers import Dense


@dataclass(frozen=True)
class Factor:
    """One matrix of a chain: its name, as "da2/df1", and its shape."""

    name: str
    shape: tuple[int, int]


@dataclass(frozen=True)
class Chain:
    """A product of Jacobians: its factors from the left, and the gradient (1, P) that it gives.

    `difference` is the largest absolute difference to the gradient that the network computed.
    """

    factors: tuple[Factor, ...]
    gradient: Array
    difference: float


def chain(step: Backpropagation, parameter: str, order: Order = "columns") -> Chain:
    """dL/da2 da2/df1 df1/da1 da1/dW1, multiplied from the left, for "0.W" and the like.

    Args:
        parameter: the path name of a Dense layer's "W" or "b".
        order: how W is stacked into one row.

    ValueError if there is no such parameter, or if its Jacobian is too large to be built.
    """
    number, _, name = parameter.partition(".")
    layers = [str(layer) for layer, x in enumerate(step.model.layers) if isinstance(x, Dense)]
    if number not in layers or name not in ("W", "b"):
        raise ValueError(f"{parameter!r} is no parameter of a Dense layer")
    factors = []
    row = np.ones((1, 1), step.x.dtype)
    for factor, matrix in _factors(step, int(number), name, order):
        factors.append(Factor(factor, matrix.shape))
        row = row @ matrix
    difference = np.abs(row - stack(step.gradients[parameter], order)).max()
    return Chain(tuple(factors), row, float(difference))


def _factors(
    step: Backpropagation, layer: int, name: str, order: Order
) -> Iterator[tuple[str, Array]]:
    """The names and matrices of a chain from the loss to a parameter, each built in its turn."""
    way = [station for station in stations(step) if station.direction == "forward"]
    after = [
        x for x in way if x.layer is not None and x.layer >= layer
    ]  # the layer and those above
    *above, here = reversed(after)
    logits = after[-1]
    yield f"dL/d{logits.name}", loss_by_logits(step.probabilities, step.one_hot)
    for station in above:
        yield f"d{station.name}/d{station.sources[0]}", _by_input(step, station)
    W = step.model.parameters.layers[layer]["W"]
    matrix = dense_by_bias(W)
    if name == "W":
        matrix = KroneckerJacobian(step.input_of(layer), len(W), order).full(W.dtype)
    yield f"d{here.name}/d{name}{here.number}", matrix


def _by_input(step: Backpropagation, station: Station) -> Array:
    """The Jacobian of a sum or an activation by what went into its layer."""
    assert station.layer is not None
    if station.kind == "sum":
        return dense_by_input(step.model.parameters.layers[station.layer]["W"])
    return activation_by_input(step.model.layers[station.layer], step.input_of(station.layer))
