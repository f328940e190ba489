"""The panel "The Jacobians in full" without a browser: what it shows is what the core computes."""

import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.jacobians import Order
from mnist_core.nn.builders import build_cnn, build_mlp
from tests.ui.tools import with_plain_spaces
from ui.backprop.chosen import ChosenStep, Example
from ui.backprop.jacobians.diagonal import both_ways
from ui.backprop.jacobians.full import (
    activations,
    full_jacobian,
    names_of,
    slopes_of,
    sums,
    weights_at,
    weights_of,
)
from ui.backprop.jacobians.layouts import as_column, as_row
from ui.backprop.jacobians.overview import squeezed
from ui.backprop.jacobians.product import multiplied_out
from ui.backprop.jacobians.window import WINDOW
from ui.backprop.measured import in_memory, in_time
from ui.session import mnist

ORDERS: tuple[Order, ...] = ("columns", "rows")
PANEL = """
import streamlit as st
from tests.ui.test_backprop_jacobians import step_of
from ui.backprop.one_weight import follow_one_weight
from ui.backprop.jacobians.panel import jacobians
chosen = step_of(st.session_state.get("of", "{network}"))
follow_one_weight(chosen)
jacobians(chosen)
"""
NETWORKS = {
    "report": lambda rng: build_mlp(hidden=(64,), activation="sigmoid", rng=rng),
    "small": lambda rng: build_mlp(hidden=(7, 5), activation="tanh", rng=rng),
    "wide": lambda rng: build_mlp(hidden=(80, 70), activation="tanh", rng=rng),
    "large": lambda rng: build_mlp(hidden=(300,), activation="relu", rng=rng),
    "cnn": lambda rng: build_cnn(channels=(3, 4), dense=(20,), rng=rng),
    "bare cnn": lambda rng: build_cnn(channels=(3, 4), dense=(), rng=rng),
}


@cache
def step_of(network: str) -> ChosenStep:
    """A step of one of these networks, in float64, on the first training image."""
    train = mnist().train
    example = Example(train.images[0], int(train.labels[0]), "training image 0")
    model = NETWORKS[network](np.random.default_rng(1)).in_float64()
    values = backpropagate(model, example.image, example.label)
    return ChosenStep(network, example, values, 0.1, network)


def opened(network: str, **state: object) -> AppTest:
    app = AppTest.from_string(PANEL.format(network=network))
    for name, value in state.items():
        app.session_state[f"backprop_{name}"] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    app.run(timeout=60)
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    """All that the page says in words and formulas."""
    pieces = [*app.header, *app.markdown, *app.caption, *app.latex, *app.info]
    html = [piece.proto.body for piece in app.get("html")]
    return with_plain_spaces("\n".join([piece.value for piece in pieces] + html))


def in_full(chosen: ChosenStep, name: str, order: Order) -> Array:
    """The Jacobian of that name as NumPy builds it."""
    upper, lower = name.removeprefix("d").split("/d")
    station = chosen.station(upper)
    if upper.startswith("f"):
        return np.diag(slopes_of(chosen.values, station))
    identity = np.eye(station.shape[0])
    if lower.startswith("W"):
        assert station.layer is not None
        x = chosen.values.input_of(station.layer).T
        return np.kron(x, identity) if order == "columns" else np.kron(identity, x)
    return identity if lower.startswith("b") else weights_of(chosen.values, station)


# ---- the Jacobians themselves -------------------------------------------------------------------


