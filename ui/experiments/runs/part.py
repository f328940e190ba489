"""The part of the page that lists this visitor's runs: choose one to do something with it, or
several to compare them.
"""

from dataclasses import dataclass
from html import escape

import streamlit as st

from mnist_core.runs.listing import RunSummary
from ui.choices import EXPERIMENTS
from ui.components.run_list import run_list
from ui.experiments.runs import kept
from ui.experiments.runs.above import sort_and_doors, undo
from ui.experiments.runs.chosen import ChosenRun, choose, chosen_ids, chosen_of, refusals
from ui.experiments.runs.lines import in_order, line_of
from ui.experiments.runs.one_run import one_run
from ui.live import live
from ui.pages import go_to

LOOK_EVERY = 2.0  # seconds, while a run goes on
WHAT_RUNS_ARE = (
    "A **run** is one training of a network: its settings, its curves, and its weights on the way. "
    "Each one that you start on the page Train is kept here: for you to name, to compare with "
    "others, to go on with, and to take along. You find them again after a reload, too."
)


@dataclass(frozen=True)
class Found:
    """The visitor's runs as they were when the page asked; `problem` says why there are none."""

    runs: tuple[RunSummary, ...] = ()
    problem: str = ""


def runs() -> None:
    """The list, and beside it what can be done with what is chosen in it."""
    live(_runs, _found(), _found, pace=_pace)


def _found() -> Found:
    try:
        return Found(tuple(kept.listed()))
    except OSError as error:
        return Found(problem=f"Your runs can't be listed now, since {error}.")


def _pace(found: Found) -> float | None:
    """What has ended stays as it is until something is done here."""
    return LOOK_EVERY if any(run.goes_on for run in found.runs) else None


def _runs(found: Found) -> None:
    if found.problem:
        st.error(found.problem)
        return
    left, right = st.columns([7, 5], gap="medium")
    with left:
        chosen = _list(found.runs)
    with right:
        _panel(chosen)
    for why in refusals():
        st.warning(f"Something in the link was not used: {why}.")
    EXPERIMENTS.write_address()


def _list(runs: tuple[RunSummary, ...]) -> list[ChosenRun]:
    """The visitor's runs, or what they will be; those that are chosen."""
    ids = chosen_ids()
    sort = sort_and_doors(with_sort=bool(runs))
    undo()
    if not runs:
        _nothing_yet()
        return chosen_of(ids, {})
    now = kept.now()
    after = run_list(
        [line_of(run, now) for run in in_order(runs, sort)],
        chosen=ids,
        key=EXPERIMENTS.key("runs"),
        description="Your runs",
    )
    if list(after) != ids:
        choose(after)
        chosen_ids()
    return chosen_of(after, {run.id: run for run in runs})


def _nothing_yet() -> None:
    st.info(WHAT_RUNS_ARE)
    if st.button("Train a network", icon=":material/model_training:", key="to_train"):
        go_to("")


def _panel(chosen: list[ChosenRun]) -> None:
    if problem := kept.problem():
        st.html(f'<p class="changing" role="alert">{escape(problem)}</p>')
    if len(chosen) == 1:
        one_run(chosen[0])
    elif not chosen:
        st.caption("Choose a run in the list to look at it, or several to compare them.")
