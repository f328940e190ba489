"""A convolution place by place: one number as filter times patch, all of them as one product, and
the way back through max pooling to the gradient of a filter."""

from functools import partial

import numpy as np
import streamlit as st

from ui.backprop.chosen import ChosenStep
from ui.backprop.convolution.back import filter_gradient, pooling
from ui.backprop.convolution.place import ChosenPlace, choose_place, convolutions
from ui.backprop.convolution.product import one_number, one_product
from ui.backprop.link import part
from ui.backprop.signed_picture import WIDE, framed
from ui.html import captioned, in_a_row

MOST_CHANNELS = 16  # pictures of the input
NARROW = 84  # CSS pixels of one among several


def convolution(chosen: ChosenStep) -> None:
    """What one convolution of a CNN does; an MLP has none."""
    st.header("Convolution as a product", anchor=False)
    if not convolutions(chosen):
        st.info("This network is an MLP, which has no convolution: choose the CNN above.")
        return
    part(partial(_place_by_place, chosen))


def _place_by_place(chosen: ChosenStep) -> None:
    """All that changes with the chosen place."""
    numbers = st.container(horizontal=True, vertical_alignment="bottom")
    left, right = st.columns(2, gap="large")
    place = choose_place(chosen, numbers, left.container())
    with right:
        _what_it_covers(place)
    one_number(place)
    one_product(place)
    pooling(chosen, place)
    filter_gradient(chosen, place)


def _what_it_covers(place: ChosenPlace) -> None:
    """The input, the patch in a frame: one channel, or the channels that add most."""
    padded, parts = place.found.padded, place.product.parts
    _, k_h, k_w = parts.shape
    box = (place.row, place.column, k_h, k_w)
    zeros = ", with the zeros of the padding around it" if any(place.found.zeros) else ""
    st.caption(f"{place.source}, which the filter reads{zeros}. Frame: its patch, {k_h} x {k_w}")
    sums = np.abs(parts.sum(axis=(1, 2)))
    shown = np.sort(np.argsort(-sums, kind="stable")[:MOST_CHANNELS])
    size = WIDE if len(padded) == 1 else NARROW
    pictures = []
    for channel in shown:
        alt = f"Channel {channel} of {place.source}, a frame around the patch"
        picture = framed(padded[channel], box, cell=size / padded.shape[2], alt=alt)
        name = f"<b>{channel}, below</b>" if channel == place.channel else str(channel)
        pictures.append(captioned(picture, name) if len(padded) > 1 else picture)
    st.html(in_a_row(pictures, gap=".6rem .8rem"))
    if others := len(padded) - len(shown):
        st.caption(f"The channels that add most to this number, and {others} others.")
