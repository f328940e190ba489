"""How good for each digit: precision, recall and F1, beside those of the other network."""

import streamlit as st

from mnist_core.evaluation.scores import ClassScores, class_scores, confusion_matrix
from mnist_core.evaluation.sentences import SCORES, score_rows
from ui.evaluate.subjects import Judged, Subjects
from ui.html import table

WORDS = ("precision", "recall", "F1", "mean")


def scores(subjects: Subjects) -> None:
    """A table for each network, and the words."""
    for place, judged in zip(st.columns(len(subjects.all), gap="large"), subjects.all, strict=True):
        with place:
            st.header(judged.name, anchor=False)
            st.html(_table(judged))


def scores_of(judged: Judged) -> ClassScores:
    """Precision, recall and F1 of each digit."""
    answers = judged.answers
    return class_scores(confusion_matrix(answers.predictions, answers.labels))


def _table(judged: Judged) -> str:
    rows = score_rows(scores_of(judged))
    return table(SCORES, rows, caption=f"Scores of {judged.name} for each digit")
