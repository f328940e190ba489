"""The network that the page looks at, with the reader's own digit in it."""

import streamlit as st

from mnist_core.inspection.ablation import without_units
from ui.choices import WEIGHTS
from ui.chosen_unit import activity_in_link
from ui.components.network_picture import Frame, network_picture
from ui.drawing import own_digit
from ui.weights.looked import Looked, units_off

KEY = "weights_picture_of_network"


def network_and_digit(looked: Looked) -> None:
    """What each unit answers, and what that leads to; units that are off answer nothing."""
    image, whose = own_digit()
    off = units_off(looked)
    masked = without_units(looked.network, looked.layer, off) if off else looked.network
    st.header(f"What they make of {whose}", anchor=False)
    at = "" if looked.step is None else f" at step {looked.step:,}"
    network_picture(looked.network, key=KEY, title=f"{looked.name}{at}")
    activity_in_link(
        masked, Frame(image, whose), key=KEY, choices=WEIGHTS, off=off, whole=looked.network
    )
