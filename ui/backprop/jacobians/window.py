"""A Jacobian as a picture: all of it as a strip, and a window of it in large."""

from functools import partial

import numpy as np
import streamlit as st

from ui.backprop.jacobians.full import FullJacobian
from ui.backprop.jacobians.overview import overview
from ui.backprop.jacobians.words import in_plain_letters
from ui.components.matrix import Cell, MatrixLook, matrix

WINDOW = 64  # rows and columns of the window, at most
CELL = 30  # CSS pixels of a number, at most
HEIGHT = 520


def seen(jacobian: FullJacobian, followed: Cell | None, key: str) -> Cell | None:
    """All of it as a strip and the window in large; the chosen entry, counted in the whole."""
    newly = followed if st.session_state.get(f"{key} followed") != followed else None
    st.session_state[f"{key} followed"] = followed
    rows, columns = _window(jacobian, key, newly, followed)
    whole = len(rows) == jacobian.shape[0] and len(columns) == jacobian.shape[1]
    look = MatrixLook(
        blocks=jacobian.block_shape,
        first_row=rows.start,
        first_column=columns.start,
        cell=CELL,
        height=HEIGHT,
    )
    part = f"rows {rows[0]} to {rows[-1]}, columns {columns[0]:,} to {columns[-1]:,}"
    words = f"{in_plain_letters(jacobian.name)}, {'all of it' if whole else part}"
    return matrix(
        jacobian.window(rows, columns), key=key, chosen=newly, look=look, description=words
    )


def _window(
    jacobian: FullJacobian, key: str, newly: Cell | None, followed: Cell | None
) -> tuple[range, range]:
    """The choice of the window; it moves to a weight that is newly followed."""
    strip = st.container()
    if jacobian.shape[1] <= WINDOW:
        columns = range(jacobian.shape[1])
    else:
        if newly is not None:
            _move(jacobian, key, newly[1])
        columns = _columns(jacobian, key)
        with strip:
            st.html(overview(jacobian, columns, followed and followed[1]))
            total = f"{jacobian.shape[0]:,} x {jacobian.shape[1]:,}"
            tip = " ▾: the followed weight's column." if followed else ""
            st.caption(f"All {total} numbers, squeezed. Frame: the window below.{tip}")
        if followed is not None and followed[1] not in columns:
            st.button(
                "To the followed weight",
                key=f"{key} back",
                on_click=partial(_move, jacobian, key, followed[1]),
            )
    return _rows(jacobian, key, columns), columns


def _move(jacobian: FullJacobian, key: str, column: int) -> None:
    """Let the window show a column, in the middle where there is room."""
    width = jacobian.block_shape[1]
    st.session_state[f"{key} block"] = column // width
    st.session_state[f"{key} from"] = max(0, min(column % width - WINDOW // 2, width - WINDOW))


def _columns(jacobian: FullJacobian, key: str) -> range:
    """The window's columns by two sliders at most: which block, and from which column of it."""
    width = jacobian.block_shape[1]
    if f"{key} block" not in st.session_state:
        _, places, values = jacobian.entries()
        _move(jacobian, key, int(places[np.abs(values).argmax()]))
    first = 0
    if jacobian.blocks > 1:
        words = f"Block, 0 to {jacobian.blocks - 1:,}"
        first = width * _slider(words, jacobian.blocks - 1, f"{key} block")
    if width > WINDOW:
        words = "From this column of the block" if jacobian.blocks > 1 else "From column"
        first += _slider(words, width - WINDOW, f"{key} from")
    first = min(first, jacobian.shape[1] - WINDOW)
    return range(first, first + WINDOW)


def _slider(words: str, most: int, key: str) -> int:
    """A whole number from 0; what was chosen in a larger network is brought within bounds."""
    st.session_state[key] = min(st.session_state.get(key, 0), most)
    return st.slider(words, 0, most, key=key, persist_state="session")


def _rows(jacobian: FullJacobian, key: str, columns: range) -> range:
    """The window's rows: those in which its columns are not 0, or chosen where all of it may be."""
    most = jacobian.shape[0] - WINDOW
    if most <= 0:
        return range(jacobian.shape[0])
    if jacobian.row_of is None:
        first = _slider("From row", most, f"{key} row")
    else:
        middle = (jacobian.row_of(columns[0]) + jacobian.row_of(columns[-1]) + 1) // 2
        first = max(0, min(middle - WINDOW // 2, most))
    return range(first, first + WINDOW)
