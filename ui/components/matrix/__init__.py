"""A matrix of numbers as a picture, and a vector as bars, in which one number can be chosen.

Its colours are those of the tiles. The browser outlines a chosen number and says what it is at
once; Python hears of it afterwards.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from ui.components.choice import NOWHERE, Cell, Choice
from ui.components.files import component_of
from ui.components.matrix.numbers import coded, exact
from ui.components.pieces import pack
from ui.components.said import said
from ui.components.tiles.colours import COLOURS

__all__ = ["BARS", "NOWHERE", "Cell", "MatrixLook", "bars", "matrix"]

_mount = component_of(
    "digit_lab_matrix",
    __file__,
    scripts=(
        "../painting.js",
        "../pieces.js",
        "../choice.js",
        "numbers.js",
        "drawing.js",
        "field.js",
        "choosing.js",
        "component.js",
    ),
    styles=("component.css", "../legend.css"),
)


@dataclass(frozen=True)
class MatrixLook:
    """How a matrix looks, and the words for its rows, its columns and its numbers."""

    rows: str = "row"  # what the index of a row counts: "hidden unit", "pixel", "digit"
    columns: str = "column"
    quantity: str = "value"  # "weight", "gradient"
    diverging: bool = True
    height: int = 320  # CSS pixels at most; the picture scrolls within it
    cell: int = 24  # CSS pixels that a number is wide at most
    blocks: tuple[int, int] | None = None  # rows and columns of a block; blocks are outlined
    first_row: int = 0  # number of the first row that is shown, in a window of a larger matrix
    first_column: int = 0

    def __post_init__(self) -> None:
        if min(self.height, self.cell, *(self.blocks or ())) < 1:
            raise ValueError("height, cell and blocks must be at least 1")
        if min(self.first_row, self.first_column) < 0:
            raise ValueError("the first row and column must be at least 0")


MOST = 2_000  # rows or columns: browsers have no larger canvas for them
PLAIN = MatrixLook()
BARS = MatrixLook(height=140, cell=44)


def matrix(
    values: Array,
    *,
    key: str,
    chosen: Cell | None = None,
    look: MatrixLook = PLAIN,
    description: str,
) -> Cell | None:
    """Show a matrix (rows, columns); the chosen cell (row, column), None without one in sight.

    Cells are counted from `first_row` and `first_column` of the look. NaN and infinity are shown
    as missing, and a number is shown as zero only if it is zero.

    Args:
        chosen: the cell that the page chooses, NOWHERE for none of them. What the reader has chosen
            since the last call goes before it; without it the last choice stays.
        description: what the matrix is, for those who do not see it.

    Raises ValueError for another shape, for more than MOST rows or columns, and for negative values
    where the look is not diverging.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"a matrix needs an array (rows, columns) that is not empty, not {values.shape}"
        )
    return _shown(values, key, chosen, look, {"description": description, "labels": None})


def bars(
    values: Array,
    *,
    key: str,
    chosen: int | None = None,
    labels: Sequence[str] | None = None,
    look: MatrixLook = BARS,
    description: str,
) -> int | None:
    """Show a vector (n,) or (n, 1) as bars around zero; the number of the chosen one, or None.

    As `matrix` does it for one with n rows: the words are `rows` of the look, whose `height` is
    that of the bars. `labels` are n texts that stand below the bars and in the words for them;
    numbers stand there without.
    """
    values = np.asarray(values)
    if values.size == 0 or values.shape not in ((values.size,), (values.size, 1)):
        raise ValueError(f"bars need a vector (n,) or (n, 1) that is not empty, not {values.shape}")
    if labels is not None and len(labels) != values.size:
        raise ValueError(f"{values.size} bars need {values.size} labels, not {len(labels)}")
    numbers = [str(look.first_row + place) for place in range(values.size)]
    words = {"description": description, "labels": list(labels or numbers)}
    beside_each_other = replace(
        look, columns=look.rows, first_column=look.first_row, first_row=0, blocks=None
    )
    cell = None if chosen is None else (0, chosen)
    answer = _shown(values.reshape(1, -1), key, cell, beside_each_other, words)
    return answer and answer[1]


def _shown(
    values: Array, key: str, wanted: Cell | None, look: MatrixLook, words: dict[str, Any]
) -> Cell | None:
    """Show values (rows, columns); the chosen cell if it is one of them."""
    if max(values.shape) > MOST:
        raise ValueError(f"show a window: {max(values.shape)} rows or columns are more than {MOST}")
    slot = f"{key}-choice"
    choice = st.session_state.get(slot, Choice())
    choice = choice.after(said(key, "chosen"), wanted)
    codes, peak = coded(values, diverging=look.diverging)
    header = {
        "key": key,
        "shape": values.shape,
        "peak": peak,
        **words,
        **asdict(look),
        **choice.told(),
    }
    numbers, kind = exact(values)
    data = pack(header | {"kind": kind}, [COLOURS[look.diverging], codes.tobytes(), numbers])
    _mount(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    # Only now, when no newer message of the browser's can end this run of the page any more.
    st.session_state[slot] = choice
    return choice.within(values.shape, (look.first_row, look.first_column))
