"""The path of one training step in a real browser: its pictures, and all ways to choose a stop."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from mnist_core import load_mnist
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from ui.components.tiles import colour_table, quantise

APP = "tests/browser/apps/walk_app.py"
PATIENCE = 30_000  # milliseconds until an answer has to have come, on however busy a machine
Serve = Callable[[str], str]


@pytest.fixture
def page(moving_page: Page) -> Page:
    """What this file is about may move."""
    return moving_page


def opened(page: Page, serve: Serve, query: str = "") -> Locator:
    """The stops of the app's path."""
    page.goto(f"{serve(APP)}/?{query}")
    stops = page.get_by_role("option")
    expect(stops.first).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    return stops


def stop(page: Page, spoken: str) -> Locator:
    """The stop of that name, as a screen reader says it."""
    return page.get_by_role("option", name=re.compile(f"^{spoken},"))


def expect_chosen(page: Page, name: str, spoken: str) -> None:
    """Both sides, the page and the server, have chosen this stop and no other."""
    expect(page.get_by_text(f"chosen {name}", exact=True)).to_be_visible(timeout=PATIENCE)
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_accessible_name(re.compile(f"^{spoken},"))


def box_of(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box is not None
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    return {"x": x, "y": y, "width": width, "height": height, "middle": x + width / 2}


def dots(picture: Locator, size: int) -> np.ndarray:
    """What a canvas of size by size shows, uint8 (size, size, 3)."""
    values = picture.evaluate(
        "(canvas, size) => Array.from(canvas.getContext('2d').getImageData(0, 0, size, size).data)",
        size,
    )
    return np.array(values, np.uint8).reshape(size, size, 4)[..., :3]


def test_every_stop_says_what_it_is(page: Page, serve: Serve) -> None:
    stops = opened(page, serve)
    expect(page.get_by_role("listbox")).to_have_accessible_name("The path of one training step")
    expect(stops).to_have_count(13)
    for place, name in {
        0: "x, input, 784 x 1, forward, 1 of 13",
        1: "a 1, sum, 64 x 1, forward, 2 of 13",
        4: "y hat, probabilities, 10 x 1, forward, 5 of 13",
        11: "gradient of W 1, weights, 64 x 784, backward, 12 of 13",
    }.items():
        expect(stops.nth(place)).to_have_accessible_name(name)
    signs = stops.nth(11).locator("[data-sign]").all()
    assert "".join(sign.get_attribute("data-sign") or "" for sign in signs) == "∂L∂W1"


@pytest.mark.parametrize("query", ["", "network=cnn"])
def test_each_gradient_stands_below_its_value(page: Page, serve: Serve, query: str) -> None:
    opened(page, serve, query)
    names = ["c 1", "p 1", "f 1", "v 2", "a 4"] if query else ["a 1", "f 1", "a 2"]
    places = [box_of(stop(page, name)) for name in names]
    assert [place["x"] for place in places] == sorted(place["x"] for place in places)
    for name, value in zip(names, places, strict=True):
        gradient = box_of(stop(page, f"gradient of {name}"))
        assert gradient["middle"] == pytest.approx(value["middle"], abs=1)
        assert gradient["y"] >= value["y"] + value["height"]
    owner = box_of(stop(page, f"gradient of {names[0]}"))
    weights, bias = (box_of(stop(page, f"gradient of {letter} 1")) for letter in "Wb")
    assert weights["y"] == bias["y"] >= owner["y"] + owner["height"]
    assert weights["middle"] < owner["middle"] < bias["middle"]
    assert weights["x"] + weights["width"] <= bias["x"]


def test_a_click_chooses(page: Page, serve: Serve) -> None:
    opened(page, serve)
    expect_chosen(page, "x", "x")
    stop(page, "gradient of W 2").click()
    expect_chosen(page, "dL/dW2", "gradient of W 2")
    stop(page, "f 1").click()
    expect_chosen(page, "f1", "f 1")


def test_arrows_lead_along_the_path_and_around_the_turn(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.get_by_role("listbox").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect_chosen(page, "dL/da2", "gradient of a 2")
    page.keyboard.press("ArrowLeft")
    expect_chosen(page, "L", "L")
    page.keyboard.press("End")
    expect_chosen(page, "dL/db1", "gradient of b 1")
    page.keyboard.press("ArrowRight")  # there is nothing after it
    page.keyboard.press("ArrowUp")
    expect_chosen(page, "dL/da1", "gradient of a 1")
    page.keyboard.press("ArrowUp")
    expect_chosen(page, "a1", "a 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect_chosen(page, "dL/dW1", "gradient of W 1")
    page.keyboard.press("Home")
    expect_chosen(page, "x", "x")
    expect(page.get_by_role("listbox")).to_be_focused()


def test_the_path_is_one_tab_stop_that_points_at_the_choice(page: Page, serve: Serve) -> None:
    stops = opened(page, serve)
    stops.nth(3).click()
    listbox = page.get_by_role("listbox")
    active = listbox.evaluate("box => box.getAttribute('aria-activedescendant')")
    assert active == stops.nth(3).evaluate("stop => stop.id")
    listbox.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Back", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(listbox).to_be_focused()


def test_back_and_next_keep_the_focus_at_the_ends(page: Page, serve: Serve) -> None:
    stops = opened(page, serve)
    back, forth = (page.get_by_role("button", name=name, exact=True) for name in ("Back", "Next"))
    expect(back).to_have_attribute("aria-disabled", "true")
    stops.nth(11).click()
    forth.focus()
    page.keyboard.press("Enter")
    expect_chosen(page, "dL/db1", "gradient of b 1")
    expect(page.locator(".spoken")).to_have_text(re.compile("^gradient of b 1, .* 13 of 13$"))
    expect(forth).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    expect(forth).to_be_focused()
    back.click()
    expect_chosen(page, "dL/dW1", "gradient of W 1")
    expect(forth).to_have_attribute("aria-disabled", "false")


def test_a_choice_made_in_python_is_shown_and_no_older_one_comes_back(
    page: Page, serve: Serve
) -> None:
    opened(page, serve)
    for _ in range(2):  # the same choice twice, with another between
        stop(page, "a 1").click()
        expect_chosen(page, "a1", "a 1")
        page.get_by_role("button", name="To the loss").click()
        expect_chosen(page, "L", "L")
        page.get_by_label("Digit").press("ArrowUp")
        page.get_by_label("Digit").press("Enter")
        wait_idle(page)
        expect_chosen(page, "L", "L")


def test_another_network_brings_its_own_path(page: Page, serve: Serve) -> None:
    stops = opened(page, serve)
    page.get_by_text("CNN").click()
    expect(stops).to_have_count(31)
    stop(page, "gradient of p 2").click()
    expect_chosen(page, "dL/dp2", "gradient of p 2")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_have_the_colours_of_the_tiles(
    new_page: Callable[..., Page], serve: Serve, theme: str
) -> None:
    page = new_page(color_scheme=theme)
    stops = opened(page, serve)
    image = load_mnist().test.images[0]
    codes = quantise(image[None] / np.float32(255), diverging=False).codes[0].astype(int)
    grey = colour_table("light", diverging=False)[codes + 128]
    np.testing.assert_array_equal(dots(stops.first.locator("canvas"), 28), grey)
    loss = dots(stops.nth(5).locator("canvas"), 1)[0, 0]  # its own largest number
    strongest = colour_table("dark" if theme == "dark" else "light")[255]
    np.testing.assert_array_equal(loss, strongest)


def test_only_pictures_that_have_changed_are_painted_again(page: Page, serve: Serve) -> None:
    stops = opened(page, serve)
    picture = stops.first.locator("canvas")
    digit = dots(picture, 28)
    picture.evaluate("canvas => canvas.getContext('2d').fillRect(0, 0, 28, 28)")
    stops.nth(2).click()
    expect_chosen(page, "f1", "f 1")
    wait_idle(page)
    assert not dots(picture, 28).any()
    page.get_by_label("Digit").fill("1")
    page.get_by_label("Digit").press("Enter")
    is_painted = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, 28, 28).data"
        ".some((value, i) => i % 4 < 3 && value > 0)"
    )
    page.wait_for_function(is_painted, arg=picture.element_handle(), timeout=PATIENCE)
    assert (dots(picture, 28) != digit).any()


def test_on_a_phone_the_path_scrolls_within_itself(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True}
    page = new_page(**phone, device_scale_factor=2, reduced_motion="no-preference")
    stops = opened(page, serve, "network=cnn")
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide)
    for place in range(31):
        box = box_of(stops.nth(place))
        assert min(box["width"], box["height"]) >= 44
    page.get_by_role("listbox").focus()
    before = box_of(page.locator(".walk"))["y"]
    page.keyboard.press("End")
    expect_chosen(page, "dL/db1", "gradient of b 1")
    page.keyboard.press("Home")
    for _ in range(11):
        page.keyboard.press("ArrowRight")
    expect_chosen(page, "y_hat", "y hat")
    expect(stop(page, "y hat")).to_be_in_viewport(ratio=1)
    assert box_of(page.locator(".walk"))["y"] == before
    stop(page, "L").tap()
    expect_chosen(page, "L", "L")
    expect(stop(page, "L")).to_be_in_viewport(ratio=1)
    assert not page.evaluate(too_wide)
