"""Who answers on the Draw page, and what they say: the shipped networks and the visitor's own.
Everything here is fast enough to be done at every movement of the pen.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.inspection.sheets import digits_side_by_side, normalized
from ui.drawing import Sheet, ShownDigit, show_any_test_digit, show_test_digit
from ui.html import named, no_bars, probability_bars, side_by_side
from ui.networks import Prediction, Predictor, digit_detector, mistakes, mistakes_of
from ui.words import a_digit

NARROWEST = 150  # pixels of a column of bars: two of them fit a phone


# Mean probabilities of the networks that answer, and how they are said.
SURELY = 0.9
OR = 0.25  # of the second digit
PROBABLY = 0.6


def headline(predictions: Sequence[Prediction]) -> str:
    """The answer as one would say it: "a 3, surely", "a 1, or a 7", "perhaps a 9"."""
    mean = np.mean([prediction.probabilities for prediction in predictions], axis=0)  # (10,)
    second, first = (int(digit) for digit in np.argsort(mean)[-2:])
    if mean[first] >= SURELY:
        return f"{a_digit(first)}, surely"
    if mean[second] >= OR:
        return f"{a_digit(first)}, or {a_digit(second)}"
    return f"{a_digit(first)}, probably" if mean[first] >= PROBABLY else f"perhaps {a_digit(first)}"


def several_digits(sheet: Sheet, predictors: Sequence[Predictor]) -> list[int]:
    """What the networks read digit by digit, if more than one was drawn side by side; else []."""
    one_line = len(sheet.drawing.strokes) < 2  # which is the usual case, and takes no time
    if sheet.image is None or sheet.drawing.background is not None or one_line:
        return []
    found = digits_side_by_side(sheet.ink, sheet.image, digit_detector())
    if not found:
        return []
    images = normalized(found)
    answers = [predictor.network.predict_proba(images) for predictor in predictors]  # (N, 10) each
    return np.mean(answers, axis=0).argmax(axis=1).tolist()


def several_in_words(digits: Sequence[int]) -> str:
    """The headline for more than one digit: "two digits: 4 and 2"."""
    how_many = {2: "two", 3: "three", 4: "four", 5: "five"}.get(len(digits), str(len(digits)))
    *others, last = map(str, digits)
    return f"{how_many} digits: {', '.join(others)} and {last}"


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
    after = on_canvas.number if on_canvas else -1
    numbers = (
        mistakes(predictor.shipped_as) if predictor.shipped_as else mistakes_of(predictor.network)
    )
    if len(numbers):
        following = numbers[numbers > after]
        show_test_digit(int(following[0] if len(following) else numbers[0]))


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
