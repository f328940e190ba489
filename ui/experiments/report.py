"""The report's experiment, run again: its figures grow as its runs are finished."""

import streamlit as st


def report() -> None:
    """The report's experiment, run again: its figures grow as its runs are finished."""
    st.write("")
