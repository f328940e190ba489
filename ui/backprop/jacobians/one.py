"""One Jacobian of the step: what it is, and what it looks like in full."""

import numpy as np
import streamlit as st

from mnist_core.inspection.jacobians import Order
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters
from ui.backprop.jacobians.full import (
    FullJacobian,
    full_jacobian,
    kronecker,
    names_of,
    weights_at,
)
from ui.backprop.jacobians.window import seen
from ui.backprop.jacobians.words import in_plain_letters, in_tex
from ui.backprop.link import PREFIX
from ui.backprop.numbers import number
from ui.backprop.picking import pick
from ui.components.matrix import Cell

ORDERS: tuple[Order, ...] = ("columns", "rows")
ORDER_WORDS = {"columns": "column after column", "rows": "row after row"}


def one_jacobian(chosen: ChosenStep) -> None:
    """The choice of a Jacobian; what it is on the left, what it looks like on the right."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick("Jacobian", "jacobian", names_of(chosen), in_plain_letters)
        order = stacking() if "/dW" in name else "columns"
    jacobian = full_jacobian(chosen, name, order)
    weight = _followed_weight(jacobian)
    left, right = st.columns([4, 5], gap="large")
    with left:
        _explained(chosen, jacobian, weight)
    with right:
        followed = None
        if jacobian.by_weights is not None and weight is not None:
            followed = weight[0], jacobian.by_weights.column_of(*weight)
        cell = seen(jacobian, followed, f"jacobian {name} {order} ")
        st.html(f"<p>{_entry(jacobian, cell)}</p>")


def stacking() -> Order:
    """The choice of the order in which W becomes one vector."""
    picked = pick("W is stacked", "jacobian_order", ORDERS, ORDER_WORDS.__getitem__)
    return next(order for order in ORDERS if order == picked)


def _explained(chosen: ChosenStep, jacobian: FullJacobian, weight: Cell | None) -> None:
    """Name, shape, formula, and what one understands with it in full."""
    rows, columns = jacobian.shape
    st.header(f"{in_plain_letters(jacobian.name)}, {rows:,} x {columns:,}", anchor=False)
    st.latex(f"{in_tex(jacobian.name)} = {jacobian.explained.tex}")
    if jacobian.explained.blocks:
        st.latex(jacobian.explained.blocks)
    st.write(jacobian.explained.words)
    st.write(jacobian.explained.why)
    if jacobian.by_weights is not None:
        x = in_letters(jacobian.station.sources[0])
        st.write(
            f"The order moves the columns and changes none of their numbers: {x}ᵀ ⊗ I becomes "
            f"I ⊗ {x}ᵀ. The gradient is then the same numbers in another sequence."
        )
        if weight is not None:
            st.write(_columns_of(chosen, jacobian, *weight))


def _followed_weight(jacobian: FullJacobian) -> Cell | None:
    """Row and column of the weight that the page follows, if it is one of this Jacobian's W."""
    state = st.session_state
    if jacobian.by_weights is None or state.get(PREFIX + "layer") != jacobian.station.number:
        return None
    return int(state[PREFIX + "row"]), int(state[PREFIX + "column"])


def _columns_of(chosen: ChosenStep, jacobian: FullJacobian, i: int, j: int) -> str:
    """Where the followed weight stands in each order."""
    station = jacobian.station
    by_columns, by_rows = (kronecker(chosen.values, station, order) for order in ORDERS)
    return (
        f"The followed weight {in_letters(f'W{station.number}')}[{i}, {j}] has the column "
        f"{j:,} · {by_columns.units:,} + {i:,} = **{by_columns.column_of(i, j):,}** with W stacked "
        f"column after column, and {i:,} · {len(by_rows.x):,} + {j:,} = "
        f"**{by_rows.column_of(i, j):,}** row after row, all counted from 0."
    )


def _entry(jacobian: FullJacobian, cell: Cell | None) -> str:
    """The chosen entry in a sentence."""
    if cell is None:
        return "Choose an entry: what it says stands here."
    i, column = cell
    value = number(float(jacobian.window(range(i, i + 1), range(column, column + 1))[0, 0]))
    upper, lower = (in_letters(part[1:]) for part in jacobian.name.split("/"))
    place, because = str(column), ""
    if jacobian.by_weights is not None:
        row, j = (int(at) for at in weights_at(jacobian.by_weights, np.array(column)))
        place = f"{row}, {j}"
        x = in_letters(jacobian.station.sources[0])
        because = f" = {x}[{j}]" if row == i else f": sum {i} does not use this weight"
    elif jacobian.row_of is None:
        because = f" = {in_letters(f'W{jacobian.station.number}')}[{i}, {column}]"
    elif i != column:
        because = f": {lower}[{column}] has no part in {upper}[{i}]"
    return f"Row {i}, column {column:,}: ∂{upper}[{i}]/∂{lower}[{place}] = <b>{value}</b>{because}."
