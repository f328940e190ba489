"""The map of points in a real browser: pointing, keys and touch, the steps, and what travels."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocket

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from mnist_core.evaluation.projection import fitted, projected
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_accessibility import FITS, found_in_components

APP = "tests/browser/apps/point_map_app.py"
PATIENCE = 30_000  # milliseconds, on however busy a machine
MARGIN = 10  # CSS pixels around the points
ALONE = 40  # CSS pixels to the next point: no doubt which of them is meant
IMAGES_BYTES = 500_000  # of 10,000 images there are more

Serve = Callable[[str], str]


@pytest.fixture
def page(moving_page: Page) -> Page:
    """What this file is about may move."""
    return moving_page


def open_map(page: Page, serve: Serve, query: str = "images=40") -> Locator:
    """The plane of the app's map, once its points are drawn."""
    page.goto(f"{serve(APP)}/?{query}")
    plane = page.get_by_role("application", name="Test images by logits")
    expect(plane).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    until_drawn(plane)
    return plane


def until_drawn(plane: Locator) -> None:
    """Returns when the points lie still: what is drawn then stays for some frames."""
    plane.evaluate("""async (plane) => {
      const canvas = plane.querySelector("canvas");
      const frame = () => new Promise(requestAnimationFrame);
      for (let last = "", same = 0; same < 5; await frame()) {
        const now = canvas.toDataURL();
        same = now === last && canvas.width !== 300 ? same + 1 : 0;
        last = now;
      }
    }""")


def said(plane: Locator) -> Locator:
    """The line that says what is pointed at."""
    return plane.page.locator(".map").filter(has=plane).locator(".status")


class Shown(NamedTuple):
    labels: Array
    predictions: Array
    xy: Array  # (2, N), CSS pixels in the plane


@cache
def seen_by_the_mlp(N: int) -> tuple[Array, Array]:
    """Points (2, N) of the first test images by the shipped MLP's logits, and its predictions."""
    model, images = load_model("mlp"), load_mnist().test.images[:N]
    seen = projected(model, images, "logits", fitted(model, images, "logits"))
    return seen.xy, seen.logits.argmax(axis=0)


def shown(plane: Locator, N: int = 40) -> Shown:
    """Where each image must be in the plane: as large as fits, the same scale for both axes."""
    xy, predictions = seen_by_the_mlp(N)
    box = plane.bounding_box()
    assert box is not None
    size = np.array([box["width"], box["height"]])
    low, high = xy.min(axis=1), xy.max(axis=1)
    scale = ((size - 2 * MARGIN) / (high - low)).min() * np.array([1, -1])
    places = size[:, None] / 2 + (xy - ((low + high) / 2)[:, None]) * scale[:, None]
    return Shown(load_mnist().test.labels[:N], predictions, places)


def on_its_own(places: Array) -> list[int]:
    """Numbers of points that are far from all others."""
    distances = np.hypot(*(places[:, :, None] - places[:, None, :]))
    np.fill_diagonal(distances, np.inf)
    return np.flatnonzero(distances.min(axis=0) > ALONE).tolist()


def point_at(plane: Locator, place: Array) -> None:
    """Move the mouse there."""
    plane.hover(position={"x": float(place[0]), "y": float(place[1])})


def a_digit(digit: int) -> str:
    return f"{'an' if digit == 8 else 'a'} {digit}"


def number_said(plane: Locator) -> int:
    found = re.search(r"Test image ([\d,]+):", said(plane).inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def drawn(plane: Locator) -> str:
    return plane.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def test_the_image_under_the_mouse_is_shown_and_said(page, serve):
    plane = open_map(page, serve)
    labels, predictions, places = shown(plane)
    assert len(numbers := on_its_own(places)) > 3
    digit = page.get_by_role("img", name="test image")
    for number in numbers:
        point_at(plane, places[:, number])
        label, prediction = labels[number], predictions[number]
        read = "recognised" if label == prediction else f"read as {a_digit(prediction)}"
        expect(said(plane)).to_contain_text(f"Test image {number}: {a_digit(label)}, {read} with ")
        data = digit.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]")
        greys = np.array(data).reshape(28, 28, 4)[..., 0]
        assert np.abs(greys - load_mnist().test.images[number].astype(int)).max() <= 8
        frame = plane.locator(".pointed").bounding_box()
        box = plane.bounding_box()
        assert frame is not None and box is not None
        middle = frame["x"] + frame["width"] / 2 - box["x"]
        assert middle == pytest.approx(places[0, number], abs=1)


