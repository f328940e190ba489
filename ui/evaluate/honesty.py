"""How honest: is a network right as often as it says, and what does turning doubts away bring?"""

from dataclasses import dataclass

import streamlit as st

from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.calibration import (
    at_temperature,
    coverage_curve,
    cross_fitted,
    fit_temperature,
    reliability,
)
from mnist_core.figures.honesty import FEW_IMAGES, Line, coverage_chart, reliability_chart
from ui.choices import EVALUATE
from ui.components import svg_chart
from ui.evaluate.subjects import Judged, Subjects, mnist_images
from ui.glossary import words_explained
from ui.html import changing_text, legend
from ui.words import percent

FEWEST = 50  # images that a temperature is fitted to
AFTER = "6 4"  # dashes of a line after temperature scaling
WORDS = ("confidence", "calibration error", "temperature scaling", "coverage")


@dataclass(frozen=True)
class Calibrated:
    """A network's answers before and after temperature scaling, and how that was found in words.

    `after` is None where there are too few images to fit a temperature to.
    """

    judged: Judged
    after: Answers | None
    words: str


def honesty(subjects: Subjects) -> None:
    """Both charts side by side, with a threshold to play with."""
    found = [calibrated(one) for one in subjects.all]
    left, right = st.columns(2, gap="large")
    with left:
        _reliability(found)
    with right:
        _coverage(found)
    words_explained(WORDS)


def calibrated(judged: Judged) -> Calibrated:
    """The answers after temperature scaling, with a temperature from images other than these."""
    answers = judged.answers
    if judged.images.key == "validation" or judged.has_seen_validation:
        if len(answers) < 2 * FEWEST:
            return Calibrated(judged, None, "too few images to fit a temperature to")
        after, temperatures = cross_fitted(answers)
        both = " and ".join(f"{one:.2f}" for one in temperatures)
        return Calibrated(judged, after, f"T = {both}, each half's from the other half")
    validation = Judged(judged.key, judged.predictor, mnist_images("validation")).answers
    temperature = fit_temperature(validation.logits, validation.labels)
    words = f"T = {temperature:.2f}, from the validation images"
    return Calibrated(judged, at_temperature(answers, temperature), words)


def _reliability(found: list[Calibrated]) -> None:
    st.header("Is it right as often as it says?", anchor=False)
    lines = []
    for one in found:
        for answers, dash in ((one.judged.answers, ""), (one.after, AFTER)):
            if answers is not None:
                line = Line(one.judged.name, one.judged.colour, dash)
                lines.append((line, reliability(answers.confidence, answers.right)))
    _legend(found)
    alt = "; ".join(_in_words(one) for one in found)
    svg_chart.show(reliability_chart(lines, alt=f"Reliability: {alt}"), key="reliability")
    for one in found:
        st.html(changing_text(_in_words(one)))
    st.caption(
        "Below the diagonal a network is surer than it may be. A dot is one of 15 bins of "
        "confidence, the larger, the more images; the line leaves out bins of fewer than "
        f"{FEW_IMAGES}."
    )


def _in_words(one: Calibrated) -> str:
    answers = one.judged.answers
    before = reliability(answers.confidence, answers.right).error
    words = (
        f"**{one.judged.name}** says {percent(float(answers.confidence.mean()))} on average and is "
        f"right in {percent(answers.accuracy)}: calibration error **{percent(before)}**"
    )
    if one.after is None:
        return f"{words} ({one.words})."
    after = reliability(one.after.confidence, one.after.right).error
    return f"{words}, after temperature scaling **{percent(after)}** ({one.words})."


def _coverage(found: list[Calibrated]) -> None:
    st.header("What if it may say “I don't know”?", anchor=False)
    EVALUATE.said("threshold", 90, range(101))
    threshold = st.slider(
        "Answer only with a confidence of at least",
        0,
        100,
        format="%d %%",
        key=EVALUATE.key("threshold"),
        persist_state="session",
    )
    curves, places = [], []
    for one in found:
        line, answers = Line(one.judged.name, one.judged.colour), one.judged.answers
        curves.append((line, coverage_curve(answers.confidence, answers.right)))
        kept = answers.confidence >= threshold / 100
        if kept.any():
            places.append((line, float(kept.mean()), float(answers.right[kept].mean())))
    _legend(found, after=False)
    words = "; ".join(_turned_away(one, threshold) for one in found)
    svg_chart.show(coverage_chart(curves, places, alt=words), key="coverage")
    for one in found:
        st.html(changing_text(_turned_away(one, threshold)))


def _turned_away(one: Calibrated, threshold: int) -> str:
    answers = one.judged.answers
    kept = answers.confidence >= threshold / 100
    turned, wrong = int((~kept).sum()), int((~answers.right & kept).sum())
    if not kept.any():
        return f"**{one.judged.name}** answers none of the images."
    spared = int((~answers.right).sum()) - wrong
    return (
        f"**{one.judged.name}** turns {turned:,} of {len(answers):,} images away, {spared:,} of "
        f"which it would get wrong; of the others {percent(1 - wrong / int(kept.sum()))} are right."
    )


def _legend(found: list[Calibrated], *, after: bool = True) -> None:
    entries = {one.judged.name: ("━", one.judged.colour) for one in found}
    if after:
        entries |= {
            f"{one.judged.name}, after temperature scaling": ("╍", one.judged.colour)
            for one in found
            if one.after is not None
        }
    st.html(legend(entries))
