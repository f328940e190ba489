"""The tiles' bytes, colours and pictures, without a browser.
What the browser makes of them is tested in browser/test_tiles.py.
"""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from streamlit.testing.v1 import AppTest

from ui.components.tiles import (
    MISSING,
    STEPS,
    TileLook,
    colour_table,
    pack,
    quantise,
    tiles_image,
)

BROWSER_LIMIT = 80_000  # bytes of one live update of 64 tiles, the component's own files included


def some_weights(n: int = 64, h: int = 28, w: int = 28) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (n, h, w)).astype(np.float32)


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=3, max_dims=3, max_side=6),
        elements=st.floats(-1000, 1000, width=32, allow_subnormal=False),
    ),
    st.sampled_from(["each", "shared", 1000.0]),
)
def test_a_value_comes_back_to_within_half_a_step(weights, scale):
    codes, steps, _ = quantise(weights, scale)
    restored = codes * steps[:, None, None].astype(np.float64)
    assert np.all(np.abs(restored - weights) <= 0.5001 * steps[:, None, None])


def test_each_tile_uses_the_whole_range_on_its_own_scale():
    weights = np.array([[[0.5, -1.0]], [[20.0, 10.0]]], np.float32)
    codes, steps, peaks = quantise(weights, "each")
    np.testing.assert_array_equal(codes, [[[64, -127]], [[127, 64]]])
    np.testing.assert_array_equal(peaks, [1, 20])
    np.testing.assert_allclose(steps, [1 / 127, 20 / 127], rtol=1e-6)


def test_a_shared_scale_compares_the_tiles():
    weights = np.array([[[1.0]], [[-2.0]]], np.float32)
    codes, steps, peaks = quantise(weights, "shared")
    assert codes.ravel().tolist() == [64, -127]
    assert steps[0] == steps[1]
    assert peaks.tolist() == [1, 2]


def test_what_lies_beyond_a_given_scale_gets_the_strongest_colour():
    codes, _, peaks = quantise(np.array([[[0.5, 3.0, -3.0]]], np.float32), 1.0)
    assert codes.ravel().tolist() == [64, 127, -127]
    assert peaks.tolist() == [3]


def test_a_tile_of_zeros_stays_zero():
    for scale in ("each", "shared"):
        codes, steps, peaks = quantise(np.zeros((2, 3, 4)), scale)
        assert not codes.any()
        assert not peaks.any()
        assert np.all(steps > 0)


def test_numbers_that_are_not_finite_are_missing_and_leave_the_scale_alone():
    codes, _, peaks = quantise([[[np.nan, np.inf, -np.inf, 0.5, -1.0]]], "each")
    assert codes.ravel().tolist() == [MISSING, MISSING, MISSING, 64, -127]
    assert peaks.tolist() == [1]


def test_a_tile_without_any_finite_number_is_missing_as_a_whole():
    codes, _, peaks = quantise(np.full((1, 2, 2), np.nan), "shared")
    assert np.all(codes == MISSING)
    assert peaks.tolist() == [0]


