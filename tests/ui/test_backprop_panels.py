"""Panels of the Back-propagation page: their figures are the core's, and they say what is wrong."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.inspection import numerical_gradient
from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.descent import descend
from mnist_core.inspection.numerical_gradient import by_parameter, check_weights
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.functional import softmax
from mnist_core.nn.network import Sequential
from tests.ui.tools import again
from ui.backprop.chosen import ChosenStep, Example
from ui.backprop.differences import differences
from ui.backprop.numbers import number, one_digit, told_apart
from ui.backprop.softmax_shift import softmax_shift
from ui.backprop.the_step import the_step
from ui.session import mnist
from ui.words import probability

Panel = Callable[[ChosenStep], None]
RATE = 0.1


def step_of(network: Sequential, image: int = 0) -> ChosenStep:
    train = mnist().train
    example = Example(train.images[image], int(train.labels[image]), f"training image {image}")
    values = backpropagate(network.in_float64(), example.image, example.label)
    return ChosenStep("a network", example, values, RATE, f"{type(network)} {image}")


@pytest.fixture(scope="module")
def report() -> ChosenStep:
    """The report's network, new."""
    return step_of(build_mlp(hidden=(64,), activation="sigmoid", rng=np.random.default_rng(0)))


@pytest.fixture(scope="module")
def deep() -> ChosenStep:
    rng = np.random.default_rng(0)
    return step_of(build_mlp(hidden=(64, 32, 16), activation="tanh", rng=rng))


@pytest.fixture(scope="module")
def cnn() -> ChosenStep:
    return step_of(load_model("cnn"))


def shown(panel: Panel, chosen: ChosenStep, **choices: Any) -> AppTest:
    """The panel alone, with choices of the page by the names of their keys."""

    def script(panel, chosen):  # its source is run elsewhere, so it knows no names of this file
        panel(chosen)

    app = AppTest.from_function(script, args=(panel, chosen))
    for name, value in choices.items():
        app.session_state[f"backprop_{name}"] = value
    return again(app)


def texts(app: AppTest) -> Iterator[str]:
    """What stands in pieces of HTML, without the tags."""
    for piece in app.get("html"):
        yield re.sub("<[^>]+>", "", piece.proto.body)


def says(app: AppTest, words: str) -> bool:
    return any(words in text for text in texts(app))


@pytest.mark.parametrize("panel", [differences, the_step, softmax_shift])
@pytest.mark.parametrize("step", ["report", "deep", "cnn"])
def test_every_panel_is_there_for_every_kind_of_network(
    panel: Panel, step: str, request: pytest.FixtureRequest
) -> None:
    assert shown(panel, request.getfixturevalue(step)).header


@pytest.mark.parametrize("step", ["deep", "cnn"])
def test_the_table_of_the_check_has_the_errors_of_the_core(
    step: str, request: pytest.FixtureRequest
) -> None:
    chosen = request.getfixturevalue(step)
    table = shown(differences, chosen).table[0].value
    for name, dtype in (("float64", np.float64), ("float32", np.float32)):
        rng = np.random.default_rng(0)
        checks = check_weights(
            chosen.values.model, chosen.example.image, chosen.example.label, rng=rng, dtype=dtype
        )
        summaries = by_parameter(checks)
        assert list(table[name]) == [one_digit(one.relative_error or 0) for one in summaries]
    assert list(table["of"])[:4] == ["W₁", "b₁", "W₂", "b₂"]


def test_a_right_gradient_is_called_right_and_zeros_are_counted(report: ChosenStep) -> None:
    app = shown(differences, report)
    assert "All layers are right" in app.success[0].value and not app.error
    zeros = sum(list(app.table[0].value["zero"]))
    assert f"{zeros} more have a gradient of zero" in app.caption[0].value


@pytest.mark.parametrize("layer", [1, 2, 3, 4])
def test_a_spoiled_layer_is_named(deep: ChosenStep, layer: int) -> None:
    app = shown(differences, deep, spoil=layer, is_spoiled=True)
    assert f"The gradient of layer {layer} is wrong" in app.error[0].value
    assert "All other layers are right" in app.error[0].value and not app.success