def test_of_ten_thousand_images_the_nearest_is_meant(page, serve):
    plane = open_map(page, serve, "steps=1")
    places = shown(plane, 10_000).xy
    low, high = places.min(axis=1), places.max(axis=1)
    rng = np.random.default_rng(0)
    for place in np.round(low + (high - low) * rng.uniform(0.2, 0.8, (30, 2))):
        point_at(plane, place)
        distances = np.hypot(*(places - place[:, None]))
        if distances.min() < 20:
            assert distances[number_said(plane)] == pytest.approx(distances.min(), abs=0.75)


def test_arrow_keys_go_to_the_next_image_in_their_direction(page, serve):
    plane = open_map(page, serve)
    places = shown(plane).xy
    plane.focus()
    page.keyboard.press("ArrowLeft")  # the first key begins in the middle
    steps = {"ArrowRight": (0, 1), "ArrowLeft": (0, -1), "ArrowUp": (1, -1), "ArrowDown": (1, 1)}
    for key, (axis, sign) in steps.items():
        before = number_said(plane)
        page.keyboard.press(key)
        after = number_said(plane)
        assert after != before
        along = sign * (places[axis, after] - places[axis, before])
        assert along >= abs(places[1 - axis, after] - places[1 - axis, before])
    expect(said(plane)).to_have_attribute("aria-live", "polite")
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    leftmost = number_said(plane)
    x, y = places
    beyond = (x[leftmost] - x >= 2) & (np.abs(y - y[leftmost]) <= x[leftmost] - x)
    assert not beyond.any()


def test_home_end_and_page_keys_go_by_number_and_enter_chooses(page, serve):
    plane = open_map(page, serve)
    plane.focus()
    for key, number in {"End": 39, "PageUp": 38, "Home": 0, "PageDown": 1}.items():
        page.keyboard.press(key)
        expect(said(plane)).to_contain_text(f"Test image {number}:")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chosen 1", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("chosen None", exact=True)).to_be_visible()
    expect(plane).to_be_focused()


def test_a_click_chooses_and_the_choice_stays_with_another_layer(page, serve):
    plane = open_map(page, serve)
    places = shown(plane).xy
    number = on_its_own(places)[0]
    x, y = places[:, number].tolist()
    plane.click(position={"x": x, "y": y})
    expect(page.get_by_text(f"chosen {number}", exact=True)).to_be_visible()
    before = drawn(plane)
    page.get_by_text("pixels", exact=True).click()
    other = page.get_by_role("application", name="Test images by pixels")
    expect(other).to_be_visible()
    wait_idle(page)
    until_drawn(other)
    assert drawn(other) != before
    expect(page.get_by_text(f"chosen {number}", exact=True)).to_be_visible()
    expect(said(other)).to_contain_text(f"Test image {number}:")
    expect(other.locator(".chosen")).to_be_visible()


def test_the_slider_moves_the_points_without_the_server(page, serve):
    plane = open_map(page, serve, "images=40&steps=3")
    map_ = page.locator(".map").filter(has=plane)
    slider = page.get_by_role("slider", name="Step of the training")
    expect(slider).to_have_value("2")
    expect(map_.locator(".after")).to_have_text(re.compile(r"^After: step 200, [\d.]+\s% right$"))
    last = drawn(plane)
    page.evaluate("""() => {
      window.sent = 0;
      const { send } = WebSocket.prototype;
      WebSocket.prototype.send = function (data) { window.sent++; send.call(this, data); };
    }""")
    plane.focus()
    page.keyboard.press("Home")
    slider.focus()
    page.keyboard.press("Home")
    expect(map_.locator(".here")).to_contain_text("Shown: step 0, ")
    expect(map_.locator(".here")).to_contain_text("too many mistakes to ring them")
    expect(said(plane)).to_contain_text("Test image 0: a 7, read as ")
    until_drawn(plane)
    assert drawn(plane) != last
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^step 200, "))
    until_drawn(plane)
    point_at(plane, np.array([1, 1]))
    assert drawn(plane) == last
    assert page.evaluate("sent") == 0


def test_playing_goes_from_before_to_after_and_stops(page, serve):
    plane = open_map(page, serve, "images=40&steps=3")
    here = page.locator(".map").filter(has=plane).locator(".here")
    here.evaluate("""here => {
      window.steps = [];
      new MutationObserver(() => window.steps.push(parseInt(here.textContent.split("step ")[1])))
        .observe(here, { childList: true });
    }""")
    play = page.get_by_role("button", name="Play")
    play.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(play).to_be_visible()
    assert page.evaluate("steps") == [0, 100, 200]


