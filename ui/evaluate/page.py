"""Evaluate: an accuracy that can be trusted, and the mistakes to learn from."""

from collections.abc import Callable

import streamlit as st

from ui.components.focus import keyboard_goes_on
from ui.evaluate.choosing import choose_subjects
from ui.evaluate.headline import headline
from ui.evaluate.honesty import honesty
from ui.evaluate.link import CHOICES
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
    "The images": the_data,
}
AFTER: dict[str, str] = {CHOICES.key("newest"): CHOICES.key("network")}


def page() -> None:
    """What is judged, how good it is in one look, and closer looks."""
    st.title("How far can you trust it? What a network reads, and its mistakes", anchor=False)
    subjects = choose_subjects(shown_run())
    if subjects is not None:
        headline(subjects)
        _look_closer(subjects)
    CHOICES.write_address()
    keyboard_goes_on(AFTER)


def _look_closer(subjects: Subjects) -> None:
    """One look is always open: the mistakes first."""
    first = next(iter(LOOKS))
    look = CHOICES.said("look", first, LOOKS)
    st.segmented_control(
        "Look at",
        list(LOOKS),
        required=True,
        label_visibility="collapsed",
        key=CHOICES.key("look"),
        persist_state="session",
    )
    LOOKS[look](subjects)
