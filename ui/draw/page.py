"""Draw: draw a digit and see what the networks make of it while the pen still moves.
What looks closer at an answer stands below, and is worked out only when it is asked for.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from ui.components.canvas import draw_canvas, receipt
from ui.components.spoken import speak
from ui.draw.answers import (
    columns_of_bars,
    digit_buttons,
    headline,
    several_digits,
    several_in_words,
)
from ui.draw.closer_look import move_and_turn, what_the_network_sees
from ui.draw.own_digits import it_was_a, own_digits
from ui.draw.photographs import photographs, show_drawing
from ui.draw.why import why_this_answer
from ui.drawing import Sheet, sheet_of
from ui.html import answer_in_words, picture
from ui.networks import (
    RUNNING,
    Prediction,
    Predictor,
    digit_detector,
    own_predictor,
    own_predictors,
    predict,
    shipped_predictors,
)
from ui.session import live, session, shown_run

LOOK_EVERY = 0.5  # seconds, while the network that answers is still training
SEES, MOVE, WHY = "What the network sees", "Move and turn it", "Why this answer"
OWN_DIGITS, PHOTOGRAPHS = "Your own digits", "Photographs and pages"
LOOKS = [SEES, MOVE, WHY, OWN_DIGITS, PHOTOGRAPHS]
FOLLOW_THE_PEN = (SEES, MOVE, WHY)
BLANK = np.zeros((28, 28), np.uint8)


@dataclass(frozen=True)
class Answering:
    """Who answers now: fetched once per rerun."""

    choices: dict[str, str]  # names of the visitor's own networks that could answer too, by key
    predictors: tuple[Predictor, ...]
    pace: float | None  # seconds until there is something new; None if nothing changes by itself


def page() -> None:
    """The canvas on the left, the answers beside it, and closer looks below.

    What does not change with the drawing stands outside of the part that follows the pen: the
    browser then has nothing to renew but the answers, which takes it half as long.
    """
    st.title("Draw", anchor=False)
    st.write("Draw a digit from 0 to 9 and watch the networks' answers follow your pen.")
    speak(".answer h3")
    answering = _answering()
    if _follows_the_pen():
        live(_everything, answering, _answering, pace=_pace, frame=_frame)
    else:
        live(_canvas_and_answers, answering, _answering, pace=_pace, frame=_frame)
        _below(answering)
        _look_closer(answering)


def _answering() -> Answering:
    """The shipped networks, and one of the visitor's own if there is any."""
    run = shown_run()
    choices = own_predictors(run)
    if st.session_state.get("who", RUNNING) not in (None, *choices):
        st.session_state.pop("who", None)  # that network is gone
    if RUNNING in choices:
        st.session_state.setdefault("who", RUNNING)
    own = own_predictor(st.session_state.get("who"), run)
    return Answering(
        choices,
        shipped_predictors() + ((own,) if own else ()),
        LOOK_EVERY if run is not None and run.goes_on else None,
    )


def _pace(answering: Answering) -> float | None:
    return answering.pace


def _frame(answering: Answering) -> object:
    """What the page around the canvas rests on."""
    return tuple(answering.choices), _follows_the_pen() or st.session_state.get("look")


def _follows_the_pen() -> bool:
    """Whether a closer look is open that is about the drawing."""
    return st.session_state.get("look") in FOLLOW_THE_PEN


def _everything(answering: Answering) -> None:
    """All of the page: a closer look is open that follows the pen."""
    sheet, predictions = _canvas_and_answers(answering)
    _below(answering)
    _look_closer(answering, sheet, predictions)


def _canvas_and_answers(answering: Answering) -> tuple[Sheet, list[Prediction]]:
    """The canvas, what is on it, and what the networks say of it."""
    left, right = st.columns([5, 7], gap="large")
    with left:
        drawing = session().drawing = draw_canvas(session().drawing, key="canvas")
    sheet = sheet_of(drawing)
    predictions = [] if sheet.image is None else predict(answering.predictors, sheet.image)
    with right:
        _answer(answering, sheet, predictions)
    return sheet, predictions


def _answer(answering: Answering, sheet: Sheet, predictions: list[Prediction]) -> None:
    """What the networks say in words and bars, and the picture that they saw.

    One piece of HTML, and a line for remarks that is there even without any, so nothing jumps. It
    also tells the canvas what of the drawing has arrived.
    """
    if sheet.image is None:
        several = []
        words, remark, seen = "Draw a digit", "", picture(BLANK, alt="nothing drawn yet")
    else:
        several = several_digits(sheet, answering.predictors)
        words, remark = _words(sheet, predictions, several)
        seen = picture(sheet.image, alt="the drawing as the networks see it, 28 by 28 pixels")
    bars = columns_of_bars(answering.predictors, predictions)
    st.html(answer_in_words(words, remark, seen) + bars + receipt("canvas"))
    if several:
        st.button("See them as boxes", on_click=_see_as_boxes, args=(sheet,), key="as-boxes")


def _see_as_boxes(sheet: Sheet) -> None:
    """Open the photographs with the drawing as if it were one."""
    show_drawing(sheet.ink)
    st.session_state["look"] = PHOTOGRAPHS


def _words(sheet: Sheet, predictions: list[Prediction], several: list[int]) -> tuple[str, str]:
    """The headline and a remark, which may be empty; `several` are digits drawn side by side."""
    assert sheet.image is not None
    if several:
        return several_in_words(several), "Taken for one digit, the networks would say:"
    words, remark = headline(predictions), ""
    # A test image fills its sheet by its form; only what a pen has drawn has a size of its own.
    drawn = sheet.ink if sheet.drawing.background is None else None
    if objection := digit_detector().objection(sheet.image, drawn):
        words = "I see no digit"
        remark = f"{objection} If it had to be one of the ten, the networks would say:"
    if digit := sheet.digit:
        remark = f"Test image {digit.number:,}, labelled {digit.label}. {remark}"
    return words, remark


def _below(answering: Answering) -> None:
    """What to do with a drawing, and who answers."""
    left, right = st.columns([5, 7], gap="large")
    with left:
        digit_buttons(answering.predictors)
        if answering.choices:
            st.segmented_control(
                "Answers as well",
                list(answering.choices),
                format_func=answering.choices.__getitem__,
                key="who",
                persist_state="session",
            )
    with right:
        it_was_a()


def _look_closer(
    answering: Answering, sheet: Sheet | None = None, predictions: list[Prediction] | None = None
) -> None:
    """One closer look at a time, or none: then the pen is followed fastest.

    `sheet` and `predictions` are there if the look is about the drawing.
    """
    chosen = st.segmented_control("Look closer", LOOKS, key="look", persist_state="session")
    if chosen == OWN_DIGITS:
        own_digits(answering.predictors)
    elif chosen == PHOTOGRAPHS:
        photographs(answering.predictors)
    elif chosen is None or sheet is None:
        return
    elif sheet.steps is None or not predictions:
        st.info("Draw a digit first, or put a test digit on the canvas.")
    elif chosen == SEES:
        what_the_network_sees(sheet.steps, predictions)
    elif chosen == MOVE:
        move_and_turn(sheet.steps.centred, sheet.digit.label if sheet.digit else None, predictions)
    elif chosen == WHY:
        why_this_answer(sheet.steps.centred, predictions)
