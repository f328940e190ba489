"""Brings a drawing or a photograph to the form that MNIST's digits have: 28x28, white ink on black.
The networks have seen nothing else: the better these steps match those of MNIST's makers, the
better other people's digits are recognized.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import SIDE, Picture
from mnist_core.preprocess.components import connected_components

DIGIT_SIDE = 20  # pixels; the longest side of every MNIST digit
CENTRE = SIDE / 2  # pixels from 0, in both directions: where MNIST puts a digit's centre of mass
# MNIST's own makers rounded the centre of mass to whole pixels with an error of up to 0.02.
CENTRING_TOLERANCE = 0.52
# A piece with less than this share of the ink is a speck, but only in drawings above 28 pixels: 1
# in 100 of MNIST's own digits has such a piece.
SPECK_SHARE = 0.01


@dataclass(frozen=True)
class NormalizationSteps:
    """What each step from ink to 28x28 made of a drawing: uint8, white ink on black.

    drawn is the drawing (H, W), cropped its ink alone (h, w), scaled the ink at its new size in the
    middle of a square of 20x20 (28x28 if scaling was switched off) and centred the picture that the
    network sees, (28, 28).
    """

    drawn: Picture
    cropped: Picture
    scaled: Picture
    centred: Picture


def normalize_drawing(gray: Picture) -> Picture:
    """The drawing in MNIST's form: uint8 (H, W), white ink on black, to uint8 (28, 28).

    The ink is cropped, its longest side scaled to 20 pixels and its centre of mass put on pixel
    (14, 14). An MNIST image comes back unchanged. Raises ValueError if there is no ink.
    """
    return normalization_steps(gray).centred


def normalization_steps(
    gray: Picture, *, crop: bool = True, scale: bool = True, centre: bool = True
) -> NormalizationSteps:
    """Every step of `normalize_drawing`, each of which can be left out to see what it is good for.

    Without `crop` the empty margins count as part of the digit. Without `scale` the digit is only
    squeezed as much as the whole drawing must be to fit 28x28. Without `centre` the middle of the
    digit's box, not of its mass, is centred. Raises ValueError if there is no ink, or if `gray` is
    no uint8 picture of two dimensions.
    """
    drawn = np.asarray(gray)
    if drawn.ndim != 2 or drawn.dtype != np.uint8:
        raise ValueError(
            "A drawing must be a grey picture: two dimensions of whole numbers from 0 to 255."
        )
    if not drawn.any():
        raise ValueError("There is nothing drawn yet: draw a digit.")

    cropped = _crop(drawn) if crop else drawn
    side = DIGIT_SIDE if scale else SIDE
    scaled = _resize(cropped, side / max((cropped if scale else drawn).shape))
    height, width = scaled.shape
    if crop and scale and centre and _is_normal(drawn):
        centred = drawn.copy()
    else:
        centred = np.zeros((SIDE, SIDE), dtype=np.uint8)
        row, column = _start(scaled.sum(axis=1), centre), _start(scaled.sum(axis=0), centre)
        centred[row : row + height, column : column + width] = scaled
    square = np.zeros((side, side), dtype=np.uint8)
    row, column = (side - height) // 2, (side - width) // 2
    square[row : row + height, column : column + width] = scaled
    return NormalizationSteps(drawn, cropped, square, centred)


def _is_normal(drawn: Picture) -> bool:
    """Whether a drawing has MNIST's form already, up to the rounding of MNIST's makers."""
    if drawn.shape != (SIDE, SIDE):
        return False
    left, top, right, bottom = _ink_box(drawn)
    offsets = (_offset(drawn.sum(axis=0)), _offset(drawn.sum(axis=1)))
    return DIGIT_SIDE - 1 <= max(right - left, bottom - top) <= DIGIT_SIDE and all(
        abs(offset) <= CENTRING_TOLERANCE for offset in offsets
    )


def _crop(drawn: Picture) -> Picture:
    """The ink without margins and specks."""
    if max(drawn.shape) > SIDE:
        drawn = _without_specks(drawn)
    left, top, right, bottom = _ink_box(drawn)
    return drawn[top:bottom, left:right]


def _ink_box(drawn: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom (the last two exclusive) of all that is not black."""
    columns = np.flatnonzero(drawn.any(axis=0))
    rows = np.flatnonzero(drawn.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _without_specks(drawn: Picture) -> Picture:
    """The drawing without pieces too faint or small to be part of the digit, such as dust."""
    pieces = connected_components(drawn > 0)
    if len(pieces.areas) == 1:
        return drawn
    ink = pieces.sums(drawn)  # (K,)
    return drawn * pieces.mask((ink >= SPECK_SHARE * ink.sum()) | (ink == ink.max()))


def _resize(picture: Picture, factor: float) -> Picture:
    """Scales (h, w) by `factor`; the brightest ink becomes white again."""
    height, width = picture.shape
    # MNIST's own digits are 20 pixels long, a few 19: enlarging them by so little would only blur.
    if 0 <= factor * max(height, width) - max(height, width) <= 1:
        return picture
    new_height, new_width = (max(1, round(side * factor)) for side in (height, width))
    rows = _resampling_matrix(height, new_height)  # (new_height, height)
    columns = _resampling_matrix(width, new_width)  # (new_width, width)
    resized = rows @ picture.astype(np.float32) @ columns.T  # (new_height, new_width)
    # Thin strokes fade when they are averaged with the paper around them, but in MNIST every digit
    # has white in it.
    resized *= 255 / resized.max()
    return np.rint(np.maximum(resized, 0)).astype(np.uint8)


@lru_cache(maxsize=128)  # a drawing has few sizes while it grows
def _resampling_matrix(source: int, target: int) -> NDArray[np.float32]:
    """The matrix (target, source) that resamples a line of pixels; its rows sum to one.

    Shrinking averages areas: a weight is the share of the new pixel that the old one covers.
    Enlarging is cubic convolution (Keys, 1981), which keeps small pictures sharper than linear
    interpolation: on handwriting of 8x8 pixels it is worth 1 to 2 points of accuracy.
    """
    step = source / target
    pixels = np.arange(source)  # (source,)
    if step >= 1:
        edges = np.arange(target)[:, None] * step  # (target, 1)
        overlap = np.minimum(edges + step, pixels + 1) - np.maximum(edges, pixels)
        weights = np.maximum(overlap, 0)  # (target, source)
    else:
        middles = (np.arange(target)[:, None] + 0.5) * step - 0.5  # (target, 1)
        x = np.abs(middles - pixels)  # (target, source)
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        weights = np.where(x <= 1, near, np.where(x < 2, far, 0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _start(ink: NDArray[np.integer], by_mass: bool) -> int:
    """Where in 28 pixels a line with `ink`, (n,), starts when it is centred and wholly inside."""
    length = len(ink)
    if not by_mass:
        return (SIDE - length) // 2
    return min(max(int(np.floor(_offset(ink) + 0.5)), 0), SIDE - length)


def _offset(ink: NDArray[np.integer]) -> float:
    """How far a line with `ink`, (n,), is from having its centre of mass on pixel 14."""
    return CENTRE - float(ink @ np.arange(len(ink))) / float(ink.sum())
