"""How good for each digit: precision, recall and F1, beside those of the other network."""

import streamlit as st

from mnist_core.arrays import CLASSES
from mnist_core.evaluation.scores import ClassScores, class_scores, confusion_matrix
from ui.evaluate.subjects import Judged, Subjects
from ui.glossary import words_explained
from ui.html import table
from ui.words import percent

WORDS = ("precision", "recall", "F1", "mean")


def scores(subjects: Subjects) -> None:
    """A table for each network, and the words."""
    for place, judged in zip(st.columns(len(subjects.all), gap="large"), subjects.all, strict=True):
        with place:
            st.header(judged.name, anchor=False)
            st.html(_table(judged))
    words_explained(WORDS)


def scores_of(judged: Judged) -> ClassScores:
    """Precision, recall and F1 of each digit."""
    answers = judged.answers
    return class_scores(confusion_matrix(answers.predictions, answers.labels))


def _table(judged: Judged) -> str:
    found = scores_of(judged)
    rows = [
        [
            str(digit),
            f"{found.support[digit]:,}",
            _share(found.precision[digit], found.predicted[digit]),
            _share(found.recall[digit], found.support[digit]),
            _share(found.f1[digit], found.support[digit] + found.predicted[digit]),
        ]
        for digit in range(CLASSES)
    ]
    means = (found.macro_precision, found.macro_recall, found.macro_f1)
    rows.append(["mean", f"{found.support.sum():,}", *(percent(mean) for mean in means)])
    head = ["digit", "images", "precision", "recall", "F1"]
    return table(head, rows, caption=f"Scores of {judged.name} for each digit")


def _share(value: float, of: int) -> str:
    """A share in percent; a dash for a share of nothing."""
    return percent(float(value)) if of else "–"