def test_every_dense_layer_and_activation_has_its_jacobians() -> None:
    assert names_of(step_of("report")) == [
        "da1/dW1", "da1/db1", "da1/dx", "df1/da1", "da2/dW2", "da2/db2", "da2/df1"
    ]  # fmt: skip
    assert names_of(step_of("bare cnn")) == ["da3/dW3", "da3/db3", "da3/dv2"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("network", ["small", "cnn"])
def test_a_window_shows_what_stands_in_the_whole_matrix(network: str, order: Order) -> None:
    chosen = step_of(network)
    for name in names_of(chosen):
        whole, jacobian = in_full(chosen, name, order), full_jacobian(chosen, name, order)
        assert jacobian.shape == whole.shape
        rows, columns = range(1, len(whole)), range(2, min(whole.shape[1], 900))
        shown = jacobian.window(rows, columns)
        assert np.array_equal(shown, whole[1:, 2 : columns.stop])
        if jacobian.row_of is not None:
            own = [jacobian.row_of(column) for column in range(whole.shape[1])]
            others = whole.copy()
            others[own, np.arange(whole.shape[1])] = 0
            assert not others.any()


@pytest.mark.parametrize("order", ORDERS)
def test_the_strip_shows_the_largest_number_of_every_part_of_the_matrix(order: Order) -> None:
    chosen = step_of("small")
    for name in names_of(chosen):
        whole, jacobian = in_full(chosen, name, order), full_jacobian(chosen, name, order)
        strip = squeezed(jacobian)
        assert strip.shape[1] % jacobian.blocks == 0
        places = np.arange(whole.shape[1]) * strip.shape[1] // whole.shape[1]
        largest = np.stack(
            [np.abs(whole[:, places == at]).max(axis=1) for at in range(strip.shape[1])], axis=1
        )
        assert np.array_equal(np.abs(strip), largest)


def test_a_strip_of_many_rows_is_squeezed_in_both_directions() -> None:
    chosen = step_of("large")
    W = in_full(chosen, "da1/dx", "columns")
    strip = squeezed(full_jacobian(chosen, "da1/dx", "columns"))
    assert strip.shape == (64, 784)
    for at in range(64):
        covered = W[np.arange(300) * 64 // 300 == at]
        assert np.array_equal(np.abs(strip[at]), np.abs(covered).max(axis=0))


@pytest.mark.parametrize("order", ORDERS)
def test_each_column_belongs_to_one_weight(order: Order) -> None:
    jacobian = full_jacobian(step_of("small"), "da2/dW2", order).by_weights
    assert jacobian is not None
    i, j = weights_at(jacobian, np.arange(jacobian.shape[1]))
    columns = [jacobian.column_of(*weight) for weight in zip(i.tolist(), j.tolist(), strict=True)]
    assert columns == list(range(jacobian.shape[1]))


# ---- multiplied out -----------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["W", "b"])
@pytest.mark.parametrize("network", ["report", "small", "cnn"])
def test_the_chain_gives_what_the_network_computed(network: str, name: str, order: Order) -> None:
    chosen = step_of(network)
    for station in sums(chosen):
        product = multiplied_out(chosen.values, station, name, order)
        assert product.difference < 1e-12
        assert product.numbers == chosen.values.gradients[f"{station.layer}.{name}"].size
        assert product.seconds > 0 and product.short_seconds > 0


def test_multiplying_out_needs_one_matrix_at_a_time_and_keeps_none() -> None:
    chosen = step_of("report")
    station = sums(chosen)[0]
    multiplied_out(chosen.values, station, "W", "columns")  # what the first time makes, it keeps
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        multiplied_out(chosen.values, station, "W", "columns")
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 30e6
    assert after - before < 1e5


@pytest.mark.parametrize("order", ORDERS)
def test_the_chain_is_multiplied_out_when_it_is_asked_for(order: Order) -> None:
    app = opened("report", jacobian_part="chain", jacobian_order=order)
    assert "25.7 MB" in text(app)
    assert "largest difference" not in text(app)
    app.button(key="backprop_jacobian_multiply").click()
    words = text(run(app))
    for shape in (r"1\times10", r"10\times64", r"64\times64", r"64\times50176", r"1\times50176"):
        assert shape in words
    assert "Both ways give the same" in words
    kept = app.session_state["backprop_jacobian_products"][1]
    values = [value for product in kept.values() for value in vars(product).values()]
    assert values and not any(isinstance(value, np.ndarray) for value in values)


def test_a_gradient_that_is_wrong_is_said_to_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = step_of("small")
    gradients = chosen.values.gradients | {"0.W": 1.001 * chosen.values.gradients["0.W"]}
    wrong = replace(chosen, values=replace(chosen.values, gradients=gradients), key="wrong")
    monkeypatch.setattr("tests.ui.test_backprop_jacobians.step_of", lambda network: wrong)
    app = opened("small", jacobian_part="chain")
    app.button(key="backprop_jacobian_multiply").click()
    assert "one of the two is wrong" in text(run(app))


def test_a_network_that_is_too_large_to_be_multiplied_out_says_so() -> None:
    app = opened("large", jacobian_part="chain")
    assert "300 x 235,200 numbers and would take 564.5 MB" in text(app)
    assert not [button for button in app.button if button.label == "Multiply it out"]
    app.segmented_control(key="backprop_jacobian_gradient").set_value("W2")
    assert not run(app).info


# ---- what replaces them -------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["report", "wide", "cnn"])
def test_a_diagonal_matrix_and_a_vector_give_the_same(network: str) -> None:
    chosen = step_of(network)
    for station in activations(chosen):
        assert both_ways(chosen, station).difference < 1e-15
    words = text(opened(network, jacobian_part="diagonal"))
    units = activations(chosen)[0].shape[0]
    assert f"{units * units:,}" in words and "Both give" in words


@pytest.mark.parametrize("network", ["report", "wide", "cnn"])
def test_a_gradient_as_a_row_is_that_as_a_column(network: str) -> None:
    chosen = step_of(network)
    for station, above in zip(activations(chosen), sums(chosen)[1:], strict=True):
        row, column = as_row(chosen, station, above), as_column(chosen, station, above)
        own = chosen.station(f"dL/da{station.number}").value
        assert row.shape == own.shape[::-1] and column.shape == own.shape
        np.testing.assert_allclose(row.T, own, rtol=0, atol=1e-14)
        np.testing.assert_allclose(column, own, rtol=0, atol=1e-14)
    assert "Largest difference" in text(opened(network, jacobian_part="layouts"))


@pytest.mark.parametrize("part", ["diagonal", "layouts"])
def test_without_a_hidden_dense_layer_it_says_what_to_choose(part: str) -> None:
    assert "Choose an MLP" in opened("bare cnn", jacobian_part=part).info[0].value


# ---- on the page --------------------------------------------------------------------------------


def test_both_orders_are_shown_and_the_column_of_the_followed_weight_in_each() -> None:
    app = opened("report", layer=1, row=3, column=200)
    words = text(app)
    assert "∂a₁/∂W₁, 64 x 50,176" in words
    assert r"x^{\mathsf T} \otimes I_{64}" in words
    assert "**12,803**" in words and "**2,552**" in words  # 200 · 64 + 3 and 3 · 784 + 200
    assert "Row 3, column 12,803" in words
    app.segmented_control(key="backprop_jacobian_order").set_value("rows")
    words = text(run(app))
    assert r"I_{64} \otimes x^{\mathsf T}" in words
    assert "Row 3, column 2,552" in words


def test_the_window_follows_the_followed_weight_and_comes_back_to_it() -> None:
    app = opened("report", layer=1, row=3, column=200)
    block = "backprop_jacobian da1/dW1 columns block"
    assert app.slider(key=block).value == 200
    app.slider(key=block).set_value(7)
    assert run(app).slider(key=block).value == 7
    app.button(key="backprop_jacobian da1/dW1 columns back").click()
    assert run(app).slider(key=block).value == 200
    app.number_input(key="backprop_column").set_value(301)
    assert run(app).slider(key=block).value == 301


@pytest.mark.parametrize("network", ["report", "wide", "cnn", "bare cnn"])
def test_every_jacobian_can_be_looked_at(network: str) -> None:
    app = opened(network)
    for name in names_of(step_of(network)):
        for order in ORDERS if "/dW" in name else ORDERS[:1]:
            app.segmented_control(key="backprop_jacobian").set_value(name)
            run(app)
            if "/dW" in name:
                app.segmented_control(key="backprop_jacobian_order").set_value(order)
                run(app)
            rows, columns = full_jacobian(step_of(network), name, order).shape
            assert f"{rows:,} x {columns:,}" in app.header[-1].value
    assert ("convolution" in text(app)) == ("cnn" in network)


def test_the_frame_is_where_the_window_is() -> None:
    app = opened("wide", jacobian="df1/da1")
    app.slider(key="backprop_jacobian df1/da1 columns from").set_value(80 - WINDOW)
    assert "left:20.000%;width:80.000%" in text(run(app))  # the frame, from column 16 of 80 on


def test_a_smaller_network_brings_the_window_within_its_bounds() -> None:
    app = opened("wide", jacobian_order="rows", layer=2, row=0, column=0)
    block = "backprop_jacobian da1/dW1 rows block"
    app.slider(key=block).set_value(79)
    run(app)
    app.session_state["of"] = "small"
    assert run(app).slider(key=block).value in range(7)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5e-6, "2.5 µs"), (31e-6, "31 µs"), (0.0042, "4.2 ms"), (0.25, "250 ms"), (3.04, "3 s")],
)
def test_times_have_a_unit_that_fits(seconds: float, words: str) -> None:
    assert with_plain_spaces(in_time(seconds)) == words


def test_memory_has_a_unit_that_fits() -> None:
    sizes = [with_plain_spaces(in_memory(size)) for size in (512, 25_690_112, 7 * 10**9)]
    assert sizes == ["0.5 kB", "25.7 MB", "7,000 MB"]
