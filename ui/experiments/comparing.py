"""Two kinds of training beside each other, fairly."""

import streamlit as st


def comparing() -> None:
    """Two kinds of training beside each other, fairly."""
    st.write("")
