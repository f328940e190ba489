"""How honest: is a network right as often as it says, and what does turning doubts away bring?"""

import streamlit as st

from mnist_core.evaluation.calibration import coverage_curve
from mnist_core.evaluation.sentences import calibration_in_words, turned_away_in_words
from mnist_core.evaluation.temperature import Calibrated, calibrated
from mnist_core.figures.honesty import FEW_IMAGES, Line, coverage_chart, reliability_chart
from ui.choices import EVALUATE
from ui.components import svg_chart
from ui.evaluate.subjects import Judged, Subjects, mnist_images
from ui.html import changing_text, legend

AFTER = "6 4"  # dashes of a line after temperature scaling
WORDS = ("confidence", "calibration error", "temperature scaling", "logit", "coverage")
Found = list[tuple[Judged, Calibrated]]


def honesty(subjects: Subjects) -> None:
    """Both charts side by side, with a threshold to play with."""
    found = [(one, calibrated_answers(one)) for one in subjects.all]
    left, right = st.columns(2, gap="large")
    with left:
        _reliability(found)
    with right:
        _coverage(found)


def calibrated_answers(judged: Judged) -> Calibrated:
    """A network's answers before and after temperature scaling."""
    validation = Judged(judged.key, judged.predictor, mnist_images("validation"))
    return calibrated(
        judged.answers,
        None if judged.images.key == "validation" else lambda: validation.answers,
        has_learned_validation=judged.has_seen_validation,
    )


def _reliability(found: Found) -> None:
    st.header("Is it right as often as it says?", anchor=False)
    lines = []
    for judged, one in found:
        for measured, dash in ((one.reliability_before, ""), (one.reliability_after, AFTER)):
            if measured is not None:
                lines.append((Line(judged.name, judged.colour, dash), measured))
    _legend(found)
    said = [calibration_in_words(judged.name, one) for judged, one in found]
    alt = "; ".join(said)
    svg_chart.show(reliability_chart(lines, alt=f"Reliability: {alt}"), key="reliability")
    for words in said:
        st.html(changing_text(words))
    st.caption(
        "Below the diagonal a network is surer than it should be. A dot is one of 15 bins of "
        "confidence, the larger, the more images; the line leaves out bins of fewer than "
        f"{FEW_IMAGES}."
    )


def _coverage(found: Found) -> None:
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
    for judged, _ in found:
        line, answers = Line(judged.name, judged.colour), judged.answers
        curves.append((line, coverage_curve(answers.confidence, answers.right)))
        places.append(answers.answered(threshold / 100))
    _legend(found, after=False)
    said = [
        turned_away_in_words(judged.name, judged.answers, threshold / 100) for judged, _ in found
    ]
    svg_chart.show(coverage_chart(curves, places, alt="; ".join(said)), key="coverage")
    for words in said:
        st.html(changing_text(words))


def _legend(found: Found, *, after: bool = True) -> None:
    entries = {judged.name: ("━", judged.colour) for judged, _ in found}
    if after:
        entries |= {
            f"{judged.name}, after temperature scaling": ("╍", judged.colour)
            for judged, one in found
            if one.after is not None
        }
    st.html(legend(entries))
