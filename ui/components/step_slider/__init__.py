"""A slider over the steps of a run, for the time machine.

Streamlit's own slider waits for a fifth of a second before it says that it was moved; this one says
so while it moves, so that pictures, curves and answers follow the hand.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component


def step_slider(
    label: str, step: int, last: int, *, key: str, on_move: Callable[[int], None]
) -> None:
    """A slider from 0 to `last` that stands at `step`; on_move gets the step it is moved to."""

    def moved() -> None:
        to = st.session_state[key].get("step")
        if isinstance(to, int | float):
            on_move(min(max(int(to), 0), last))

    _mount(
        key=key,
        data={"label": label, "step": step, "last": last},
        default={"step": step},
        on_step_change=moved,
    )


_folder = Path(__file__).parent
_mount = component(
    "digit_lab_step_slider",
    html=(_folder / "component.html").read_text(encoding="utf-8"),
    css=(_folder / "component.css").read_text(encoding="utf-8"),
    js=(_folder / "component.js").read_text(encoding="utf-8"),
)
