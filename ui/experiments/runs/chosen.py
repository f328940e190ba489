"""Which runs are chosen: they stand in the address, and a link may name runs of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from mnist_core.runs.listing import RunSummary
from ui.choices import EXPERIMENTS
from ui.components.run_list import MOST_CHOSEN
from ui.experiments.runs import kept
from ui.links import in_code

NAME, REFUSED = "chosen", EXPERIMENTS.key("runs_refused")
NOWHERE = "there is no such run here: it may have been deleted, or be on another server"


@dataclass(frozen=True)
class ChosenRun:
    """A run that is chosen; `is_mine` says that the visitor began it, so that it is listed."""

    run: RunSummary
    is_mine: bool


def chosen_ids() -> list[str]:
    """The ids that are chosen, of a link when the page is opened by one."""
    if (link := EXPERIMENTS.linked(NAME)) is not None:
        choose(_of_link(link))
        st.session_state[REFUSED] = _refused(link)
    said = str(st.session_state.get(EXPERIMENTS.key(NAME)) or "")
    EXPERIMENTS.said(NAME, "", ["", said])  # so that the address says it
    return [id for id in said.split(",") if id]


def choose(ids: Sequence[str]) -> None:
    """Choose these runs, and no others."""
    EXPERIMENTS.choose(NAME, ",".join(ids))
    st.session_state[REFUSED] = []


def refusals() -> list[str]:
    """Why some of the runs in the link are not chosen, until others are."""
    return st.session_state.get(REFUSED, [])


def chosen_of(ids: Sequence[str], mine: Mapping[str, RunSummary]) -> list[ChosenRun]:
    """The chosen runs that are there; one may have been deleted in another tab."""
    found = []
    for id in ids:
        run = mine.get(id) or kept.summary(id)
        if run is not None:
            found.append(ChosenRun(run, id in mine))
    return found


def _named_in(link: str) -> list[str]:
    return list(dict.fromkeys(id.strip().lower() for id in link.split(",") if id.strip()))


def _of_link(link: str) -> list[str]:
    return [id for id in _named_in(link)[:MOST_CHOSEN] if kept.summary(id) is not None]


def _refused(link: str) -> list[str]:
    named = _named_in(link)
    said = [f"{in_code(id)}: {NOWHERE}" for id in named[:MOST_CHOSEN] if kept.summary(id) is None]
    if len(named) > MOST_CHOSEN:
        said.append(f"it names {len(named)} runs (possible: at most {MOST_CHOSEN})")
    return said
