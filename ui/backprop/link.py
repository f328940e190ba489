"""What the page's address says: digit, network, station, weight; a visitor's choices by name."""

from collections.abc import Container
from typing import TypeVar, cast

import streamlit as st

PREFIX = "backprop_"  # of the keys of this page's choices in the session
NAMES = (
    "network", "seed", "digit", "image", "label", "station", "layer", "row", "column", "look"
)  # fmt: skip
T = TypeVar("T", bound=int | str)


def said(name: str, default: T, possible: Container[object]) -> T:
    """A choice of this visitor: the session's, else the link's, else the default.

    It stands in the session then, under the key that the choice's widget has. What a link says and
    cannot be is passed over.
    """
    key = PREFIX + name
    if key not in st.session_state:
        try:
            linked = type(default)(st.query_params.get(name, default))
        except ValueError:
            linked = default
        st.session_state[key] = linked
    if st.session_state[key] not in possible:
        st.session_state[key] = default
    return cast(T, st.session_state[key])


def choose(name: str, value: int | str) -> None:
    """Make a choice that has no widget of its own."""
    st.session_state[PREFIX + name] = value


def write_address() -> None:
    """Let the address say the choices, beside the run that may stand there."""
    for name in NAMES:
        value = st.session_state.get(PREFIX + name)
        if value is None or value == "":
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(value):
            st.query_params[name] = str(value)
