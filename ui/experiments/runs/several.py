"""Several runs over each other: their curves, what differs in them, and how far each came."""

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import cast

import streamlit as st

from mnist_core.experiments.comparison import used_text
from mnist_core.runs.state import RunView
from mnist_core.training.settings import SETTINGS
from ui.charts.curves import CONFIG
from ui.charts.learning import Measure
from ui.charts.runs_figure import Across, look_of, runs_figure, runs_in_words
from ui.choices import EXPERIMENTS
from ui.experiments.runs import kept
from ui.experiments.runs.chosen import ChosenRun
from ui.experiments.runs.names import named
from ui.html import table
from ui.run_words import STATUS_WORDS
from ui.words import duration, percent

MEASURES: dict[str, Measure] = {"Accuracy": "accuracy", "Loss": "loss"}
AXES: dict[str, Across] = {"over epochs": "epochs", "over seconds": "seconds"}


def several(chosen: Sequence[ChosenRun]) -> None:
    """The chart first, then which run is which, the numbers, and one button for all of them."""
    views = [(one, kept.view_of(one.run.id)) for one in chosen]
    there = [(one, view) for one, view in views if view is not None]
    st.header(f"{len(there)} runs over each other", anchor=False)
    measure, across = _axes()
    results = [view.results for _, view in there]
    st.plotly_chart(
        runs_figure(results, measure, across),
        key=EXPERIMENTS.key("runs_chart"),
        config=CONFIG,
        alt=runs_in_words(results, measure),
    )
    st.html(_legend([one for one, _ in there]))
    st.html(f'<div style="overflow-x:auto" tabindex="0">{_numbers([v for _, v in there])}</div>')
    _delete([one for one, _ in there])


def _axes() -> tuple[Measure, Across]:
    with st.container(horizontal=True):
        chosen = [
            st.segmented_control(
                label,
                list(values),
                default=next(iter(values)),
                required=True,
                label_visibility="collapsed",
                key=EXPERIMENTS.key(f"runs_{label}"),
                persist_state="session",
            )
            for label, values in (("Measure", MEASURES), ("Axis", AXES))
        ]
    return MEASURES[cast(str, chosen[0])], AXES[cast(str, chosen[1])]


def _legend(chosen: Sequence[ChosenRun]) -> str:
    """A line for each run: its letter, its line, its name."""
    lines = []
    for number, one in enumerate(chosen):
        look = look_of(number)
        of_another = "" if one.is_mine else " (somebody else's)"
        lines.append(
            f'<div style="overflow-wrap:anywhere"><b>{look.letter}</b> '
            f'<span style="display:inline-block;width:2.2em;height:3px;margin:0 .3em .25em;'
            f'background:{look.line}"></span>'
            f"{named(one.run.name)}{of_another}</div>"
        )
    return "".join(lines)


def _numbers(views: Sequence[RunView]) -> str:
    """How far each run came, and the settings in which they differ: a column for each run."""
    accuracies = [[r.validation_accuracy for r in view.results] for view in views]
    rows = [
        ["best accuracy", *(percent(max(a)) if a else "–" for a in accuracies)],
        ["last accuracy", *(percent(a[-1]) if a else "–" for a in accuracies)],
        ["epochs done", *(f"{len(a):,}" for a in accuracies)],
        ["training time", *(duration(view.seconds) for view in views)],
        ["state", *(STATUS_WORDS[view.status] for view in views)],
        *differing(views),
    ]
    heads = ["run", *(look_of(number).letter for number in range(len(views)))]
    safe = [[escape(cell) for cell in row] for row in rows]
    return table(heads, safe, caption="The chosen runs, and what differs")


def differing(views: Sequence[RunView]) -> list[list[str]]:
    """A row for each setting in which the runs differ: its name, and the value of each run."""
    found = []
    for name in SETTINGS:
        values = [used_text(view.config, name) for view in views]
        if len(set(values)) > 1:
            found.append([name.replace("_", " "), *values])
    return found


def _delete(chosen: Sequence[ChosenRun]) -> None:
    """One button, and one undo, for all of them that are the visitor's."""
    mine = [one.run for one in chosen if one.is_mine]
    if not mine:
        return
    st.button(
        f"Delete these {len(mine)} runs" if len(mine) > 1 else "Delete the one that is yours",
        icon=":material/delete:",
        key=EXPERIMENTS.key("runs_delete_several"),
        on_click=partial(kept.attempt, partial(kept.delete, mine)),
    )
