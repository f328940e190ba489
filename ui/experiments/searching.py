"""A search over settings, with several seeds."""

import streamlit as st


def searching() -> None:
    """A search over settings, with several seeds."""
    st.write("")
