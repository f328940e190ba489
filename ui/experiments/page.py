"""Experiments: what one run can't say, many runs do; and the runs that are kept."""

from collections.abc import Callable

import streamlit as st

from ui.choices import EXPERIMENTS
from ui.components.focus import keyboard_goes_on
from ui.experiments.comparing import comparing
from ui.experiments.report import report
from ui.experiments.runs.part import runs
from ui.experiments.searching import searching

LOOKS: dict[str, Callable[[], None]] = {
    "The report": report,
    "Search": searching,
    "Compare": comparing,
    "Your runs": runs,
}
AFTER = {
    EXPERIMENTS.key(name): EXPERIMENTS.key(after)
    for name, after in {
        "runs_delete": "runs_undo",
        "runs_delete_several": "runs_undo",
        "runs_undo": "runs",
    }.items()
}


def page() -> None:
    """One look is always open: the report's experiment first."""
    EXPERIMENTS.begin()
    st.title("What do many runs say? The report again, fair comparisons, your runs", anchor=False)
    EXPERIMENTS.part(_look, tells=True)
    keyboard_goes_on(AFTER)


def _look() -> None:
    LOOKS[EXPERIMENTS.row("look", "Look at", LOOKS)]()
