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
    points = np.array([[0.3, 0.3, 1], [0.6, 0.7, 1]], np.float32)
    first, second = (Drawing((Stroke(points * scale, 0.1),)) for scale in (1, 0.5))
    sheets = [sheet_of(drawing) for drawing in (first, first, second)]
    assert made == [first, second]
    assert sheets[0].ink is sheets[1].ink
    assert not np.array_equal(sheets[0].ink, sheets[2].ink)
