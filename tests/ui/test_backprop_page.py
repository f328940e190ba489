"""The Back-propagation page without a browser: stations, the core's lines, a weight, the link."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.inspection.backpropagation import Backpropagation, backpropagate
from mnist_core.inspection.stations import stations
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.network import Sequential
from mnist_core.runs.local import LocalPool
from ui.backprop.chosen import new_network
from ui.backprop.code import code_of
from ui.backprop.formulas import formula_of, in_letters, symbol
from ui.backprop.numbers import number, one_digit, tex_number
from ui.session import mnist

ROOT = Path(__file__).parents[2]
PAGE = """
import ui.backprop.page
ui.backprop.page.page()
"""


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


NETWORKS: dict[str, Callable[[], Sequential]] = {
    "the report's": lambda: new_network(0),
    "three layers of tanh": lambda: build_mlp(hidden=(9, 8, 7), activation="tanh", rng=rng()),
    "relu": lambda: build_mlp(hidden=(9,), activation="relu", dropout=0.2, rng=rng()),
    "cnn": lambda: build_cnn(channels=(3, 5), dense=(9,), rng=rng()),
    "plain cnn": lambda: build_cnn(
        channels=(3,), kernel_sizes=(5,), dense=(), fast=False, rng=rng()
    ),
}


def a_step(network: str) -> Backpropagation:
    train = mnist().train
    return backpropagate(NETWORKS[network]().in_float64(), train.images[4], int(train.labels[4]))


@pytest.mark.parametrize("network", NETWORKS)
def test_every_station_has_a_formula_that_names_it_and_the_cores_own_lines(network: str) -> None:
    step = a_step(network)
    for station in stations(step):
        formula = formula_of(step, station)
        assert "%" not in formula.tex and formula.words.endswith(".")
        if station.kind not in ("probabilities", "input"):
            assert formula.tex.startswith(symbol(station.name))
        code = code_of(step, station)
        match = re.fullmatch(r"[\w.]+, ([\w/]+\.py), line (\d+)", code.place)
        assert match
        there = (ROOT / match[1]).read_text(encoding="utf-8").splitlines()[int(match[2]) - 1 :]
        assert there[0].strip() == code.lines.splitlines()[0]


def test_one_number_of_a_formula_is_worked_out() -> None:
    step = a_step("the report's")
    numbers = {one.name: formula_of(step, one).numbers for one in stations(step)}
    label, loss = int(step.one_hot.argmax()), tex_number(step.loss)
    probability = float(step.probabilities[label, 0])
    share = tex_number(probability)
    assert numbers["L"].endswith(rf"-\log {share} = {loss}")
    assert numbers["dL/da2"].endswith(f"{share} - 1 = {tex_number(probability - 1)}")
    f, delta = step.layers[1].output, step.layers[0].gradient
    row = int(np.abs(delta).argmax())
    activation, slope = (tex_number(float(n)) for n in (f[row, 0], f[row, 0] * (1 - f[row, 0])))
    assert f"f_{{1}}[{row}] = {activation}" in numbers["dL/da1"]
    assert f"{activation}(1-{activation}) = {slope}" in numbers["dL/da1"]
    assert numbers["dL/da1"].endswith(tex_number(float(delta[row, 0])))


def test_the_lines_are_those_of_the_gradient_that_is_asked_for() -> None:
    step = a_step("the report's")
    lines = {station.name: code_of(step, station).lines for station in stations(step)}
    assert 'out=gradients["W"]' in lines["dL/dW2"] and "b" not in lines["dL/dW2"].split('["W"]')[1]
    assert 'out=gradients["b"]' in lines["dL/db1"]
    assert "self.W.T" in lines["dL/df1"]
    assert "gradients" not in lines["dL/df1"] + lines["dL/da1"] + lines["a1"]


def test_names_and_numbers_as_they_are_written() -> None:
    assert in_letters("dL/dW12") == "∂L/∂W₁₂"
    assert symbol("dL/da1") == r"\frac{\partial L}{\partial a_{1}}"
    assert symbol("y_hat") == r"\hat y"
    assert number(-0.0123456) == "−0.01235"
    assert (number(-0.0), tex_number(-0.0), one_digit(0.0)) == ("0", "0", "0")
    assert tex_number(-1.5e-7) == r"(-1.5\cdot 10^{-7})"
    assert tex_number(float("nan")) == r"\text{nan}"


def opened(**parameters: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.header, *app.latex]
    return " ".join(str(part.value) for part in parts) + " ".join(
        piece.proto.body for piece in app.get("html")
    )


def test_a_link_restores_network_digit_station_and_weight(pool: LocalPool) -> None:
    app = opened(network="mlp", image="7", station="dL/dW2", layer="2", row="3", column="17")
    label = int(mnist().train.labels[7])
    assert f"The MLP reads training image 7, a {label}" in text(app)
    assert "∂L/∂W₂, 10 x 64" in text(app)
    train = mnist().train
    step = backpropagate(load_model("mlp").in_float64(), train.images[7], label)
    assert number(float(step.gradients["2.W"][3, 17])) in text(app)
    assert app.query_params["station"] == "dL/dW2"


@pytest.mark.parametrize(
    "parameters",
    [
        {"image": "99999999"},
        {"image": "many"},
        {"network": "no"},
        {"row": "-4", "station": "dL/dx"},
    ],
)
def test_a_link_that_says_what_cannot_be_shows_what_can(
    pool: LocalPool, parameters: dict[str, str]
) -> None:
    assert "A new network, seed 0 reads training image" in text(opened(**parameters))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_every_station_can_be_stood_at(pool: LocalPool, network: str) -> None:
    app = opened(network=network)
    train = mnist().train
    step = backpropagate(load_model(network), train.images[0], int(train.labels[0]))
    names = [station.name for station in stations(step)]
    for before, name in pairwise(names):
        app.session_state["backprop_station"] = name
        app.run()
        assert not app.exception, name
        assert in_letters(name) in text(app) and before != name


def test_another_digit_and_another_weight_are_followed(pool: LocalPool) -> None:
    app = opened()
    app.number_input(key="backprop_image").set_value(12)
    app.run()
    app.segmented_control(key="backprop_layer").set_value(2)
    app.number_input(key="backprop_row").set_value(5)
    app.number_input(key="backprop_column").set_value(60)
    app.run()
    train = mnist().train
    label = int(train.labels[12])
    step = backpropagate(new_network(0).in_float64(), train.images[12], label)
    gradient = float(step.gradients["2.W"][5, 60])
    assert number(gradient) in text(app)
    assert ("larger" if gradient < 0 else "smaller") + " weight would make the loss" in text(app)


def test_unless_one_was_chosen_the_weight_with_the_largest_gradient_is_followed(
    pool: LocalPool,
) -> None:
    def strongest(number: int) -> tuple[int, int]:
        train = mnist().train
        step = backpropagate(new_network(0), train.images[number], int(train.labels[number]))
        row, column = np.unravel_index(np.abs(step.gradients["0.W"]).argmax(), (64, 784))
        return int(row), int(column)

    def followed(app: AppTest) -> tuple[int, int]:
        row, column = (app.number_input(key=f"backprop_{name}").value for name in ("row", "column"))
        assert row is not None and column is not None
        return int(row), int(column)

    app = opened()
    assert followed(app) == strongest(0) != strongest(9)
    app.number_input(key="backprop_image").set_value(9)
    app.run()
    assert followed(app) == strongest(9)
    app.number_input(key="backprop_row").set_value(1)
    app.run()
    app.number_input(key="backprop_image").set_value(0)
    app.run()
    assert followed(app) == (1, strongest(9)[1])
