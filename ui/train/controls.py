"""What a run can be told, how far it is, and what went wrong."""

from dataclasses import dataclass
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
from ui.choices import EXPERIMENTS
from ui.pages import go_to
from ui.run_words import status_in_words, stopping
from ui.session import ShownRun, command, notice, session, start_run
from ui.settings import EXPLANATIONS, LEARNING_RATES
from ui.words import duration, spelled

LIVE = ("starting", "running", "paused")
CAN_GO_ON = ("failed", "stopped", "interrupted")
QUESTION_WIDTH = 240  # pixels: about that of the buttons in whose place it stands
WORTH_ASKING = 5.0  # seconds of training that one does not throw away by a slip


@dataclass(frozen=True)
class Button:
    """One place in the row of buttons: what it says and does there now.

    Its key is the place's own, whatever the label: the keyboard's focus stays where it is.
    """

    place: str
    label: str
    command: Command
    icon: str
    possible: bool


def buttons(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Start, and what can be asked of a run. Before there is one, there is one thing to do."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _start_button(config, run)
        if run is not None:
            _buttons_of(run)
            if not _asks(run):  # the question needs its place in the row
                _all_runs(run)
    if run is not None and not run.is_mine and not run.view.elsewhere:
        st.caption("You watch this run. **Start a new run** begins one of your own.")
    notice()


def _all_runs(run: ShownRun) -> None:
    """A way to this run among all of the visitor's: there from the start, so that nothing moves."""
    if st.button("All your runs", type="tertiary", key="all_runs"):
        EXPERIMENTS.hand_over(look="Your runs", chosen=run.id)
        go_to("experiments")


def _buttons_of(run: ShownRun) -> None:
    """A button for each place; in place of the last ones, the question before a rewind."""
    places = _commands(run.view)
    if _asks(run):
        _button(run, places[0])
        with st.container(width=QUESTION_WIDTH, key="rewind_question"):
            st.caption(_lost_by_rewinding(run.view))
        # In place of "One batch", which has the focus afterwards.
        st.button("Rewind", key="batch", on_click=_rewind, args=(run.handle,))
        st.button("Keep", key="rewind", icon=":material/close:", on_click=_keep)
        return
    for button in places:
        _button(run, button)
    _rewind_button(run)


def _button(run: ShownRun, button: Button) -> None:
    st.button(
        button.label,
        icon=f":material/{button.icon}:",
        disabled=not run.is_mine or not button.possible,
        key=button.place,
        # Callbacks carry commands out: they run before anything else, so a rerun that cuts
        # a run of the page short can't lose a click.
        on_click=command,
        args=(run.handle, button.command),
    )


def _start_button(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Not by a callback: a start needs the settings of this very run of the page."""
    start = st.button(
        "Start" if run is None else "Start a new run",
        type="primary",  # always: another type would be another element, without the focus
        icon=":material/play_arrow:",
        disabled=config is None,
        key="start",
    )
    if start and config is not None:
        start_run(config)
        st.rerun()


def _commands(view: RunView) -> list[Button]:
    """What a run can be told now, a button for each place."""
    status = None if stopping(view) else view.status
    stoppable = status in (*LIVE, "queued")
    return [
        _pause_or_go_on(view),
        Button("batch", "One batch", TrainBatch(), "step", status in LIVE),
        Button("epoch", "One epoch", TrainEpoch(), "skip_next", status in LIVE),
        Button("stop", "Stop", Stop(), "stop", stoppable),
    ]


def _pause_or_go_on(view: RunView) -> Button:
    """Pause, Resume and Go on are one place: never is there more than one of them to do."""
    if view.status == "paused":
        return Button("pause", "Resume", Resume(), "resume", not stopping(view))
    if view.status in CAN_GO_ON and (view.step or view.status != "stopped"):
        return Button("pause", "Go on", Resume(), "resume", True)
    possible = not view.ended and not stopping(view)
    return Button("pause", "Pause", Pause(), "pause", possible)


def _rewind_button(run: ShownRun) -> None:
    """Rewind; where there is something to lose, the row asks first: see `_buttons_of`.

    "Keep" then has this button's place and focus, so that a double click deletes nothing.
    """
    st.button(
        "Rewind",
        icon=":material/replay:",
        disabled=not _can_rewind(run),
        key="rewind",
        on_click=_rewind_or_ask,
        args=(run,),
    )


def _can_rewind(run: ShownRun) -> bool:
    status = run.view.status
    return run.is_mine and not stopping(run.view) and status not in ("queued", "starting")


def _asks(run: ShownRun) -> bool:
    return session().kept.get("rewind asked", False) and _can_rewind(run)


def _rewind_or_ask(run: ShownRun) -> None:
    if run.view.seconds < WORTH_ASKING:
        _rewind(run.handle)
    else:
        session().kept["rewind asked"] = True


def _rewind(handle: RunHandle) -> None:
    command(handle, Rewind())
    _keep()


def _keep() -> None:
    session().kept["rewind asked"] = False


def _lost_by_rewinding(view: RunView) -> str:
    epochs = len(view.results)
    lost = f"{epochs:,} epochs" if epochs > 1 else "an epoch" if epochs else "the epoch in progress"
    return f"Rewind deletes {lost}, {duration(view.seconds)} of training."


def progress(config: TrainConfig | None, view: RunView | None) -> None:
    """How far the run is, how long it still takes, how fast it is, or what went wrong.

    Before there is one: how much there is to do with the settings of the next, if they make one.
    """
    if view is None:
        st.progress(0.0, _not_started(config))
        return
    words = [status_in_words(view)]
    if view.queue_position is not None:
        words.append(f"place {view.queue_position} in the queue")
    steps = view.config.steps_per_epoch * view.config.epochs
    words.append(f"step {view.step:,} of {steps:,}")
    if view.step:
        words.append(f"{duration(view.seconds)} of training")
    if view.seconds_left is not None and view.status == "running":
        words.append(f"{view.images_per_second:,.0f}\N{NO-BREAK SPACE}images/s")
        words.append(f"about {duration(view.seconds_left)} left")
    st.progress(min(view.step / steps, 1.0), " · ".join(words))
    if view.message and view.status != "diverged":  # that has a diagnosis
        (st.error if view.status == "failed" else st.info)(spelled(view.message))


def _not_started(config: TrainConfig | None) -> str:
    """No time: nobody knows how fast this machine is before it has trained."""
    if config is None:
        return "Not started."
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs:,} epochs"
    return f"Not started. Press Start: {epochs} of {config.images_per_epoch:,} images."


def applies_now(run: ShownRun) -> None:
    """What the run that goes on can still be told."""
    rate, key = run.config.learning_rate, f"rate_{run.id}"
    st.select_slider(
        "Learning rate (applies now)",
        sorted({*LEARNING_RATES, rate}),
        rate,
        format_func=lambda rate: f"{rate:g}",
        key=key,
        on_change=partial(_set_rate, run.handle, key),
        disabled=run.view.ended or not run.is_mine,
        help=EXPLANATIONS["learning_rate_now"],
    )


def _set_rate(handle: RunHandle, key: str) -> None:
    command(handle, SetLearningRate(st.session_state[key]))
