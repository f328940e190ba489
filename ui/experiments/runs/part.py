"""The part of the page that lists this visitor's runs: choose one to do something with it, or
several to compare them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from mnist_core.runs.listing import RunSummary
from ui.choices import EXPERIMENTS
from ui.components.run_list import run_list
from ui.experiments.runs import kept
from ui.experiments.runs.above import bring_back, sort_and_doors
from ui.experiments.runs.chosen import ChosenRun, choose, chosen_ids, chosen_of, refusals
from ui.experiments.runs.lines import in_order, line_of
from ui.experiments.runs.names import named
from ui.experiments.runs.one_run import one_run
from ui.experiments.runs.several import several
from ui.live import live
from ui.pages import go_to
from ui.session import shown_run
from ui.words import spelled

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
    found = _found()
    _of_somebody_else(found)
    live(_runs, found, _found, pace=_pace)


def _found() -> Found:
    try:
        return Found(tuple(kept.listed()))
    except OSError as error:
        return Found(problem=f"Your runs can't be listed now, since {error}.")


def _pace(found: Found) -> float | None:
    """What has ended stays as it is until something is done here."""
    return LOOK_EVERY if any(run.goes_on for run in found.runs) else None


def _of_somebody_else(found: Found) -> None:
    """What is said of the run that the pages show, where it is none of those in the list."""
    shown = shown_run()
    if found.problem or shown is None or any(run.id == shown.id for run in found.runs):
        return
    run = kept.summary(shown.id)
    if run is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="changing">You watch a run of somebody else: {named(run.name)}.</p>')
        st.button(
            "Look at it here", key=EXPERIMENTS.key("runs_look"), on_click=choose, args=([run.id],)
        )


def _runs(found: Found) -> None:
    if found.problem:
        st.error(spelled(found.problem))
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
    if not runs:
        _nothing_yet()
        return chosen_of(ids, {})
    now = kept.now()
    after = run_list(
        [line_of(run, now) for run in _in_order(runs, sort)],
        chosen=ids,
        key=EXPERIMENTS.key("runs"),
        description="Your runs",
    )
    found = chosen_of(after, {run.id: run for run in runs})
    there = [one.run.id for one in found]
    if list(after) != ids:
        kept.forget_problem()
    if there != ids:  # one may have been deleted
        choose(there)
    return found


def _in_order(runs: Sequence[RunSummary], sort: str) -> list[RunSummary]:
    """The runs as they are sorted; while one goes on, its line stays where it is."""
    slot, by_id = EXPERIMENTS.key("runs_order"), {run.id: run for run in runs}
    before_sort, before = st.session_state.get(slot, ("", []))
    is_same = before_sort == sort and by_id.keys() == set(before)
    if is_same and any(run.goes_on for run in runs):
        return [by_id[id] for id in before]
    ordered = in_order(runs, sort)
    st.session_state[slot] = sort, [run.id for run in ordered]
    return ordered


def _nothing_yet() -> None:
    st.info(WHAT_RUNS_ARE)
    if st.button(
        "Train a network", icon=":material/model_training:", key=EXPERIMENTS.key("to_train")
    ):
        go_to("")


def _panel(chosen: list[ChosenRun]) -> None:
    _undo()
    if problem := kept.problem():
        st.html(f'<p class="changing" role="alert">{escape(problem)}</p>')
    if len(chosen) == 1:
        one_run(chosen[0])
    elif chosen:
        several(chosen)
    else:
        st.caption("Choose a run in the list to look at it, or several to compare them.")


def _undo() -> None:
    """What was deleted last, with the way back."""
    gone = kept.just_deleted()
    if not gone:
        return
    what = named(gone[0][1]) if len(gone) == 1 else f"{len(gone)} runs"
    with st.container(horizontal=True, vertical_alignment="center", key="runs_undo_line"):
        st.html(f'<p class="changing" role="status">Deleted {what}.</p>')
        st.button(
            "Undo",
            icon=":material/undo:",
            key=EXPERIMENTS.key("runs_undo"),
            on_click=bring_back,
            args=([id for id, _ in gone],),
        )
