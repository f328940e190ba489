"""The network that answers, as a picture that follows the pen.
The network stands outside of what is drawn anew with every movement; what it does stands within.
"""

from collections.abc import Sequence

import streamlit as st

from ui.choices import DRAW
from ui.chosen_unit import activity_in_link
from ui.components.network_picture import Frame, network_picture
from ui.drawing import Sheet
from ui.networks import Predictor

KEY = "draw_network"
CHOICE = DRAW.key("inside")
SHOWN = "inside_shown"  # the network that stands in the picture now
HEIGHT = 270  # CSS pixels: canvas, answer and picture fit on one screen


def say_inside(predictors: Sequence[Predictor]) -> None:
    """Let the address say whose picture is shown, if it is not the first one's."""
    names = [predictor.name for predictor in predictors]
    DRAW.said("inside", names[0], names)


def looked_into(predictors: Sequence[Predictor]) -> Predictor:
    """The network whose picture is shown."""
    names = {predictor.name: predictor for predictor in predictors}
    return names.get(st.session_state[CHOICE], predictors[0])


def network_inside(predictors: Sequence[Predictor]) -> None:
    """The choice of a network, and its picture."""
    names = [predictor.name for predictor in predictors]
    st.segmented_control(
        "Look inside",
        names,
        required=True,
        label_visibility="collapsed",
        key=CHOICE,
        persist_state="session",
    )
    predictor = looked_into(predictors)
    title = f"{predictor.name}, {predictor.words}"
    network_picture(predictor.network, key=KEY, title=title, height=HEIGHT)
    st.session_state[SHOWN] = predictor


def as_shown(predictors: Sequence[Predictor]) -> tuple[Predictor, ...]:
    """The same networks, the one in the picture with the weights that it has there.

    The parts of the page with the pen and with the picture are drawn anew apart from each other: of
    a run that learns, each would have other weights.
    """
    shown: Predictor | None = st.session_state.get(SHOWN)
    return tuple(
        shown if shown is not None and shown.name == predictor.name else predictor
        for predictor in predictors
    )


def pen_inside(predictors: Sequence[Predictor], sheet: Sheet) -> None:
    """What the drawing does in the network that is shown."""
    words = f"test image {sheet.digit.number:,}" if sheet.digit else "your drawing"
    activity_in_link(
        looked_into(predictors).network, Frame(sheet.image, words), key=KEY, choices=DRAW
    )
