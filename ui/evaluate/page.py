"""Evaluate: an accuracy that can be trusted, and the mistakes to learn from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from ui.choices import EVALUATE
from ui.components.focus import keyboard_goes_on
from ui.evaluate import alike, headline, honesty, robustness, scores, the_data
from ui.evaluate.choosing import choose_subjects
from ui.evaluate.downloads import downloads
from ui.evaluate.mistakes import mistakes
from ui.evaluate.subjects import Subjects
from ui.glossary import words_explained
from ui.session import shown_run


@dataclass(frozen=True)
class Look:
    """A closer look, and the words of the field that it uses."""

    show: Callable[[Subjects], None]
    words: tuple[str, ...] = ()


LOOKS = {
    "Mistakes": Look(mistakes),
    "Scores per digit": Look(scores.scores, scores.WORDS),
    "Confidence": Look(honesty.honesty, honesty.WORDS),
    "Robustness": Look(robustness.robustness, robustness.WORDS),
    "Map": Look(alike.alike, alike.WORDS),
    "The images": Look(the_data.the_data, the_data.WORDS),
    "Report": Look(downloads),
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
        headline.headline(subjects)
        EVALUATE.part(partial(_look_closer, subjects), tells=True)
    keyboard_goes_on(AFTER)


def _look_closer(subjects: Subjects) -> None:
    """One look is always open: the mistakes first. One button has its words and those above."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        look = LOOKS[EVALUATE.row("look", "Look at", LOOKS)]
        words_explained((*headline.WORDS, *look.words))
    look.show(subjects)
