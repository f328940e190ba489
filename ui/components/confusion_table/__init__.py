"""Which digit is taken for which: a table of counts in which one cell can be chosen.

The diagonal is faded, so that errors stand out; the colour of a cell says how many they are. The
browser outlines a chosen cell at once; Python hears of it afterwards.
"""

from typing import Any

import streamlit as st

from mnist_core.arrays import CLASSES, Array
from ui.components.files import component_of
from ui.components.said import marked

__all__ = ["Cell", "confusion_table"]

Cell = tuple[int, int]  # true digit, predicted digit

_mount = component_of("digit_lab_confusion", __file__, scripts=("component.js",))


def confusion_table(
    counts: Array, *, chosen: Cell | None, key: str, shares: bool = False, description: str
) -> Cell | None:
    """Show counts (10, 10) of true and predicted digits; the chosen cell, None without one.

    Args:
        chosen: the cell that the page has chosen. What the reader has chosen since the last call,
            or let go, goes before it.
        shares: whether a cell shows its share of the images of its true digit, in percent.
        description: what the table is of, for those who do not see it.

    Raises ValueError for another shape.
    """
    if counts.shape != (CLASSES, CLASSES):
        raise ValueError(f"counts of 10 digits by 10 are expected, not {counts.shape}")
    cell, at = marked(key, "cell")
    heard = f"{key}_heard"
    # Of a table that was away for a while the session knows nothing: that is no choice.
    if at not in (None, st.session_state.get(heard)):
        chosen = _cell(cell)
    data = {
        "counts": counts.tolist(),
        "texts": [[_text(int(n), int(row.sum()), shares) for n in row] for row in counts],
        "unit": " in % of each digit's images" if shares else "",
        "chosen": chosen,
        "heard": at,
        "description": description,
    }
    _mount(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    # Not before: a run may be broken off where it shows something, and the next must answer then.
    st.session_state[heard] = at
    return chosen


def _cell(said: Any) -> Cell | None:
    """The cell that a browser names, if there is such a one."""
    match said:
        case [int(label), int(prediction)] if 0 <= label < CLASSES and 0 <= prediction < CLASSES:
            return label, prediction
    return None


def _text(count: int, images: int, shares: bool) -> str:
    """What stands in a cell: nothing where nothing is."""
    if not count:
        return ""
    return f"{100 * count / images:.1f}" if shares else f"{count:,}"
