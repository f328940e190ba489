"""The snapshots of a run: one slider for all pages, stepping and playing.
What is chosen is a step of the run in session().chosen_step; None stands for the newest.
"""

from bisect import bisect_left
from functools import partial

import streamlit as st

from mnist_core.runs.handle import RunHandle
from ui.choices import WEIGHTS
from ui.components.step_slider import step_slider
from ui.html import changing_text
from ui.session import ShownRun, session

PLAY_EVERY = 0.25  # seconds
SPEEDS = {"1x": 1, "2x": 2, "5x": 5, "10x": 10}  # snapshots at each of those
PLAYING = "time_machine_playing"


def playing(run: ShownRun) -> bool:
    """Whether the snapshots of this run are being played."""
    return st.session_state.get(PLAYING) == run.id


def played_on(run: ShownRun | None) -> ShownRun | None:
    """The run one tick of playing later, if it is being played; at the end it is live again."""
    if run is None or run.snapshot is None or not playing(run):
        return run
    speed = SPEEDS[st.session_state.get("play_speed") or "1x"]
    if not _move(run.handle, run.snapshot.step, speed):
        _go_live()
    return run.at(session().chosen_step)


def time_machine(run: ShownRun) -> None:
    """The slider, which moves all that is shown of the run.

    Nothing is shown before the run has its first snapshot.
    """
    if run.snapshot is None or not run.snapshots:
        return
    if playing(run):
        WEIGHTS.moving(True)
    _buttons(run, run.snapshot.step)
    # The whole length of the run from the start: a slider whose end moves can't be held.
    steps = run.config.steps_per_epoch * run.config.epochs
    step_slider(
        "Step of the run",
        min(run.snapshot.step, steps),
        steps,
        key=f"step_{run.id}",
        on_move=_choose,
    )
    state = "chosen" if run.chosen else "the newest, live"
    words = (
        f"Step **{run.snapshot.step:,}** (epoch {run.epoch:,.2f}), {state}; "
        f"{len(run.snapshots):,} snapshots are kept, most of them from the beginning. "
        "Train and Draw show this step too."
    )
    st.html(changing_text(words, small=True))


def _buttons(run: ShownRun, step: int) -> None:
    """Play, one snapshot back and forth, live, and the speed."""
    plays = playing(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Stop playing" if plays else "Play",
            icon=":material/stop:" if plays else ":material/play_arrow:",
            on_click=partial(_toggle_playing, run.handle),
            disabled=len(run.snapshots) < 2,
            key="play",
        )
        for words, icon, by in (("before", "previous", -1), ("after", "next", 1)):
            st.button(
                f"Snapshot {words}",
                icon=f":material/skip_{icon}:",
                on_click=partial(_step, run.handle, step, by),
                key=f"snapshot_{words}",
            )
        st.button(
            "Live", icon=":material/fast_forward:", on_click=_go_live,
            disabled=not run.chosen and not plays, key="live",
        )  # fmt: skip
        st.segmented_control(
            "Speed", list(SPEEDS), default="1x", required=True, key="play_speed",
            label_visibility="collapsed",
        )  # fmt: skip


def _choose(step: int, rests: bool) -> None:
    session().chosen_step = step
    st.session_state.pop(PLAYING, None)
    WEIGHTS.moving(not rests)


def _step(handle: RunHandle, step: int, by: int) -> None:
    st.session_state.pop(PLAYING, None)
    _move(handle, step, by)


def _go_live() -> None:
    session().chosen_step = None
    st.session_state.pop(PLAYING, None)


def _toggle_playing(handle: RunHandle) -> None:
    if st.session_state.get(PLAYING) == handle.id:
        st.session_state.pop(PLAYING, None)
        return
    st.session_state[PLAYING] = handle.id
    snapshots, chosen = handle.snapshots.all, session().chosen_step
    if chosen is None or chosen >= snapshots[-1].step:
        session().chosen_step = snapshots[0].step


def _move(handle: RunHandle, step: int, by: int) -> bool:
    """Go to the snapshot so many places from a step; False if that is beyond the first or last."""
    steps = [snapshot.step for snapshot in handle.snapshots.all]
    place = bisect_left(steps, step) + by
    session().chosen_step = steps[min(max(place, 0), len(steps) - 1)]
    return 0 <= place < len(steps)
