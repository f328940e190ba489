"""The path's places, names, small pictures and message, without a browser."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.stations import stations
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.network import Sequential
from tests.ui.tools import give_session
from ui.components.tiles import colour_table
from ui.components.walk import Stop, thumbnail, walk
from ui.components.walk.message import places_of, walk_message

RNG = np.random.default_rng(0)


def path_of(model: Sequential) -> list[Stop]:
    image = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    return [
        Stop(s.name, s.direction, thumbnail(s.value, s.kind), True, str(s.shape))
        for s in stations(backpropagate(model, image, 7))
    ]


def small_path(*names: str) -> list[Stop]:
    return [
        Stop(name, "backward" if "/" in name else "forward", np.eye(2), True, "2 x 2")
        for name in names
    ]


def unpacked(message: bytes) -> tuple[dict[str, Any], list[bytes]]:
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    ends = np.cumsum([4 + length, *header["sizes"]])
    return header, [message[a:b] for a, b in zip(ends[:-1], ends[1:], strict=True)]


def test_gradients_have_the_column_of_their_value_and_parameters_that_of_their_sum():
    stops = path_of(build_mlp(rng=RNG))
    places = {stop.name: place for stop, place in zip(stops, places_of(stops), strict=True)}
    assert [places[name].column for name in ("x", "a1", "f1", "a2", "y_hat", "L")] == [*range(6)]
    assert [places[f"dL/d{name}"].column for name in ("a2", "f1", "a1")] == [3, 2, 1]
    branches = [places[f"dL/d{name}"] for name in ("W2", "b2", "W1", "b1")]
    assert [(place.row, place.column, place.half) for place in branches] == [
        (2, 3, 0),
        (2, 3, 1),
        (2, 1, 0),
        (2, 1, 1),
    ]


def test_arrows_lead_around_the_turn_past_the_branches():
    stops = path_of(build_mlp(rng=RNG))
    names = [stop.name for stop in stops]
    arrows = {
        name: place.source if place.source is None else names[place.source]
        for name, place in zip(names, places_of(stops), strict=True)
    }
    assert arrows["x"] is None
    assert arrows["dL/da2"] == "L"
    assert arrows["dL/dW2"] == arrows["dL/db2"] == arrows["dL/df1"] == "dL/da2"


@pytest.mark.parametrize("model", [build_mlp(rng=RNG, hidden=(20, 37, 10)), build_cnn(rng=RNG)])
def test_every_station_of_a_network_has_a_small_picture(model):
    for stop in path_of(model):
        h, w = stop.values.shape
        assert 1 <= min(h, w) <= max(h, w) <= 56


@pytest.mark.parametrize(
    ("n", "shape"), [(64, (8, 8)), (10, (10, 1)), (128, (8, 16)), (37, (37, 1)), (509, (48, 1))]
)
def test_a_column_is_folded_where_that_makes_a_picture(n, shape):
    column = np.arange(float(n))[:, None]
    picture = thumbnail(column, "sum")
    assert picture.shape == shape
    assert picture[-1, -1] == n - 1


def test_weights_of_pixels_show_the_strongest_unit():
    W = RNG.uniform(-1, 1, (5, 784))
    W[3, 100] = -9
    np.testing.assert_array_equal(thumbnail(W, "weights"), W[3].reshape(28, 28))


def test_a_large_matrix_keeps_its_strongest_rows_and_columns_in_order():
    W = np.zeros((10, 500))
    W[4, 100], W[9, 499] = 2, 3
    picture = thumbnail(W, "weights")
    assert picture.shape == (10, 48)
    assert sorted(picture[picture != 0]) == [2, 3]
    assert picture[9, -1] == 3


def test_four_of_many_maps_are_shown_in_order_with_zeros_between():
    maps = np.arange(1.0, 7)[:, None, None] * np.ones((6, 8, 8))
    picture = thumbnail(maps, "convolution")
    assert picture.shape == (17, 17)
    assert picture[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [3, 4, 5, 6]
    assert not picture[8].any()
    assert not picture[:, 8].any()


def test_the_loss_is_one_number():
    assert thumbnail(np.array(0.5), "loss").tolist() == [[0.5]]


def test_the_message_holds_the_choice_the_colours_and_every_picture():
    stops = small_path("x", "a1", "dL/da1")
    header, pieces = unpacked(walk_message(stops, "a1", 5.0))
    assert (header["chosen"], header["heard"]) == (1, 5.0)
    assert header["stops"][2]["says"] == "gradient of a 1, sum, 2 x 2, backward, 3 of 3"
    assert pieces[0][:768] == colour_table("light").tobytes()
    assert pieces[1][:768] == colour_table("light", diverging=False).tobytes()
    assert np.frombuffer(pieces[2], np.int8).tolist() == [127, 0, 0, 127]


def test_numbers_of_a_diverged_network_are_shown_as_missing():
    stop = Stop("x", "forward", np.full((2, 2), np.nan), True, "2 x 2")
    _, pieces = unpacked(walk_message([stop], "x", None))
    assert np.frombuffer(pieces[2], np.int8).tolist() == [-128] * 4


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("x", "x"), "a name of its own"),
        (("a1", "L"), "no stop 'x'"),
        (("x", "dL/dW1"), "dL/dW1 belongs to"),
        (("x", "q1"), "called 'q1'"),
    ],
)
def test_stops_that_make_no_path_are_refused(names, complaint):
    with pytest.raises(ValueError, match=complaint):
        walk_message(small_path(*names), "x", None)


def test_nothing_is_answered_before_the_reader_has_chosen():
    def page() -> None:
        import numpy as np
        import streamlit as st

        from ui.components.walk import Stop, walk

        stops = [Stop(name, "forward", np.eye(2), True, "2 x 2") for name in ("x", "a1")]
        st.write(repr(walk(stops, "a1", key="walk")))

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    assert app.markdown[0].value == "None"


def test_a_choice_is_answered_once_even_if_the_first_run_is_broken_off(monkeypatch):
    def broken_off(**_: object) -> None:
        raise InterruptedError

    session = {"walk": {"chosen": {"name": "a1", "at": 1.5}}}
    give_session(monkeypatch, "ui.components.walk", session)
    monkeypatch.setattr("ui.components.walk._mount", broken_off)
    stops = small_path("x", "a1")
    with pytest.raises(InterruptedError):
        walk(stops, "x", key="walk")
    monkeypatch.setattr("ui.components.walk._mount", lambda **_: None)
    assert walk(stops, "x", key="walk") == "a1"
    assert walk(stops, "a1", key="walk") is None
    del session["walk"]  # the reader has left the page, and comes back
    assert walk(stops, "a1", key="walk") is None
