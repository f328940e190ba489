"""A sheet of handwriting to look at: a style, or a digit in all of its styles, on white paper."""

from collections.abc import Sequence

import numpy as np

from mnist_core.arrays import Picture
from mnist_core.handwriting.digits import Writers, styles_of
from mnist_core.handwriting.styles import Style
from mnist_core.handwriting.writers import write
from mnist_core.preprocess.pen import Stroke, ink_of

LARGEST = 0.86  # of a cell's side, the largest digit
FINER = 2  # cells are drawn this much larger, then averaged: thin strokes stay smooth


def one_style(style: Style, columns: int, cell: int, *, rng: np.random.Generator) -> Picture:
    """A row of `columns` writers: uint8 (cell, columns * cell), dark ink on white paper."""
    return np.hstack([_in_a_cell(strokes, cell) for strokes in write(style, columns, rng=rng)])


def one_digit(
    digit: int, shape: tuple[int, int], cell: int, *, writers: Writers = "training",
    rng: np.random.Generator,
) -> Picture:  # fmt: skip
    """A digit as many people write it, every style about as often as people have it.

    `shape` is how many rows and columns of cells there are. The styles come in the order of the
    table, as a walk from one to the next: uint8 (rows * cell, columns * cell), dark on white.
    """
    rows, columns = shape
    known = styles_of(digit, writers)
    weights = np.array([style.weight for style in known])
    # At evenly spaced places on the line of all weights, so that no style is left out by chance.
    places = (np.arange(rows * columns) + 0.5) / (rows * columns)
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), places)
    cells = [
        _in_a_cell(strokes, cell)
        for number, style in enumerate(known)
        for strokes in write(style, int((chosen == number).sum()), rng=rng)
    ]
    lines = [np.hstack(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
    return np.vstack(lines)


def in_the_middle(
    strokes: Sequence[Stroke], largest: float, *, pen: float | None = None
) -> list[Stroke]:
    """A writer's digit in the middle of a sheet, its ink `largest` of the sheet's side long.

    `pen` is the pen's width as a share of the longest side of its path, if it is to be another one.
    """
    points = np.concatenate([stroke.points[:, :2] for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    brush = strokes[0].brush if pen is None else extent * pen
    factor = largest / (extent + brush)
    shift = 0.5 - factor * (low + high) / 2
    centred = []
    for stroke in strokes:
        moved = stroke.points.copy()
        moved[:, :2] = moved[:, :2] * factor + shift
        centred.append(Stroke(moved, brush * factor))
    return centred


def _in_a_cell(strokes: Sequence[Stroke], cell: int) -> Picture:
    """A writer's digit in the middle of a cell, uint8 (cell, cell), as large as a cell holds."""
    ink = ink_of(in_the_middle(strokes, LARGEST), FINER * cell)
    ink = ink.reshape(cell, FINER, cell, FINER).mean(axis=(1, 3))
    return 255 - np.rint(ink).astype(np.uint8)
