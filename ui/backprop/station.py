"""The station that the reader stands at: formula, picture, numbers, and the core's own lines."""

import numpy as np
import streamlit as st

from mnist_core.arrays import SIDE, Array
from mnist_core.inspection.stations import Station
from ui.backprop.chosen import ChosenStep
from ui.backprop.code import code_of
from ui.backprop.followed import followed_weight
from ui.backprop.formulas import formula_of, in_letters
from ui.backprop.link import choose
from ui.backprop.numbers import number
from ui.components.matrix import NOWHERE, Cell, MatrixLook, bars, matrix
from ui.components.tiles import TileLook, weight_tiles

MOST_TILES = 64
DIGITS = [str(digit) for digit in range(10)]


def shape_in_words(station: Station) -> str:
    """The shape of a station's value: "64 x 784", "one number"."""
    return " x ".join(str(length) for length in station.shape) or "one number"


def one_station(chosen: ChosenStep, station: Station) -> None:
    """Everything about one station; a click on a weight's gradient chooses that weight."""
    formula = formula_of(chosen.values, station)
    left, right = st.columns([4, 5], gap="large")
    with left:
        st.header(f"{in_letters(station.name)}, {shape_in_words(station)}", anchor=False)
        st.latex(formula.tex)
        for line in formula.more:
            st.markdown(rf"$\displaystyle {line}$")
        st.write(formula.words)
        if formula.numbers:
            st.markdown(f"For example, in numbers: ${formula.numbers}$.")
        code = code_of(chosen.values, station)
        st.caption(f"The lines that compute it: {code.place}")
        st.code(code.lines, wrap_lines=True)
    with right:
        _picture(chosen, station)
        if station.direction == "forward" and station.kind in ("sum", "convolution"):
            _parameters(chosen, station)
        if station.kind == "loss":  # the one number stands there already
            return
        key = f"backprop_numbers_{station.name}"
        numbers = st.expander("All its numbers", key=key, on_change="rerun")
        if numbers.open:  # up to half a megabyte
            with numbers:
                _table(station)


def _picture(chosen: ChosenStep, station: Station) -> None:
    """The values as pixels, bars, tiles or maps, by their shape."""
    value, words = station.value, f"{in_letters(station.name)} of {chosen.network}"
    key = f"backprop_picture_{station.name}"
    if station.kind == "input":
        look = MatrixLook(quantity="pixel", diverging=False, cell=12)
        matrix(value.reshape(SIDE, SIDE), key=key, look=look, description=words)
    elif station.kind == "loss":
        st.metric("Loss, in nats", number(float(value)), label_visibility="visible")
    elif value.ndim == 2 and value.shape[1] == 1:
        bars(value[:, 0], key=key, description=words, labels=DIGITS if len(value) == 10 else None)
    elif value.ndim == 2 and value.shape[1] == SIDE * SIDE:
        _pictures_of_units(chosen, station, key)
    elif value.ndim == 2:
        _matrix_of_weights(chosen, station, key, words)
    else:
        maps = value.reshape(-1, *value.shape[-2:])[:MOST_TILES]
        noun = "filter" if value.ndim == 4 else "map"
        look = TileLook(size=84, noun=noun, quantity="value", description=words)
        weight_tiles(maps, key=key, look=look)


def _parameters(chosen: ChosenStep, station: Station) -> None:
    """The weights and biases that the station's layer adds, where they are asked for."""
    n, key = station.number, f"backprop_parameters_{station.name}"
    W, b = in_letters(f"W{n}"), in_letters(f"b{n}")
    asked = st.expander(f"Its weights {W} and biases {b}", key=key, on_change="rerun")
    if not asked.open:
        return
    values = chosen.values.model.parameters.named()
    weights, biases = (values[f"{station.layer}.{name}"] for name in ("W", "b"))
    is_dense = weights.ndim == 2
    unit = "unit" if is_dense else "filter"
    with asked:
        if is_dense and weights.shape[1] != SIDE * SIDE:
            look = MatrixLook(rows=unit, columns="input", quantity="weight")
            matrix(weights, key=f"{key}_W", look=look, description=f"the weights {W}")
        else:
            _tiles_of_weights(weights, W, f"{key}_W")
        words = f"{b}, one bias for each {unit}"
        if not biases.any():
            st.caption(f"{words}: all of them are 0 still.")
            return
        st.caption(words)
        low = MatrixLook(rows=unit, quantity="bias", height=90, cell=44)
        bars(biases, key=f"{key}_b", look=low, description=f"the biases {b}")


