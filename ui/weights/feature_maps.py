"""A CNN's filters, layer by layer, and what they make of the reader's digit."""

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.activations import HiddenLayer, feature_maps, receptive_field
from ui.components.tiles import TileLook, weight_tiles
from ui.drawing import own_digit
from ui.html import captioned, picture
from ui.theme import VALIDATION, rgb
from ui.weights.looked import Looked

FRAME = np.array(rgb(VALIDATION), np.uint8)  # of a receptive field: orange


def filters_and_maps(looked: Looked) -> None:
    """Filters and feature maps of every convolution."""
    image, whose = own_digit()
    found = feature_maps(looked.network, image)
    st.write(f"What each layer makes of {whose}. Choose a map, then a pixel in it.")
    for number, (layer, maps) in enumerate(found.items(), start=1):
        st.header(f"Convolution {number}", anchor=False)
        _filters(looked, layer, number)
        chosen = weight_tiles(
            maps,
            key=f"weight_maps_{looked.key}_{number}",
            diverging=False,
            scale="shared",
            look=TileLook(
                noun="feature map",
                quantity="activation",
                description=f"Feature maps of convolution {number}",
                size=64,
            ),
        )
        _field(looked, layer, maps, chosen or 0, image, number)


def _filters(looked: Looked, layer: HiddenLayer, number: int) -> None:
    """A convolution's filters, on one of the maps of the layer before."""
    W = looked.network.parameters.layers[layer.weights]["W"]  # (F, C, k, k)
    F, C, k, _ = W.shape
    with st.expander(f"Its {F} filters of {C} x {k} x {k} weights"):
        of = 0
        if C > 1:
            of = int(st.number_input("Looking at map", 0, C - 1, 0, key=f"from_{number}"))
        weight_tiles(
            W[:, of],
            key=f"filters_{looked.key}_{number}",
            look=TileLook(
                noun="filter",
                description=f"Filters of convolution {number}, on map {of} of the layer before",
                size=48,
            ),
        )


def _field(
    looked: Looked, layer: HiddenLayer, maps: Array, chosen: int, image: Array, number: int
) -> None:
    """The pixels of the input that one value of a map depends on, framed on the input."""
    _, H, W = layer.shape
    brightest = np.unravel_index(int(maps[chosen].argmax()), (H, W))
    with st.container(horizontal=True):
        row = st.slider("Row", 0, H - 1, int(brightest[0]), key=f"row_{number}_{chosen}_{H}")
        column = st.slider(
            "Column", 0, W - 1, int(brightest[1]), key=f"column_{number}_{chosen}_{W}"
        )
    box = receptive_field(looked.network, layer, row, column)
    framed = np.repeat(image[:, :, None], 3, axis=2)
    framed = framed.repeat(4, axis=0).repeat(4, axis=1)  # so that the frame hides no pixel
    rows, columns = slice(4 * box.top, 4 * box.bottom), slice(4 * box.left, 4 * box.right)
    framed[[rows.start, rows.stop - 1], columns] = FRAME
    framed[rows, [columns.start, columns.stop - 1]] = FRAME
    st.html(
        captioned(
            picture(framed, alt=f"rows {box.top} to {box.bottom - 1}, columns {box.left} to "
                    f"{box.right - 1} of the input are framed", width=168),
            f"Map {chosen} at ({row}, {column}) is {maps[chosen, row, column]:.3f}; it sees rows "
            f"{box.top} to {box.bottom - 1} and columns {box.left} to {box.right - 1}.",
        )
    )  # fmt: skip
