"""The Jacobians of a step's Dense layers and their activations, as one looks at them: in windows.
Each is described by few numbers, and what is not looked at is never built.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.jacobians import Order, activation_slopes, dense_by_input
from mnist_core.inspection.kronecker import KroneckerJacobian
from mnist_core.inspection.stations import Station
from mnist_core.nn.layers import Dense
from ui.backprop.chosen import ChosenStep
from ui.backprop.jacobians import words
from ui.backprop.jacobians.words import Explained

# Rows, columns and values of all that is not 0 by its place: three arrays of one length.
Entries = tuple[Array, Array, Array]


@dataclass(frozen=True)
class FullJacobian:
    """One Jacobian, and how to see it without building it.

    Args:
        name: "da1/dW1".
        station: of a1.
        shape, block_shape: rows and columns of all of it, and of one of its blocks.
        window: the numbers in these rows and columns.
        entries: all that is not 0 by its place.
        row_of: the only row in which a column is not 0; None if any may be.
        by_weights: the core's description of it if it is a da/dW.
    """

    name: str
    station: Station
    shape: tuple[int, int]
    block_shape: tuple[int, int]
    explained: Explained
    window: Callable[[range, range], Array]
    entries: Callable[[], Entries]
    row_of: Callable[[int], int] | None
    by_weights: KroneckerJacobian | None = None

    @property
    def blocks(self) -> int:
        """How many blocks stand side by side."""
        return self.shape[1] // self.block_shape[1]


def sums(chosen: ChosenStep) -> list[Station]:
    """The stations a1, a2, and so on: what the Dense layers compute."""
    return [one for one in chosen.stations if one.kind == "sum" and one.direction == "forward"]


def activations(chosen: ChosenStep) -> list[Station]:
    """The stations f1, f2, and so on of the activations that read a Dense layer's sum."""
    read = {one.name for one in sums(chosen)}
    return [
        one
        for one in chosen.stations
        if one.kind == "activation" and one.direction == "forward" and one.sources[0] in read
    ]


def names_of(chosen: ChosenStep) -> list[str]:
    """The names of all these Jacobians, the first layer's first: "da1/dW1", "da1/db1", ..."""
    activated = {one.number for one in activations(chosen)}
    names = []
    for one in sums(chosen):
        n = one.number
        names += [f"da{n}/dW{n}", f"da{n}/db{n}", f"da{n}/d{one.sources[0]}"]
        names += [f"df{n}/da{n}"] if n in activated else []
    return names


def full_jacobian(chosen: ChosenStep, name: str, order: Order) -> FullJacobian:
    """The Jacobian of that name, one of `names_of`, with W stacked in that order."""
    upper, lower = (part.removeprefix("d") for part in name.split("/"))
    station = chosen.station(upper)
    if station.kind == "activation":
        slopes = slopes_of(chosen.values, station)
        return _diagonal(name, station, slopes, words.by_sum(station))
    if lower.startswith("W"):
        return _by_weights(name, station, kronecker(chosen.values, station, order))
    if lower.startswith("b"):
        ones = np.ones(station.shape[0])
        return _diagonal(name, station, ones, words.by_bias(station))
    return _by_input(name, station, weights_of(chosen.values, station))


def kronecker(step: Backpropagation, station: Station, order: Order) -> KroneckerJacobian:
    """da/dW of the sum at a station, described and not built."""
    assert station.layer is not None
    return KroneckerJacobian(step.input_of(station.layer), station.shape[0], order)


def slopes_of(step: Backpropagation, station: Station) -> Array:
    """f'(a) of the activation at a station, (n,)."""
    assert station.layer is not None
    return activation_slopes(step.model.layers[station.layer], step.input_of(station.layer))


def weights_of(step: Backpropagation, station: Station) -> Array:
    """W of the sum at a station, (units, inputs)."""
    assert station.layer is not None
    layer = step.model.layers[station.layer]
    assert isinstance(layer, Dense)
    return layer.W


def weights_at(jacobian: KroneckerJacobian, columns: Array) -> tuple[Array, Array]:
    """Rows and columns in W of the weights that columns belong to; undoes `column_of`."""
    if jacobian.order == "columns":
        j, i = np.divmod(columns, jacobian.units)
    else:
        i, j = np.divmod(columns, len(jacobian.x))
    return i, j


def _by_weights(name: str, station: Station, jacobian: KroneckerJacobian) -> FullJacobian:
    def entries() -> Entries:
        columns = np.arange(jacobian.shape[1])
        i, j = weights_at(jacobian, columns)
        return i, columns, jacobian.x[j, 0]

    return FullJacobian(
        name,
        station,
        jacobian.shape,
        jacobian.block_shape,
        words.by_weights(station, len(jacobian.x), jacobian.order),
        jacobian.window,
        entries,
        lambda column: int(weights_at(jacobian, np.array(column))[0]),
        jacobian,
    )


def _diagonal(name: str, station: Station, values: Array, explained: Explained) -> FullJacobian:
    numbers = np.arange(len(values))
    shape = len(values), len(values)

    def window(rows: range, columns: range) -> Array:
        here = numbers[rows.start : rows.stop, None] == numbers[columns.start : columns.stop]
        return np.where(here, values[columns.start : columns.stop], 0.0)

    def entries() -> Entries:
        return numbers, numbers, values

    return FullJacobian(name, station, shape, shape, explained, window, entries, lambda at: at)


def _by_input(name: str, station: Station, W: Array) -> FullJacobian:
    matrix = dense_by_input(W)
    shape = matrix.shape[0], matrix.shape[1]

    def window(rows: range, columns: range) -> Array:
        return matrix[rows.start : rows.stop, columns.start : columns.stop]

    def entries() -> Entries:
        rows, columns = np.indices(shape)
        return rows.ravel(), columns.ravel(), matrix.ravel()

    explained = words.by_input(station)
    return FullJacobian(name, station, shape, shape, explained, window, entries, None)
