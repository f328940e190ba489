"""Tells writing from what else is dark on a photograph: specks, the sheet's edge, the table."""

import numpy as np

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import connected_components
from mnist_core.preprocess.segment import MAX_DIGITS

SPECK_SIDE = 0.006  # of the picture's longest side


def without_clutter(ink: Picture) -> Picture:
    """The ink without specks, the edge of the sheet and the table around it."""
    height, width = ink.shape
    pieces = connected_components(ink > 0)
    if not len(pieces.areas):
        return ink
    left, top, right, bottom = pieces.boxes.T
    mass = pieces.sums(ink)
    at_edge = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    # A digit may touch the edge if the picture shows little else. Beside a whole digit it is a
    # shadow, and what spans most of the picture in both directions is the table.
    frame = at_edge & (right - left > 0.6 * width) & (bottom - top > 0.6 * height)
    if mass[~at_edge].sum() > 0.2 * mass[~frame].sum():
        mass = np.where(at_edge, 0, mass)
    sides = np.maximum(right - left, bottom - top)
    keep = (pieces.peaks(ink) > 160) & (sides > SPECK_SIDE * max(width, height))
    # The grain of a table is greyer than the pen: only spots of it become white.
    whiteness = mass / pieces.areas
    keep &= (mass > 0.02 * mass.max()) & (whiteness > 0.7 * whiteness[mass.argmax()])
    # A small piece is part of a digit only close to it: the bar of a 5, but not the table's grain.
    small = keep & (sides < 0.4 * sides[mass.argmax()])
    near = np.zeros(len(mass), dtype=bool)
    large = np.flatnonzero(keep & ~small)
    for piece in large[np.argsort(-mass[large])[:MAX_DIGITS]]:
        reach = 0.3 * sides[piece]
        near |= (
            (left - right[piece] <= reach)
            & (left[piece] - right <= reach)
            & (top - bottom[piece] <= reach)
            & (top[piece] - bottom <= reach)
        )
    return ink * pieces.mask(keep & (near | ~small))
