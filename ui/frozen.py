"""The run's weights that a page holds on to while it is read, though the run goes on."""

import streamlit as st

from mnist_core.runs.snapshots import Snapshot
from ui.choices import Choices
from ui.session import ShownRun, session


def frozen_snapshot(run: ShownRun, choices: Choices) -> Snapshot | None:
    """The weights when the run was chosen, or at the link's step; None before there are any.

    The address says their step: a run that goes on has others by the time that it is opened. A
    button takes the newest ones.
    """
    kept, newest = session().kept, run.snapshot
    name, of = f"{choices.prefix}snapshot", f"{run.id} "
    if name not in kept and newest is not None:
        steps = range(run.config.steps_per_epoch * run.config.epochs + 1)
        wanted = choices.said("step", newest.step, steps, of=of)
        # A snapshot that a link leads to may have been thinned out since.
        nearest = min((*run.snapshots, newest), key=lambda one: abs(one.step - wanted))
        kept[name], kept[_wanted(choices)] = nearest.in_memory(), wanted
    frozen: Snapshot | None = kept.get(name)
    if frozen is None or newest is None:
        return frozen
    choices.say("step", frozen.step)
    if newest.step != frozen.step:
        st.button(
            "Take its newest weights",
            key=choices.key("newest"),
            on_click=_take_newest,
            args=(name, choices.key(f"{of}step")),
        )
    return frozen


def nearest_in_words(frozen: Snapshot | None, choices: Choices) -> None:
    """Say that the step that was asked for is no longer there, if it is not."""
    wanted = session().kept.get(_wanted(choices))
    if frozen is not None and wanted is not None and frozen.step != wanted:
        st.caption(
            f"Step {wanted:,} of your run is not kept: the nearest that is kept is step "
            f"{frozen.step:,}."
        )


def _wanted(choices: Choices) -> str:
    return f"{choices.prefix}wanted_step"


def _take_newest(name: str, choice: str) -> None:
    session().kept.pop(name, None)
    st.session_state.pop(choice, None)
