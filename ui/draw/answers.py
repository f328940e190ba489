"""Who answers on the Draw page, and what they say: the shipped networks and the visitor's own.
Everything here is fast enough to be done at every movement of the pen.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.inspection.doubt import Answer, answer_of
from mnist_core.inspection.sheets import digits_side_by_side, normalized
from ui.drawing import Sheet, ShownDigit, show_any_test_digit, show_test_digit
from ui.html import named, no_bars, probability_bars, side_by_side
from ui.networks import Prediction, Predictor, digit_detector, next_mistake
from ui.words import listed

NARROWEST = 150  # pixels of a column of bars: two of them fit a phone


def said_by(predictions: Sequence[Prediction]) -> Answer:
    """What all networks say together of one image."""
    return answer_of(np.array([prediction.probabilities for prediction in predictions]))


def several_digits(sheet: Sheet, predictors: Sequence[Predictor]) -> list[Answer]:
    """What the networks read digit by digit, if more than one was drawn side by side; else []."""
    one_line = len(sheet.drawing.strokes) < 2  # which is the usual case, and takes no time
    if sheet.image is None or sheet.drawing.background is not None or one_line:
        return []
    found = digits_side_by_side(sheet.ink, sheet.image, digit_detector())
    if not found:
        return []
    images = normalized(found)
    answers = [predictor.network.predict_proba(images) for predictor in predictors]  # (N, 10) each
    return [answer_of(of_one) for of_one in np.stack(answers, axis=1)]


def several_in_words(digits: Sequence[Answer]) -> str:
    """The headline for more than one digit: "two digits: 4 and 2", "two digits: 4 and 1 (or 7)"."""
    how_many = {2: "two", 3: "three", 4: "four", 5: "five"}.get(len(digits), str(len(digits)))
    return f"{how_many} digits: {listed([digit.figures for digit in digits])}"


def columns_of_bars(predictors: Sequence[Predictor], predictions: Sequence[Prediction]) -> str:
    """Ten bars for every predictor, side by side; empty bars where there are no predictions."""
    if not predictions:
        return side_by_side(
            [
                named(predictor.name, predictor.colour, predictor.words) + no_bars()
                for predictor in predictors
            ],
            least=NARROWEST,
        )
    return side_by_side(
        [
            named(r.predictor.name, r.predictor.colour, r.predictor.words)
            + probability_bars(r.probabilities, colour=r.predictor.colour)
            for r in predictions
        ],
        least=NARROWEST,
    )


def show_next_mistake(predictor: Predictor) -> None:
    """Put the next test image that a network gets wrong on the canvas, if it gets any wrong."""
    on_canvas: ShownDigit | None = st.session_state.get("test_digit")
    number = next_mistake(predictor.network, on_canvas.number if on_canvas else -1)
    if number is not None:
        show_test_digit(number)


def digit_buttons(predictors: Sequence[Predictor]) -> None:
    """Buttons that put test images on the canvas."""
    with st.container(horizontal=True):
        st.button("A test digit", on_click=show_any_test_digit, key="test-digit")
        for predictor in predictors:
            st.button(
                f"{predictor.name}: next mistake",
                help=f"The next of the 10,000 test images that {predictor.name} gets wrong",
                on_click=partial(show_next_mistake, predictor),
                key=f"mistake-{predictor.name}",
            )
