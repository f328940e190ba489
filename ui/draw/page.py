"""Draw: draw a digit and see what the networks make of it while the pen still moves.
What looks closer at an answer stands below, and is worked out only when it is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnist_core.inspection.doubt import Answer
from ui.choices import DRAW
from ui.chosen_step import at_step_of_link, say_step
from ui.components.canvas import draw_canvas, receipt
from ui.components.focus import keyboard_goes_on
from ui.components.spoken import speak
from ui.draw.answers import (
    columns_of_bars,
    digit_buttons,
    said_by,
    several_digits,
    several_in_words,
)
from ui.draw.closer_look import move_and_turn, what_the_network_sees
from ui.draw.inside import as_shown, looked_into, network_inside, pen_inside, say_inside
from ui.draw.looks import (
    MOVE,
    OPEN,
    OWN_DIGITS,
    PHOTOGRAPHS,
    SEES,
    WHY,
    WORLD,
    choice_of_look,
    open_look,
    say_look,
)
from ui.draw.own_digits import it_was_a, own_digits
from ui.draw.photographs import photographs, show_drawing
from ui.draw.why import why_this_answer
from ui.draw.world import how_the_world_writes
from ui.drawing import Sheet, sheet_of
from ui.html import Html, answer_in_words
from ui.live import live
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
from ui.session import session, shown_run

LOOK_EVERY = 0.5  # seconds, while the network that answers is still training
UNSURE = "The networks are unsure: it could be either."
# Drawings of several visitors are answered one after the other. Side by side they would share one
# interpreter, and all be as late as the last one: with 30 visitors three times as late.
ANSWERING = Lock()
# Where the keyboard goes on after a button that goes.
AFTER = {
    "take-out": "add-zip",
    "take-out-all": "add-zip",
    "teach": "delete-taught",
    "delete-taught": "teach",
    "as-boxes": "card_photographs",
}


@dataclass(frozen=True)
class Answering:
    """Who answers now: fetched once per rerun, by a movement of the pen only where a run may go
    on."""

    has_run: bool
    choices: dict[str, str]  # names of the visitor's own networks that could answer too, by key
    predictors: tuple[Predictor, ...]
    pace: float | None  # seconds until there is something new; None if nothing changes by itself


@dataclass(frozen=True)
class Places:
    """Where things stand on the page."""

    canvas: DeltaGenerator
    below: DeltaGenerator
    answer: DeltaGenerator  # a place for one element, as are the bars
    inside: DeltaGenerator
    bars: DeltaGenerator


def page() -> None:
    """The canvas on the left, the answers and the network beside it, and closer looks below."""
    DRAW.begin()
    st.title("See networks read what you draw", anchor=False)
    not_used = st.empty()
    speak(".answer h2")
    answering = _answering()
    say_look()
    if _follows_the_pen():
        _live(_everything, answering)
    else:
        _in_parts(answering)
    DRAW.tell_refusals(not_used)
    DRAW.write_address()
    keyboard_goes_on(AFTER)


def _live(body: Callable[[Answering], object], answering: Answering) -> None:
    """A part of the page that follows the pen, or a run that learns; the address follows it."""
    fetch = _answering if answering.has_run else lambda: answering
    live(DRAW.followed(body), answering, fetch, pace=_pace, frame=_frame)


def _in_parts(answering: Answering) -> None:
    """The page with a small part alone that follows the pen.

    What does not change with the drawing stands outside of the part that follows the pen: the
    browser then has nothing to renew but the answers, which takes it half as long.
    """
    places = _places()
    with places.inside:  # before the pen, which answers with the weights that stand there
        _live(_inside, answering)
    with places.canvas:
        _live(partial(_pen, places), answering)
    with places.below:
        _below(answering)
    _look_closer(answering)


def _places() -> Places:
    """The canvas on the left; on the right the answer, the network and the bars."""
    left, right = st.columns([4, 9], gap="medium")
    with right:
        return Places(
            left.container(),
            left.container(key="below_canvas"),
            st.empty(),
            st.container(),
            st.empty(),
        )


def _answering() -> Answering:
    """The shipped networks, and one of the visitor's own if there is any."""
    run = at_step_of_link(shown_run(), DRAW)
    say_step(run, DRAW)
    choices = own_predictors(run)
    first = RUNNING if RUNNING in choices else None
    own = own_predictor(DRAW.said("who", first, choices, free=True), run)
    if not choices:
        st.session_state.pop(DRAW.key("who"))  # who has a run later has it answer at first
    predictors = shipped_predictors() + ((own,) if own else ())
    say_inside(predictors)
    return Answering(
        run is not None,
        choices,
        predictors,
        LOOK_EVERY if run is not None and run.goes_on else None,
    )


