"""The picture that the strokes of a drawing make: where the ink is, and how much of it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.test_canvas import stroke
from ui.components.canvas import Drawing, Stroke, rasterise


def ink_by_distance(drawing: Drawing, size: int) -> np.ndarray:
    """The inked share of each pixel, from the distances of 4x4 places in it to the strokes."""
    places = (np.arange(4 * size) + 0.5) / (4 * size)
    x, y = np.meshgrid(places, places)
    ink = np.zeros_like(x, dtype=bool)
    for one in drawing.strokes:
        for a, b in zip(
            one.points, one.points[1:] if len(one.points) > 1 else one.points, strict=False
        ):
            dx, dy = b[0] - a[0], b[1] - a[1]
            along = ((x - a[0]) * dx + (y - a[1]) * dy) / max(dx * dx + dy * dy, 1e-12)
            along = np.clip(along, 0, 1)
            distance = np.hypot(x - a[0] - along * dx, y - a[1] - along * dy)
            radius = one.brush / 2 * (a[2] + along * (b[2] - a[2]))
            ink[distance <= radius] = not one.erase
    return ink.reshape(size, 4, size, 4).mean(axis=(1, 3))


COORDINATE = st.floats(0, 1, width=32)
POINTS = st.lists(
    st.tuples(COORDINATE, COORDINATE, st.floats(0.5, 1.5, width=32)), min_size=1, max_size=4
)


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            Stroke,
            POINTS.map(lambda points: np.array(points, np.float32)),
            st.floats(0.036, 0.108),
            st.booleans(),
        ),
        max_size=3,
    )
)
def test_the_picture_is_where_the_strokes_are(strokes: list[Stroke]):
    drawing = Drawing(tuple(strokes))
    difference = rasterise(drawing, 140) / 255 - ink_by_distance(drawing, 140)
    edge_pixels = 1 + sum(2 * 140 * length(stroke) + 140 for stroke in strokes)
    assert np.abs(difference).sum() / edge_pixels < 0.5  # pixels, in any direction
    assert abs(difference.sum()) / edge_pixels < 0.25  # pixels, systematically thicker or thinner


def length(stroke: Stroke) -> float:
    """The length of the path, in sides of the canvas."""
    return float(np.hypot(*np.diff(stroke.points[:, :2], axis=0).T).sum())


def test_a_line_has_the_area_of_a_rectangle_with_two_half_discs():
    picture = rasterise(Drawing((stroke((0.2, 0.5), (0.8, 0.5), brush=0.1),)), 280)
    assert picture.mean() / 255 == pytest.approx(0.6 * 0.1 + math.pi * 0.05**2, rel=0.02)


def test_the_picture_is_symmetric_and_reaches_the_edges():
    picture = rasterise(Drawing((stroke((0, 0.5), (1, 0.5)),)), 280).astype(int)
    assert np.abs(picture - picture[::-1]).max() <= 64
    assert np.abs(picture - picture[:, ::-1]).max() <= 64
    assert picture[140, 0] == picture[140, 279] == 255


def test_an_eraser_takes_ink_and_background_away():
    background = np.full((28, 28), 200, np.uint8)
    wiped = Drawing((stroke((0, 0.5), (1, 0.5), brush=0.2, erase=True),), background)
    picture = rasterise(wiped, 280)
    assert picture[140, 140] == 0
    assert picture[20, 20] == 200


def test_a_background_alone_comes_through_unchanged():
    background = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    picture = rasterise(Drawing(background=background), 280)
    np.testing.assert_array_equal(picture, np.kron(background, np.ones((10, 10), np.uint8)))


def test_an_empty_drawing_is_black():
    assert rasterise(Drawing()).shape == (280, 280)
    assert not rasterise(Drawing()).any()


def test_a_thin_stroke_does_not_vanish():
    assert rasterise(Drawing((stroke((0.1, 0.1), (0.9, 0.9), brush=0.0),))).any()
