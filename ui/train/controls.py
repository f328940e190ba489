"""What a run can be told, how far it is, and what went wrong."""

from functools import partial

import streamlit as st

from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from ui.session import ShownRun, command, notice, start_run
from ui.settings import EXPLANATIONS, LEARNING_RATES
from ui.words import duration

LIVE = ("starting", "running", "paused")
STATUS_WORDS = {
    "queued": "Waiting for its turn",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "diverged": "Diverged",
    "failed": "Failed",
}
CAN_GO_ON = ("failed", "stopped", "interrupted")
WENT_WRONG = ("diverged", "failed")


def buttons(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Start, and what can be asked of the run that is there."""
    mine = run is not None and run.is_mine
    with st.container(horizontal=True):
        _start_button(config, run)
        for label, what, icon, possible in _commands(run.view.status if run else None):
            st.button(
                label,
                icon=icon,
                disabled=not mine or not possible,
                key=label,
                # Callbacks carry commands out: they run before anything else, so a rerun that cuts
                # a run of the page short can't lose a click.
                on_click=command if run else None,
                args=(run.handle, what) if run else (),
            )
        if run and mine and run.view.status in CAN_GO_ON:
            icon = ":material/resume:"
            st.button(
                "Go on", icon=icon, key="go_on", on_click=command, args=(run.handle, Resume())
            )
    if run and not mine and not run.view.elsewhere:
        st.caption("You watch this run. **Start a new run** begins one of your own.")
    notice()


def _start_button(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Not by a callback: a start needs the settings of this very run of the page."""
    start = st.button(
        "Start" if run is None else "Start a new run",
        type="secondary" if run and run.view.status in LIVE else "primary",
        icon=":material/play_arrow:",
        disabled=config is None,
        key="start",
    )
    if start and config is not None:
        start_run(config)
        st.rerun()


def _commands(status: str | None) -> list[tuple[str, Command, str, bool]]:
    """What a run can be told: label, command, icon, and whether it is possible now."""
    pause = ("Pause", Pause(), ":material/pause:", status == "running")
    resume = ("Resume", Resume(), ":material/resume:", True)
    return [
        resume if status == "paused" else pause,
        ("One batch", TrainBatch(), ":material/step:", status in LIVE),
        ("One epoch", TrainEpoch(), ":material/skip_next:", status in LIVE),
        ("Stop", Stop(), ":material/stop:", status in (*LIVE, "queued")),
        ("Rewind", Rewind(), ":material/replay:", status not in (None, "queued", "starting")),
    ]


def progress(view: RunView | None) -> None:
    """How far the run is, how long it still takes, how fast it is, or what went wrong."""
    if view is None:
        st.progress(0.0, "Not started: press Start. Quick and good takes a few seconds.")
        return
    words = [STATUS_WORDS[view.status]]
    if view.queue_position is not None:
        words.append(f"place {view.queue_position} in the queue")
    steps = view.config.steps_per_epoch * view.config.epochs
    words.append(f"step {view.step:,} of {steps:,}")
    if view.step:
        words.append(f"{duration(view.seconds)} of training")
    if view.images_per_second and view.status == "running":
        words.append(f"{view.images_per_second:,.0f} images/s")
    if view.seconds_left is not None and view.status == "running":
        words.append(f"about {duration(view.seconds_left)} left")
    st.progress(min(view.step / steps, 1.0), " · ".join(words))
    if view.message:
        (st.error if view.status in WENT_WRONG else st.info)(view.message)


def applies_now(config: TrainConfig | None, run: ShownRun | None) -> None:
    """What the run that goes on can still be told; shown without one, so that nothing moves."""
    shown = run.config if run else config or TrainConfig()
    key = f"rate_{run.id if run else ''}"
    st.select_slider(
        "Learning rate (applies now)",
        sorted({*LEARNING_RATES, shown.learning_rate}),
        shown.learning_rate,
        format_func=lambda rate: f"{rate:g}",
        key=key,
        on_change=partial(_set_rate, run.handle, key) if run else None,
        disabled=run is None or run.view.ended or not run.is_mine,
        help=EXPLANATIONS["learning_rate_now"],
    )


def _set_rate(handle: RunHandle, key: str) -> None:
    command(handle, SetLearningRate(st.session_state[key]))
