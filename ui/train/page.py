"""Train: press Start and watch a network learn.
The run lives in a process of its own; this page looks at it twice a second and never waits.
"""

import streamlit as st

from mnist_core.training.config import TrainConfig
from ui.choices import TRAIN
from ui.chosen_step import at_step_of_link, say_step
from ui.components.focus import keyboard_goes_on
from ui.live import live
from ui.session import ShownRun, mnist, shown_run
from ui.settings import settings_panel
from ui.train.controls import applies_now, buttons, progress
from ui.train.curves import charts_are_due, count_look, curves
from ui.train.diagnosis import diagnosis
from ui.train.network import network_of_run

LOOK_EVERY = 0.5  # seconds
FIRST_LOOK_EVERY = 0.15  # until there is something to see
CHARTS_AFTER = 0.7  # before there is a run
REST_EVERY = 3.0  # when nothing is expected any more
# Where the keyboard goes on after a button that goes: to what there is to do, else to what is said.
AFTER = {
    "stop": "pause",
    "pause": "progress",
    "batch": "progress",
    "epoch": "progress",
    "remedy": "progress",
    "own_drawing": "another",
    "back_to_recipe": "groups",
}


def page() -> None:
    """What is to be done in one row, then the network, and the curves beside it."""
    TRAIN.begin()
    heading, choice = st.columns([7, 5], vertical_alignment="center")
    with heading:
        st.title("Watch a neural network learn to read digits", anchor=False)
    with choice:
        config = _next_run()

    def shown(run: ShownRun | None) -> None:
        _run(config, run)

    first = at_step_of_link(shown_run(), TRAIN)
    live(TRAIN.followed(shown, tells=True), first, shown_run, pace=_pace)
    keyboard_goes_on(AFTER)


def _next_run() -> TrainConfig | None:
    """The settings of the next run; None, and why, where they make none."""
    chosen = settings_panel(mnist().train.images[0])
    if chosen.problem:
        st.error(chosen.problem)
    return chosen.config


def _pace(run: ShownRun | None) -> float | None:
    """A run that has ended may be let go on from another tab, but that is worth no haste."""
    if run is None:
        return None if charts_are_due() else CHARTS_AFTER
    if run.view.ended:
        return REST_EVERY
    return LOOK_EVERY if run.view.step else FIRST_LOOK_EVERY


def _run(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Everything that changes while a run goes on."""
    count_look()
    say_step(run, TRAIN)
    buttons(config, run)
    with st.container(key="progress"):
        progress(config, run.view if run else None)
    network, measured = st.columns([7, 4], gap="medium")
    with network:
        network_of_run(run)
        diagnosis(run)  # below: a picture must not move when something goes wrong
    with measured:
        curves(config, run)
        if run is not None:
            applies_now(run)