def test_a_spoiled_convolution_is_named(cnn: ChosenStep) -> None:
    app = shown(differences, cnn, spoil=2)
    assert not app.error
    app.toggle[0].set_value(True)
    assert "The gradient of layer 2 is wrong: in W₂, b₂" in again(app).error[0].value


def test_the_slopes_of_the_curve_cross_where_the_error_is_smallest(report: ChosenStep) -> None:
    text = " ".join(one.value for one in shown(differences, report).markdown)
    found = dict(re.findall(r"In (float\d\d) they cross at h ≈ (\S+),", text))
    steps = {name: float(h.replace("−", "-")) for name, h in found.items()}
    assert 1e-6 < steps["float64"] < 1e-4 and 1e-3 < steps["float32"] < 1e-1


def test_a_followed_weight_without_a_gradient_is_said_to_have_none(report: ChosenStep) -> None:
    app = shown(differences, report, layer=1, row=0, column=0)  # a corner, where there is no ink
    words = " ".join(one.value for one in app.markdown)
    assert "W₁[0, 0] is zero" in words
    assert "the median of the 9 weights" in words  # all of them have an error


def test_the_error_in_float32_is_called_rounding_only_without_spoiling(report: ChosenStep) -> None:
    app = shown(differences, report)
    assert "In float32 rounding alone" in app.caption[1].value
    app.toggle[0].set_value(True)
    assert not any("rounding alone" in one.value for one in again(app).caption)


