"""Draw: draw a digit and see what the networks make of it while the pen still moves.
What looks closer at an answer stands below, and is worked out only when it is asked for.
"""

import numpy as np
import streamlit as st

from ui.answers import (
    RUNNING,
    Reader,
    columns_of_bars,
    digit_buttons,
    headline,
    judge,
    own_reader,
    own_readers,
    read,
    seen_image,
    shipped_readers,
    shown_test_digit,
)
from ui.canvas import draw_canvas, rasterise
from ui.closer import move_and_turn, what_the_network_sees, why_this_answer
from ui.collection import it_was_a, own_digits
from ui.html import captioned, picture
from ui.photographs import photographs
from ui.session import current_job, session

LOOK_EVERY = 0.5  # seconds, while the network that answers is still training
SEES, MOVE, WHY = "What the network sees", "Move and turn it", "Why this answer"
OWN_DIGITS, PHOTOGRAPHS = "Your own digits", "Photographs and pages"
LOOKS = [SEES, MOVE, WHY, OWN_DIGITS, PHOTOGRAPHS]
BLANK = np.zeros((28, 28), np.uint8)


def page() -> None:
    """The canvas on the left, the answers beside it, and closer looks below."""
    st.title("Draw", anchor=False)
    st.write("Draw a digit from 0 to 9 and watch the networks' answers follow your pen.")
    job = current_job()
    learning = job is not None and job.look().status in ("queued", "starting", "running")
    st.fragment(_drawing, run_every=LOOK_EVERY if learning else None)(learning)


def _drawing(polled: bool) -> None:
    """Canvas, answers, and the choice of who answers."""
    mine = session()
    left, right = st.columns([5, 7], gap="large")
    with left:
        mine.drawing = draw_canvas(mine.drawing, key="canvas")
    with right:
        readers = _readers()
        if polled and not any(reader.learning for reader in readers):
            job = current_job()
            if job is None or job.look().ended:
                st.rerun()  # nothing changes by itself any more
        _answer(readers)
    with left:
        digit_buttons(readers)
    with right:
        it_was_a()
    _look_closer(readers)


def _readers() -> list[Reader]:
    """The networks that answer: the shipped ones, and one of the visitor's if there is any."""
    names = own_readers()
    if not names:
        return shipped_readers()
    chosen = st.segmented_control(
        "Answers as well",
        list(names),
        default=RUNNING if RUNNING in names else None,
        format_func=names.__getitem__,
        key="who",
        persist_state="session",
    )
    own = own_reader(chosen)
    return shipped_readers() + ([own] if own else [])


def _answer(readers: list[Reader]) -> None:
    """What the networks say in words and bars, and the picture that they saw."""
    drawing = session().drawing
    image, objection = seen_image(drawing), ""
    if image is None:
        words, readings, seen = "Draw a digit", [], picture(BLANK, alt="nothing drawn yet")
    else:
        readings = read(readers, image)
        # A test image fills its sheet by its form; only what a pen has drawn has a size of its own.
        sheet = rasterise(drawing) if drawing.background is None else None
        objection = judge().objection(image, sheet)
        words = f"I see no digit. {objection}" if objection else headline(readings)
        seen = picture(image, alt="the drawing as the networks see it, 28 by 28 pixels")
    one, two = st.columns([4, 1])
    one.subheader(words, anchor=False)
    if digit := shown_test_digit(drawing):
        one.write(f"Test image {digit.number:,}, labelled **{digit.label}**.")
    two.html(captioned(seen, "what they see"))
    if objection:
        st.caption("If it had to be one of the ten, the networks would say:")
    st.html(columns_of_bars(readers, readings))


def _look_closer(readers: list[Reader]) -> None:
    """One closer look at a time, or none: then the pen is followed fastest."""
    chosen = st.segmented_control("Look closer", LOOKS, key="look", persist_state="session")
    if chosen is None:
        return
    if chosen == OWN_DIGITS:
        own_digits(readers)
        return
    if chosen == PHOTOGRAPHS:
        photographs(readers)
        return
    drawing = session().drawing
    image = seen_image(drawing)
    if image is None:
        st.info("Draw a digit first, or put a test digit on the canvas.")
    elif chosen == SEES:
        what_the_network_sees(rasterise(drawing), readers)
    elif chosen == MOVE:
        digit = shown_test_digit(drawing)
        move_and_turn(image, digit.label if digit else None, read(readers, image))
    elif chosen == WHY:
        why_this_answer(image, read(readers, image))
