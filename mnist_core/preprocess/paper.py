"""How much each pixel of a photograph differs from the paper around it, in even light or not."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.arrays import Picture

COARSE_SIDE = 256  # pixels; the size at which paper and shadows are looked at
STROKE_SHARE = 1 / 5  # of the picture's longest side; no stroke of a pen is wider than this


def contrast_with_paper(gray: Picture, *, light: bool) -> NDArray[np.float32]:
    """How much each pixel differs from the paper around it: (H, W), 0 is paper, about 1 is ink.

    `light` ink is lighter than its paper.
    """
    height, width = gray.shape
    coarse = _coarse(gray)
    paper = 255 - _paper(255 - coarse) if light else _paper(coarse)
    smooth = Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR)
    paper = np.asarray(smooth)  # (H, W)
    # What is drawn reflects a fixed share of the light that its paper does, in shadow as in sun:
    # dividing by the paper makes both alike. The divisor is kept off zero, or noise on dark
    # paper would be blown up.
    if not light:
        return np.maximum((paper - gray) / np.maximum(paper, max(0.4 * float(paper.max()), 1)), 0)
    contrast = np.maximum((gray - paper) / (paper + 16), 0)
    contrast /= max(float(np.percentile(thinned(contrast), 99.9)), 1)  # white on black: above 10
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


def thinned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most about 1,000 x 1,000 of the pixels (H, W), evenly spread, for statistics."""
    return values[:: max(1, values.shape[0] // 512), :: max(1, values.shape[1] // 512)]


def _coarse(gray: Picture) -> NDArray[np.float32]:
    """The picture (H, W) at COARSE_SIDE, enlarged if it is smaller."""
    height, width = gray.shape
    shrink = max(height, width) / COARSE_SIDE
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    return np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BOX)).astype(np.float32)


def ink_is_light(gray: Picture) -> bool:
    """Whether the writing on a picture (H, W) is lighter than the paper around it."""
    # Ink is the smaller part of any wide window, so the window's median is paper, on both sides of
    # a shadow's edge.
    thin = _coarse(gray)[::4, ::4]  # (h, w)
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


def otsu(values: NDArray[np.float32], low: float, high: float) -> float:
    """The threshold that splits `values` into the two most compact groups (Otsu, 1979).

    Those outside of `low`..`high` are not looked at.
    """
    counts, edges = np.histogram(values, bins=128, range=(low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)  # (128,)
    total = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    between[~np.isfinite(between)] = 0  # one of the groups would be empty
    return float(edges[1 + int(between.argmax())])