def _pace(answering: Answering) -> float | None:
    return answering.pace


def _frame(answering: Answering) -> object:
    """What the page around the canvas rests on."""
    return tuple(answering.choices), open_look(), looked_into(answering.predictors).name


def _follows_the_pen() -> bool:
    """Whether a closer look is open that is about the drawing."""
    look = open_look()
    return look is not None and look.follows_the_pen


def _everything(answering: Answering) -> None:
    """All of the page: a closer look is open that follows the pen."""
    places = _places()
    with places.inside:
        _inside(answering)
    with places.canvas:
        sheet, predictions = _pen(places, answering)
    with places.below:
        _below(answering)
    _look_closer(answering, sheet, predictions)


def _pen(places: Places, answering: Answering) -> tuple[Sheet, list[Prediction]]:
    """What follows the pen, when it is this visitor's turn."""
    with ANSWERING:
        return _answered(places, answering)


def _answered(places: Places, answering: Answering) -> tuple[Sheet, list[Prediction]]:
    """The canvas, what is on it, and what the networks say of it in words, bars and picture.

    The bars also tell the canvas what of the drawing has arrived.
    """
    predictors = as_shown(answering.predictors)
    drawing = session().drawing = draw_canvas(session().drawing, key="canvas")
    sheet = sheet_of(drawing)
    predictions = [] if sheet.image is None else predict(predictors, sheet.image)
    several = several_digits(sheet, predictors)
    words, remark = _words(sheet, predictions, several)
    places.answer.html(Html(answer_in_words(words, remark)))
    places.bars.html(Html(columns_of_bars(predictors, predictions) + receipt("canvas")))
    pen_inside(predictors, sheet)
    if several:
        st.button("See them as boxes", on_click=_see_as_boxes, args=(sheet,), key="as-boxes")
    return sheet, predictions


def _inside(answering: Answering) -> None:
    network_inside(answering.predictors)


def _see_as_boxes(sheet: Sheet) -> None:
    """Open the photographs with the drawing as if it were one."""
    show_drawing(sheet.ink)
    DRAW.choose(OPEN, PHOTOGRAPHS)


def _words(sheet: Sheet, predictions: list[Prediction], several: list[Answer]) -> tuple[str, str]:
    """The headline and a remark, which may be empty; `several` are digits drawn side by side."""
    if sheet.image is None:
        return "Draw a digit", ""
    if several:
        return several_in_words(several), "Taken for one digit, the networks would say:"
    answer = said_by(predictions)
    words, remark = answer.words, UNSURE if answer.unsure else ""
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
    digit_buttons(answering.predictors)
    if answering.choices:
        st.segmented_control(
            "Answers as well",
            list(answering.choices),
            format_func=answering.choices.__getitem__,
            key=DRAW.key("who"),
            persist_state="session",
        )
    it_was_a()


def _look_closer(
    answering: Answering, sheet: Sheet | None = None, predictions: list[Prediction] | None = None
) -> None:
    """One closer look at a time, or none: then the pen is followed fastest.

    `sheet` and `predictions` are there if the look is about the drawing.
    """
    look = choice_of_look()
    chosen = look.name if look else None
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
    elif chosen == WORLD:
        how_the_world_writes(sheet.digit.label if sheet.digit else predictions[0].digit)
    elif chosen == WHY:
        why_this_answer(sheet.steps.centred, predictions)
