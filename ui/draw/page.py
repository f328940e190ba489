"""Draw: draw a digit and see what the networks make of it while the pen still moves.
What looks closer at an answer stands below, and is worked out only when it is asked for.
"""

import numpy as np
import streamlit as st

from ui.components.canvas import draw_canvas, rasterise
from ui.draw.answers import columns_of_bars, digit_buttons, headline
from ui.draw.closer_look import move_and_turn, what_the_network_sees, why_this_answer
from ui.draw.own_digits import it_was_a, own_digits
from ui.draw.photographs import photographs
from ui.drawing import seen_image, shown_test_digit
from ui.html import answer_in_words, picture
from ui.networks import (
    RUNNING,
    Predictor,
    digit_detector,
    own_predictor,
    own_predictors,
    predict,
    shipped_predictors,
)
from ui.session import current_run, session

LOOK_EVERY = 0.5  # seconds, while the network that answers is still training
SEES, MOVE, WHY = "What the network sees", "Move and turn it", "Why this answer"
OWN_DIGITS, PHOTOGRAPHS = "Your own digits", "Photographs and pages"
LOOKS = [SEES, MOVE, WHY, OWN_DIGITS, PHOTOGRAPHS]
FOLLOW_THE_PEN = (SEES, MOVE, WHY)
BLANK = np.zeros((28, 28), np.uint8)


def page() -> None:
    """The canvas on the left, the answers beside it, and closer looks below.

    What does not change with the drawing stands outside of the fragment that follows the pen:
    the browser then has nothing to renew but the answers, which takes it half as long.
    """
    st.title("Draw", anchor=False)
    st.write("Draw a digit from 0 to 9 and watch the networks' answers follow your pen.")
    handle = current_run()
    learning = handle is not None and handle.watch().status in ("queued", "starting", "running")
    choices = own_predictors()
    if st.session_state.get("who", RUNNING) not in (None, *choices):
        st.session_state.pop("who", None)  # that network is gone
    if RUNNING in choices:
        st.session_state.setdefault("who", RUNNING)
    every = LOOK_EVERY if learning else None
    if st.session_state.get("look") in FOLLOW_THE_PEN:
        st.fragment(_drawing_and_looks, run_every=every)(learning, choices)
    else:
        st.fragment(_drawing, run_every=every)(learning, choices)
        _below(choices)


def _drawing_and_looks(polled: bool, choices: dict[str, str]) -> None:
    """All of the page: a closer look is open that is about the drawing."""
    _drawing(polled, choices)
    _below(choices)
    if st.session_state.get("look") not in FOLLOW_THE_PEN:
        st.rerun()  # the pen can be followed faster again


def _drawing(polled: bool, choices: dict[str, str]) -> None:
    """Canvas and answers."""
    mine = session()
    left, right = st.columns([5, 7], gap="large")
    with left:
        mine.drawing = draw_canvas(mine.drawing, key="canvas")
    predictors = _predictors()
    handle = current_run()
    if own_predictors().keys() != choices.keys() or (
        polled and (handle is None or handle.watch().ended)
    ):
        st.rerun()  # there is another network to choose, or nothing changes by itself any more
    with right:
        _answer(predictors)


def _below(choices: dict[str, str]) -> None:
    """What to do with a drawing, who answers, and the closer looks."""
    predictors = _predictors()
    left, right = st.columns([5, 7], gap="large")
    with left:
        digit_buttons(predictors)
        if choices:
            st.segmented_control(
                "Answers as well",
                list(choices),
                format_func=choices.__getitem__,
                key="who",
                persist_state="session",
            )
    with right:
        it_was_a()
    _look_closer(predictors)


def _predictors() -> list[Predictor]:
    """The networks that answer: the shipped ones, and one of the visitor's if there is any."""
    own = own_predictor(st.session_state.get("who"))
    return shipped_predictors() + ([own] if own else [])


def _answer(predictors: list[Predictor]) -> None:
    """What the networks say in words and bars, and the picture that they saw.

    One piece of HTML, and a line for remarks that is there even without any, so nothing jumps.
    """
    drawing = session().drawing
    sheet = rasterise(drawing)
    image, remark = seen_image(drawing, sheet), ""
    if image is None:
        words, predictions, seen = "Draw a digit", [], picture(BLANK, alt="nothing drawn yet")
    else:
        predictions = predict(predictors, image)
        # A test image fills its sheet by its form; only what a pen has drawn has a size of its own.
        objection = digit_detector().objection(image, sheet if drawing.background is None else None)
        words = "I see no digit" if objection else headline(predictions)
        if objection:
            remark = f"{objection} If it had to be one of the ten, the networks would say:"
        seen = picture(image, alt="the drawing as the networks see it, 28 by 28 pixels")
    if digit := shown_test_digit(drawing):
        remark = f"Test image {digit.number:,}, labelled {digit.label}. {remark}"
    st.html(answer_in_words(words, remark, seen) + columns_of_bars(predictors, predictions))


def _look_closer(predictors: list[Predictor]) -> None:
    """One closer look at a time, or none: then the pen is followed fastest."""
    chosen = st.segmented_control("Look closer", LOOKS, key="look", persist_state="session")
    if chosen is None:
        return
    if chosen == OWN_DIGITS:
        own_digits(predictors)
        return
    if chosen == PHOTOGRAPHS:
        photographs(predictors)
        return
    drawing = session().drawing
    sheet = rasterise(drawing)
    image = seen_image(drawing, sheet)
    if image is None:
        st.info("Draw a digit first, or put a test digit on the canvas.")
    elif chosen == SEES:
        what_the_network_sees(sheet, predictors)
    elif chosen == MOVE:
        digit = shown_test_digit(drawing)
        move_and_turn(image, digit.label if digit else None, predict(predictors, image))
    elif chosen == WHY:
        why_this_answer(image, predict(predictors, image))
