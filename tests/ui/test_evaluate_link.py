"""The address of the Evaluate page: whoever opens it sees the same, and nothing breaks the page."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.answers import answers_of
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.ui.test_backprop_link import address
from tests.ui.test_evaluate_page import FEW, looked_at, opened, text
from tests.ui.test_evaluate_page import few as few

CONFIDENCE, ROBUSTNESS, MAP, IMAGES = "Confidence", "Robustness", "Map", "The images"
HOSTILE = {
    "far too many digits": "9" * 10_000,
    "beyond numbers": "1e400",
    "not a number": "NaN",
    "negative": "-1",
    "nothing": "",
    "other digits": "²٣",
    "markup": "<b>`*[x](y)</b>",
    "a cell outside": "99-99",
    "zero byte": "4-9\x00",
    "a list": "[1, 2]",
}
NAMES = (
    *("network", "against", "images", "look", "which", "cell", "image", "threshold", "example"),
    *("cells_show", "of", "layer", "step", "kept", "moment", "point", "digits", "mistakes_only"),
)


def said_by(app: AppTest) -> list[str]:
    return [warning.value for warning in app.warning]


def test_the_address_says_the_network_alone_at_first(few: Dataset) -> None:
    assert address(opened()) == {"network": "cnn"}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"network": "mlp", "against": "none"}, "● MLP, "),
        ({"network": "mlp"}, "MLP: what is taken for what"),
        ({"images": "validation"}, f"of {FEW} wrong"),
        ({"images": "own"}, "You have kept no digits yet"),
        ({"images": "uploaded"}, "Choose images with their labels"),
        ({"which": "unsure"}, ""),
        ({"cell": "7-7"}, "7, read right: "),
        ({"cell": "8-3"}, "8, read as 3: no images"),
        ({"cells_show": "Shares"}, ""),
        ({"look": "Scores per digit"}, "Scores of CNN for each digit"),
        ({"look": CONFIDENCE, "threshold": "73"}, f"{FEW} images away"),
        ({"look": ROBUSTNESS, "example": "42"}, ""),
        ({"look": ROBUSTNESS, "kept": "rotation--20"}, ""),
        ({"look": MAP, "of": "MLP", "layer": "pixels"}, ""),
        ({"look": MAP, "moment": "before", "digits": "379", "mistakes_only": "1"}, ""),
        ({"look": MAP, "point": "42"}, ""),
        ({"look": IMAGES}, "Labels that may be wrong"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_a_link_restores_every_choice_and_is_said_again(
    few: Dataset, choices: dict[str, str], words: str
) -> None:
    app = opened(**choices)
    assert not app.warning
    assert address(app) == {"network": "cnn"} | choices
    assert words in text(app)


@pytest.mark.parametrize("where", [{}, {"which": "unsure"}, {"cell": "7-7"}], ids=str)
def test_a_link_restores_the_image_in_every_list(few: Dataset, where: dict[str, str]) -> None:
    answers = answers_of(load_model("mlp"), few.test)
    lists = {"which": answers.least_sure_right, "cell": answers.taken_for(7, 7)}
    numbers = next((lists[name] for name in where), answers.worst_mistakes)
    link = {"network": "mlp", "image": str(numbers[-1])} | where
    app = opened(**link)
    assert not app.warning
    assert len(numbers) == 1 or address(app) == link


def test_each_networks_mistakes_begin_with_its_own_worst(pool: LocalPool) -> None:
    app = opened(network="cnn")
    app.segmented_control(key="evaluate_network").set_value("mlp")
    assert address(looked_at(app)) == {"network": "mlp"}


def test_the_widgets_show_what_the_link_says(few: Dataset) -> None:
    app = opened(look=CONFIDENCE, threshold="73", network="mlp", against="cnn")
    assert app.slider(key="evaluate_threshold").value == 73
    assert app.segmented_control(key="evaluate_network").value == "mlp"
    assert app.selectbox(key="evaluate_against").value == "cnn"
    confidence = answers_of(load_model("mlp"), few.test).confidence
    assert f"MLP turns {int(np.sum(confidence < 0.73))} of {FEW} images away" in text(app)
    app = opened(look=ROBUSTNESS, example="42")
    assert app.number_input(key="evaluate_example").value == 42


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"network": "best"}, "`network=best` (possible: mlp, cnn)"),
        ({"network": "cnn", "against": "cnn"}, "`against=cnn` (possible: none, mlp)"),
        ({"images": "train"}, "`images=train` (possible: test, validation, own, uploaded)"),
        ({"look": "none"}, "`look=none` (possible: Mistakes, Scores per digit"),
        ({"which": "differ", "against": "none"}, "`which=differ` (possible: worst, unsure)"),
        ({"cell": "99-99"}, "`cell=99-99` (possible: one of 100, such as 0-0, 0-1 and 0-2)"),
        ({"look": CONFIDENCE, "threshold": "101"}, "(possible: a whole number from 0 to 100)"),
        ({"look": ROBUSTNESS, "example": "1e400"}, f"a whole number from 0 to {FEW - 1})"),
        ({"look": ROBUSTNESS, "kept": "blur-99"}, "(possible: one of 72, such as shift-0, "),
        ({"look": MAP, "moment": "later"}, "`moment=later` (possible: before, trained)"),
        ({"look": MAP, "digits": "33"}, "`digits=33` (possible: one of 1023, such as 0, 1 and 2)"),
        ({"look": MAP, "point": "-1"}, f"(possible: a whole number from 0 to {FEW - 1})"),
        ({"look": MAP, "layer": "attention"}, "`layer=attention` (possible: pixels, "),
        ({"look": MAP, "of": "Your run"}, "`of=Your run` (possible: CNN, MLP)"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_is_refused_with_what_can(
    few: Dataset, choices: dict[str, str], sentence: str
) -> None:
    (warning,) = said_by(opened(**choices))
    assert "Something in the link was not used" in warning
    assert sentence in warning


def test_an_image_that_is_not_listed_is_refused_with_the_nearest(few: Dataset) -> None:
    numbers = answers_of(load_model("mlp"), few.test).least_sure_right
    (warning,) = said_by(opened(network="mlp", which="unsure", image="99999"))
    low, high = numbers.min(), numbers.max()
    assert f"one of {len(numbers)} values from {low} to {high}, the nearest" in warning


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("look", ["Mistakes", CONFIDENCE, ROBUSTNESS, MAP])
def test_nonsense_in_a_link_breaks_nothing(few: Dataset, hostile: str, look: str) -> None:
    app = opened(**dict.fromkeys(NAMES, HOSTILE[hostile]) | {"look": look})
    assert "● CNN" in text(app)
    assert len(app.warning) >= 4
    assert max(len(warning) for warning in said_by(app)) < 1_000
    assert address(app).keys() <= {"network", "look"}


def test_a_refusal_stays_until_another_value_is_chosen(few: Dataset) -> None:
    app = opened(look=CONFIDENCE, threshold="101")
    app.selectbox(key="evaluate_against").set_value("none")
    assert looked_at(app).warning
    app.slider(key="evaluate_threshold").set_value(50)
    assert not looked_at(app).warning


def test_choices_of_a_closer_look_leave_the_address_with_it_and_come_back(few: Dataset) -> None:
    app = opened(look=CONFIDENCE, threshold="73", cell="7-7")
    said = {}
    for look in ("Mistakes", "Scores per digit", CONFIDENCE, "Mistakes"):
        app.segmented_control(key="evaluate_look").set_value(look)
        said[look] = address(looked_at(app))
    assert said["Scores per digit"] == {"network": "cnn", "look": "Scores per digit"}
    assert said[CONFIDENCE] == {"network": "cnn", "look": CONFIDENCE, "threshold": "73"}
    assert said["Mistakes"].get("cell") == "7-7"


def test_a_link_to_a_run_restores_its_step(few: Dataset, pool: LocalPool) -> None:
    handle = pool.start(TrainConfig(hidden=(8,), epochs=2, train_size=200, batch_size=50))
    handle.wait_for(lambda view: view.ended, timeout=60)
    step = handle.snapshots.all[1].step
    assert step < 8
    app = opened(run=handle.id, network="run", step=str(step))
    assert f"Your run, at step {step}," in text(app)
    assert address(app) == {"run": handle.id, "network": "run", "step": str(step)}
    (warning,) = said_by(opened(run=handle.id, network="run", step="7777"))
    assert "`step=7777`" in warning
