"""Who answers on the Draw page, and what they say: the shipped networks and the visitor's own.
Everything here is fast enough to be done at every movement of the pen.
"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.drawing import ShownDigit, show_any_test_digit, show_test_digit
from ui.html import named, no_bars, probability_bars, side_by_side
from ui.networks import Prediction, Predictor, mistakes, mistakes_of

NARROWEST = 150  # pixels of a column of bars: two of them fit a phone


def headline(predictions: Sequence[Prediction]) -> str:
    """The answers in one sentence."""
    digits = list(dict.fromkeys(prediction.digit for prediction in predictions))
    sure = ", ".join(
        f"{prediction.predictor.name} {prediction.confidence:.0%}" for prediction in predictions
    )
    if len(digits) == 1:
        return f"It looks like a {digits[0]} ({sure})"
    return f"It looks like a {' or a '.join(map(str, digits))}: the networks disagree"


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
