"""How people of many countries write the digit that was answered: a row of writers for each way.
Networks can learn from digits like these, besides MNIST's, whose writers were Americans of 1990.
"""

import numpy as np
import streamlit as st

from mnist_core.handwriting.digits import styles_of
from mnist_core.handwriting.sheet import one_style
from ui.html import captioned, in_a_row, picture
from ui.words import a_digit

WRITERS = 5  # in a row
CELL = 48  # pixels for each of them


def how_the_world_writes(digit: int) -> None:
    """Every way to write a digit, the most usual ones first."""
    st.subheader(f"How the world writes {a_digit(digit)}", anchor=False)
    st.html(_ways(digit))
    st.caption(
        "Drawn by the program, with the canvas's own pen: a path for each way, and for each writer "
        "another slant, pressure, pen and haste. The Americans who wrote MNIST's digits in 1990 "
        "hardly used some of these ways, so the shipped networks have learned from such digits too."
    )


@st.cache_data(show_spinner=False)
def _ways(digit: int) -> str:
    """A picture of each style with its name under it, as HTML."""
    known = sorted(styles_of(digit), key=lambda style: -style.weight)
    rows = [
        captioned(
            picture(
                255 - one_style(style, WRITERS, CELL, rng=np.random.default_rng(number)),
                alt=f"{a_digit(digit)}, {style.name}, by {WRITERS} writers",
                width=WRITERS * CELL,
            ),
            style.name,
        )
        for number, style in enumerate(known)
    ]
    return in_a_row(rows)