def test_steps_that_have_not_arrived_are_passed_over(page, serve):
    plane = open_map(page, serve, "images=40&steps=5")
    map_ = page.locator(".map").filter(has=plane)
    number = page.get_by_role("spinbutton", name="Steps that have arrived")
    slider = page.get_by_role("slider", name="Step of the training")
    number.fill("2")  # the first and the last
    number.press("Enter")
    expect(map_.locator(".ticks .there")).to_have_count(2)
    expect(map_.locator(".ticks i")).to_have_count(5)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("0")
    number.fill("4")
    number.press("Enter")
    expect(map_.locator(".ticks .there")).to_have_count(4)
    expect(slider).to_have_value("0")  # what the reader has gone to stays
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1")
    number.fill("0")
    number.press("Enter")
    expect(page.get_by_text("The points are being computed")).to_be_visible()
    expect(map_.locator(".after")).to_have_text("After: step 400, not computed yet")


def test_mistakes_only_and_single_digits(page, serve):
    plane = open_map(page, serve, "images=400")
    labels, predictions, _ = shown(plane, 400)
    wrong = np.flatnonzero(labels != predictions)
    assert len(wrong) > 0
    button = page.get_by_role("button", name="Mistakes only")
    everything = drawn(plane)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    plane.focus()
    page.keyboard.press("Home")
    expect(said(plane)).to_contain_text(f"Test image {wrong[0]}: ")
    expect(said(plane)).to_contain_text(f"read as {a_digit(int(predictions[wrong[0]]))} with")
    page.keyboard.press("End")
    expect(said(plane)).to_contain_text(f"Test image {wrong[-1]}: ")
    button.click()
    page.get_by_role("button", name="4", exact=True).click()
    plane.focus()
    for key, number in (("Home", 0), ("PageDown", 1), ("End", -1)):
        page.keyboard.press(key)
        expected = np.flatnonzero(labels == 4)[number]
        expect(said(plane)).to_contain_text(f"Test image {expected}: a 4, ")
    page.get_by_role("button", name="4", exact=True).click()
    until_drawn(plane)
    assert drawn(plane) == everything


def test_without_motion_the_points_are_at_once_where_they_belong(new_page, serve):
    page = new_page(reduced_motion="reduce")
    open_map(page, serve, "images=40&steps=2")
    frames = page.get_by_role("slider", name="Step of the training").evaluate("""async (slider) => {
      const canvas = slider.getRootNode().querySelector(".points");
      slider.value = 0;
      slider.dispatchEvent(new Event("input"));
      const shown = [];
      for (let frame = 0; frame < 30; frame++) {
        await new Promise(requestAnimationFrame);
        shown.push(canvas.toDataURL());
      }
      return new Set(shown.slice(1)).size;
    }""")
    assert frames == 1


def test_a_tap_chooses_on_a_narrow_screen(new_page, serve):
    page = new_page(viewport={"width": 390, "height": 800}, has_touch=True)
    plane = open_map(page, serve)
    assert page.evaluate(FITS)
    places = shown(plane).xy
    x, y = places[:, (number := on_its_own(places)[0])].tolist()
    plane.tap(position={"x": x + 4, "y": y})
    expect(said(plane)).to_contain_text(f"Test image {number}: ")
    expect(page.get_by_text(f"chosen {number}", exact=True)).to_be_visible()


def test_images_and_steps_travel_once(page, serve):
    sizes: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))

    page.once("websocket", listen)
    plane = open_map(page, serve, "steps=3")
    assert IMAGES_BYTES < sum(sizes) < 3 * IMAGES_BYTES
    sizes.clear()
    plane.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chosen 0", exact=True)).to_be_visible()
    wait_idle(page)
    assert sum(sizes) < 20_000
    page.get_by_text("hidden 1", exact=True).click()
    expect(page.get_by_role("application", name="Test images by hidden 1")).to_be_visible()
    wait_idle(page)
    assert 3 * 70_000 < sum(sizes) < IMAGES_BYTES


def test_axe_finds_nothing_in_light_and_dark(page, serve):
    plane = open_map(page, serve, "images=40&steps=3")
    plane.focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Mistakes only").click()
    assert found_in_components(page) == []
