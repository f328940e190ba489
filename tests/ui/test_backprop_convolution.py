"""The panel on convolution: what it says is the core's; an MLP says what to do instead."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.inspection.convolution_steps import ConvolutionStep, convolution_step, pooling_step
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.network import Sequential
from tests.ui.test_backprop_panels import says, shown, step_of
from ui.backprop.chosen import ChosenStep
from ui.backprop.convolution.panel import convolution
from ui.backprop.numbers import number, strongest

ROW, COLUMN = 5, 4  # in the square 2, 2
PARTS = ("filter", "row", "column")


def plain_cnn() -> Sequential:
    rng = np.random.default_rng(2)
    return build_cnn(channels=(4,), kernel_sizes=(4,), dense=(), fast=False, rng=rng)


def padded_cnn() -> Sequential:
    rng = np.random.default_rng(2)
    return build_cnn(channels=(4, 5), padding="same", activation="tanh", dense=(9,), rng=rng)


CNNS: dict[str, tuple[Callable[[], Sequential], str]] = {
    "shipped, first": (lambda: load_model("cnn"), "c1"),
    "shipped, second": (lambda: load_model("cnn"), "c2"),
    "plain with one convolution": (plain_cnn, "c1"),
    "with padding, second": (padded_cnn, "c2"),
}


@dataclass(frozen=True)
class Case:
    """The panel with a place chosen in a map to which a gradient comes back, and its step."""

    app: AppTest
    chosen: ChosenStep
    name: str
    layer: int
    filter: int

    @property
    def found(self) -> ConvolutionStep:
        return convolution_step(self.chosen.values, self.layer)


@pytest.fixture(params=CNNS)
def case(request: pytest.FixtureRequest) -> Case:
    make, name = CNNS[request.param]
    chosen = step_of(make())
    layer = chosen.station(name).layer
    assert layer is not None
    deltas = convolution_step(chosen.values, layer).deltas
    filter = int(np.flatnonzero(deltas.any(axis=(1, 2)))[0])
    places = {f"conv_{name}_{of}": at for of, at in zip(PARTS, (filter, ROW, COLUMN), strict=True)}
    return Case(shown(convolution, chosen, conv_layer=name, **places), chosen, name, layer, filter)


def differences(app: AppTest) -> list[float]:
    """All differences to the network's numbers that the panel tells of."""
    told = " ".join(piece.proto.body for piece in app.get("html"))
    found = re.findall(r"differs? [^.]*?by ([0-9]+(?:e−[0-9]+)?)", told)
    return [float(difference.replace("−", "-")) for difference in found]


def test_filter_times_patch_is_the_number_that_the_network_computed(case: Case) -> None:
    app, found = case.app, case.found
    own = float(found.maps[case.filter, ROW, COLUMN])
    assert says(app, f"row {ROW}, column {COLUMN}, stands {number(own)}")
    product = found.product_at(case.filter, ROW, COLUMN)
    channel = app.session_state[f"backprop_conv_{case.name}_channel"]
    for values in (product.patch, product.filter, product.parts):
        assert says(
            app, "".join(number(float(value) + 0.0, 3) for value in values[channel].ravel())
        )
    assert len(differences(app)) == 3 and max(differences(app)) < 1e-12


def test_the_whole_convolution_is_one_product_of_these_shapes(case: Case) -> None:
    found = case.found
    filters, (places, weights) = len(found.filters), found.patches.shape
    formulas = " ".join(str(text.value) for text in case.app.markdown)
    for rows, columns in ((filters, weights), (weights, places), (filters, places)):
        assert rf"_{{{rows}\times{columns}}}" in formulas
    row = ROW * found.maps.shape[2] + COLUMN
    captions = " ".join(str(text.value) for text in case.app.caption)
    assert f"Frame: row {row:,}, the chosen place" in captions


def test_pooling_tells_where_a_value_came_from_and_what_it_hands_back(case: Case) -> None:
    found = pooling_step(case.chosen.values, case.layer)
    at = (case.filter, ROW // 2, COLUMN // 2)
    pooled, gradient = (
        number(float(all_of[at]) + 0.0) for all_of in (found.pooled, found.gradient)
    )
    where = f"came from row {found.rows[at]}, column {found.columns[at]}"
    assert says(case.app, f"{pooled} {where}, and hands its gradient {gradient} back")


def test_the_gradient_counts_the_places_that_add_to_it(case: Case) -> None:
    found = case.found
    strength = np.abs(found.deltas[case.filter].ravel()) * np.abs(found.patches).max(axis=1)
    words = f"{np.count_nonzero(strength)} of {len(strength)} places add something"
    assert says(case.app, words)
    own = case.chosen.values.gradients[f"{case.layer}.W"][case.filter]
    assert says(case.app, f"the largest in size is {number(strongest(own))}")


def test_a_place_that_no_square_covers_is_left_out_by_pooling() -> None:
    app = shown(convolution, step_of(plain_cnn()), conv_c1_row=24, conv_c1_column=0)
    assert any("fills no square" in str(text.value) for text in app.markdown)
    assert not says(app, "came from row")


def test_a_silent_filter_says_so() -> None:
    network = plain_cnn()
    network.parameters.named()["0.b"][1] = -1000  # ReLU lets nothing of it through
    app = shown(convolution, step_of(network), conv_c1_filter=1)
    assert "choose another filter" in app.info[0].value


def test_each_convolution_keeps_its_own_place() -> None:
    app = shown(convolution, step_of(load_model("cnn")), conv_c1_row=23, conv_c1_column=22)
    app.segmented_control(key="backprop_conv_layer").set_value("c2")
    app.run(timeout=60)
    assert not app.exception
    assert app.number_input(key="backprop_conv_c2_row").max == 7
    assert max(differences(app)) < 1e-12
    app.segmented_control(key="backprop_conv_layer").set_value("c1")
    app.run(timeout=60)
    assert app.number_input(key="backprop_conv_c1_row").value == 23
    assert says(app, "row 23, column 22, stands")


def test_another_place_by_its_numbers_is_taken_apart() -> None:
    chosen = step_of(load_model("cnn"))
    app = shown(convolution, chosen, conv_c1_filter=2)
    app.number_input(key="backprop_conv_c1_row").set_value(9)
    app.number_input(key="backprop_conv_c1_column").set_value(10)
    app.run(timeout=60)
    own = float(convolution_step(chosen.values, 0).maps[2, 9, 10])
    assert says(app, f"row 9, column 10, stands {number(own)}")


def test_an_mlp_says_what_to_choose() -> None:
    network = build_mlp(hidden=(9,), rng=np.random.default_rng(0))
    app = shown(convolution, step_of(network))
    assert app.info[0].value == (
        "This network is an MLP, which has no convolution: choose the CNN above."
    )
    assert not app.number_input