@pytest.mark.parametrize("shape", [(28, 28), (2, 1, 28, 28), (0, 28, 28), (2, 0, 28)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(n, h, w\)"):
        quantise(np.zeros(shape))


@pytest.mark.parametrize("scale", ["own", 0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_scale_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be"):
        quantise(np.ones((1, 2, 2)), scale)


def test_a_negative_number_is_refused_without_diverging_colours():
    with pytest.raises(ValueError, match="diverging=True"):
        quantise([[[-0.1]]], diverging=False)


@pytest.mark.parametrize(("theme", "neutral_is_light"), [("light", True), ("dark", False)])
def test_zero_is_neutral_and_opposite_numbers_are_equally_light(theme, neutral_is_light):
    table = colour_table(theme).astype(int)  # (256, 3)
    zero = table[-MISSING]
    assert zero.max() - zero.min() <= 2
    assert (zero.mean() > 240) if neutral_is_light else (zero.mean() < 48)

    negative, positive = lightness(table[127:0:-1]), lightness(table[129:])  # (127,) from 1 up
    np.testing.assert_allclose(negative, positive, atol=2)
    away_from_zero = -1 if neutral_is_light else 1
    assert np.all(away_from_zero * (positive[8:] - positive[:-8]) > 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_negative_is_blue_and_positive_is_orange(theme):
    table = colour_table(theme).astype(int)
    red, green, blue = table[MISSING + 1 - MISSING]
    assert blue > green > red
    red, green, blue = table[STEPS - MISSING]
    assert red > green > blue


def test_without_signs_zero_is_black_and_the_largest_is_white_in_both_themes():
    light, dark = (colour_table(theme, diverging=False) for theme in ("light", "dark"))
    np.testing.assert_array_equal(light, dark)
    assert light[-MISSING].tolist() == [0, 0, 0]
    assert light[STEPS - MISSING].tolist() == [255, 255, 255]


def test_a_picture_shows_each_weight_in_the_colour_of_its_code():
    weights = np.array([[[1.0, -1.0], [0.0, 0.5]], [[0.0, 0.0], [0.0, 2.0]]], np.float32)
    picture = np.asarray(tiles_image(weights, columns=2, pixel=3, gap=1, theme="dark"))
    table = colour_table("dark")
    assert picture.shape == (1 + 6 + 1, 1 + 6 + 1 + 6 + 1, 3)
    assert picture[1, 1].tolist() == table[255].tolist()  # 1.0, top left
    assert picture[3, 6].tolist() == table[1].tolist()  # -1.0, to its right
    assert picture[6, 6].tolist() == table[128 + 64].tolist()  # 0.5, below it
    assert picture[1, 8].tolist() == table[128].tolist()  # 0.0, the second tile
    assert picture[6, 13].tolist() == table[255].tolist()  # 2.0, on its own scale


def test_a_picture_shows_the_named_tiles_in_rows():
    weights = np.arange(1, 6, dtype=np.float32)[:, None, None] * np.ones((5, 1, 1), np.float32)
    order = [4, 0, 2]
    picture = np.asarray(tiles_image(weights, scale=5.0, order=order, columns=2, pixel=1, gap=0))
    codes = quantise(weights, 5.0).codes.ravel()
    table = colour_table("light")
    assert picture.shape == (2, 2, 3)
    np.testing.assert_array_equal(picture[0, 0], table[128 + int(codes[4])])
    np.testing.assert_array_equal(picture[0, 1], table[128 + int(codes[0])])
    np.testing.assert_array_equal(picture[1, 0], table[128 + int(codes[2])])
    assert picture[1, 1].tolist() == [255, 255, 255]  # an empty place is paper


@pytest.mark.parametrize("order", [[], [0, 0], [5], [-1]])
def test_an_order_that_names_no_tile_or_one_twice_is_refused(order):
    with pytest.raises(ValueError, match="order must name"):
        tiles_image(some_weights(5), order=order)


def test_a_message_can_be_taken_apart_again():
    codes, _, peaks = quantise(some_weights(3, 5, 5))
    message = pack({"diverging": True, "noun": "Größe"}, peaks, codes)
    (length,) = struct.unpack_from("<I", message)
    start = 4 + length
    assert json.loads(message[4:start]) == {"diverging": True, "noun": "Größe"}
    assert message[start : start + 768] == colour_table("light").tobytes()
    assert message[start + 768 : start + 1536] == colour_table("dark").tobytes()
    rest = message[start + 1536 :]
    np.testing.assert_array_equal(np.frombuffer(rest[:12], "<f4"), peaks)
    np.testing.assert_array_equal(np.frombuffer(rest[12:], np.int8).reshape(3, 5, 5), codes)


def tiles_page(**arguments: object) -> AppTest:
    """A page that shows 64 tiles and writes down what it is answered."""

    def page(arguments: dict) -> None:
        import numpy as np
        import streamlit as st

        from ui.components.tiles import weight_tiles

        weights = np.random.default_rng(0).normal(size=(64, 28, 28))
        st.write(repr(weight_tiles(weights, key="tiles", **arguments)))

    return AppTest.from_function(page, args=(arguments,), default_timeout=30).run()


def test_one_update_of_64_tiles_with_all_their_words_is_small():
    page = tiles_page(
        labels=[f"speaks for {unit % 10}" for unit in range(64)],
        details=[f"bias {unit / 100:.2f}" for unit in range(64)],
        marks=["saturated"] * 64,
        switched_off=range(64),
    )
    assert not page.exception
    (tiles,) = page.get("bidi_component")
    assert tiles.proto.ByteSize() < BROWSER_LIMIT


def test_the_choice_is_none_until_there_is_one():
    assert tiles_page().markdown[0].value == "None"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"labels": ["one"]}, "64 tiles need 64 labels"),
        ({"marks": [None] * 65}, "64 tiles need 64 marks"),
        ({"details": []}, "64 tiles need 64 details"),
        ({"switched_off": [-1]}, "no tile -1"),
    ],
)
def test_words_and_numbers_that_do_not_fit_the_tiles_are_refused(arguments, complaint):
    (error,) = tiles_page(**arguments).exception
    assert complaint in error.message


def test_a_grid_without_columns_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        TileLook(columns=0)


def lightness(colours: np.ndarray) -> np.ndarray:
    """CIE lightness L* (k,) of sRGB colours (k, 3): a measure the colours were not made with."""
    ratio = colours / 255
    linear = np.where(ratio <= 0.04045, ratio / 12.92, ((ratio + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
