"""Where it errs: the confusion matrix, and the images behind it, one after the other."""

import streamlit as st

from mnist_core.arrays import Array
from mnist_core.evaluation.answers import disagreements
from mnist_core.evaluation.scores import confusion_matrix
from ui.choices import EVALUATE
from ui.components.confusion_table import Cell, confusion_table
from ui.evaluate.browsing import browse
from ui.evaluate.subjects import Subjects
from ui.words import a_digit

WORST, LEAST_SURE, DISAGREE = "worst", "unsure", "differ"
COUNTS, SHARES = "Counts", "Shares"
# What names a cell in a link: "4-9", or nothing.
CELLS = ("", *(f"{label}-{prediction}" for label in range(10) for prediction in range(10)))


def mistakes(subjects: Subjects) -> None:
    """The table on the left, the images on the right."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        cell = _table(subjects)
    with right:
        numbers, words = _numbers(subjects, cell)
        if len(numbers):
            browse(subjects, numbers, words, key="mistakes")
        else:
            st.info(f"There are no {words}.")


def _table(subjects: Subjects) -> Cell | None:
    """The confusion matrix of the first network; the chosen cell."""
    answers = subjects.first.answers
    counts = confusion_matrix(answers.predictions, answers.labels)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"{subjects.first.name}: what is taken for what", anchor=False)
        shown = EVALUATE.said("cells_show", COUNTS, (COUNTS, SHARES))
        st.segmented_control(
            "Cells show",
            [COUNTS, SHARES],
            required=True,
            label_visibility="collapsed",
            key=EVALUATE.key("cells_show"),
            persist_state="session",
        )
    unit = "percent of each digit's images" if shown == SHARES else "images"
    said = EVALUATE.said("cell", "", CELLS)
    before = (int(said[0]), int(said[-1])) if said else None
    cell = confusion_table(
        counts,
        chosen=before,
        key=EVALUATE.key("table"),
        shares=shown == SHARES,
        description=f"Confusion matrix of {subjects.first.name} in {unit}: digits in rows, "
        "what they are read as in columns",
    )
    EVALUATE.choose("cell", "" if cell is None else f"{cell[0]}-{cell[1]}")
    if cell != before:
        EVALUATE.choose("which", WORST)
    return cell


def _numbers(subjects: Subjects, cell: Cell | None) -> tuple[Array, str]:
    """Which images are looked at, in order, and what they are in words."""
    first, second = subjects.first, subjects.second
    if cell is not None:
        label, prediction = cell
        st.header(
            f"{a_digit(label).capitalize()}, read {'right' if label == prediction else ''}"
            f"{'' if label == prediction else f'as {a_digit(prediction)}'}",
            anchor=False,
        )
        return first.answers.taken_for(label, prediction), "such images"
    kinds = {WORST: "Worst mistakes", LEAST_SURE: "Least sure, but right"}
    if second is not None:
        kinds[DISAGREE] = "Where they disagree"
    which = EVALUATE.said("which", WORST, kinds)
    st.segmented_control(
        "Images",
        list(kinds),
        format_func=kinds.__getitem__,
        required=True,
        label_visibility="collapsed",
        key=EVALUATE.key("which"),
        persist_state="session",
    )
    if which == LEAST_SURE:
        return first.answers.least_sure_right, "right answers"
    if which == DISAGREE and second is not None:
        return disagreements(first.answers, second.answers), "images on which they disagree"
    return first.answers.worst_mistakes, "mistakes"
