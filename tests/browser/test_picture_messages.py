"""The network picture's two messages, handed over in a real browser as the page does it."""

import base64
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from mnist_core import load_mnist
from mnist_core.inspection.activations import hidden_layers
from mnist_core.inspection.trace import trace
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.network import Sequential
from tests.browser.expecting import expect
from tests.browser.test_network_picture import opened
from ui.components.network_picture.message import (
    activity_message,
    form_of,
    network_message,
    pack,
    shown_layers,
    version_of,
)

Serve = Callable[[str], str]
# Hands a message over as the page does; the picture stands in the first of two places.
MOUNT = """(message) => {
  const places = (window.placesOfTest ??= []);
  const place = (places[message.place] ??= document.createElement("div"));
  if (!place.parentElement) {
    place.innerHTML = "<div class=place></div>";
    place.id = `place-${message.place}`;
    document.body.append(place);
  }
  const data = Uint8Array.from(atob(message.data), (letter) => letter.charCodeAt(0));
  const call = { data, parentElement: place, setStateValue() {} };
  place.end = digitLab.mount("digit_lab_network_picture", call);
}"""
SHOWN = """() => {
  const textOf = (name) => placesOfTest[0].querySelector(name).textContent;
  return `${textOf(".title")}: ${textOf(".says")}`;
}"""


class Picture:
    """A picture that a test hands messages to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.image = load_mnist().test.images[0]

    def weights(self, model: Sequential, title: str) -> str:
        """Show the weights of a network; what the picture shows then."""
        return self._hand_over(0, network_message(model, "test", title, 300))

    def activity(self, model: Sequential) -> str:
        """Show what an image does in a network; what the picture shows then."""
        shown = shown_layers(model, hidden_layers(model))
        message = activity_message(model, trace(model, self.image), shown, "a digit")
        header = {"picture": "test", "form": form_of(shown), "version": version_of(model)}
        return self._hand_over(1, pack(header | {"off": [], "frame": None}, [message]))

    def answer(self, model: Sequential) -> str:
        """What the picture says of the image where it shows this network."""
        return f"reads a digit as {model.predict(self.image[None])[0]}:"

    def leave(self) -> None:
        """Take the picture and what is done in it off the page, as the page does."""
        self.page.evaluate("for (const place of placesOfTest) { place.remove(); place.end?.(); }")

    def _hand_over(self, place: int, message: bytes) -> str:
        data = base64.b64encode(message).decode()
        self.page.evaluate(MOUNT, {"place": place, "data": data})
        return self.page.evaluate(SHOWN)


@pytest.fixture
def picture(page: Page, serve: Serve) -> Picture:
    opened(page, serve)
    return Picture(page)


def test_newer_weights_are_shown_together_with_what_they_make_of_the_image(
    picture: Picture,
) -> None:
    weights, activity, answer = picture.weights, picture.activity, picture.answer
    before, after = (build_mlp(hidden=(4,), rng=np.random.default_rng(seed)) for seed in (0, 1))
    assert answer(before) != answer(after)
    weights(before, "before")
    assert activity(before).startswith(f"before: {answer(before)}")
    assert weights(after, "after").startswith(f"before: {answer(before)}")
    assert activity(after).startswith(f"after: {answer(after)}")
    # The other way round it is no different.
    assert activity(before).startswith(f"after: {answer(after)}")
    assert weights(before, "before").startswith(f"before: {answer(before)}")


def test_the_table_says_that_it_knows_only_the_units_shown(picture: Picture) -> None:
    for hidden, heading in (
        (64, "units that add most to its score"),
        (100, "of the 64 shown, those that add most to its score"),
    ):
        picture.weights(build_mlp(hidden=(hidden,), rng=np.random.default_rng(0)), "a network")
        expect(picture.page.locator("#place-0 .words thead th").last).to_have_text(heading)


def test_ten_hidden_units_are_not_the_outputs(picture: Picture) -> None:
    model = build_mlp(hidden=(64, 10), rng=np.random.default_rng(0))
    model.parameters.flat[:] = 0.01  # every line is as strong as any other
    picture.weights(model, "a network")
    picture.page.evaluate("""() => {
      const { prototype } = CanvasRenderingContext2D;
      const { stroke } = prototype;
      window.strokes = 0;
      prototype.stroke = function () { strokes++; stroke.call(this); };
    }""")
    picture.activity(model)
    # From the digit to each unit; of 640 lines to a hidden layer 35; of 100 to the outputs 70.
    assert picture.page.evaluate("strokes") == 64 + 35 + 70


def test_a_picture_that_comes_back_does_not_remember_what_was_done_in_it(picture: Picture) -> None:
    model = build_mlp(hidden=(4,), rng=np.random.default_rng(0))
    picture.weights(model, "first")
    assert picture.activity(model).startswith(f"first: {picture.answer(model)}")
    picture.leave()
    assert picture.weights(model, "again") == "again: "
    assert picture.activity(model).startswith(f"again: {picture.answer(model)}")


def test_what_ends_late_takes_nothing_from_what_has_come_since(picture: Picture) -> None:
    model = build_mlp(hidden=(4,), rng=np.random.default_rng(0))
    picture.weights(model, "first")
    picture.activity(model)
    picture.page.evaluate("() => { window.endsLate = placesOfTest[1].end; }")
    picture.activity(model)
    picture.page.evaluate("() => { endsLate(); placesOfTest[0].remove(); }")
    assert picture.weights(model, "again").startswith(f"again: {picture.answer(model)}")