def test_weights_are_not_checked_again_for_the_same_step_but_for_another_drawing(
    report: ChosenStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []

    def counted(*args: Any, **options: Any) -> Any:
        checked.append(args)
        return numerical_gradient.check_weights(*args, **options)

    monkeypatch.setattr("ui.backprop.differences.check_weights", counted)
    app = again(shown(differences, report))
    assert len(checked) == 2  # in both types of numbers
    turned = replace(report.example, image=report.example.image.T.copy())
    other = replace(report, example=turned, key="that of another drawing")
    app.args = (differences, other)
    again(app)
    assert len(checked) == 4


@pytest.mark.parametrize("step", ["report", "deep", "cnn"])
def test_the_step_is_that_of_the_core(step: str, request: pytest.FixtureRequest) -> None:
    chosen = request.getfixturevalue(step)
    number_of = len(chosen.values.layers) - 1
    last = next(one for one in chosen.stations if one.layer == number_of and one.kind == "sum")
    app = shown(the_step, chosen, layer=last.number, row=3, column=5)
    path = f"{number_of}.W"
    before = chosen.values.model.parameters.named()[path][3, 5]
    gradient = chosen.values.gradients[path][3, 5]
    example = chosen.example
    losses = descend(chosen.values.model, example.image, example.label, RATE).losses
    for words in (
        f"{number(before, 7)}W",
        f"{number(before - RATE * gradient, 7)}W",
        f"{number(-RATE * gradient)}update",
        f"{number(losses[0])}loss before",
        f"{number(losses[1])}loss after",
    ):
        assert says(app, words)


@pytest.mark.parametrize(
    ("rate", "words"), [(1e-4, "too small"), (0.5, "right"), (5.0, "too large")]
)
def test_a_learning_rate_is_called_what_it_is(deep: ChosenStep, rate: float, words: str) -> None:
    app = shown(the_step, deep, rate=rate)
    assert says(app, f"A learning rate of {rate:g} is {words} here")
    assert says(app, "the loss becomes larger than before")


def test_where_no_rate_is_too_large_it_is_said(report: ChosenStep) -> None:
    app = shown(the_step, report)
    assert says(app, "No rate up to 1,000 makes the loss of this digit larger")
    assert says(app, "The best learning rate is 2.5.")


def test_the_best_rate_is_said_to_be_only_an_end_of_the_slider(cnn: ChosenStep) -> None:
    app = shown(the_step, step_of(cnn.values.model, image=1))
    assert says(app, "Of these rates 1,000, an end of the slider, is the best")


def test_a_loss_that_hardly_changes_has_as_many_digits_as_tell_it(report: ChosenStep) -> None:
    assert told_apart(7.7212345e-05, 7.7212e-05) == ("7.72123e−05", "7.7212e−05")
    assert told_apart(2.399, 0.6038) == ("2.399", "0.6038")
    assert told_apart(0.5, 0.5) == ("0.5", "0.5")


def test_steps_are_taken_one_after_the_other_and_taken_back(report: ChosenStep) -> None:
    app = shown(the_step, report)
    assert says(app, "No step is taken yet")
    for button in ("one_step", "ten_steps"):
        app.button(key=f"backprop_{button}").click()
        again(app)
    example = report.example
    descent = descend(report.values.model, example.image, example.label, RATE, steps=11)
    assert says(app, f"After 11 steps with a learning rate of {RATE:g}")
    assert says(app, f"to {number(descent.losses[-1])}")
    assert says(app, f"to {probability(descent.probabilities[-1, example.label])}")
    app.button(key="backprop_back_to_the_start").click()
    assert says(again(app), "No step is taken yet")


def test_another_learning_rate_begins_at_the_start(
    report: ChosenStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(*_: Any, key: str, on_move: Callable[[int, bool], None], **__: Any) -> None:
        st.button("Smallest rate", key=f"{key}_least", on_click=on_move, args=(0, True))

    monkeypatch.setattr("ui.backprop.the_step.step_slider", plain)
    app = shown(the_step, report)
    app.button(key="backprop_ten_steps").click()
    assert says(again(app), "After 10 steps")
    app.button(key="backprop_rate_slider_least").click()
    assert says(again(app), "No step is taken yet")


def test_another_digit_begins_at_the_start(report: ChosenStep) -> None:
    app = shown(the_step, report)
    app.button(key="backprop_ten_steps").click()
    assert says(again(app), "After 10 steps")
    app.args = (the_step, step_of(report.values.model, image=1))
    assert says(again(app), "No step is taken yet")


@pytest.mark.parametrize("how", ["add", "multiply"])
def test_large_logits_are_too_much_for_the_formula_but_not_for_the_core(
    report: ChosenStep, how: str
) -> None:
    app = shown(softmax_shift, report, shift_by=10_000, shift_how=how)
    naive, ours = (text for text in texts(app) if "Their sum" in text)
    assert "NaN, which is no number" in naive and "Their sum: 1." in ours
    numbers = app.table[0].value
    assert "nan" in list(numbers["as in a book"])
    shifted = [float(value.replace("−", "-")) for value in numbers["shifted"]]
    logits = report.values.logits
    changed = logits + 10_000 if how == "add" else logits * 10_000
    assert shifted == pytest.approx(softmax(changed)[:, 0].tolist(), rel=1e-3)
    assert sum(shifted) == pytest.approx(1, abs=1e-3)


def test_small_logits_are_right_both_ways(report: ChosenStep) -> None:
    app = shown(softmax_shift, report)
    app.button(key="backprop_shift_10").click()
    numbers = again(app).table[0].value
    assert list(numbers["as in a book"]) == list(numbers["shifted"])
    assert says(app, "It went well")


def test_logits_far_below_zero_are_nothing_divided_by_nothing(report: ChosenStep) -> None:
    assert says(shown(softmax_shift, report, shift_by=-1000), "0 / 0 is no number")


@pytest.mark.parametrize("by", [-740, -744])
def test_logits_that_leave_few_digits_are_wrong_and_said_to_be(report: ChosenStep, by: int) -> None:
    app = shown(softmax_shift, report, shift_by=by)
    numbers = app.table[0].value
    assert list(numbers["as in a book"]) != list(numbers["shifted"])
    assert says(app, "is wrong by up to") and not says(app, "It went well")


def test_a_sum_that_alone_overflows_is_not_said_to_have_gone_well(report: ChosenStep) -> None:
    step = replace(report, values=replace(report.values, logits=np.full((10, 1), 9.0)))
    app = shown(softmax_shift, step, shift_by=700)  # e^709 is finite, ten times as much is not
    assert says(app, "all ten divided by infinity are 0")
