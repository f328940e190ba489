"""The address of the Back-propagation page: short, and whoever opens it sees the same."""

import zlib
from base64 import urlsafe_b64encode

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.arrays import Array
from mnist_core.runs.local import LocalPool
from tests.ui.test_backprop_page import opened, text
from ui.components.canvas import Drawing
from ui.pixels import LONGEST, image_of, text_of
from ui.session import Session, mnist

FULL, CHECK, STEP = "Jacobians in full", "Finite differences", "Take the step"
SHIFT, PLACES = "Why softmax is shifted", "Convolution as a product"


def a_drawing() -> Array:
    """A digit of the test images, a little darker than any image of the data set."""
    return mnist().test.images[3] // 2


def drawn(image: Array) -> AppTest:
    """The page of a visitor who has drawn that image and chosen it."""
    app = opened()
    app.session_state["session"].drawing = Drawing(background=image)
    app.run()
    app.segmented_control(key="backprop_digit").set_value("drawing")
    app.run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    """What it says, each thing once."""
    said = {name: np.atleast_1d(value).tolist() for name, value in app.query_params.items()}
    return {name: value for name, (value,) in said.items()}


# ---- choices ------------------------------------------------------------------------------------


def test_what_the_page_shows_at_first_needs_no_words_in_the_address(pool: LocalPool) -> None:
    assert address(opened()) == {}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"seed": "7", "image": "12", "station": "dL/dW2", "layer": "2", "row": "1"}, "seed 7"),
        ({"everything": "1"}, "∂L/∂b₁, 64 x 1"),
        ({"jacobian": "da2/dW2", "jacobian_order": "rows"}, "∂a₂/∂W₂, 10 x 640"),
        ({"jacobian_order": "rows", "block": "3", "from": "5"}, "∂a₁/∂W₁, 64 x 50,176"),
        ({"jacobian": "da1/dx", "from": "300"}, "∂a₁/∂x, 64 x 784"),
        ({"jacobian_part": "chain", "jacobian_gradient": "b2"}, "The factors of ∂L/∂b₂"),
        ({"jacobian_part": "layouts"}, "From the row to the column"),
        ({"spoil": "2", "is_spoiled": "1", "draw": "3"}, "How large should the step h be?"),
        ({"rate": "0.56", "steps": "3"}, "After 3 steps with a learning rate of 0.56"),
        ({"shift_how": "multiply", "shift_by": "-20"}, "Why softmax is shifted"),
        (
            {
                "network": "cnn",
                "conv_layer": "c2",
                "conv_c2_filter": "3",
                "conv_c2_row": "1",
                "conv_c2_column": "4",
                "conv_c2_channel": "2",
            },
            "row 1, column 4",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_a_link_restores_every_choice_and_is_said_again(
    pool: LocalPool, choices: dict[str, str], words: str
) -> None:
    looks = {
        "jacobian_order": FULL, "jacobian": FULL, "jacobian_part": FULL,
        "draw": CHECK, "rate": STEP, "shift_by": SHIFT, "conv_layer": PLACES,
    }  # fmt: skip
    look = next((looks[name] for name in choices if name in looks), None)
    link = choices | ({"look": look} if look else {})
    app = opened(**link)
    assert not app.warning
    assert address(app) == link
    assert words in text(app) + " ".join(one.value for one in app.subheader)


def test_a_choice_of_a_closer_look_leaves_the_address_with_it(pool: LocalPool) -> None:
    app = opened(look=SHIFT, shift_by="10")
    app.segmented_control(key="backprop_look").set_value("Jacobians in full")
    app.run()
    assert address(app) == {"look": FULL}


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"image": "99999999"}, "`image=99999999` (possible: a whole number from 0 to 49999)"),
        ({"image": "many"}, "`image=many` (possible: a whole number from 0 to 49999)"),
        ({"network": "no"}, "`network=no` (possible: new, mlp, cnn)"),
        ({"row": "-4"}, "`row=-4` (possible: a whole number from 0 to 63)"),
        ({"station": "a9"}, "`station=a9` (possible: one of 13, such as x, a1 and f1)"),
        ({"everything": "2"}, "`everything=2` (possible: 0, 1)"),
        ({"look": STEP, "rate": "0.57"}, "the nearest 0.56 and 0.63)"),
        ({"look": "none"}, "`look=none` (possible: Jacobians in full, Finite differences"),
        ({"digit": "drawing"}, "`digit=drawing` (possible: train)"),
        ({"pixels": "abc"}, "its drawing does not have 28 x 28 pixels"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_is_refused_with_what_can(
    pool: LocalPool, choices: dict[str, str], sentence: str
) -> None:
    app = opened(**choices)
    (warning,) = app.warning
    assert "Something in the link was not used" in warning.value
    assert sentence in warning.value
    assert address(app).keys() <= {"look"}


def test_a_refusal_stays_until_another_value_is_chosen(pool: LocalPool) -> None:
    app = opened(image="99999999")
    app.segmented_control(key="backprop_layer").set_value(2)
    app.run()
    assert app.warning
    app.number_input(key="backprop_image").set_value(12)
    app.run()
    assert not app.warning


# ---- a drawing ----------------------------------------------------------------------------------


def test_a_drawing_comes_out_of_an_address_as_it_went_in() -> None:
    images = [*mnist().test.images[:200], np.full((28, 28), 255, np.uint8)]
    images += [np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)]
    texts = [text_of(image) for image in images]
    for image, said in zip(images, texts, strict=True):
        np.testing.assert_array_equal(image_of(said), image)
    assert np.median([len(said) for said in texts]) < 300
    assert max(len(said) for said in texts) <= LONGEST


