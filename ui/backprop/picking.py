"""One choice among a few, which stays while the visitor reads on."""

from collections.abc import Callable, Iterable

import streamlit as st

from ui.backprop.link import PREFIX, said


def pick(label: str, name: str, choices: Iterable[str], words: Callable[[str], str]) -> str:
    """A row of buttons for the choice of that name; the chosen one, at first the first."""
    options = list(choices)
    said(name, options[0], options)
    st.segmented_control(
        label, options, format_func=words, required=True, key=PREFIX + name, persist_state="session"
    )
    return st.session_state[PREFIX + name]
