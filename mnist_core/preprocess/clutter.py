"""Tells writing from what else is dark on a photograph: specks, the sheet's edge, the table."""

import numpy as np

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import connected_components
from mnist_core.preprocess.segment import MAX_DIGITS

SPECK_SIDE = 0.006  # of the picture's longest side
ALONG_EDGE = 0.9  # of a piece's longest side
INSIDE = 0.2  # of the ink that is no shadow; a digit that is not cut has more


def without_clutter(ink: Picture) -> Picture:
    """The ink without specks, the edge of the sheet and the table around it."""
    height, width = ink.shape
    pieces = connected_components(ink > 0)
    if not len(pieces.areas):
        return ink
    left, top, right, bottom = pieces.boxes.T
    mass = pieces.sums(ink)
    at_edge = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    sides = np.maximum(right - left, bottom - top)
    # A shadow or the table lies along the edge, a digit that was cut close meets it with the ends
    # of its strokes. Where the digits are inside, nothing at the edge is one.
    along = at_edge & (pieces.edge_pixels() >= ALONG_EDGE * sides)
    beside = at_edge if mass[~at_edge].sum() > INSIDE * mass[~along].sum() else along
    if not beside[mass > 0].all():
        mass = np.where(beside, 0, mass)
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
