"""The network of the run as a picture that forms, and the digit that it reads meanwhile.
Before there is a run, a network that was trained before shows what is to come.
"""

import numpy as np
import streamlit as st

from ui.choices import TRAIN
from ui.chosen_unit import activity_in_link
from ui.components.network_picture import Frame, network_picture
from ui.drawing import sheet_of
from ui.session import ShownRun, mnist, session, shipped
from ui.settings import run_summary
from ui.words import a_digit

KEY = "train_network"
FIRST_SIGHT = "A trained network at work. Press Start and watch a new one learn"
BEFORE_ITS_STEPS = "A trained network at work, until this run has weights of its own"


def network_of_run(run: ShownRun | None) -> None:
    """The network with the weights of the shown step, and a digit in it."""
    if run is None or run.snapshot is None:
        title = FIRST_SIGHT if run is None else BEFORE_ITS_STEPS
        network_picture(shipped("mlp"), key=KEY, title=title)
        activity_in_link(shipped("mlp"), *_one_of_each(), key=KEY, choices=TRAIN)
    else:
        step = f"step {run.snapshot.step:,}"
        title = f"{run_summary(run.config, short=True)} at {step}"
        network_picture(run.network, key=KEY, title=title)
        image = TRAIN.said("image", None, range(len(mnist().test)))
        activity_in_link(run.network, _watched(image), key=KEY, choices=TRAIN)
        if run.chosen:
            st.caption(f"At {step}, the step chosen on the Weights page.")
        _choice_of_digit(image)


@st.cache_resource(show_spinner=False)
def _one_of_each() -> list[Frame]:
    """A test image of each digit."""
    test = mnist().test
    numbers = [int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)]
    return [Frame(test.images[n], a_digit(digit)) for digit, n in enumerate(numbers)]


def _test_image(number: int) -> Frame:
    test = mnist().test
    label = a_digit(int(test.labels[number]))
    return Frame(test.images[number], f"test image {number:,} ({label})")


def _watched(image: int | None) -> Frame:
    """The digit that is read while the network learns: that test image, or the visitor's own."""
    if image is None and (drawn := sheet_of(session().drawing).image) is not None:
        return Frame(drawn, "your drawing")
    return _test_image(image or 0)


def _choice_of_digit(image: int | None) -> None:
    """Which digit is read."""
    with st.container(horizontal=True):
        st.button("Another digit", key="another", on_click=_another)
        if image is not None and not session().drawing.is_blank:
            st.button("Your drawing", key="own_drawing", on_click=_own)


def _another() -> None:
    TRAIN.choose("image", int(np.random.default_rng().integers(len(mnist().test))))


def _own() -> None:
    TRAIN.choose("image", None)
