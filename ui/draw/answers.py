"""Who answers on the Draw page, and what they say: the shipped networks and the visitor's own.
Everything here is fast enough to be done at every movement of the pen.
"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from ui.drawing import ShownDigit, show_any_test_digit, show_test_digit
from ui.html import named, no_bars, probability_bars, side_by_side
from ui.networks import Reader, Reading, mistakes, mistakes_of

NARROWEST = 150  # pixels of a column of bars: two of them fit a phone


def headline(readings: Sequence[Reading]) -> str:
    """The answers in one sentence."""
    digits = list(dict.fromkeys(reading.digit for reading in readings))
    sure = ", ".join(f"{reading.reader.name} {reading.confidence:.0%}" for reading in readings)
    if len(digits) == 1:
        return f"It looks like a {digits[0]} ({sure})"
    return f"It looks like a {' or a '.join(map(str, digits))}: the networks disagree"


def columns_of_bars(readers: Sequence[Reader], readings: Sequence[Reading]) -> str:
    """Ten bars for every reader, side by side; empty bars where there are no readings."""
    if not readings:
        return side_by_side(
            [named(reader.name, reader.colour, reader.words) + no_bars() for reader in readers],
            least=NARROWEST,
        )
    return side_by_side(
        [
            named(r.reader.name, r.reader.colour, r.reader.words)
            + probability_bars(r.probabilities, colour=r.reader.colour)
            for r in readings
        ],
        least=NARROWEST,
    )


def show_next_mistake(reader: Reader) -> None:
    """Put the next test image that a network gets wrong on the canvas, if it gets any wrong."""
    on_canvas: ShownDigit | None = st.session_state.get("test_digit")
    after = on_canvas.number if on_canvas else -1
    numbers = mistakes(reader.shipped_as) if reader.shipped_as else mistakes_of(reader.network)
    if len(numbers):
        following = numbers[numbers > after]
        show_test_digit(int(following[0] if len(following) else numbers[0]))


def digit_buttons(readers: Sequence[Reader]) -> None:
    """Buttons that put test images on the canvas."""
    with st.container(horizontal=True):
        st.button("A test digit", on_click=show_any_test_digit, key="test-digit")
        for reader in readers:
            st.button(
                f"{reader.name}: next mistake",
                help=f"The next of the 10,000 test images that {reader.name} gets wrong",
                on_click=partial(show_next_mistake, reader),
                key=f"mistake-{reader.name}",
            )
