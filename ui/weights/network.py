"""The network that the page looks at, with the reader's own digit in it."""

import streamlit as st

from mnist_core.inspection.ablation import without_units
from ui.components.network_picture import Frame, network_activity, network_picture
from ui.drawing import own_digit
from ui.weights.looked import Looked, units_off

KEY = "weights_network"


def network_and_digit(looked: Looked) -> None:
    """What each unit answers, and what that leads to; units that are off answer nothing."""
    image, whose = own_digit()
    off = units_off(looked)
    masked = without_units(looked.network, looked.layer, off) if off else looked.network
    st.header(f"What they make of {whose}", anchor=False)
    at = "" if looked.step is None else f" at step {looked.step:,}"
    network_picture(looked.network, key=KEY, title=f"{looked.name}{at}")
    network_activity(masked, Frame(image, whose), key=KEY, off=off, whole=looked.network)
