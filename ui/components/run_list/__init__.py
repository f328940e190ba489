"""Runs in a table, a line each, of which some can be chosen: one component for hundreds of them.

The browser marks a choice at once; Python hears of it afterwards. What is in a line is text for it,
whatever a stranger has written there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from ui.components.files import component_of
from ui.components.said import marked

__all__ = ["MOST_CHOSEN", "RunLine", "run_list"]

MOST_CHOSEN = 8
State = Literal["", "on", "bad"]

_mount = component_of(
    "digit_lab_run_list",
    __file__,
    scripts=("../painting.js", "row.js", "component.js"),
    styles=("component.css", "../spoken.css", "narrow.css"),
)


@dataclass(frozen=True)
class RunLine:
    """What a line says of a run, in words; `curve` has accuracies, 0 to 1, evenly spread.

    `state` marks a run that goes on, or one that went wrong, beside the word for it.
    """

    id: str
    name: str
    settings: str
    status: str
    state: State
    curve: Sequence[float]
    best: str
    age: str
    size: str


def run_list(
    lines: Sequence[RunLine], *, chosen: Sequence[str], key: str, description: str
) -> tuple[str, ...]:
    """Show runs in that order; the ids of those that are chosen, at most MOST_CHOSEN.

    Args:
        lines: the runs, each with an id of its own.
        chosen: the ids that the page has chosen; there may be some that are not listed. What the
            reader has chosen since the last call goes before it.
        description: what is listed, for those who do not see it.
    """
    ids, at = marked(key, "ids")
    heard = f"{key}_heard"
    found = tuple(chosen)
    # Of a list that was away for a while the session knows nothing: that is no choice.
    if at not in (None, st.session_state.get(heard)):
        found = _listed(ids, {line.id for line in lines})
    data = {
        "lines": [_values(line) for line in lines],
        "chosen": found,
        "heard": at,
        "most": MOST_CHOSEN,
        "description": description,
    }
    _mount(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    # Not before: a run may be broken off where it shows something, and the next must answer then.
    st.session_state[heard] = at
    return found


def _values(line: RunLine) -> list[Any]:
    """The line without the names of what is in it, which would take as much again."""
    curve = [round(1000 * accuracy) for accuracy in line.curve]
    return [*(vars(line) | {"curve": curve}).values()]


def _listed(said: Any, ids: set[str]) -> tuple[str, ...]:
    """The runs that a browser names, as far as there are such ones."""
    named = said if isinstance(said, list) else []
    known = dict.fromkeys(id for id in named if isinstance(id, str) and id in ids)
    return tuple(known)[:MOST_CHOSEN]