def in_address(pixels: bytes, more: bytes = b"") -> str:
    packer = zlib.compressobj(wbits=-12)
    return urlsafe_b64encode(packer.compress(pixels) + packer.flush() + more).decode().rstrip("=")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "does not have 28 x 28 pixels"),
        ("öäü", "can't be read"),
        ("A" * (LONGEST + 1), "at most 1,100"),
        (in_address(bytes([9]) * 783), "does not have 28 x 28 pixels"),
        (in_address(bytes([9]) * 800_000), "does not have 28 x 28 pixels"),
        (in_address(bytes([9]) * 784, b"more"), "does not have 28 x 28 pixels"),
        (text_of(np.full((28, 28), 7, np.uint8))[:-4], "28 x 28"),
        (in_address(bytes(784)), "empty"),
    ],
    ids=range(8),
)
def test_nonsense_in_place_of_a_drawing_is_refused(said: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        image_of(said)


def test_whoever_opens_the_link_sees_the_senders_drawing_label_and_numbers(
    pool: LocalPool,
) -> None:
    sender = drawn(a_drawing())
    sender.selectbox[0].set_value(7)
    sender.run()
    link = address(sender)
    assert link["label"] == "7"
    assert "reads your drawing, a 7," in text(sender)
    for station in ("x", "a1", "L", "dL/dW2"):
        there = opened(**link | {"station": station})
        sender.session_state["backprop_station"] = station
        sender.run()
        assert not there.warning
        assert "reads a drawing from the link, a 7," in text(there)
        ours, theirs = text(sender), text(there)
        assert ours.replace("your drawing", "a drawing from the link") == theirs
        assert address(there)["pixels"] == link["pixels"]


def test_a_drawing_from_a_link_takes_no_drawing_of_ones_own_away(pool: LocalPool) -> None:
    link = address(drawn(a_drawing()))
    own = mnist().test.images[5]
    app = AppTest.from_string("import ui.backprop.page\nui.backprop.page.page()")
    app.session_state["session"] = Session(drawing=Drawing(background=own))
    for name, value in link.items():
        app.query_params[name] = value
    app.run(timeout=60)
    assert "a drawing from the link" in text(app)
    np.testing.assert_array_equal(app.session_state["session"].drawing.background, own)
    app.segmented_control(key="backprop_digit").set_value("drawing")
    app.run()
    assert "reads your drawing" in text(app)
    assert address(app)["pixels"] != link["pixels"]


def test_another_drawing_has_a_label_of_its_own(pool: LocalPool) -> None:
    app = drawn(mnist().test.images[0])  # a 7
    assert address(app)["label"] == "7"
    app.session_state["session"].drawing = Drawing(background=mnist().test.images[1])
    app.run()
    assert address(app)["label"] == "2"
