"""What a document says of the page is what the core computes, and its links lead somewhere."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.inspection.backpropagation import Backpropagation, backpropagate
from mnist_core.inspection.descent import descend
from mnist_core.inspection.kronecker import KroneckerJacobian
from mnist_core.inspection.numerical_gradient import TOLERANCE, by_parameter, check_weights
from mnist_core.inspection.stations import Station, stations
from mnist_core.inspection.weight_factors import factors_of
from tests.ui.test_backprop_link import address as address_of
from tests.ui.test_backprop_page import opened
from tests.ui.tools import with_plain_spaces
from ui.backprop.chosen import NEW, RATE, new_network
from ui.backprop.numbers import number
from ui.backprop.page import LOOKS
from ui.backprop.the_step import UPDATED
from ui.words import probability

TEXT = (Path(__file__).parents[1] / "docs" / "backpropagation.md").read_text(encoding="utf-8")
READ = 6  # digits of a value that is read in a picture
UNIT, PIXEL = 22, 161  # the weight that is followed
DECIMAL = r"−?\b\d+\.\d+"


def questions() -> dict[int, str]:
    """Each question with its answer, by its number."""
    parts = re.split(r"^### (\d+)\. ", TEXT, flags=re.MULTILINE)[1:]
    return {int(n): text for n, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.fixture(scope="module")
def step(mnist: Dataset) -> Backpropagation:
    """The first step that the page shows."""
    image, label = mnist.train.images[0], int(mnist.train.labels[0])
    return backpropagate(new_network(0).in_float64(), image, label)


@pytest.fixture(scope="module")
def by_name(step: Backpropagation) -> dict[str, Station]:
    return {station.name: station for station in stations(step)}


def test_the_numbers_in_the_document_are_those_of_the_step(
    step: Backpropagation, by_name: dict[str, Station], mnist: Dataset
) -> None:
    def read(name: str, row: int) -> str:
        return number(by_name[name].value[row, 0], READ)

    def share(p: float) -> str:
        return with_plain_spaces(probability(p))

    followed, silent = factors_of(step, 0, UNIT, PIXEL), factors_of(step, 0, UNIT, 0)
    last = factors_of(step, 2, 5, 20)
    assert followed.terms is not None and followed.slope is not None
    assert followed.next_weights is not None and followed.next_deltas is not None
    assert (silent.product, silent.input, followed.input) == (0, 0, 1)
    assert abs(last.product) == np.abs(by_name["dL/dW2"].value).max()
    assert abs(followed.product) == np.abs(by_name["dL/dW1"].value).max()
    k = int(np.abs(followed.terms).argmax())
    descent = descend(step.model, mnist.train.images[0], 5, RATE, steps=1)
    answers = {
        2: {number(step.loss), read("y_hat", 5), share(step.probabilities[5, 0])},
        3: {read("dL/da2", 5), read("y_hat", 5), read("dL/da2", 6)},
        4: {number(last.delta), number(last.input), number(last.product)},
        5: {
            read("dL/df1", UNIT),
            number(followed.next_weights[k]),
            number(followed.next_deltas[k]),
        },
        6: {read("f1", UNIT), number(followed.slope), read("dL/da1", UNIT)},
        7: {number(silent.weight), number(followed.product)},
        8: {"0.1 %"},  # SPOILING; nothing that a machine's rounding decides
        9: {
            number(RATE),
            number(followed.weight, UPDATED),
            number(followed.weight - RATE * followed.product, UPDATED),
            number(followed.product),
            number(-RATE * followed.product),
            number(descent.losses[0]),
            number(descent.losses[1]),
        },
        10: {
            number(np.log(np.finfo(np.float64).max)),
            share(step.probabilities.max()),
        },
    }
    for n, text in questions().items():
        computed = {words.removesuffix(" %") for words in answers.get(n, set())}
        assert set(re.findall(DECIMAL, text)) == computed, f"question {n}"
    assert f"the largest is {number(1000 + step.logits.max())}" in questions()[10]


def test_the_shapes_in_the_document_are_those_of_the_step(
    step: Backpropagation, by_name: dict[str, Station]
) -> None:
    def shape(lengths: tuple[int, ...]) -> str:
        return " x ".join(map(str, lengths))

    assert f"**{shape(by_name['dL/dW1'].shape)}**" in questions()[1]
    jacobian = KroneckerJacobian(by_name["f1"].value, len(step.logits), "columns")
    assert f"**{shape(jacobian.shape)}**" in questions()[4]
    assert f"W₂ ({shape(by_name['dL/dW2'].shape)})" in questions()[5]
    assert f"all {len(by_name)} stations" in TEXT


@pytest.mark.parametrize(("dtype", "proves_much"), [(np.float64, True), (np.float32, False)])
def test_only_in_float64_the_error_is_below_the_limit(
    step: Backpropagation, mnist: Dataset, dtype: type, proves_much: bool
) -> None:
    checks = check_weights(
        step.model,
        mnist.train.images[0],
        int(mnist.train.labels[0]),
        weights=50,
        rng=np.random.default_rng(0),
        dtype=dtype,
    )
    error = max(one.relative_error or 0 for one in by_parameter(checks))
    assert (error < TOLERANCE / 100) if proves_much else (error > TOLERANCE)
    assert f"{TOLERANCE:.0e}".replace("e-0", "e−") in questions()[8]


def test_each_of_ten_questions_has_a_link_to_its_place(by_name: dict[str, Station]) -> None:
    assert list(questions()) == list(range(1, 11))
    for n, text in questions().items():
        ((words, address),) = re.findall(r"\[`(.*)`\]\((.*)\)", text)
        assert address == f"http://localhost:8501{words}", f"question {n}"
        said = {name: value for name, (value,) in parse_qs(urlsplit(words).query).items()}
        assert (said["network"], said["image"]) == (NEW, "0"), f"question {n}"
        assert said["station"] in by_name, f"question {n}"
        assert said.get("look") in {None, *LOOKS}, f"question {n}"


@pytest.mark.parametrize("n", range(1, 11))
def test_all_that_a_link_says_is_used(n: int) -> None:
    ((address, _),) = re.findall(r"\[`(.*)`\]\((.*)\)", questions()[n])
    said = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
    app = opened(**said)
    assert not app.warning
    assert not app.session_state["backprop_address"].link  # somebody has asked for each of them
    assert address_of(app).items() <= said.items()  # without the defaults
