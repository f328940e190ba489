"""A map of points on its way to the browser: what is packed, what is refused, what travels once.
What the browser makes of it is tested in browser/test_point_map.py.
"""

import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ui.components.point_map import MOST_STEPS, MapImages, Positions, Step, point_map
from ui.components.point_map.colours import class_colours
from ui.theme import DIGITS


def unpacked(message: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """A message's header and pieces."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    pieces, at = [], 4 + length
    for size in header["sizes"]:
        pieces.append(message[at : at + size])
        at += size
    assert at == len(message)
    return header, pieces


def some_images(N: int = 3) -> MapImages:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 28, 28), np.uint8)
    return MapImages(images, np.arange(N) % 10)


def some_positions(N: int = 3, **changes: np.ndarray) -> Positions:
    given = {
        "xy": np.arange(2.0 * N).reshape(2, N),
        "predictions": np.zeros(N, int),
        "confidence": np.ones(N),
    }
    return Positions(**(given | changes))


def test_images_travel_with_sixteen_greys_two_pixels_in_a_byte():
    images = some_images()
    header, (labels, packed) = unpacked(images.message_for("map"))
    assert (header["part"], header["key"], header["token"]) == ("images", "map", images.token)
    assert list(labels) == [0, 1, 2]
    pairs = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(3, 392)
    greys = 17 * np.stack([pairs >> 4, pairs & 15], axis=-1).reshape(3, 28, 28)
    assert np.abs(greys.astype(int) - images.images).max() <= 8
    assert {0, 255} <= set(greys.flat)


def test_a_step_fills_the_map_with_the_same_scale_for_both_axes():
    step = some_positions(
        xy=np.array([[0, 10, 20], [5, 5, 10]]),
        predictions=np.array([7, 2, 0]),
        confidence=np.array([1, 0.5, 0.1]),
    )
    header, (places, predictions, confidence) = unpacked(step.message_for("map"))
    assert (header["part"], header["token"]) == ("step", step.token)
    x, y = np.frombuffer(places, "<i2").reshape(2, 3).tolist()
    assert x == [-32767, 0, 32767]
    assert y == [-8192, -8192, 8192]
    assert list(predictions) == [7, 2, 0]
    np.testing.assert_allclose(np.frombuffer(confidence, "<u2") / 65535, [1, 0.5, 0.1], atol=1e-5)


def test_points_that_are_all_in_one_place_lie_in_the_middle():
    step = some_positions(xy=np.full((2, 3), 4.2))
    _, (places, *_) = unpacked(step.message_for("map"))
    assert np.frombuffer(places, "<i2").tolist() == [0] * 6


def test_other_contents_have_another_token():
    assert some_images().token == some_images().token != some_images(4).token
    tokens = [
        some_positions().token,
        some_positions(predictions=np.array([0, 0, 1])).token,
        some_positions(confidence=np.array([1, 1, 0.9])).token,
        some_positions(xy=np.eye(2, 3)).token,
    ]
    assert len(set(tokens)) == 4


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"xy": np.zeros((3, 2))}, r"points \(2, N\) expected"),
        ({"xy": np.zeros((2, 0))}, r"points \(2, N\) expected"),
        ({"xy": np.full((2, 3), np.nan)}, "not finite"),
        ({"predictions": np.zeros(2, int)}, r"predictions: integers \(3,\) expected"),
        ({"predictions": np.zeros(3)}, "predictions: integers"),
        ({"predictions": np.array([0, 1, 10])}, "predictions must be digits"),
        ({"confidence": np.ones(4)}, r"confidence \(3,\) expected"),
        ({"confidence": np.array([0, 1, 1.1])}, "probability"),
        ({"confidence": np.array([0, 1, np.nan])}, "probability"),
    ],
)
def test_positions_that_make_no_sense_are_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        some_positions(**changes)


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (np.zeros((2, 28, 28)), np.zeros(2, int), "uint8 images"),
        (np.zeros((2, 8, 8), np.uint8), np.zeros(2, int), "uint8 images"),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), "1 to 20,000 images, not 0"),
        (np.zeros((20_001, 28, 28), np.uint8), np.zeros(20_001, int), "not 20,001"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(3, int), r"labels: integers \(2,\)"),
        (np.zeros((2, 28, 28), np.uint8), np.array([1, -1]), "labels must be digits"),
    ],
)
def test_images_that_make_no_sense_are_refused(images, labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        MapImages(images, labels)


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([], f"1 to {MOST_STEPS} steps, not 0"),
        ([Step(str(place)) for place in range(MOST_STEPS + 1)], f"not {MOST_STEPS + 1}"),
        ([Step("step 1"), Step("step 1")], "a name of its own"),
        ([Step("step 1", some_positions(4))], "4 points of step 1 do not fit 3 images"),
    ],
)
def test_steps_that_do_not_fit_are_refused(steps, complaint):
    with pytest.raises(ValueError, match=complaint):
        point_map(steps, some_images(), key="map", description="A map")


def test_what_is_looked_at_is_what_the_page_says_before_the_reader_has_chosen():
    def page() -> None:
        import numpy as np
        import streamlit as st

        from ui.components.point_map import MapImages, MapView, Positions, Step, point_map

        images = MapImages(np.zeros((2, 28, 28), np.uint8), np.array([1, 2]))
        there = Positions(np.eye(2), np.array([1, 1]), np.array([0.5, 1]))
        steps = [Step("step 0"), Step("step 1", there), Step("step 2", there)]
        seen = [point_map(steps, images, key="map", description="A map")]
        first = MapView("step 1", chosen=1, digits=(2, 7), mistakes_only=True)
        for _ in range(2):  # it counts until the browser says something
            seen.append(point_map(steps, images, key=f"{_}", description="A map", first=first))
        st.write(repr(seen == [MapView(), first, first]))

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    for _ in range(2):
        assert app.markdown[0].value == "True"
        app.run()


def test_on_a_dark_page_the_dark_colours_are_lighter_and_the_others_the_same():
    colours = class_colours()
    assert colours["light"] == DIGITS
    changed = [digit for digit in range(10) if colours["dark"][digit] != DIGITS[digit]]
    assert changed == [0, 3, 7, 8]
