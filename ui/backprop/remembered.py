"""What took long to work out is kept in the visitor's session: of each kind the last result."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

from ui.backprop.chosen import ChosenStep
from ui.backprop.link import PREFIX

T = TypeVar("T")


def remembered(
    chosen: ChosenStep, what: str, settings: Hashable, work: Callable[[], T], *, words: str
) -> T:
    """The result of `work` for this step and these settings; `words` say what is waited for."""
    kept = st.session_state.setdefault(PREFIX + "results", {})
    # The image itself too: each drawing is "your drawing".
    asked = (chosen.key, settings)
    if what not in kept or kept[what][0] != asked:
        with st.spinner(words):
            kept[what] = asked, work()
    return kept[what][1]
