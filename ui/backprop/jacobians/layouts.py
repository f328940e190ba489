"""Gradients as rows, as many texts write them, beside gradients as columns, as in the code."""

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.jacobians import activation_by_input
from mnist_core.inspection.stations import Station
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import symbol
from ui.backprop.jacobians.diagonal import hidden_activation
from ui.backprop.jacobians.full import slopes_of, sums, weights_of
from ui.backprop.jacobians.words import with_shape
from ui.backprop.link import PREFIX
from ui.backprop.numbers import number, strongest
from ui.components.matrix import MatrixLook, matrix


def rows_and_columns(chosen: ChosenStep) -> None:
    """dL/da of a hidden layer as a row and as a column, and the steps between the two."""
    if (station := hidden_activation(chosen)) is None:
        return
    above = next(one for one in sums(chosen) if one.number == station.number + 1)
    row, column = as_row(chosen, station, above), as_column(chosen, station, above)
    left, right = st.columns(2, gap="large")
    n = station.number
    with left:
        st.header("From the row to the column", anchor=False)
        for words, tex in _steps(station, above):
            st.write(words)
            st.latex(tex)
    with right:
        st.header("The same numbers", anchor=False)
        own = chosen.station(f"dL/da{n}").value
        look = MatrixLook(quantity="gradient", height=360)
        st.caption(
            f"A row, 1 x {len(column):,}: the product with row vectors, as many texts write it, "
            "diagonal matrix and all."
        )
        matrix(row, key=f"{PREFIX}jacobian_row {n}", look=look, description="the gradient as a row")
        st.caption(f"A column, {len(column):,} x 1: as at the stations, and in the code.")
        words = "the gradient as a column"
        matrix(column, key=f"{PREFIX}jacobian_column {n}", look=look, description=words)
        apart, from_own = np.abs(row.T - column).max(), np.abs(column - own).max()
        st.write(
            f"Largest difference between the two: **{number(apart)}**; between the column and "
            f"what the network computed: **{number(from_own)}**. Of all numbers the largest in "
            f"size is {number(strongest(own))}."
        )
        with st.expander("All their numbers"):
            st.dataframe({"as a row": row[0], "as a column": column[:, 0]}, height=240)


def as_row(chosen: ChosenStep, station: Station, above: Station) -> Array:
    """dL/da (1, n) = dL/d(a above) (1, m) W (m, n) diag(f') (n, n), from left to right."""
    assert station.layer is not None
    step = chosen.values
    diagonal = activation_by_input(step.model.layers[station.layer], step.input_of(station.layer))
    return chosen.station(f"dL/d{above.name}").value.T @ weights_of(step, above) @ diagonal


def as_column(chosen: ChosenStep, station: Station, above: Station) -> Array:
    """dL/da (n, 1) = (W^T (n, m) dL/d(a above) (m, 1)) times f' (n, 1), number by number."""
    back = weights_of(chosen.values, above).T @ chosen.station(f"dL/d{above.name}").value
    return back * slopes_of(chosen.values, station)[:, None]


def _steps(station: Station, above: Station) -> list[tuple[str, str]]:
    """Each step in words and in TeX, with the shapes."""
    n, m = station.shape[0], above.shape[0]
    here, there = symbol(f"dL/d{station.sources[0]}"), symbol(f"dL/d{above.name}")
    W, slope = f"W_{{{above.number}}}", f"f'({symbol(station.sources[0])})"
    diagonal = rf"\mathrm{{diag}}({slope})"
    t = r"^{\mathsf T}"
    return [
        (
            "A gradient as a row, as a Jacobian of one number is; factors follow to the right.",
            f"{with_shape(here, 1, n)} = {with_shape(there, 1, m)}\\;{with_shape(W, m, n)}\\;"
            f"{with_shape(diagonal, n, n)}",
        ),
        (
            "Transposed, a product turns round: (A B C)ᵀ = Cᵀ Bᵀ Aᵀ.",
            f"{with_shape(here + t, n, 1)} = {with_shape(diagonal + t, n, n)}\\;"
            f"{with_shape(W + t, n, m)}\\;{with_shape(there + t, m, 1)}",
        ),
        (
            "A diagonal matrix is its own transpose, and a product with it is one number by "
            "number. With gradients written as columns this is the line in the code.",
            f"{with_shape(here, n, 1)} = {with_shape(slope, n, 1)} \\odot \\Big("
            f"{with_shape(W + t, n, m)}\\;{with_shape(there, m, 1)}\\Big)",
        ),
    ]