def _tiles_of_weights(weights: Array, W: str, key: str) -> None:
    """The pictures of units (units, 784), or the kernels of filters (filters, channels, k, k)."""
    noun = "hidden unit" if weights.ndim == 2 else "kernel"
    tiles = weights.reshape(-1, *((SIDE, SIDE) if weights.ndim == 2 else weights.shape[-2:]))
    if len(tiles) > MOST_TILES:
        order = "" if weights.ndim == 2 else f": {weights.shape[1]} of each filter"
        st.caption(f"The first {MOST_TILES} of {len(tiles)} {noun}s{order}.")
    look = TileLook(size=44, noun=noun, description=f"The weights {W}")
    weight_tiles(tiles[:MOST_TILES], key=key, scale="shared", look=look)


def _matrix_of_weights(chosen: ChosenStep, station: Station, key: str, words: str) -> None:
    """The gradient of later weights, the followed one framed: a row for each unit."""
    look = MatrixLook(rows="unit", columns="input", quantity="gradient")
    followed = _followed(chosen, station)
    at = matrix(station.value, key=key, chosen=followed, look=look, description=words)
    _follow(station, at, followed)


def _pictures_of_units(chosen: ChosenStep, station: Station, key: str) -> None:
    """The gradient of the first weights: a picture for each unit, and a chosen unit's in large."""
    tiles = station.value.reshape(-1, SIDE, SIDE)
    strongest = np.argsort(-np.abs(tiles).max(axis=(1, 2)), kind="stable")[:MOST_TILES]
    look = TileLook(size=44, quantity="gradient", description="The gradient of each unit's weights")
    unit = weight_tiles(
        tiles, key=key, order=np.sort(strongest).tolist(), scale="shared", look=look
    )
    if unit is None:
        st.caption("Choose a unit to see its gradient in large, and one weight in it.")
        return
    inside = MatrixLook(rows="row", columns="column", quantity="gradient", cell=12)
    words = f"the gradient of the weights of unit {unit}"
    followed = _followed(chosen, station)
    framed = divmod(followed[1], SIDE) if followed[0] == unit else NOWHERE
    pixel = matrix(tiles[unit], key=f"{key}_unit", chosen=framed, look=inside, description=words)
    if pixel is None:
        if followed != NOWHERE:
            st.caption(f"The followed weight is one of unit {followed[0]}: its frame is there.")
        return
    row, column = pixel
    at = unit, SIDE * row + column
    _follow(station, at, followed)
    st.caption(
        f"Row {row}, column {column} of the picture is the input {row} · {SIDE} + {column} = "
        f"{at[1]}: the weight in row {unit}, column {at[1]} of {in_letters(f'W{station.number}')}."
    )


def _followed(chosen: ChosenStep, station: Station) -> Cell:
    """Row and column of the followed weight, NOWHERE if it is one of another layer."""
    if station.kind != "weights":
        return NOWHERE
    weight = followed_weight(chosen)
    return (weight.row, weight.column) if weight.station is station else NOWHERE


def _follow(station: Station, at: Cell | None, followed: Cell) -> None:
    """A weight that was chosen in a picture just now is the one that is followed."""
    if at is not None and at != followed and station.kind == "weights":
        for name, value in zip(("layer", "row", "column"), (station.number, *at), strict=True):
            choose(name, value)


def _table(station: Station) -> None:
    value = np.atleast_2d(station.value)
    if value.ndim > 2:
        value = value.reshape(len(value), -1)
        st.caption("A row for each map, its places in the order in which one reads.")
    st.dataframe(value, hide_index=False)
