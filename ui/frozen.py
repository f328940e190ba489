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
        there = {one.step: one for one in (*run.snapshots, newest)}
        kept[name] = there[choices.said("step", newest.step, there, of=of)].in_memory()
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


def _take_newest(name: str, choice: str) -> None:
    session().kept.pop(name, None)
    st.session_state.pop(choice, None)
