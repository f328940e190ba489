"""From a picture to its digits: one way for photographs, pages, forms and pasted drawings.
What is ink and what is paper is decided by what the digit detector says of either.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Array, Picture
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.sheets import digits_of_sheet, is_hollow, quarter_turns
from mnist_core.preprocess.close_up import edge_share
from mnist_core.preprocess.cut import is_cut
from mnist_core.preprocess.hollow import filled
from mnist_core.preprocess.image_files import OpenedPicture
from mnist_core.preprocess.ink import PossibleInk, possible_inks
from mnist_core.preprocess.segment import Found

# Evidence is the share of the picture that its digits take up, times how surely they are digits.
SURE = 0.4  # from which no other way to see a picture is tried
BETTER = 0.1  # by which another way must exceed the likeliest one, and nothing at all
EDGE_WEIGHT = 0.3  # of the share of the edge that is inked: paper reaches the edge, ink seldom
# The share is that of `python benchmarks/doubt.py guesses`.
TOUCHES = "It touches its neighbour."
LINE = "It touches a printed line, which was taken out: of such digits, 19 in 20 are read right."
CUT = "It may be cut by the edge of the picture."


@dataclass(frozen=True)
class DigitsOfPicture:
    """What was found on a picture, in reading order, and its digits, uint8 (N, 28, 28).

    `picture` is upright; boxes are in its pixels. `objections` say of each digit why it is none, ""
    if it may be one; `guesses` why a prediction is a guess, "" if it is none. `turns` are the
    quarters, anticlockwise, by which the picture should be turned; `hollow` strokes were filled.
    """

    picture: OpenedPicture
    found: tuple[Found, ...]
    images: Array
    objections: tuple[str, ...]
    guesses: tuple[str, ...]
    turns: int
    hollow: bool


def digits_of_picture(image: OpenedPicture, detector: DigitDetector) -> DigitsOfPicture:
    """The digits on an upright picture of any kind; none if there is no writing to be seen."""
    way = likeliest_ink(image, detector)
    ink = way.ink
    hollow = _is_hollow(ink, detector)
    if hollow:
        ink = filled(ink)
    places, images = digits_of_sheet(ink, detector, picture_size=image.size)
    found = tuple(place or _whole(ink, image.size) for place in places)
    on_lines = _met_by_ink(way)
    guesses = tuple(_why_guessed(place, on_lines, image.size) for place in found)
    # The detector knows one digit at a time: of two that touch it can only say that they are none.
    objections = tuple(
        "" if place.touches_neighbour else detector.objection(digit)
        for place, digit in zip(found, images, strict=True)
    )
    turns = quarter_turns(ink, detector)
    return DigitsOfPicture(image, found, images, objections, guesses, turns, hollow)


def likeliest_ink(image: OpenedPicture, detector: DigitDetector) -> PossibleInk:
    """The ink of a picture, taken in the way that makes it look like digits."""
    ways = possible_inks(image)
    best = next(ways)
    evidence = _evidence(best.ink, detector)
    if evidence > SURE or _is_hollow(best.ink, detector):
        return best
    least = max(BETTER, evidence + BETTER) if best.ink.any() else 0.0
    for way in ways:
        evidence = _evidence(way.ink, detector)
        if evidence > least:
            best, least = way, evidence
        if evidence > SURE:
            break
    return best


def _is_hollow(ink: Picture, detector: DigitDetector) -> bool:
    return bool((ink > 127).any()) and is_hollow(ink, detector)


def _evidence(ink: Picture, detector: DigitDetector) -> float:
    """How much a way to see a picture makes it look like digits: -1 to 0.5."""
    found, images = digits_of_sheet(ink, detector)
    if not len(found):
        return -1.0
    sides = [max(place.ink.shape) if place else _longest_side(ink) for place in found]
    extent = min(1.0, sum(sides) / max(ink.shape))
    surely = float(detector.digit_probabilities(images).mean()) - 0.5
    return extent * surely - EDGE_WEIGHT * edge_share(ink)


def _longest_side(ink: Picture) -> int:
    """Of the box around the ink (H, W)."""
    left, top, right, bottom = _box(ink)
    return max(right - left, bottom - top)


def _box(ink: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom (the last two exclusive) of all ink (H, W)."""
    columns, rows = (np.flatnonzero(ink.any(axis=axis)) for axis in (0, 1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _whole(ink: Picture, size: tuple[int, int]) -> Found:
    """All that is on a sheet (H, W), as one digit on a picture of a size (width, height)."""
    factor = size[0] / ink.shape[1]
    left, top, right, bottom = (round(factor * edge) for edge in _box(ink))
    return Found((left, top, right, bottom), ink, 0, touches_neighbour=False)


def _why_guessed(place: Found, on_lines: NDArray[np.bool_], size: tuple[int, int]) -> str:
    """Why a prediction is a guess, in a sentence; "" if it is none.

    `on_lines`, bool (H, W), are the places where printed lines met other ink.
    """
    if place.touches_neighbour:
        return TOUCHES
    left, top, right, bottom = place.box
    factor = on_lines.shape[1] / size[0]
    x, y = (slice(int(factor * a), int(factor * b) + 1) for a, b in ((left, right), (top, bottom)))
    if on_lines[y, x].any():
        return LINE
    at_edge = left <= 0, right >= size[0], top <= 0, bottom >= size[1]
    return CUT if is_cut(place.ink, at_edge) else ""


def _met_by_ink(way: PossibleInk) -> NDArray[np.bool_]:
    """Where printed lines that were taken out met what is left: bool (H, W)."""
    near = way.lines.copy()
    for axis in (0, 1):
        for step in (-2, 2):
            near |= np.roll(way.lines, step, axis)
    return near & (way.ink > 127)
