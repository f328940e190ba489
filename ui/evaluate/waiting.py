"""How far long work is, how long it still takes, and a button that stops it or lets it go on."""

from collections.abc import Sequence

import streamlit as st

from ui.choices import EVALUATE
from ui.components.visitor import visitor
from ui.jobs import Job
from ui.words import duration, spelled

LOOK_EVERY = 0.5  # seconds


def is_stopped(key: str) -> bool:
    """Whether this visitor has stopped the work of that name."""
    return bool(st.session_state.get(EVALUATE.key(f"stopped_{key}")))


def pace(jobs: Sequence[Job], key: str) -> float | None:
    """Seconds until there may be news; None if none are to be expected."""
    return None if is_stopped(key) or all(job.ended for job in jobs) else LOOK_EVERY


def progress_of(jobs: Sequence[Job], key: str, *, words: str, done: str) -> None:
    """A line that keeps its place: a bar with the time left, and a button; `done` at the end."""
    finished, total = sum(len(job.results) for job in jobs), sum(job.total for job in jobs)
    with st.container(horizontal=True, vertical_alignment="center", key=f"progress_{key}"):
        if problem := next((job.problem for job in jobs if job.problem), ""):
            st.error(f"This could not be worked out: {spelled(problem)}.")
        elif finished == total:
            st.caption(done)
        else:
            left = [job.seconds_left for job in jobs if not job.ended]
            known = [seconds for seconds in left if seconds is not None]
            time = f", about {duration(sum(known))} left" if known else ""
            stopped = is_stopped(key)
            state = f"{words}: stopped" if stopped else f"{words}: {finished} of {total}{time}"
            st.progress(finished / total, state)
            st.button(
                "Go on" if stopped else "Stop",
                icon=":material/play_arrow:" if stopped else ":material/stop:",
                key=EVALUATE.key(f"stop_{key}"),
                on_click=_stop_or_go_on,
                args=(jobs, key, not stopped),
            )


def _stop_or_go_on(jobs: Sequence[Job], key: str, stop: bool) -> None:
    st.session_state[EVALUATE.key(f"stopped_{key}")] = stop
    for job in jobs:
        (job.leave if stop else job.want)(visitor())
