"""What can be done with one run: look at it, name it, go on with it, delete it."""

from datetime import datetime
from functools import partial
from html import escape

import streamlit as st

from mnist_core.runs.commands import Resume, Stop
from mnist_core.runs.listing import RunSummary
from mnist_core.training.config import LIMITS
from mnist_core.training.recipes import in_few_words
from ui.choices import EXPERIMENTS
from ui.experiments.runs import kept
from ui.experiments.runs.chosen import ChosenRun
from ui.experiments.runs.lines import is_named, size_in_words
from ui.experiments.runs.names import named
from ui.experiments.runs.taking_along import as_zip, receipt_and_export
from ui.pages import go_to
from ui.run_words import STATUS_WORDS
from ui.session import show_run
from ui.settings import run_summary
from ui.words import percent

# The pages that show a run, by their paths.
PAGES = {
    "": "Train",
    "weights": "Weights",
    "back-propagation": "Back-propagation",
    "evaluate": "Evaluate",
    "draw": "Draw",
}
CAN_GO_ON = ("stopped", "interrupted", "failed", "paused")
OF_ANOTHER = (
    "You watch a run of somebody else: you can look at it and take it along, but not rename or "
    "delete it."
)


def one_run(chosen: ChosenRun) -> None:
    """A run's name and numbers, and everything that can be done with it."""
    run = chosen.run
    if run.goes_on or run.status == "paused":
        kept.watch(run.id)
    st.html(_heading(run))
    if not chosen.is_mine:
        st.caption(OF_ANOTHER)
    _doors(run)
    _going_on(run)
    if chosen.is_mine:
        _name(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        as_zip(run)
        if chosen.is_mine:
            _delete(run)
    receipt_and_export(run)


def _heading(run: RunSummary) -> str:
    """Name, state and numbers, as HTML."""
    began = datetime.fromtimestamp(run.created).strftime("%d %B %Y, %H:%M")
    numbers = [
        STATUS_WORDS[run.status],
        f"{run.epochs:,} of {run.config.epochs:,} epochs",
        *([f"best {percent(run.best_accuracy)}"] if run.best_accuracy is not None else []),
        size_in_words(run),
        f"begun on {began}",
    ]
    parts = [
        f'<h2 style="overflow-wrap:anywhere">{named(run.name)}</h2>',
        f'<p class="changing">{" · ".join(numbers)}</p>',
        f'<p class="changing small">{escape(_settings(run))}.</p>',
    ]
    if run.message and not run.goes_on:
        parts.append(f'<p class="changing small">{escape(run.message)}</p>')
    return "".join(parts)


def _settings(run: RunSummary) -> str:
    """In full, and as the nearest recipe where that is not the name already."""
    words = run_summary(run.config)
    return f"{in_few_words(run.config)}: {words}" if is_named(run) else words


def _doors(run: RunSummary) -> None:
    st.caption("Show it on")
    with st.container(horizontal=True, gap="xsmall"):
        for path, title in PAGES.items():
            if st.button(title, key=EXPERIMENTS.key(f"runs_to_{title}")):
                show_run(run.id)
                go_to(path)


def _going_on(run: RunSummary) -> None:
    """Go on or stop, or more epochs for a run that has had all of its own."""
    if run.status == "finished":
        _more_epochs(run)
        return
    mine = kept.may_command(run.id)
    with st.container(horizontal=True):
        if run.status in CAN_GO_ON:
            st.button(
                "Go on",
                icon=":material/resume:",
                disabled=not mine,
                key=EXPERIMENTS.key("runs_go_on"),
                on_click=_command,
                args=(run.id, Resume()),
            )
        if run.goes_on:
            st.button(
                "Stop",
                icon=":material/stop:",
                disabled=not mine,
                key=EXPERIMENTS.key("runs_stop"),
                on_click=_command,
                args=(run.id, Stop()),
            )


def _command(id: str, what: Resume | Stop) -> None:
    kept.attempt(partial(kept.command, id, what))


def _more_epochs(run: RunSummary) -> None:
    most = int(LIMITS["epochs"][1]) - run.config.epochs
    if most < 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input(
            "More epochs",
            1,
            most,
            min(run.config.epochs, most),
            key=EXPERIMENTS.key(f"runs_epochs_{run.id}"),
            width=140,
        )
        # Not by a callback: the page is left for the one that shows the new run.
        more = st.button(
            "Train on, as a new run",
            icon=":material/resume:",
            key=EXPERIMENTS.key("runs_longer"),
        )
    if more:
        kept.attempt(partial(kept.longer, run.id, int(epochs)))
        if not kept.problem():
            go_to("")


def _name(run: RunSummary) -> None:
    """A field for the name. It follows when the name is changed elsewhere, or taken otherwise than
    it was typed."""
    key, known = EXPERIMENTS.key(f"runs_name_{run.id}"), EXPERIMENTS.key(f"runs_known_{run.id}")
    own = run.name if is_named(run) else ""
    if st.session_state.get(known) != own or key not in st.session_state:
        st.session_state[key] = st.session_state[known] = own
    st.text_input(
        "Name",
        key=key,
        placeholder="Empty: the name is made of the settings",
        on_change=lambda: kept.attempt(lambda: kept.rename(run.id, st.session_state[key])),
    )


def _delete(run: RunSummary) -> None:
    st.button(
        "Delete",
        icon=":material/delete:",
        key=EXPERIMENTS.key("runs_delete"),
        on_click=lambda: kept.attempt(lambda: kept.delete([run])),
    )
