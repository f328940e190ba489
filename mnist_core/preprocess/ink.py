"""Finds the ink on a photograph: dark or light writing on uneven paper becomes white on black."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.arrays import Picture
from mnist_core.preprocess.clutter import without_clutter
from mnist_core.preprocess.image_files import upright
from mnist_core.preprocess.paper import contrast_with_paper, thinned

SMALL_SIDE = 64  # pixels; what is smaller is no photograph: its paper is taken to be even
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
    return without_clutter(_ink_from_contrast(contrast_with_paper(gray)))


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


def _ink_from_contrast(contrast: NDArray[np.float32]) -> Picture:
    """Ink (H, W) with grey edges, black below 0.3 of the pen's contrast and white above 0.7."""
    sample = thinned(contrast)
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
