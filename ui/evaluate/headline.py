"""How good, in one look: each network's accuracy with its interval, and whether two differ."""

from html import escape
from math import floor, log10

import streamlit as st

from mnist_core.evaluation.scores import McNemar, mcnemar, wilson_interval
from mnist_core.figures.intervals import Interval, intervals
from mnist_core.figures.plane import RAISED
from ui.components import svg_chart
from ui.evaluate.subjects import Judged, Subjects
from ui.html import changing_text
from ui.words import percent

LEAST_P = 1e-300  # a smaller one is rounded to 0
CHANCE = 0.05  # a difference that chance makes more often is none to speak of


def headline(subjects: Subjects) -> None:
    """Numbers on the left, their intervals in a picture on the right, what follows below."""
    numbers, drawn = st.columns([7, 5], gap="large", vertical_alignment="center")
    with numbers:
        st.html(f'<div class="scores">{"".join(_number(one) for one in subjects.all)}</div>')
    with drawn:
        rows = [_interval(one) for one in subjects.all]
        alt = "; ".join(f"{row.name} {_between(row)}" for row in rows)
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
        f"<p>{wrong:,} of {len(answers):,} wrong; in truth {_between(row)}</p></div>"
    )


def _between(row: Interval) -> str:
    return f"{100 * row.low:.2f} to {100 * row.high:.2f} %"


def _in_words(subjects: Subjects) -> str:
    """What of all this may be believed."""
    first, second = subjects.first, subjects.second
    words = [] if second is None else [_difference(first, second)]
    if subjects.images.key == "validation" and any(one.has_seen_validation for one in subjects.all):
        words.append(
            "**Mind:** the networks that come with this program have learned from these images "
            "too, so they read them better than new ones."
        )
    return " ".join(words)


def _difference(first: Judged, second: Judged) -> str:
    """Whether one reads better than the other, judged by the images that only one of them reads."""
    test = mcnemar(first.answers.right, second.answers.right)
    if not test.only_first and not test.only_second:
        return f"**{first.name} and {second.name} are right on the very same images.**"
    better, worse = (second, first) if test.difference > 0 else (first, second)
    few, many = sorted((test.only_first, test.only_second))
    seen = f"{many:,} images only {better.name} reads, {few:,} only {worse.name}"
    if test.p_value > CHANCE:
        return (
            f"**No difference that could not be chance:** {seen}. Two equally good networks differ "
            f"as much with a probability of {_share(test)} (McNemar's exact test)."
        )
    return (
        f"**{better.name} reads better:** {seen}. By chance alone that has a probability of "
        f"{_share(test)} (McNemar's exact test)."
    )


def _share(test: McNemar) -> str:
    p = 100 * test.p_value
    if p >= 0.01:
        return f"{p:.2g} %"
    power = floor(-log10(max(test.p_value, LEAST_P)))
    return f"less than 1 in 10{str(power).translate(RAISED)}"
