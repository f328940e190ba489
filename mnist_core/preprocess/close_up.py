"""Finds the ink of a close-up: a picture of little else than a digit, however it was cut.
Paper is taken for one smooth surface, and ink for what differs from it by about one amount: nothing
is assumed about margins or about the size of the digit.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import connected_components
from mnist_core.preprocess.paper import otsu

LOOKED_AT = 96  # pixels; the size at which paper is told from ink
ROUNDS = 4  # of fitting the paper and telling what is paper
LEAST_CONTRAST = 0.1  # of the paper's brightness
DARKEST = 48.0  # grey level; paper that is darker is compared as if it were as light as this
BLACK = 16.0  # grey level added to paper under light ink, or noise on black would be blown up
# A digit that fills a picture, as shares: of the picture's height or width, of all ink, of the
# picture's edge. A sheet on a table is solid and large both ways, a shadow lies along the edge.
FILLING, MOST_OF_IT, MOST_AT_EDGE = 0.6, 0.6, 0.45
LEAST_OF_SHEET, SOLID, ALONG_EDGE = 0.5, 0.75, 0.9
CLEAR = 4  # ink must differ by so many times the grain of the paper


def close_up_ink(gray: Picture, *, light: bool) -> Picture:
    """The ink of a picture (H, W) that is light on dark paper, or dark on light: uint8 (H, W).

    It is white on black, and all black if the two can't be told apart.
    """
    height, width = gray.shape
    shrink = max(1.0, max(height, width) / LOOKED_AT)
    small_size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = Image.fromarray(gray).resize(small_size, Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32)  # (h, w)
    nothing = np.zeros_like(gray)
    if values.min() == values.max():
        return nothing
    terms = _terms(values.shape)  # (h w, 6)
    flat = values.ravel()
    surface = np.full_like(flat, 0 if light else 255)  # at first
    contrast = _contrast(flat, surface, light)
    ink = _is_ink(contrast, light)
    for _ in range(ROUNDS):
        if not 0 < ink.sum() < len(ink):
            return nothing
        surface = terms @ _factors(terms[~ink], flat[~ink])  # (h w,)
        contrast = _contrast(flat, surface, light)
        ink = _is_ink(contrast, light)
    if not 0 < ink.sum() < len(ink):
        return nothing
    paper, pen = float(np.median(contrast[~ink])), float(np.median(contrast[ink]))
    grain = float(np.median(np.abs(contrast[~ink] - paper)))
    if pen - paper < max(LEAST_CONTRAST, CLEAR * grain):
        return nothing
    low, high = paper + 0.3 * (pen - paper), paper + 0.7 * (pen - paper)
    smooth = Image.fromarray(surface.reshape(values.shape))
    surface = np.asarray(smooth.resize((width, height), Image.Resampling.BILINEAR))
    contrast = _contrast(gray.astype(np.float32), surface, light)  # (H, W)
    return (np.clip((contrast - low) / (high - low), 0, 1) * np.float32(255)).astype(np.uint8)


def edge_share(ink: Picture) -> float:
    """How much of a picture's edge (H, W) is inked, 0 to 1; all of it if there is no ink at all."""
    edge = np.concatenate([ink[0], ink[-1], ink[1:-1, 0], ink[1:-1, -1]])
    return float((edge > 127).mean()) if ink.any() else 1.0


def fills_picture(ink: Picture) -> bool:
    """Whether the ink (H, W) is one large thing that is no frame: a digit seen from near."""
    if edge_share(ink) > MOST_AT_EDGE or not ink.any():
        return False
    pieces = connected_components(ink > 127)
    largest = int(pieces.areas.argmax())
    area = int(pieces.areas[largest])
    width, height = pieces.boxes[largest, 2:] - pieces.boxes[largest, :2]
    shares = width / ink.shape[1], height / ink.shape[0]
    sheet = min(shares) > LEAST_OF_SHEET and area > SOLID * width * height
    stripe = pieces.edge_pixels()[largest] > ALONG_EDGE * max(width, height)
    whole = max(shares) >= FILLING and area >= MOST_OF_IT * pieces.areas.sum()
    return bool(whole and not sheet and not stripe)


def _contrast(
    gray: NDArray[np.float32], surface: NDArray[np.float32], light: bool
) -> NDArray[np.floating]:
    """By which share of the paper's brightness each pixel differs from it."""
    if light:
        return (gray - surface) / (np.maximum(surface, 0) + np.float32(BLACK))
    return (surface - gray) / np.maximum(surface, np.float32(DARKEST))


def _is_ink(contrast: NDArray[np.floating], light: bool) -> NDArray[np.bool_]:
    """Which pixels (N,) are ink, by their contrast alone."""
    # Light ink is several times as bright as its paper, in shade, too. There it may be nearer to
    # the paper than to ink in the sun, but not by how many times it is as bright.
    values = np.log1p(np.maximum(contrast, -0.9)) if light else contrast
    return values > otsu(values, float(values.min()), float(values.max()))


def _terms(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """1, x, y, x^2, x y and y^2 at each pixel of (h, w): (h w, 6)."""
    y, x = (axis.ravel() for axis in np.mgrid[: shape[0], : shape[1]] / max(shape) - 0.5)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1).astype(np.float32)


def _factors(terms: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `terms`, (n, 6), are multiplied by to give the surface through `values`, (n,): (6,)."""
    # Ridge regression keeps the surface calm where all paper lies in one corner.
    ridge = np.diag([1e-6, 5e-4, 5e-4, 5e-3, 5e-3, 5e-3]).astype(np.float32) * len(values)
    return np.linalg.solve(terms.T @ terms + ridge, terms.T @ values)
