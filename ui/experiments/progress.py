"""How far an experiment is, how long it still takes, and the button that starts or stops it."""

from typing import Any

import streamlit as st

from mnist_core.experiments.experiment import Order, Seen
from ui.choices import EXPERIMENTS
from ui.components.visitor import visitor
from ui.experiments.server import experiments
from ui.words import duration, spelled

PROBLEM = EXPERIMENTS.key("problem")


def progress_of(seen: Seen, *, start: str, done: str, key: str) -> None:
    """A line that keeps its place: the button, beside a bar and words on how far it is.

    `start` is what the button says before, and `done` what is said at the end.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"progress_{key}"):
        if seen.state == "finished":
            st.caption(done)
            return
        _button(seen, start, key)
        if seen.goes_on or seen.share:
            st.progress(seen.share, spelled(in_words(seen)))
        else:
            st.caption(spelled(in_words(seen)))
    if seen.state == "failed":
        st.error(f"This could not be worked out: {spelled(seen.message)}.")
    elif seen.state == "running" and seen.message:
        st.info(spelled(seen.message))
    elif problem := st.session_state.get(PROBLEM):
        st.error(f"It was not started: {spelled(problem)}.")


def _button(seen: Seen, start: str, key: str) -> None:
    how: dict[str, Any] = {"key": EXPERIMENTS.key(f"button_{key}"), "on_click": _do}
    if seen.goes_on:
        words, icon = "Stop", ":material/stop:"
        others = not seen.is_mine
        st.button(words, icon=icon, disabled=others, args=(seen.order, "stop"), **how)
        return
    words = "Go on" if seen.finished else start
    st.button(
        words,
        icon=":material/play_arrow:",
        type="primary",
        disabled=bool(seen.refusal),
        args=(seen.order, "start"),
        **how,
    )


def _do(order: Order, what: str) -> None:
    st.session_state[PROBLEM] = ""
    try:
        getattr(experiments(), what)(order, visitor())
    except (ValueError, OSError) as error:
        st.session_state[PROBLEM] = str(error)


def in_words(seen: Seen) -> str:
    """How far it is, in a line."""
    total, done = len(seen.order.configs), len(seen.finished)
    runs = f"{done} of {total} runs"
    left = f"about {duration(seen.seconds_left)}"
    if seen.state == "waiting":
        others = "another experiment goes" if seen.ahead == 1 else f"{seen.ahead} others go"
        return f"Waiting: {others} first; {left} until it is done"
    if seen.state == "running":
        whose = "" if seen.is_mine else " (another visitor has started it)"
        if done == total:
            return f"{runs}: judging the networks{whose}"
        return f"{runs}, {left} left{whose}"
    if seen.refusal:
        return f"{seen.refusal[0].upper()}{seen.refusal[1:]}"
    why = f" {seen.message}." if seen.message and seen.state == "stopped" else ""
    if done:
        return f"{runs} are finished and kept, {left} to go.{why}"
    return f"{total} runs, {left} on this machine.{why}"
