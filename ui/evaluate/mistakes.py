"""Where it errs: the confusion matrix, and the images behind it, one after the other."""

import streamlit as st

from mnist_core.arrays import Array
from mnist_core.evaluation.answers import disagreements
from mnist_core.evaluation.scores import confusion_matrix
from ui.choices import EVALUATE
from ui.components.confusion_table import Cell, confusion_table
from ui.evaluate.browsing import browse, nothing_to_browse
from ui.evaluate.subjects import Subjects

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
        n = len(numbers)
        count = f"{n:,}" if n else "no"
        with st.container(key="what_is_listed"):
            st.header(f"{words}: {count} {'image' if n == 1 else 'images'}", anchor=False)
        with st.container(key="listed"):
            if n:
                browse(subjects, numbers, words, key="mistakes")
            else:
                nothing_to_browse(subjects, "There are no such images.", key="mistakes")


def _table(subjects: Subjects) -> Cell | None:
    """The confusion matrix of the first network; the chosen cell."""
    answers = subjects.first.answers
    counts = confusion_matrix(answers.predictions, answers.labels)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"{subjects.first.name}: what is taken for what", anchor=False)
        shown = EVALUATE.row("cells_show", "Cells show", (COUNTS, SHARES))
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
    return cell


def _let_cell_go() -> None:
    EVALUATE.choose("cell", "")


def _numbers(subjects: Subjects, cell: Cell | None) -> tuple[Array, str]:
    """Which images are looked at, in order, and what they are in words."""
    first, second = subjects.first, subjects.second
    which = _choice_of_list(is_compared=second is not None, is_free=cell is None)
    if cell is not None:
        label, prediction = cell
        read = "read right" if label == prediction else f"read as {prediction}"
        return first.answers.taken_for(label, prediction), f"{label}, {read}"
    if which == LEAST_SURE:
        return first.answers.least_sure_right, "Right answers"
    if which == DISAGREE and second is not None:
        return disagreements(first.answers, second.answers), "Disagreements"
    return first.answers.worst_mistakes, "Mistakes"


def _choice_of_list(*, is_compared: bool, is_free: bool) -> str:
    """The lists to choose from; none of them is pressed where a cell says what is looked at."""
    kinds = {WORST: "Worst mistakes", LEAST_SURE: "Least sure, but right"}
    if is_compared:
        kinds[DISAGREE] = "Where they disagree"
    which, key = "", EVALUATE.key("which")
    if is_free:
        which = EVALUATE.said("which", WORST, kinds)
    elif st.session_state.get(key, WORST) is not None:  # once: see Choices.said
        st.session_state[key] = None
    st.segmented_control(
        "Images",
        list(kinds),
        format_func=kinds.__getitem__,
        required=True,
        label_visibility="collapsed",
        key=key,
        on_change=_let_cell_go,
        persist_state="session",
    )
    return which
