"""How pictures of one thing differ: how thick a pen is beside what it draws, how sharp a camera is.
Digits and non-digits get the same qualities, so none of them tells one from the other.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_core.data.mnist import Split
from mnist_core.handwriting.digits import SHEET, Writers, styles_of
from mnist_core.handwriting.sheet import in_the_middle
from mnist_core.handwriting.writers import write
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.pen import ink_of

Picture = NDArray[np.uint8]
Sides = tuple[float, float]

CANVAS, PEN = 280, 280 / 13  # pixels: the Draw page's sheet, and its pen as it is at first
ANY_SIDE = (40.0, 260.0)  # pixels on the canvas, the longest side of a pen's path
LARGEST = 0.8  # of a sheet, the longest side of what is drawn again at another size
COARSEST, COARSE = 7, 15  # pixels of ink, in low resolution
SOFTEST = 0.06  # standard deviation of a blur, as a share of the ink's longest side


def pen_share(rng: np.random.Generator, sides: Sides) -> float:
    """The pen's width beside the longest side of its path, which is any of `sides` long."""
    return float(PEN / np.exp(rng.uniform(*np.log(sides))))


def drawn_at(sides: Sides, count: int, writers: Writers, *, rng: np.random.Generator) -> Split:
    """Digits of the world's ways of writing, drawn with the canvas's pen, any of `sides` long.

    What is small has thick strokes in MNIST's form.
    """
    labels = rng.integers(0, 10, count)
    images = np.empty((count, 28, 28), np.uint8)
    for i, digit in enumerate(labels):
        known = styles_of(int(digit), writers)
        weights = np.array([style.weight for style in known])
        style = known[rng.choice(len(known), p=weights / weights.sum())]
        [strokes] = write(style, 1, rng=rng)
        again = in_the_middle(strokes, LARGEST, pen=pen_share(rng, sides))
        images[i] = normalize_drawing(ink_of(again, SHEET))
    return Split(images, labels.astype(np.uint8))


def worn(sheet: Picture, rng: np.random.Generator) -> Picture:
    """A sheet as a poor camera has it: few pixels, or soft edges and other shades of grey."""
    rows, columns = (np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0))
    ink = Image.fromarray(sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    if rng.random() < 0.5:
        share = int(rng.integers(COARSEST, COARSE + 1)) / max(ink.size)
        width, height = (max(1, round(side * share)) for side in ink.size)
        coarse = np.asarray(ink.resize((width, height), Image.Resampling.BOX)).astype(float)
    else:
        margin = max(ink.size) // 4
        larger = Image.fromarray(np.pad(np.asarray(ink), margin))
        blur = max(ink.size) * rng.uniform(0.01, SOFTEST)
        coarse = np.asarray(larger.filter(ImageFilter.GaussianBlur(blur))).astype(float)
    coarse *= 255 / coarse.max()
    shades = 255 * (coarse / 255) ** rng.uniform(0.5, 1.6)
    shades[shades < rng.uniform(4, 60)] = 0  # paper is blank again
    return np.rint(shades).astype(np.uint8)
