"""What is on a sheet of ink: one digit or several, upright or turned, in strokes or outlines.
The digit detector decides: of two ways to take a sheet, the one that shows digits is the right one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mnist_core.arrays import SIDE, Array, Picture
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.preprocess.hollow import filled
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.segment import Found, digits_on_page

# Two digits side by side, or one in two strokes: measured in tests/inspection/test_sheets.py.
LEAST_HEIGHT = 0.6  # of the highest; the bar of a 5 is lower than this
SURELY_ONE = 0.5  # what is a digit with this probability as a whole is not taken apart
# Another way to take a sheet must make digits more probable by this, on average. Of test digits
# that stand upright, 1.2 % would be turned, of pairs 0.2 %, of three or more none; of those that
# lie on their side, 65 %, 86 %, and above 92 % are turned back.
CLEARLY_BETTER = 0.3
GLUED = ("digit", "scribble", "several")  # what two digits in one are taken for
LOOKED_AT = 40  # digits of a page; more would not make its turn any surer


def digits_side_by_side(ink: Picture, whole: Picture, detector: DigitDetector) -> tuple[Found, ...]:
    """The digits of a drawing (H, W) that are more than one, from left to right; else ().

    `whole` is the drawing in MNIST's form, (28, 28). Each of them must be a digit by itself, about
    as high as the others, and all together must not be one.
    """
    found = digits_on_page(ink)
    heights = [digit.ink.shape[0] for digit in found]
    if len(found) < 2 or min(heights) < LEAST_HEIGHT * max(heights):
        return ()
    probabilities = detector.digit_probabilities(np.array([whole, *normalized(found)]))
    if probabilities[0] >= SURELY_ONE or probabilities[1:].min() < detector.threshold:
        return ()
    return found


def digits_of_sheet(
    ink: Picture, detector: DigitDetector, *, picture_size: tuple[int, int] | None = None
) -> tuple[Sequence[Found | None], Array]:
    """Where each digit of a sheet (H, W) was found, in reading order, and their images.

    The images are uint8 (N, 28, 28). None stands for the whole sheet: so it is taken if only one
    digit is found on it, or if it can be one as it is, whatever pieces it falls into. Nothing is
    found on an empty sheet. Boxes are in pixels of a picture of `picture_size` (width, height).
    """
    if not ink.any():
        return (), normalized(())
    whole = normalize_drawing(ink)
    found = digits_on_page(ink, picture_size=picture_size)
    images = normalized(found)
    found = tuple(
        replace(place, touches_neighbour=place.touches_neighbour and _may_be_two(image, detector))
        for place, image in zip(found, images, strict=True)
    )
    alone = len(found) == 1 and not found[0].touches_neighbour
    one = not detector.objection(whole) and not digits_side_by_side(ink, whole, detector)
    if not found or alone or one:
        return (None,), whole[None]
    return found, images


def _may_be_two(image: Array, detector: DigitDetector) -> bool:
    """Whether what is as wide as two digits, (28, 28), is neither one nor something else.

    Of test digits that are that wide, 97 % are surely one; of pairs that touch, 86 % are not.
    """
    surely_one = detector.digit_probabilities(image[None])[0] >= SURELY_ONE
    return not surely_one and detector.kind(image) in GLUED


def normalized(found: Sequence[Found]) -> Array:
    """What was found, in MNIST's form: uint8 (N, 28, 28)."""
    images = [normalize_drawing(digit.ink) for digit in found]
    return np.array(images, np.uint8).reshape(-1, SIDE, SIDE)


def quarter_turns(ink: Picture, detector: DigitDetector) -> int:
    """By how many quarters, anticlockwise, a sheet (H, W) must be turned to show digits: 0 to 3."""
    shown = [_how_like_digits(ink, detector)]
    if shown[0] + CLEARLY_BETTER > 1:
        return 0
    shown += [_how_like_digits(np.rot90(ink, turns).copy(), detector) for turns in (1, 2, 3)]
    best = int(np.argmax(shown))
    return best if shown[best] > shown[0] + CLEARLY_BETTER else 0


def is_hollow(ink: Picture, detector: DigitDetector) -> bool:
    """Whether the strokes on a sheet (H, W) are outlines, and show digits when they are filled."""
    before = _how_like_digits(ink, detector)
    if before + CLEARLY_BETTER > 1:
        return False
    return _how_like_digits(filled(ink), detector) > before + CLEARLY_BETTER


def _how_like_digits(ink: Picture, detector: DigitDetector) -> float:
    """How probably what is found on a sheet is a digit, on average."""
    found = digits_on_page(ink)[:LOOKED_AT]
    return float(detector.digit_probabilities(normalized(found)).mean()) if found else 0.0
