"""Fills strokes of which only the outline is drawn, as in letters to colour in."""

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import Components, connected_components


def filled(ink: Picture) -> Picture:
    """The ink (h, w) with what its outlines enclose inked too, uint8, white on black.

    What lies within one outline is a stroke, within two (the eye of a 0) paper again, and so on. A
    digit that was written with one stroke loses its eyes: its network would not know it again.
    """
    drawn = np.pad(ink > 127, 2)  # (h + 4, w + 4): all paper around the digit is one piece
    # Pieces meet at corners. Outlines as thick as this let no paper through where they do.
    drawn[1:] |= drawn[:-1]
    drawn[:, 1:] |= drawn[:, :-1]
    strokes, paper = connected_components(drawn), connected_components(~drawn)
    around_paper = _left_of(paper, strokes)  # (P,): the outline around each piece of paper
    around_strokes = _left_of(strokes, paper)  # (S,)
    inside = np.zeros(len(paper.areas), dtype=np.bool_)
    # A piece's first pixel lies below that of the piece around it, so that one is known before. The
    # first piece of paper is what lies outside.
    for piece in range(1, len(inside)):
        inside[piece] = not inside[around_strokes[around_paper[piece]]]
    return np.where(paper.mask(inside)[2:-2, 2:-2], np.uint8(255), ink)


def _left_of(pieces: Components, others: Components) -> NDArray[np.intp]:
    """The piece of `others` that lies left of the first pixel of each piece: (K,)."""
    width = pieces.shape[1]
    first = np.unique(pieces.labels, return_index=True)[1]  # (K,): the first run of each piece
    places = pieces.rows[first] * width + pieces.starts[first] - 1
    runs = np.searchsorted(others.rows * width + others.starts, places, side="right") - 1
    return others.labels[np.maximum(runs, 0)]
