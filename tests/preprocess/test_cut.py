"""Which strokes at the edge of a picture were cut: simple strokes, whose truth is known."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_core.arrays import Picture
from mnist_core.preprocess.cut import is_cut

LEFT, TOP = (True, False, False, False), (False, False, True, False)
NOWHERE = (False, False, False, False)


def ring(thickness: int = 10) -> Picture:
    """A 0 of 100 x 100 pixels that touches all edges."""
    sheet = Image.new("L", (100, 100))
    ImageDraw.Draw(sheet).ellipse((0, 0, 99, 99), outline=255, width=thickness)
    return np.asarray(sheet)


def seven(grey: int = 255) -> Picture:
    """A 7 of 100 x 80 pixels, whose bar lies along the upper edge."""
    sheet = Image.new("L", (80, 100))
    ImageDraw.Draw(sheet).rectangle((0, 0, 79, 9), fill=grey)
    ImageDraw.Draw(sheet).line((74, 5, 30, 94), fill=grey, width=10)
    return np.asarray(sheet)


@pytest.mark.parametrize("thickness", [4, 10, 25])
def test_a_ring_that_touches_the_edge_is_whole_and_half_a_ring_is_cut(thickness: int) -> None:
    assert not is_cut(ring(thickness), (True, True, True, True))
    assert is_cut(ring(thickness)[:, 50:], LEFT)


def test_a_bar_along_the_edge_is_whole_and_its_end_is_cut() -> None:
    assert not is_cut(seven(), TOP)
    assert is_cut(seven()[:, 30:], LEFT)


def test_what_ends_away_from_the_edge_of_the_picture_is_not_cut() -> None:
    assert not is_cut(ring()[:, 50:], NOWHERE)


def test_faint_ink_is_cut_as_black_ink_is() -> None:
    assert is_cut(seven(grey=70)[:, 30:], LEFT) and not is_cut(seven(grey=70), TOP)
