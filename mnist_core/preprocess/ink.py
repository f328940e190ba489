"""Finds the ink on a photograph: dark or light writing on uneven paper becomes white on black."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_core.arrays import Picture
from mnist_core.preprocess.close_up import MOST_AT_EDGE, close_up_ink, edge_share, fills_picture
from mnist_core.preprocess.clutter import without_clutter
from mnist_core.preprocess.image_files import upright
from mnist_core.preprocess.lines import without_lines
from mnist_core.preprocess.paper import contrast_with_paper, ink_is_light, otsu, thinned

NEAR_SIDE = 640  # pixels; a digit that fills a picture needs no more
SMALL_SIDE = 64  # pixels; the paper of what is smaller is taken to be even, at first
LEAST_CONTRAST = 0.12  # what is fainter than this, on paper of 1, is no ink


def ink_from_photo(image: Image.Image) -> Picture:
    """The writing on a photographed or scanned sheet: uint8 (H, W), white ink on black.

    `image` is any Pillow picture: dark writing on light paper or light on dark, in uneven light,
    with or without a margin. The ink has the size of the upright picture, or less: its longest side
    is at most 2,048 pixels. It is all black if there is no writing.
    """
    return next(possible_inks(image)).ink


@dataclass(frozen=True)
class PossibleInk:
    """The ink of a picture, uint8 (H, W), and where printed lines were taken out of it, bool."""

    ink: Picture
    lines: NDArray[np.bool_]


def possible_inks(image: Image.Image) -> Iterator[PossibleInk]:
    """Every way to tell the ink of a picture from its paper, as by `ink_from_photo`.

    The first is the likeliest. Which of them shows digits can be said only by a network: a 1 that
    is cut to its ink has less paper than ink. Each is worked out when it is asked for.
    """
    gray = np.asarray(upright(image.copy()).convert("L"))  # (H, W)
    small = max(gray.shape) <= SMALL_SIDE
    near = _shrunk(gray)
    by_edge = [_unlined(close_up_ink(near, light=light)) for light in (False, True)]
    by_edge.sort(key=lambda way: edge_share(way.ink))
    fills = not small and fills_picture(by_edge[0].ink)
    if fills:
        yield by_edge[0]
    if small:
        yield _unlined(_ink_on_even_paper(gray))
    else:
        yield from _on_sheets(gray, near)
    for way in by_edge[fills:]:
        # Beside a digit that fills the picture there is no room for a table, nor on a small one.
        if not fills and not small and edge_share(way.ink) > MOST_AT_EDGE:
            yield PossibleInk(without_clutter(way.ink), way.lines)
        yield way
    if small:  # a shadow may lie across it
        yield from _on_sheets(gray, near)


def _on_sheets(gray: Picture, near: Picture) -> Iterator[PossibleInk]:
    """The writing on a sheet, first as if it were dark or light, whichever is likelier."""
    light = ink_is_light(gray)
    yield _on_a_sheet(gray, light=light)
    yield _on_a_sheet(near, light=not light)


def _on_a_sheet(gray: Picture, *, light: bool) -> PossibleInk:
    """The writing (H, W) on a sheet in uneven light, of which more than the sheet may be seen."""
    way = _unlined(_ink_from_contrast(contrast_with_paper(gray, light=light)))
    return PossibleInk(without_clutter(way.ink), way.lines)


def _unlined(ink: Picture) -> PossibleInk:
    return PossibleInk(*without_lines(ink))


def _shrunk(gray: Picture) -> Picture:
    """A picture of at most NEAR_SIDE pixels, enough for a close-up."""
    shrink = -(-max(gray.shape) // NEAR_SIDE)
    return np.asarray(Image.fromarray(gray).reduce(shrink)) if shrink > 1 else gray


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
    pen = float(np.median(marks[marks >= otsu(marks, 0, 1)]))
    low = max(paper + 0.3 * (pen - paper), least * 0.8)
    high = max(paper + 0.7 * (pen - paper), low + 0.05)
    return (np.clip((contrast - low) * (1 / (high - low)), 0, 1) * np.float32(255)).astype(np.uint8)
