"""The network picture's messages, and what is said of a chosen unit, without a browser.
What the browser makes of them is tested in browser/test_network_picture.py.
"""

import json
import struct
from typing import Any

import numpy as np
import pytest

from mnist_core.inspection.ablation import without_units
from mnist_core.inspection.activations import hidden_layers
from mnist_core.inspection.trace import trace
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.network import Sequential
from ui.components.network_picture.detail import Choice, chosen_frame, detail_of, number
from ui.components.network_picture.message import (
    activity_message,
    codes_of,
    form_of,
    in_runs,
    network_message,
    shown_layers,
)
from ui.words import probability

IMAGE = np.zeros((28, 28), np.uint8)
IMAGE[6:22, 12:16] = 255
RNG = np.random.default_rng(3)
LIVE_UPDATE = 60_000  # bytes: weights and activity of a network that trains


def mlp(*hidden: int) -> Sequential:
    return build_mlp(hidden=hidden, activation="relu", rng=np.random.default_rng(3))


def cnn() -> Sequential:
    return build_cnn(channels=(3, 5), dense=(9,), rng=np.random.default_rng(3))


def shown_of(model: Sequential):
    return shown_layers(model, hidden_layers(model))


def unpacked(message: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The header and the pieces of a message: what message.js does."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    at, pieces = 4 + length, []
    for size in header["sizes"]:
        pieces.append(message[at : at + size])
        at += size
    assert at == len(message)
    return header, pieces


def out_of_runs(codes: bytes) -> bytes:
    """What message.js does with a piece of an activity."""
    values, rest = bytearray(), iter(codes)
    for code in rest:
        values += bytes([code]) if code else bytes(next(rest))
    return bytes(values)


def activity(model: Sequential, image: np.ndarray = IMAGE, **options: Any):
    header, pieces = unpacked(
        activity_message(model, trace(model, image), shown_of(model), "a bar", **options)
    )
    return header, [out_of_runs(piece) for piece in pieces]


@pytest.mark.parametrize("codes", [b"", b"\0" * 784, b"\1\2", b"\0" * 255 + b"\xff\0\7"])
def test_runs_of_zeros_come_back(codes: bytes) -> None:
    assert out_of_runs(in_runs(codes)) == codes


def test_every_unit_is_shown_where_there_is_room():
    shown = shown_of(mlp(64))
    assert [layer.kind for layer in shown] == ["weights"]
    np.testing.assert_array_equal(shown[0].units, np.arange(64))


def test_of_many_units_those_that_lead_on_most_strongly_are_shown():
    model = mlp(100)
    W = model.parameters.layers[-1]["W"]  # (10, 100)
    W[:, 17] = 0
    W[:, 99] = 50
    units = shown_of(model)[0].units
    assert len(units) == 64
    assert 99 in units and 17 not in units
    assert list(units) == sorted(units)


def test_the_layers_of_a_cnn_are_maps_and_dots():
    assert [layer.kind for layer in shown_of(cnn())] == ["map", "map", "dot"]


def test_the_browser_gets_each_weight_to_half_a_step():
    model = mlp(5)
    header, pieces = unpacked(network_message(model, "key", "title", 300))
    assert header["layers"][0]["shown"] == [0, 1, 2, 3, 4]
    codes = np.frombuffer(pieces[2], np.int8).reshape(5, 784)
    W = model.parameters.layers[0]["W"]
    peaks = np.abs(W).max(axis=1, keepdims=True)
    np.testing.assert_allclose(codes * peaks / 127, W, atol=float(peaks.max()) / 254 + 1e-6)


def test_values_and_contributions_are_those_of_the_network():
    model = mlp(5)
    traced = trace(model, IMAGE)
    header, (image, answers, lines, picture) = activity(model)
    assert image == IMAGE.tobytes() and picture == b""
    layer = header["layers"][0]
    np.testing.assert_array_equal(np.frombuffer(answers, np.float32), traced.layers[0].values)
    assert layer["peak"] == traced.layers[0].values.max()
    contributions = (model.parameters.layers[-1]["W"] * traced.layers[0].values).T
    np.testing.assert_allclose(
        np.frombuffer(lines, np.int8).reshape(5, 10) * layer["lines"] / 127,
        contributions,
        atol=layer["lines"] / 254 + 1e-6,
    )
    np.testing.assert_allclose(header["probabilities"], traced.probabilities, atol=1e-4)


def test_a_map_is_as_strong_as_its_detail_says():
    model = build_cnn(channels=(3,), kernel_sizes=(5,), activation="tanh", rng=RNG)
    traced = trace(model, IMAGE)
    header, (_, answers, maps, *_) = activity(model)
    assert header["layers"][0]["signed"]
    strongest = np.frombuffer(answers, np.float32)
    for unit, answer in enumerate(strongest):
        detail, _ = detail_of(model, traced, shown_of(model), Choice(0, unit))
        assert detail["result"].endswith(f"f(a) = {number(float(answer))}")
        assert np.tanh(detail["total"]) == pytest.approx(answer, abs=1e-3)
    codes = np.frombuffer(maps, np.int8).reshape(3, -1).astype(int)
    np.testing.assert_array_equal(
        np.abs(codes).max(axis=1), np.abs(np.rint(strongest * 127 / header["layers"][0]["peak"]))
    )


def test_an_update_of_a_network_that_trains_is_small():
    model = mlp(64)
    weights = network_message(model, "key", "title", 300)
    does = activity_message(model, trace(model, IMAGE), shown_of(model), "a bar")
    assert len(weights) + len(does) < LIVE_UPDATE


def test_a_diverged_network_has_nothing_to_show_but_does_not_fail():
    model = mlp(4)
    model.parameters.flat[:] = np.nan
    header, _ = activity(model)
    assert header["probabilities"] == [None] * 10
    detail, _ = detail_of(model, trace(model, IMAGE), shown_of(model), Choice(0, 1))
    assert detail["total"] is None
    network_message(model, "key", "title", 300)


def test_codes_keep_the_sign_and_the_largest_is_127():
    codes, peak = codes_of(np.array([-2.0, 0.0, 1.0, np.nan, np.inf]))
    assert peak == 2.0
    assert codes.tolist() == [-127, 0, 64, 0, 0]


def test_the_sum_of_a_unit_is_worked_out():
    model = mlp(5)
    traced = trace(model, IMAGE)
    detail, picture = detail_of(model, traced, shown_of(model), Choice(0, 2))
    assert detail["title"] == "Hidden unit 2"
    assert detail["for"] + detail["against"] + detail["bias"] == pytest.approx(
        detail["total"], abs=1e-3
    )
    assert detail["total"] == pytest.approx(float(traced.layers[0].sums[2]), abs=1e-3)
    leads = model.parameters.layers[-1]["W"][:, 2] * traced.layers[0].values[2]
    np.testing.assert_allclose(detail["leads"], leads, atol=1e-3)
    evidence = np.frombuffer(picture, np.int8).reshape(28, 28)
    assert not evidence[IMAGE == 0].any()
    W = model.parameters.layers[0]["W"][2].reshape(28, 28)
    np.testing.assert_array_equal(
        np.sign(evidence[IMAGE > 0]),
        np.sign(np.rint(W / np.abs(W[IMAGE > 0]).max() * 127)[IMAGE > 0]),
    )


def test_a_unit_that_is_off_says_so_and_what_it_would_have_answered():
    model = mlp(5)
    masked = without_units(model, hidden_layers(model)[0], [2])
    traced = trace(masked, IMAGE)
    detail, _ = detail_of(masked, traced, shown_of(model), Choice(0, 2), off=[2])
    answer = number(float(trace(model, IMAGE).layers[0].answers[2]))
    assert detail["result"].startswith("switched off: passes on nothing; it would have answered a")
    assert detail["result"].endswith(f"f(a) = {answer}")
    assert detail["leads"] == [0] * 10
    for other in (Choice(0, 1), Choice(1, 2)):  # another unit, and the output of the same number
        detail, _ = detail_of(masked, traced, shown_of(model), other, off=[2])
        assert "off" not in detail["result"]


def test_an_output_names_the_units_that_made_it_in_order():
    model = mlp(20)
    traced = trace(model, IMAGE)
    detail, _ = detail_of(model, traced, shown_of(model), Choice(1, 7))
    parts = model.parameters.layers[-1]["W"][7] * traced.layers[0].values
    order = np.argsort(-np.abs(parts), kind="stable")[:6]
    assert [unit for unit, _ in detail["units"]] == order.tolist()
    named = sum(part for _, part in detail["units"])
    assert named + detail["rest"] + detail["bias"] == pytest.approx(detail["total"], abs=1e-2)
    assert detail["others"] == 14
    assert detail["result"].endswith(probability(float(traced.probabilities[7])))


def test_a_feature_map_has_the_receptive_field_of_its_strongest_place():
    model = cnn()
    traced = trace(model, IMAGE)
    detail, picture = detail_of(model, traced, shown_of(model), Choice(0, 1))
    row, column = detail["place"]
    assert traced.layers[0].values[1, row, column] == traced.layers[0].values[1].max()
    top, left, bottom, right = detail["field"]
    ys, xs = np.nonzero(np.frombuffer(picture, np.int8).reshape(28, 28))
    assert top <= ys.min() and ys.max() < bottom
    assert left <= xs.min() and xs.max() < right
    deeper, _ = detail_of(model, traced, shown_of(model), Choice(1, 4))
    assert deeper["noun"] == "map"


@pytest.mark.parametrize(
    "sent",
    [None, "7", {}, {"level": 0}, {"level": 0, "unit": 5}, {"level": 2, "unit": 0},
     {"level": 1, "unit": 10}, {"level": -1, "unit": 0}, {"level": "0", "unit": 0}],
)  # fmt: skip
def test_what_is_no_unit_of_the_network_is_no_choice(sent):
    sent = sent | {"form": "this"} if isinstance(sent, dict) else sent
    assert Choice.read(sent, trace(mlp(5), IMAGE), "this") is None


def test_a_choice_is_a_unit_or_an_output():
    traced = trace(mlp(5), IMAGE)
    assert Choice.read({"level": 0, "unit": 4, "form": "this"}, traced, "this") == Choice(0, 4)
    assert Choice.read({"level": 1, "unit": 9, "form": "this"}, traced, "this") == Choice(1, 9)
    assert Choice.read({"level": 1, "unit": 9, "form": "other"}, traced, "this") is None


def test_networks_that_show_other_units_have_other_forms():
    first, second = mlp(100), mlp(100)
    assert form_of(shown_of(first)) == form_of(shown_of(second))
    second.parameters.layers[-1]["W"][:, :50] *= 9
    assert form_of(shown_of(first)) != form_of(shown_of(second))


def test_values_too_small_to_divide_by_are_nothing():
    codes, _ = codes_of(np.array([1e-38, 0], np.float32))
    assert codes.tolist() == [0, 0]


def test_a_choice_stands_on_the_image_that_it_was_made_on():
    assert chosen_frame({"level": 0, "unit": 1, "frame": 3}, 10) == 3
    assert chosen_frame({"level": 0, "unit": 1, "frame": 3}, 2) == 0
    assert chosen_frame(None, 2) == 0


def test_numbers_say_no_more_than_they_know():
    assert [number(x) for x in (-0.001, 1.234, -2.0)] == ["0.00", "1.23", "−2.00"]
