"""The network itself as a picture: the digit, the hidden units, the outputs, and what leads on.

`network_picture` shows the network, and its weights; `network_activity`, which may stand in a part
of the page that is drawn anew more often, says what one image does in it. message.py packs both,
detail.py is about the unit or output that a reader has chosen.
"""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import SIDE, Array
from mnist_core.inspection.activations import hidden_layers
from mnist_core.inspection.trace import trace
from mnist_core.nn.network import Sequential
from ui.components.files import component_of
from ui.components.network_picture.detail import Choice, chosen_frame, detail_of
from ui.components.network_picture.message import (
    activity_message,
    form_of,
    network_message,
    shown_layers,
    version_of,
)
from ui.components.pieces import pack
from ui.components.said import said

__all__ = ["Choice", "Frame", "network_activity", "network_picture"]

NOTHING = np.zeros((SIDE, SIDE), np.uint8)
HEIGHT = 330  # CSS pixels of the picture, at most, where there is room beside each other

_mount = component_of(
    "digit_lab_network_picture",
    __file__,
    scripts=(
        "../painting.js",
        "../percent.js",
        "../pieces.js",
        "message.js",
        "units.js",
        "lines.js",
        "detail.js",
        "reel.js",
        "words.js",
        "picture.js",
        "component.js",
    ),
    styles=("component.css", "../hatched.css", "circumstances.css"),
)


def network_picture(model: Sequential, *, key: str, title: str, height: int = HEIGHT) -> None:
    """Show a network: every unit in its place. What it does is said by `network_activity`."""
    _mount(key=key, data=network_message(model, key, title, height))


@dataclass(frozen=True)
class Frame:
    """An image for the network, uint8 (28, 28) or None for nothing yet, and what it is in words."""

    image: Array | None
    words: str


def network_activity(
    model: Sequential,
    *frames: Frame,
    key: str,
    off: Collection[int] = (),
    whole: Sequential | None = None,
    first: Callable[[], Choice | None] = lambda: None,
) -> Choice | None:
    """Say what an image does in the network that is shown under `key`; several come in turn.

    Args:
        model: the network shown, or the same with some units of its first hidden layer off.
        off: the units that are off.
        whole: the network shown, where `model` has units off.
        first: what is chosen in the first image until the reader chooses; asked for once.

    Returns the unit or output that the reader has chosen, None without one.
    """
    slot = f"{key}_activity"
    whole = whole or model
    shown = shown_layers(whole, hidden_layers(model))
    form = form_of(shown)
    if slot in st.session_state:
        sent = said(slot, "chosen")
    else:
        sent = (wanted := first()) and {**asdict(wanted), "frame": 0, "form": form}
    at = chosen_frame(sent, len(frames))
    choice, messages = None, []
    for number, frame in enumerate(frames):
        traced = trace(model, NOTHING if frame.image is None else frame.image)
        here = frame.image is not None and number == at
        mine = Choice.read(sent, traced, form) if here else None
        choice = mine or choice
        detail = mine and detail_of(model, traced, shown, mine, off)
        messages.append(
            activity_message(model, traced, shown, frame.words, frame.image is None, detail)
        )
    header = {"picture": key, "form": form, "version": version_of(whole)}
    header["off"] = sorted(map(int, off))
    data = pack(header | {"frame": at if choice else None}, messages)
    _mount(key=slot, data=data, default={"chosen": sent}, on_chosen_change=lambda: None)
    return choice
