"""The part of the page that lists this visitor's runs."""

import streamlit as st


def runs() -> None:
    """The part of the page that lists this visitor's runs."""
    st.write("")
