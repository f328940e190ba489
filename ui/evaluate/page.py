"""Evaluate: an accuracy that can be trusted, and the mistakes to learn from."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from ui.choices import EVALUATE
from ui.components.focus import keyboard_goes_on
from ui.evaluate.alike import alike
from ui.evaluate.choosing import choose_subjects
from ui.evaluate.downloads import downloads
from ui.evaluate.headline import headline
from ui.evaluate.honesty import honesty
from ui.evaluate.mistakes import mistakes
from ui.evaluate.robustness import robustness
from ui.evaluate.scores import scores
from ui.evaluate.subjects import Subjects
from ui.evaluate.the_data import the_data
from ui.session import shown_run

LOOKS: dict[str, Callable[[Subjects], None]] = {
    "Mistakes": mistakes,
    "Scores per digit": scores,
    "Confidence": honesty,
    "Robustness": robustness,
    "Map": alike,
    "The images": the_data,
    "Report": downloads,
}
AFTER: dict[str, str] = {EVALUATE.key("newest"): EVALUATE.key("network")}


def page() -> None:
    """What is judged, how good it is in one look, and closer looks."""
    EVALUATE.begin()
    st.title("How far can you trust it? What a network reads, and its mistakes", anchor=False)
    subjects = choose_subjects(shown_run())
    if subjects is None:
        EVALUATE.write_address()
    else:
        headline(subjects)
        EVALUATE.part(partial(_look_closer, subjects), tells=True)
    keyboard_goes_on(AFTER)


def _look_closer(subjects: Subjects) -> None:
    """One look is always open: the mistakes first."""
    LOOKS[EVALUATE.row("look", "Look at", LOOKS)](subjects)
