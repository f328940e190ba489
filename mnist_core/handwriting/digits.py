"""Handwritten digits in MNIST's form, as many as one likes, each with its label and its style.
They are drawn by the canvas's pen and normalised as a drawing of a visitor's is.
"""

from typing import Literal

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from mnist_core.data.mnist import Split
from mnist_core.handwriting.styles import STYLES, Style
from mnist_core.handwriting.writers import write
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.pen import ink_of

SHEET = 140  # pixels; what comes out is 28 wide, and a larger sheet takes longer
Writers = Literal["training", "held-out"]


def handwritten(n: int, *, rng: np.random.Generator, writers: Writers = "training") -> Split:
    """`n` digits, each as often as any other, in random order and styles.

    The held-out writers have styles that the training writers don't, and no others. The same `n`
    and state of `rng` give the same digits.
    """
    labels = rng.permutation(np.arange(n) % CLASSES)
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for digit in range(CLASSES):
        mine = np.flatnonzero(labels == digit)
        known = styles_of(digit, writers)
        weights = np.array([style.weight for style in known])
        chosen = rng.choice(len(known), len(mine), p=weights / weights.sum())
        for number, style in enumerate(known):
            which = mine[chosen == number]
            images[which] = in_style(style, len(which), rng=rng)
    return Split(images, labels.astype(np.uint8))


def styles_of(digit: int, writers: Writers = "training") -> tuple[Style, ...]:
    """The ways in which these writers write a digit."""
    held_out = writers == "held-out"
    return tuple(s for s in STYLES if s.digit == digit and s.held_out == held_out)


def in_style(style: Style, n: int, *, rng: np.random.Generator) -> Array:
    """`n` digits of one style, uint8 (n, 28, 28)."""
    images = np.empty((n, SIDE, SIDE), np.uint8)
    for i, strokes in enumerate(write(style, n, rng=rng)):
        images[i] = normalize_drawing(ink_of(strokes, SHEET))
    return images
