"""A Jacobian as a picture: all of it as a strip, and a window of it in large."""

from functools import partial

import numpy as np
import streamlit as st

from ui.backprop.jacobians.full import FullJacobian
from ui.backprop.jacobians.overview import overview
from ui.backprop.jacobians.words import in_plain_letters
from ui.backprop.link import PREFIX, choose, said
from ui.components.matrix import Cell, MatrixLook, matrix

WINDOW = 64  # rows and columns of the window, at most
CELL = 30  # CSS pixels of a number, at most
HEIGHT = 520


def seen(jacobian: FullJacobian, followed: Cell | None, of: str) -> Cell | None:
    """All of it as a strip and the window in large; the chosen entry, counted in the whole.

    `of` names the Jacobian and its order: each has a window of its own.
    """
    key = PREFIX + of
    before = st.session_state.get(f"{key}followed")
    newly = followed if before != followed else None
    st.session_state[f"{key}followed"] = followed
    if newly is not None and before is not None:  # the first one is the window's default
        _move(jacobian, of, newly[1])
    rows, columns = _window(jacobian, of, followed)
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
        jacobian.window(rows, columns), key=key.strip(), chosen=newly, look=look, description=words
    )


def _window(jacobian: FullJacobian, of: str, followed: Cell | None) -> tuple[range, range]:
    """The choice of the window: at first around the followed weight, or the largest number."""
    strip = st.container()
    if jacobian.shape[1] <= WINDOW:
        columns = range(jacobian.shape[1])
    else:
        columns = _columns(jacobian, of, followed)
        with strip:
            st.html(overview(jacobian, columns, followed and followed[1]))
            total = f"{jacobian.shape[0]:,} x {jacobian.shape[1]:,}"
            tip = " ▾: the followed weight's column." if followed else ""
            st.caption(f"All {total} numbers, squeezed. Frame: the window below.{tip}")
        if followed is not None and followed[1] not in columns:
            st.button(
                "To the followed weight",
                key=f"{PREFIX}{of}back",
                on_click=partial(_move, jacobian, of, followed[1]),
            )
    return _rows(jacobian, of, columns), columns


def _around(jacobian: FullJacobian, column: int) -> tuple[int, int]:
    """The block of a column, and where a window begins that has it in the middle if it can."""
    block, inside = divmod(column, jacobian.block_shape[1])
    return block, max(0, min(inside - WINDOW // 2, jacobian.block_shape[1] - WINDOW))


def _move(jacobian: FullJacobian, of: str, column: int) -> None:
    """Let the window show a column."""
    for name, place in zip(("block", "from"), _around(jacobian, column), strict=True):
        choose(name, place, of=of)


def _columns(jacobian: FullJacobian, of: str, followed: Cell | None) -> range:
    """The window's columns by two sliders at most: which block, and from which column of it."""
    width = jacobian.block_shape[1]
    if followed is not None:
        column = followed[1]
    else:
        _, places, values = jacobian.entries()
        column = int(places[np.abs(values).argmax()])
    block, start = _around(jacobian, column)
    first = 0
    if jacobian.blocks > 1:
        words = f"Block, 0 to {jacobian.blocks - 1:,}"
        first = width * _slider(words, "block", block, jacobian.blocks - 1, of)
    if width > WINDOW:
        words = "From this column of the block" if jacobian.blocks > 1 else "From column"
        first += _slider(words, "from", start, width - WINDOW, of)
    first = min(first, jacobian.shape[1] - WINDOW)
    return range(first, first + WINDOW)


def _slider(words: str, name: str, default: int, most: int, of: str) -> int:
    """A whole number from 0."""
    said(name, default, range(most + 1), of=of)
    return st.slider(words, 0, most, key=f"{PREFIX}{of}{name}", persist_state="session")


def _rows(jacobian: FullJacobian, of: str, columns: range) -> range:
    """The window's rows: those in which its columns are not 0, or chosen where all of it may be."""
    most = jacobian.shape[0] - WINDOW
    if most <= 0:
        return range(jacobian.shape[0])
    if jacobian.row_of is None:
        first = _slider("From row", "from_row", 0, most, of)
    else:
        middle = (jacobian.row_of(columns[0]) + jacobian.row_of(columns[-1]) + 1) // 2
        first = max(0, min(middle - WINDOW // 2, most))
    return range(first, first + WINDOW)
