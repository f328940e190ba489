"""Finds the ink on a photograph: dark or light writing on uneven paper becomes white on black."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import connected_components
from mnist_core.preprocess.image_files import upright
from mnist_core.preprocess.segment import MAX_DIGITS

# From a photograph to ink. Lengths are shares of the picture's longest side.
COARSE_SIDE = 256  # pixels; the size at which paper and shadows are looked at
STROKE_SHARE = 1 / 5  # no stroke of a pen is wider than this
SMALL_SIDE = 64  # pixels; what is smaller is no photograph: its paper is taken to be even
SPECK_SIDE = 0.006
LEAST_CONTRAST = 0.12  # what is fainter than this, on paper of 1, is no ink


def ink_from_photo(image: Image.Image) -> Picture:
    """The writing on a photographed or scanned sheet: uint8 (H, W), white ink on black.

    `image` is any Pillow picture: dark writing on light paper or light on dark, in uneven light.
    The ink has the size of the upright picture, or less: its longest side is at most 2,048 pixels.
    It is all black if there is no writing.
    """
    gray = np.asarray(upright(image.copy()).convert("L"))  # (H, W)
    if max(gray.shape) <= SMALL_SIDE:
        return _ink_on_even_paper(gray)
    contrast = _contrast(gray)
    return _without_clutter(_ink_from_contrast(contrast))


def _ink_on_even_paper(gray: Picture) -> Picture:
    """The ink of a small picture, whose paper is what most of its edge shows."""
    edge = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]]).astype(np.int16)
    paper = int(np.median(edge))
    noise = 3 * int(np.median(np.abs(edge - paper)))
    dark_ink = paper > (int(gray.max()) + int(gray.min())) / 2
    ink = paper - gray.astype(np.int16) if dark_ink else gray.astype(np.int16) - paper
    ink[ink <= noise] = 0
    if ink.max() < 255 * LEAST_CONTRAST:
        return np.zeros_like(gray)
    return np.clip(ink, 0, 255).astype(np.uint8)


def _contrast(gray: Picture) -> NDArray[np.float32]:
    """How much each pixel differs from the paper around it: (H, W), 0 is paper, about 1 is ink."""
    height, width = gray.shape
    shrink = max(height, width) / COARSE_SIDE
    coarse_size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    coarse = np.asarray(Image.fromarray(gray).resize(coarse_size, Image.Resampling.BOX))
    coarse = coarse.astype(np.float32)
    light = _ink_is_light(coarse)
    paper = 255 - _paper(255 - coarse) if light else _paper(coarse)
    smooth = Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR)
    paper = np.asarray(smooth)  # (H, W)
    # What is drawn reflects a fixed share of the light that its paper does, in shadow as in sun:
    # dividing by the paper makes both alike. The divisor is kept off zero, or noise on dark
    # paper would be blown up.
    if not light:
        return np.maximum((paper - gray) / np.maximum(paper, max(0.4 * float(paper.max()), 1)), 0)
    contrast = np.maximum((gray - paper) / (paper + 16), 0)
    contrast /= max(float(np.percentile(_thinned(contrast), 99.9)), 1)  # white on black: above 10
    return contrast


def _paper(coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """The brightness of the paper under dark ink: a picture of the same size."""
    # Closing (the darkest of the lightest nearby) fills all that is dark and narrower than the
    # window, and leaves broad shadows where they are. The picture goes on beyond its edges as it
    # is there, so that neither a shadow nor the table that reaches them is filled.
    window = round(STROKE_SHARE * max(coarse.shape)) | 1
    around = np.pad(coarse, window, mode="edge")
    paper = _extreme(_extreme(around, window, np.maximum), window, np.minimum)
    # At the sharp edge of a shadow the interpolated paper must not be lighter than the shadow, or
    # the edge would be taken for ink.
    return _extreme(paper, 3, np.minimum)


def _thinned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most about 1,000 x 1,000 of the pixels (H, W), evenly spread, for statistics."""
    return values[:: max(1, values.shape[0] // 512), :: max(1, values.shape[1] // 512)]


def _ink_is_light(coarse: NDArray[np.float32]) -> bool:
    """Whether the writing is lighter than the paper around it."""
    # Ink is the smaller part of any wide window, so the window's median is paper, on both sides of
    # a shadow's edge.
    thin = coarse[::4, ::4]  # (h, w)
    reach = max(thin.shape) // 6
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(thin, reach, mode="edge"), (2 * reach + 1, 2 * reach + 1)
    )  # (h, w, 2 reach + 1, 2 reach + 1)
    paper = np.median(windows.reshape(*thin.shape, -1), axis=-1)  # (h, w)
    difference = thin - paper
    # The middle counts more than the margins, where the table may be seen.
    weights = np.outer(*(np.hanning(side + 2)[1:-1] for side in thin.shape))
    return float((weights * difference**3).sum()) > 0


def _extreme(picture: NDArray[np.float32], window: int, extreme: np.ufunc) -> NDArray[np.float32]:
    """The maximum or minimum (np.maximum, np.minimum) in every square window of the picture.

    (H, W) becomes (H - window + 1, W - window + 1). Doubling the reach takes log2(window) passes
    instead of one for each pixel of the window.
    """
    for axis in (0, 1):
        picture = picture.swapaxes(0, axis)
        reach = 1
        while reach < window:
            step = min(reach, window - reach)
            picture = extreme(picture[step:], picture[:-step])
            reach += step
        picture = picture.swapaxes(0, axis)
    return picture


def _ink_from_contrast(contrast: NDArray[np.float32]) -> Picture:
    """Ink (H, W) with grey edges, black below 0.3 of the pen's contrast and white above 0.7."""
    sample = _thinned(contrast)
    paper = float(np.median(sample))
    spread = float(np.median(np.abs(sample - paper)))
    # 7 median deviations are about 5 standard deviations.
    least = max(paper + 7 * spread, LEAST_CONTRAST)
    marks = sample[sample > least]
    if len(marks) < 4:
        return np.zeros(contrast.shape, dtype=np.uint8)
    # The lines of ruled paper are marks too, fainter than the pen: the pen is the stronger half of
    # the marks.
    pen = float(np.median(marks[marks >= _otsu(marks)]))
    low = max(paper + 0.3 * (pen - paper), least * 0.8)
    high = max(paper + 0.7 * (pen - paper), low + 0.05)
    return (np.clip((contrast - low) * (1 / (high - low)), 0, 1) * np.float32(255)).astype(np.uint8)


def _otsu(values: NDArray[np.float32]) -> float:
    """The threshold that splits `values` (0..1) into the two most compact groups (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=128, range=(0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)  # (128,)
    total = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    between[~np.isfinite(between)] = 0  # one of the groups would be empty
    return float(edges[1 + int(between.argmax())])


def _without_clutter(ink: Picture) -> Picture:
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
