"""Labelled digits to step through: one large, with what networks read in it, beside all of them.

The browser has all of it and shows a choice at once; Python hears of it afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from mnist_core.arrays import Array
from ui.components.choice import Cell, Choice
from ui.components.files import component_of
from ui.components.image_browser.message import MOST, Reader, Readings, browser_message
from ui.components.said import said

__all__ = ["MOST", "Reader", "image_browser"]

_mount = component_of(
    "digit_lab_image_browser",
    __file__,
    scripts=(
        "../painting.js",
        "../percent.js",
        "../pieces.js",
        "../choice.js",
        "message.js",
        "thumbnails.js",
        "large.js",
        "component.js",
    ),
    styles=("component.css", "../spoken.css", "grid.css", "circumstances.css"),
)


def image_browser(
    images: Array,
    *,
    titles: Sequence[str],
    labels: Array,
    readers: Sequence[Reader],
    captions: Sequence[str] | None = None,
    chosen: int = 0,
    key: str,
    description: str,
) -> int | None:
    """Show labelled digits uint8 (n, 28, 28), n from 1 to MOST, in their order.

    Called again with the same `key` it goes on showing what the reader has chosen, as long as
    images, titles and labels stay. With others it shows what the page chooses.

    Args:
        titles: n texts that say which image it is: "Test image 1,234".
        labels: what the images are said to be, integers 0 to 9, (n,).
        readers: 1 to 3 networks with what they say of the images.
        captions: n short texts for below the small images. Without them they say what is read in
            them: "4→9" for a 4 that is read as 9, "4" for one that is read as 4.
        chosen: the place (from 0) that the page keeps. What the reader has chosen since the last
            call is shown instead, so that no older choice comes back.
        description: what the images are, for those who do not see them.

    Returns the place that the reader has newly chosen, once; None if nothing was chosen since the
    last call. Raises ValueError for no images or too many, and for what does not fit them.
    """
    readings = Readings(images, titles, labels, readers, captions)
    n = len(readings)
    if not 0 <= chosen < n:
        raise ValueError(f"there is no place {chosen} among {n} images")
    slot = f"{key}-choice"
    before = st.session_state.get(slot, Choice())
    choice = _after(before, said(key, "chosen"), (readings.fingerprint, chosen), n)
    data = browser_message(readings, choice, key=key, description=description)
    _mount(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    # Not before: a run may be broken off where it shows something, and the next must answer then.
    st.session_state[slot] = choice
    is_of_reader = choice.heard > before.heard and choice.orders == before.orders
    return choice.cell[1] if choice.cell and is_of_reader else None


def _after(before: Choice, answer: object, wanted: Cell, n: int) -> Choice:
    """The choice once the browser's answer [set, place, count] and the page's wish are known.

    What was chosen among other images has no place among these: the page's wish counts then.
    """
    choice = before.after(answer, wanted)
    fingerprint, _ = wanted
    is_here = choice.within((1, n), (fingerprint, 0)) is not None
    if is_here and choice.ordered and choice.ordered[0] == fingerprint:
        return choice
    return replace(choice, cell=None).after(None, wanted)
