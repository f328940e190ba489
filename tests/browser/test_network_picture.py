"""The network picture in a real browser: what it shows, how it is used, and by keyboard alone."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page

from mnist_core import load_mnist, load_model
from mnist_core.inspection.trace import trace, unit_sum
from tests.browser.expecting import expect

APP = "tests/browser/apps/network_app.py"
PATIENCE = 30_000  # milliseconds until an answer has to have come, on however busy a machine
Serve = Callable[[str], str]


@pytest.fixture
def page(moving_page: Page) -> Page:
    """What this file is about may move."""
    return moving_page


def opened(page: Page, serve: Serve, query: str = "") -> Locator:
    """The picture, once it shows what an image does."""
    page.goto(f"{serve(APP)}/?{query}")
    picture = page.locator(".network:not([hidden])")
    expect(picture.locator(".says")).to_contain_text("reads test image", timeout=PATIENCE)
    return picture


def units(picture: Locator) -> Locator:
    return picture.get_by_role("listbox", name="hidden units").get_by_role("option")


def outputs(picture: Locator) -> Locator:
    return picture.get_by_role("listbox", name="The ten outputs").get_by_role("option")


def expect_chosen(page: Page, words: str) -> None:
    """The server has this choice."""
    expect(page.get_by_text(f"chosen {words}", exact=True)).to_be_visible(timeout=PATIENCE)


def test_it_shows_units_outputs_and_the_answer(page: Page, serve: Serve) -> None:
    picture = opened(page, serve)
    expect(units(picture)).to_have_count(64)
    expect(outputs(picture)).to_have_count(10)
    image = load_mnist().test.images[0]
    answer = int(load_model("mlp").predict(image[None])[0])
    expect(picture.locator(".says")).to_contain_text(f"as {answer}:")
    expect(picture.locator(".output.best")).to_contain_text(str(answer))
    expect(picture.locator(".words p")).to_contain_text(f"It reads it as {answer}")
    expect(picture.get_by_role("img", name="test image 0")).to_be_visible()


def test_it_follows_the_image(page: Page, serve: Serve) -> None:
    picture = opened(page, serve)
    page.get_by_label("First image").fill("4")
    page.get_by_label("First image").press("Enter")
    answer = int(load_model("mlp").predict(load_mnist().test.images[4:5])[0])
    expect(picture.locator(".says")).to_contain_text(f"reads test image 4 as {answer}:")


def test_a_chosen_unit_is_worked_out(page: Page, serve: Serve) -> None:
    picture = opened(page, serve)
    model = load_model("mlp")
    traced = trace(model, load_mnist().test.images[0])
    unit = int(traced.layers[0].values.argmax())
    units(picture).nth(unit).click()
    expect_chosen(page, f"0 {unit}")
    detail = picture.locator(".detail")
    expect(detail).to_contain_text(f"Hidden unit {unit}")
    split = unit_sum(model, traced, 0, unit)
    spoken = split.parts[split.parts > 0].sum()
    expect(detail.locator(".sum")).to_contain_text(f"ink for it +{spoken:.2f}")
    expect(detail.locator(".result")).to_contain_text(f"f(a) = {traced.layers[0].values[unit]:.2f}")
    expect(detail.locator(".bars > div")).to_have_count(10)
    expect(detail.locator("canvas.parts")).to_be_visible()
    detail.get_by_role("button", name="Close").click()
    expect_chosen(page, "nothing")
    expect(detail).to_be_hidden()


def test_units_and_outputs_are_chosen_by_keyboard(page: Page, serve: Serve) -> None:
    picture = opened(page, serve)
    boxes = picture.get_by_role("listbox")
    boxes.nth(0).focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect_chosen(page, "0 2")
    page.keyboard.press("Tab")
    expect(boxes.nth(1)).to_be_focused()
    for key in ("End", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect_chosen(page, "1 8")
    expect(picture.locator(".detail")).to_contain_text("Output 8")
    page.keyboard.press("Escape")
    expect_chosen(page, "nothing")


def test_a_feature_map_shows_what_it_saw(page: Page, serve: Serve) -> None:
    picture = opened(page, serve, "model=cnn")
    maps = picture.get_by_role("listbox", name="Hidden layer 1: 16 feature maps")
    maps.get_by_role("option").nth(5).click()
    expect_chosen(page, "0 5")
    expect(picture.locator(".detail")).to_contain_text("Feature map 5 of hidden layer 1")
    field, digit = picture.locator(".field"), picture.locator(".digit canvas").first
    inner, outer = field.bounding_box(), digit.bounding_box()
    assert inner and outer
    assert inner["width"] == pytest.approx(6 / 28 * outer["width"], abs=1)  # 5x5, pooled by 2


def test_another_network_takes_the_place_of_the_first(page: Page, serve: Serve) -> None:
    picture = opened(page, serve, "model=cnn")
    outputs(picture).nth(7).click()
    expect_chosen(page, "3 7")
    page.get_by_text("CNN", exact=True).click()
    expect(units(picture)).to_have_count(64, timeout=PATIENCE)
    expect(picture.locator(".says")).to_contain_text("reads test image 0 as 7:")
    expect_chosen(page, "nothing")


def test_lines_are_drawn_and_all_of_them_on_demand(page: Page, serve: Serve) -> None:
    picture = opened(page, serve)

    def inked() -> int:
        return picture.locator("canvas.lines").evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
            ".filter((x, i) => i % 4 == 3 && x > 0).length"
        )

    few = inked()
    assert few > 0
    picture.get_by_role("button", name="All lines").click()
    assert inked() > few
    page.get_by_text("Nothing", exact=True).click()
    expect(picture.locator(".says")).to_have_text("")
    assert inked() == 0


def test_no_feature_map_answers_to_a_blank_sheet(page: Page, serve: Serve) -> None:
    picture = opened(page, serve, "model=cnn")
    colours = """canvases => new Set(canvases.flatMap((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [...new Uint32Array(pixels.data.buffer)];
    })).size"""
    maps = picture.locator(".unit.map canvas")
    assert maps.evaluate_all(colours) > 1
    page.get_by_text("Nothing", exact=True).click()
    expect(picture.locator(".says")).to_have_text("")
    assert maps.evaluate_all(colours) == 1


def test_a_unit_that_is_off_is_seen_to_be_off(page: Page, serve: Serve) -> None:
    picture = opened(page, serve, "off")
    expect(units(picture).nth(3)).to_have_class(re.compile(r"\boff\b"))
    expect(units(picture).nth(3)).to_have_accessible_name(re.compile("switched off"))
    units(picture).nth(3).click()
    expect_chosen(page, "0 3")
    expect(picture.locator(".result")).to_contain_text("switched off: passes on nothing")
    bars = picture.locator(".detail .bars")
    expect(bars.locator("span:last-child")).to_have_text(["0.00"] * 10)
    assert bars.locator("b").evaluate_all("bars => bars.every(bar => bar.clientWidth === 0)")


def test_several_images_come_in_turn_and_can_be_held(page: Page, serve: Serve) -> None:
    picture = opened(page, serve, "images=3")
    expect(picture.locator(".says")).to_contain_text("reads test image 1", timeout=PATIENCE)
    picture.get_by_role("button", name="Hold this digit").click()
    held = picture.locator(".says").inner_text()
    outputs(picture).nth(2).click()
    expect_chosen(page, "1 2")
    expect(picture.locator(".says")).to_have_text(held)


def test_nothing_moves_by_itself_for_those_who_do_not_want_it(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    picture = opened(new_page(reduced_motion="reduce"), serve, "images=3")
    expect(picture.get_by_role("button", name="Other digits")).to_be_visible()
    expect(picture.locator(".says")).to_contain_text("reads test image 0")


def test_on_a_telephone_the_layers_stand_below_each_other(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    picture = opened(page, serve)
    tops = [
        picture.locator(place).bounding_box() for place in (".digit canvas", ".units", ".digits")
    ]
    assert all(tops)
    assert np.all(np.diff([box["y"] for box in tops if box]) > 0)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_themes_leave_bars_marks_and_strengths_to_be_seen(
    new_page: Callable[..., Page], serve: Serve, scheme: str
) -> None:
    page = new_page(forced_colors="active", color_scheme=scheme)
    picture = opened(page, serve, "model=cnn&off")

    def colours(element: Locator) -> int:
        """How many there are in what is seen of an element."""
        image = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
        return len(image.getcolors(image.width * image.height) or ())

    off = picture.get_by_role("listbox", name="Hidden layer 1").get_by_role("option").nth(3)
    hatch = "unit => getComputedStyle(unit, '::after').backgroundImage"
    assert off.evaluate(hatch).startswith("repeating-linear-gradient")
    dots = picture.locator(".unit.dot")
    fills = "dots => new Set(dots.map(dot => getComputedStyle(dot).backgroundColor)).size"
    assert dots.evaluate_all(fills) > 2
    best, other = picture.locator(".output.best i"), picture.locator(".output:not(.best) i")
    assert colours(best) > 1 and colours(other.first) > 1
    canvas = picture.locator(".digit canvas")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).outlineStyle") == "solid"
