"""How good, in one look: each network's accuracy with its interval, and whether two differ."""

from html import escape

import streamlit as st

from mnist_core.evaluation.scores import mcnemar, wilson_interval
from mnist_core.evaluation.sentences import difference_in_words, interval_in_words
from mnist_core.figures.intervals import Interval, intervals
from ui.components import svg_chart
from ui.evaluate.subjects import Judged, Subjects
from ui.html import changing_text
from ui.words import percent

WORDS = ("parameters", "shipped", "95 % interval", "McNemar's test", "IDX file")


def headline(subjects: Subjects) -> None:
    """Numbers on the left, their intervals in a picture on the right, what follows below."""
    numbers, drawn = st.columns([7, 5], gap="large", vertical_alignment="center")
    with numbers:
        st.html(f'<div class="scores">{"".join(_number(one) for one in subjects.all)}</div>')
    with drawn:
        rows = [_interval(one) for one in subjects.all]
        alt = "; ".join(f"{row.name} {interval_in_words(row.low, row.high)}" for row in rows)
        svg_chart.show(intervals(rows, alt=f"Accuracy with its interval: {alt}"), key="intervals")
    if words := _in_words(subjects):
        st.html(changing_text(words, small=True))


def _interval(judged: Judged) -> Interval:
    answers = judged.answers
    low, high = wilson_interval(int(answers.right.sum()), len(answers))
    return Interval(judged.name, judged.colour, answers.accuracy, low, high)


def _number(judged: Judged) -> str:
    """One network: its name, its accuracy large, and what that is of."""
    row, answers = _interval(judged), judged.answers
    right = int(answers.right.sum())
    wrong = len(answers) - right
    return (
        f'<div><p><span style="color:{row.colour}">●</span> {escape(judged.name)}, '
        f"{escape(judged.predictor.words)}</p><p><b>{percent(row.accuracy)}</b> right</p>"
        f"<p>{wrong:,} of {len(answers):,} wrong; 95 % interval "
        f"{interval_in_words(row.low, row.high)}</p></div>"
    )


def _in_words(subjects: Subjects) -> str:
    """What of all this may be believed."""
    first, second = subjects.first, subjects.second
    words = []
    if second is not None:
        test = mcnemar(first.answers.right, second.answers.right)
        words.append(difference_in_words(first.name, second.name, test))
    if subjects.images.key == "validation" and any(one.has_seen_validation for one in subjects.all):
        words.append(
            "**Mind:** the networks that come with this program have learned from these images "
            "too, so they read them better than new ones."
        )
    return " ".join(words)
