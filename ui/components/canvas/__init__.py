"""A drawing canvas: strokes come from the browser as numbers and leave as a picture of ink.
journal.py is what browser and server say to each other; the core's pen makes the picture.
"""

from base64 import b64encode
from dataclasses import replace

import streamlit as st

from ui.components.canvas.journal import (
    JOURNAL_LIMIT,
    MOST_MARKS,
    CanvasState,
    Drawing,
    Journal,
    Stroke,
    journal_text,
    rasterise,
)
from ui.components.files import component_of
from ui.components.said import said

__all__ = [
    "JOURNAL_LIMIT",
    "CanvasState",
    "Drawing",
    "Journal",
    "Stroke",
    "draw_canvas",
    "journal_text",
    "rasterise",
    "receipt",
]

_mount = component_of(
    "digit_lab_canvas",
    __file__,
    scripts=("journal.js", "paper.js", "messages.js", "strokes.js", "pointers.js", "keyboard.js"),
    styles=("component.css", "../spoken.css"),
)


def draw_canvas(drawing: Drawing, *, key: str) -> Drawing:
    """Shows the canvas and returns what is on it now.

    The usual call is `session.drawing = draw_canvas(session.drawing, key="canvas")`. A drawing that
    neither came from this canvas nor was passed the last time is put on it in place of what was
    there: a new `Drawing()` empties it, and `Drawing(background=digit)` shows a picture to draw on.
    The drawing survives reruns, page switches (under the same key) and a reload of the browser.
    The page must show `receipt(key)` after it, as a part of some HTML.
    """
    # The message is read before the canvas is shown.
    message = said(key, "ink")
    state = _state(key).after_passing(drawing).after_message(message)
    # Streamlit sends a canvas whose data have changed as a whole, 30 kB; one that is as before, as
    # a reference. So a browser that has written in this journal itself is not told its words again.
    if state.told.origin != state.journal.origin or not state.has_heard(message):
        state = replace(state, told=state.journal)
    st.session_state[_slot(key)] = state
    told = state.told
    background = None if told.background is None else b64encode(told.background.tobytes())
    _mount(
        key=key,
        data={
            "key": key,
            "origin": told.origin,
            "text": told.text,
            "background": background and background.decode(),
            "limit": JOURNAL_LIMIT,
            "marks": MOST_MARKS,
        },
        on_ink_change=lambda: None,
    )
    return state.drawing


def receipt(key: str) -> str:
    """HTML that nobody sees: it tells the canvas how much of its journal has arrived.

    It travels with what the page says of the drawing, since an element of its own would cost more.
    """
    journal = _state(key).journal
    return (
        f'<i hidden data-canvas="{key}" data-origin="{journal.origin}" '
        f'data-length="{len(journal.text)}"></i>'
    )


def _slot(key: str) -> str:
    """Not the widget's own key: Streamlit forgets that when the page is left."""
    return f"{key}.state"


def _state(key: str) -> CanvasState:
    return st.session_state.get(_slot(key)) or CanvasState()
