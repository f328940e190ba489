"""The grid of tiles as a picture that can be saved, in the same colours as on the page."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ui.components.tiles.colours import MISSING, Theme, colour_table
from ui.components.tiles.packing import Scale, places_of, quantise


def tiles_image(
    weights: ArrayLike,
    *,
    scale: Scale = "each",
    order: Sequence[int] | None = None,
    columns: int = 16,
    pixel: int = 2,
    gap: int = 4,
    theme: Theme = "light",
    diverging: bool = True,
) -> Image.Image:
    """Draw weights (n, h, w) as an RGB picture of the grid, each weight `pixel` by `pixel` dots.

    A number as `scale` keeps the colours of several pictures comparable, as in an animation.
    `order` names the tiles to draw, in order; `gap` is the space around each tile, in dots.
    """
    if columns < 1 or pixel < 1 or gap < 0:
        raise ValueError("columns and pixel must be at least 1, gap at least 0")
    codes = quantise(weights, scale, diverging=diverging).codes
    codes = codes[places_of(order, len(codes))]
    n, h, w = codes.shape
    columns = min(columns, n)
    rows = -(-n // columns)

    table = colour_table(theme, diverging=diverging)
    colours = table[codes.astype(np.int16) - MISSING]  # (n, h, w, 3)
    missing_light = (codes == MISSING) & (np.indices((h, w)).sum(axis=0) % 2 == 0)
    colours[missing_light] = table[-MISSING]
    colours = colours.repeat(pixel, axis=1).repeat(pixel, axis=2)  # (n, h * pixel, w * pixel, 3)

    paper = 255 if theme == "light" else 14
    cell_height, cell_width = h * pixel + gap, w * pixel + gap
    sheet = np.full((rows * cell_height + gap, columns * cell_width + gap, 3), paper, np.uint8)
    for place, tile in enumerate(colours):
        top = gap + place // columns * cell_height
        left = gap + place % columns * cell_width
        sheet[top : top + h * pixel, left : left + w * pixel] = tile
    return Image.fromarray(sheet)
