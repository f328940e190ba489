"""Brings a drawing or a photograph to the form that MNIST's digits have: 28x28, white ink on black.
The networks have seen nothing else, so they read other people's digits only as well as these steps
match MNIST's own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.pictures import upright
from mnist_core.segment import MAX_DIGITS, connected_components

Picture = NDArray[np.uint8]

IMAGE_SIDE = 28  # pixels; what the networks take
DIGIT_SIDE = 20  # pixels; the longest side of every MNIST digit
CENTRE = 14.0  # pixels from 0, in both directions: where MNIST puts a digit's centre of mass

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
    side = DIGIT_SIDE if scale else IMAGE_SIDE
    scaled = _resize(cropped, side / max((cropped if scale else drawn).shape))
    height, width = scaled.shape
    if crop and scale and centre and _is_normal(drawn):
        centred = drawn.copy()
    else:
        centred = np.zeros((IMAGE_SIDE, IMAGE_SIDE), dtype=np.uint8)
        row, column = _start(scaled.sum(axis=1), centre), _start(scaled.sum(axis=0), centre)
        centred[row : row + height, column : column + width] = scaled
    square = np.zeros((side, side), dtype=np.uint8)
    row, column = (side - height) // 2, (side - width) // 2
    square[row : row + height, column : column + width] = scaled
    return NormalizationSteps(drawn, cropped, square, centred)


def _is_normal(drawn: Picture) -> bool:
    """Whether a drawing has MNIST's form already, up to the rounding of MNIST's makers."""
    if drawn.shape != (IMAGE_SIDE, IMAGE_SIDE):
        return False
    left, top, right, bottom = _ink_box(drawn)
    offsets = (_offset(drawn.sum(axis=0)), _offset(drawn.sum(axis=1)))
    return DIGIT_SIDE - 1 <= max(right - left, bottom - top) <= DIGIT_SIDE and all(
        abs(offset) <= CENTRING_TOLERANCE for offset in offsets
    )


def _crop(drawn: Picture) -> Picture:
    """The ink without margins and specks."""
    if max(drawn.shape) > IMAGE_SIDE:
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
        return (IMAGE_SIDE - length) // 2
    return min(max(int(np.floor(_offset(ink) + 0.5)), 0), IMAGE_SIDE - length)


def _offset(ink: NDArray[np.integer]) -> float:
    """How far a line with `ink`, (n,), is from having its centre of mass on pixel 14."""
    return CENTRE - float(ink @ np.arange(len(ink))) / float(ink.sum())


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
    # the edge were ink.
    return _extreme(paper, 3, np.minimum)


def _thinned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most about 1,000 x 1,000 of the pixels (H, W), evenly spread, for statistics."""
    return values[:: max(1, values.shape[0] // 512), :: max(1, values.shape[1] // 512)]


def _ink_is_light(coarse: NDArray[np.float32]) -> bool:
    """Whether what stands out from its surroundings is lighter than they are."""
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
    # Grain of the table is greyer than the pen: its middle reaches white in spots alone.
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
