"""The panel "The Jacobians in full": the chain rule's matrices as they stand in a derivation."""

import streamlit as st

from ui.backprop.chosen import ChosenStep
from ui.backprop.jacobians.diagonal import diagonal_as_vector
from ui.backprop.jacobians.layouts import rows_and_columns
from ui.backprop.jacobians.one import one_jacobian
from ui.backprop.jacobians.product import chain_multiplied_out
from ui.backprop.picking import pick

PARTS = {
    "one": ("One Jacobian", one_jacobian),
    "chain": ("The chain multiplied out", chain_multiplied_out),
    "diagonal": ("A diagonal as a vector", diagonal_as_vector),
    "layouts": ("Rows or columns", rows_and_columns),
}


def jacobians(chosen: ChosenStep) -> None:
    """Look at one Jacobian, multiply the chain out, or see what replaces it in code."""
    st.header("The Jacobians in full", anchor=False)
    st.write(
        "Row i, column j of a Jacobian says how much output i grows with input j. The chain rule "
        "multiplies these matrices; training never builds one of them. Here the gradient of the "
        "loss is a row, as the Jacobian of one number is; at the stations it is a column, with "
        "the same numbers (see *Rows or columns*)."
    )
    part = pick("Look at", "jacobian_part", PARTS, lambda key: PARTS[key][0])
    PARTS[part][1](chosen)
    if chosen.values.x.ndim > 2:
        st.caption(
            "These are the Jacobians of the Dense layers. A convolution is a product with a matrix "
            "too, but its weights are shared: the panel on convolution shows it."
        )
