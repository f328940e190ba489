"""How accuracy falls the more images are distorted: one small chart for each kind of distortion.

Under each chart stands an example at every strength; the one that is pointed at, touched or has the
keyboard's focus is shown large, with what each network makes of it. All of that happens in the
browser: the examples travel there once, the accuracies whenever there are new ones.
"""

from collections.abc import Sequence

import streamlit as st

from ui.components.files import component_of
from ui.components.robustness_chart.message import (
    STRENGTHS,
    Chosen,
    Kind,
    Line,
    Says,
    accuracies_message,
    checked,
    chosen_after,
    fixed_message,
)
from ui.components.said import said

__all__ = ["STRENGTHS", "Chosen", "Kind", "Line", "Says", "robustness_chart"]

_mount = component_of(
    "digit_lab_robustness",
    __file__,
    scripts=(
        "../painting.js",
        "../pieces.js",
        "words.js",
        "drawing.js",
        "panel.js",
        "chart.js",
        "component.js",
    ),
    styles=("component.css", "panel.css"),
)


def robustness_chart(
    kinds: Sequence[Kind],
    lines: Sequence[Line],
    n: int,
    *,
    key: str,
    description: str,
    first: Chosen | None = None,
) -> Chosen | None:
    """Show one chart for each kind, all with accuracy from 0 to 100 %, and a line for each network.

    Called again with the same `key` and more accuracies it adds them; nothing else moves.

    Args:
        kinds: the charts, in reading order.
        lines: the networks, the same in every chart. The area between the first two is shaded in
            the colour of the one that is ahead.
        n: how many images each accuracy was measured on.
        description: what the charts are, for those who do not see them.
        first: what is kept in sight until the reader chooses.

    Returns (name of a kind, number of a strength from 0 to 8) that the reader keeps in sight by a
    click or Enter; None without one. Raises ValueError for kinds and lines that are not as `Kind`
    and `Line` say, that do not fit each other, or have a name twice.
    """
    accuracies = checked(kinds, lines, n)
    slot = f"{key}-chosen"
    chosen = chosen_after(said(key, "chosen"), st.session_state.get(slot, first), kinds)
    fixed, stamp = fixed_message(kinds, lines, n, key=key, description=description)
    with st.container(gap=None):
        # Streamlit does not send a large message again that the browser has already.
        _mount(key=f"{key}-fixed", data=fixed)
        _mount(
            key=key,
            data=accuracies_message(accuracies, key=key, stamp=stamp, chosen=chosen),
            default={"chosen": None},
            on_chosen_change=lambda: None,
        )
    # Only now, when no newer message of the browser's can end this run of the page any more.
    st.session_state[slot] = chosen
    return chosen
