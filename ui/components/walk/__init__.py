"""One training step as a path: values forward in the upper row, their gradients back in the lower.

`walk` shows the stops of the path and answers with the one that the reader has chosen; `thumbnail`
arranges the value of a station as its small picture.
"""

from collections.abc import Sequence

import streamlit as st

from ui.components.files import component_of
from ui.components.said import marked
from ui.components.walk.message import Stop, walk_message
from ui.components.walk.thumbnails import thumbnail

__all__ = ["Stop", "thumbnail", "walk"]

_mount = component_of(
    "digit_lab_walk",
    __file__,
    scripts=("../painting.js", "../pieces.js", "names.js", "stops.js", "lines.js", "walk.js"),
    styles=("component.css", "../spoken.css", "circumstances.css"),
)


def walk(stops: Sequence[Stop], chosen: str, *, key: str) -> str | None:
    """Show the stops in the order of computation, forward and then backward.

    Called again with the same `key` it repaints the pictures that have changed.

    Args:
        chosen: the name of the chosen stop, which the page keeps. What the reader has chosen since
            the last call is shown instead, so that no older choice comes back.

    Returns the name that the reader has newly chosen, once; None if nothing was chosen since the
    last call. Raises ValueError for names or values that make no path.
    """
    name, at = marked(key, "name")
    heard = f"{key}_heard"
    is_new = at != st.session_state.get(heard)
    news = name if is_new and name in [stop.name for stop in stops] else None
    data = walk_message(stops, news or chosen, at)
    _mount(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    # Not before: a run may be broken off where it shows something, and the next must answer then.
    st.session_state[heard] = at
    return news
