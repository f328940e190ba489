"""A drawing as networks see it: what is made of it before any of them looks at it."""

import numpy as np
import pytest

from ui.components.canvas import Drawing, Stroke, rasterise
from ui.drawing import sheet_of


def test_a_drawing_is_made_a_picture_once_and_another_one_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    monkeypatch.setattr("ui.drawing.rasterise", lambda d: made.append(d) or rasterise(d))
    points = np.array([[0.1, 0.1, 1], [0.6, 0.8, 1]], np.float32)
    first, second = (Drawing((Stroke(points + shift, 0.1),)) for shift in (0, 0.1))
    sheets = [sheet_of(drawing) for drawing in (first, first, second)]
    assert made == [first, second]
    assert sheets[0].ink is sheets[1].ink
    assert not np.array_equal(sheets[0].ink, sheets[2].ink)


def test_a_small_drawing_is_seen_as_a_large_one_is() -> None:
    form = np.array([[0.2, 0.1, 1], [0.8, 0.3, 1], [0.4, 0.9, 1]], np.float32)

    def seen(size: float) -> np.ndarray:
        points = form * np.array([size, size, 1], np.float32) + np.array([0.1, 0.2, 0], np.float32)
        image = sheet_of(Drawing((Stroke(points, 0.08),))).image
        assert image is not None
        return image.astype(int)

    large = seen(0.8)
    for size in (0.5, 0.25, 0.15):
        assert np.abs(seen(size) - large).max() <= 40  # of 255, at the edges of the ink
    erased = Drawing((Stroke(form * 0.2, 0.08), Stroke(form * 0.1, 0.08, erase=True)))
    assert np.array_equal(sheet_of(erased).ink, rasterise(erased))
