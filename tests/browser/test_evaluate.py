"""The Evaluate page in a real browser: from a cell to its images, from an image to other pages."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Page

from mnist_core import load_mnist
from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.distortions import DISTORTIONS
from mnist_core.evaluation.scores import confusion_matrix
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_accessibility import Inspector
from tests.browser.test_confusion_table import cell, worst_cell
from tests.browser.test_confusion_table import mlp as mlp
from tests.browser.test_draw import answer
from tests.browser.test_image_browser import pixels
from tests.conftest import idx_bytes
from ui.pixels import image_of

PATIENCE = 60_000  # milliseconds, on however busy a machine
TEST = load_mnist().test
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# The closer looks, and what is there as soon as one has all it shows.
LOOKS = {
    "Mistakes": "Choose a cell to see its images.",
    "Scores per digit": "Scores of MLP for each digit",
    "Confidence": "turns",
    "Robustness": "Each point: ",
    "Map": "Images lie close together",
    "The images": "nearly the same",
}
# Notes every height that the page has from now on.
EVERY_FRAME = """place => {
  window.heights = [];
  const look = () => {
    if (heights.at(-1) !== place.scrollHeight) heights.push(place.scrollHeight);
    requestAnimationFrame(look);
  };
  look();
}"""
Serve = Callable[[str], str]


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def opened(page: Page, serve: Serve, more: str = "") -> None:
    """The page, with the mistakes of the MLP on the test images; `more` is for its address."""
    page.goto(f"{serve('app.py')}/evaluate?network=mlp{more}")
    heading = page.get_by_role("heading", name="MLP: what is taken for what")
    expect(heading).to_be_visible(timeout=PATIENCE)
    settled(page)


def settled(page: Page) -> None:
    wait_idle(page)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=PATIENCE)


def look(page: Page, name: str) -> None:
    """Open a closer look, and wait until it is there."""
    page.get_by_role("radiogroup", name="Look at").get_by_role("radio", name=name).click()
    expect(page.get_by_text(LOOKS[name]).first).to_be_visible(timeout=PATIENCE)
    settled(page)


def expect_image(page: Page, number: int) -> None:
    """This test image is shown large, and the address says so as soon as Python has heard."""
    expect(page.locator(".browser .title")).to_have_text(f"Test image {number:,}", timeout=PATIENCE)
    np.testing.assert_array_equal(pixels(page.locator(".browser .picture")), TEST.images[number])


# ---- from a cell to its images ------------------------------------------------------------------


def test_a_cell_shows_its_images_and_keeps_them_while_another_look_is_open(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    opened(page, serve)
    label, prediction, numbers = worst_cell(mlp)
    cell(page, label, prediction).click()
    heading = page.get_by_role("heading", name=f"{label}, read as {prediction}: ")
    expect(heading).to_be_visible(timeout=PATIENCE)
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_count(len(numbers), timeout=PATIENCE)
    expect_image(page, numbers[0])
    expect(page).to_have_url(re.compile(f"cell={label}-{prediction}"), timeout=PATIENCE)
    look(page, "Scores per digit")
    expect(page).not_to_have_url(re.compile("cell="))
    look_at = page.get_by_role("radiogroup", name="Look at")
    look_at.get_by_role("radio", name="Mistakes").click()
    expect(heading).to_be_visible(timeout=PATIENCE)
    expect(options).to_have_count(len(numbers), timeout=PATIENCE)
    expect(cell(page, label, prediction)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(f"cell={label}-{prediction}"), timeout=PATIENCE)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_a_cell_is_chosen_empty_or_not(
    moving_page: Page, serve: Serve, mlp: Answers, width: int
) -> None:
    page = moving_page
    page.set_viewport_size({"width": width, "height": 700})
    opened(page, serve)
    expect_image(page, mlp.worst_mistakes[0])
    expect(page.get_by_role("img", name="Accuracy with its interval")).to_be_visible()
    main = page.locator(".stMain")
    main.evaluate("place => place.scrollTo(0, place.scrollHeight)")
    main.evaluate(EVERY_FRAME)
    top = page.get_by_role("grid").evaluate("table => table.getBoundingClientRect().top")
    label, prediction, _ = worst_cell(mlp)
    counts = confusion_matrix(mlp.predictions, mlp.labels)
    empty = tuple(np.argwhere(counts == 0)[-1].tolist())
    for place in ((label, prediction), empty, (9, 9)):
        # Without what a click does first: bring the cell into sight.
        cell(page, *place).dispatch_event("click")
        read = "read right" if place[0] == place[1] else f"read as {place[1]}"
        heading = page.get_by_role("heading", name=f"{place[0]}, {read}: ")
        expect(heading).to_be_visible(timeout=PATIENCE)
        settled(page)
        assert len(page.evaluate("heights")) == 1
        assert page.get_by_role("grid").evaluate("t => t.getBoundingClientRect().top") == top
        expect(page.get_by_text("There are no such images.")).to_be_visible(visible=place == empty)
    page.get_by_role("radio", name="Worst mistakes").click()
    heading = page.get_by_role("heading", name=f"Mistakes: {len(mlp.worst_mistakes)} images")
    expect(heading).to_be_visible(timeout=PATIENCE)
    expect(page.locator("td[aria-selected=true]")).to_have_count(0)


def test_by_keyboard_a_cell_is_chosen_stays_focused_and_is_let_go(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    opened(page, serve)
    label, prediction, numbers = worst_cell(mlp)
    page.locator('td[tabindex="0"]').focus()
    for key in ("ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_count(len(numbers), timeout=PATIENCE)
    settled(page)
    expect(cell(page, label, prediction)).to_be_focused()
    page.keyboard.press("Escape")
    expect(options).to_have_count(len(mlp.worst_mistakes), timeout=PATIENCE)
    settled(page)
    expect(cell(page, label, prediction)).to_be_focused()
    expect(page).not_to_have_url(re.compile("cell="))


def test_arrows_step_through_mistakes_the_link_follows_and_a_reload_restores(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    worst = mlp.worst_mistakes
    opened(page, serve)
    expect_image(page, worst[0])
    page.get_by_role("listbox").focus()
    for place in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        expect_image(page, worst[place])
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"image={worst[2]}$"), timeout=PATIENCE)
    expect(page.get_by_role("listbox")).to_be_focused()
    page.reload()
    expect_image(page, worst[2])
    expect(page.locator(".here")).to_have_text(f"3 of {len(worst)}")
    expect(page.get_by_role("heading", name="MLP: what is taken for what")).to_be_visible()


def test_a_link_restores_look_images_and_rival(page: Page, serve: Serve) -> None:
    query = "network=mlp&against=none&images=validation&look=Confidence&threshold=73"
    page.goto(f"{serve('app.py')}/evaluate?{query}")
    expect(page.get_by_text("MLP turns")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("slider")).to_have_value("73")
    expect(page.get_by_role("radio", name="Validation")).to_be_checked()
    settled(page)
    assert page.url.endswith(query)


# ---- from an image to other pages ---------------------------------------------------------------


def expect_pixels_in_address(page: Page, number: int) -> None:
    """The address says this very test image."""
    expect(page).to_have_url(re.compile("pixels="), timeout=PATIENCE)
    (said,) = parse_qs(urlsplit(page.url).query)["pixels"]
    np.testing.assert_array_equal(image_of(said), TEST.images[number])


def test_an_image_is_put_on_the_draw_page(page: Page, serve: Serve, mlp: Answers) -> None:
    opened(page, serve)
    page.get_by_role("listbox").focus()
    page.keyboard.press("ArrowRight")
    number = mlp.worst_mistakes[1]
    expect(page).to_have_url(re.compile(f"image={number}$"), timeout=PATIENCE)
    page.get_by_role("button", name="Draw on it").click()
    expect(page.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)
    read = re.compile("^(an? [0-9]|I see no digit)")  # it is one that is read wrong
    expect(answer(page)).to_have_text(read, timeout=PATIENCE)
    # Where its pixels stand in the address.
    page.get_by_role("link", name="Back-propagation").click()
    page.get_by_role("radio", name="Your drawing").click()
    expect(page.get_by_text("reads your drawing")).to_be_visible(timeout=PATIENCE)
    expect_pixels_in_address(page, number)


def test_an_image_is_taken_apart_with_its_label_and_network(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    opened(page, serve)
    page.get_by_role("listbox").focus()
    page.keyboard.press("End")
    number = mlp.worst_mistakes[-1]
    expect(page).to_have_url(re.compile(f"image={number}$"), timeout=PATIENCE)
    page.get_by_role("button", name="Take it apart in Back-propagation").click()
    words = re.compile(rf"The MLP reads a drawing from the link, an? {TEST.labels[number]}\b")
    expect(page.get_by_text(words)).to_be_visible(timeout=PATIENCE)
    expect_pixels_in_address(page, number)
    # Back by the menu, what was chosen is chosen still.
    page.get_by_role("link", name="Evaluate").click()
    expect_image(page, number)


def test_who_has_kept_no_digits_is_led_to_where_one_can(page: Page, serve: Serve) -> None:
    page.goto(f"{serve('app.py')}/evaluate?images=own")
    page.get_by_role("button", name="Go to Draw").click(timeout=PATIENCE)
    expect(page.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)


def test_an_open_popover_says_itself_what_is_wrong_with_a_file(page: Page, serve: Serve) -> None:
    page.goto(f"{serve('app.py')}/evaluate?images=uploaded")
    page.get_by_role("button", name="Choose files").click(timeout=PATIENCE)
    picture: FilePayload = {"name": "me.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
    page.locator("input[type=file]").set_input_files([picture])
    said = page.get_by_test_id("stPopoverBody").get_by_text("me.png is a picture")
    expect(said).to_be_visible(timeout=PATIENCE)


# ---- long work ----------------------------------------------------------------------------------


def test_robustness_fills_and_what_is_done_outlasts_stop_and_go_on(
    page: Page, serve: Serve
) -> None:
    opened(page, serve, "&against=none")
    looks = page.get_by_role("radiogroup", name="Look at")
    looks.get_by_role("radio", name="Robustness").click()
    circles = page.locator(".robustness .chart circle")
    known = len(DISTORTIONS)  # the unchanged images of each are there from the start
    expect(circles.nth(known + 1)).to_be_attached(timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Measuring: stopped")).to_be_visible(timeout=PATIENCE)
    settled(page)
    done = circles.count()
    assert known + 2 <= done < 72
    look(page, "Scores per digit")
    looks.get_by_role("radio", name="Robustness").click()
    expect(page.get_by_text("Measuring: stopped")).to_be_visible(timeout=PATIENCE)
    expect(circles.nth(done - 1)).to_be_attached(timeout=PATIENCE)
    assert circles.count() <= done + 1  # what was being measured when it was stopped
    page.get_by_role("button", name="Go on").click()
    expect(circles.nth(done + 1)).to_be_attached(timeout=PATIENCE)
    measured = page.get_by_text(re.compile(r"Measuring: \d+ of 72"))
    found = re.search(r"(\d+) of 72", measured.inner_text())
    assert found is not None
    assert int(found[1]) > done - known
    page.get_by_role("button", name="Stop").click()


def choose_files(page: Page, split: Split) -> None:
    """Hand these images over, with their labels."""
    page.get_by_role("radio", name="Your files").click()
    expect(page.get_by_text("Choose images with their labels")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Choose files").click()
    files: list[FilePayload] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": idx_bytes(array)}
        for name, array in (("my-images", split.images), ("my-labels", split.labels))
    ]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text(f" of {len(split)} wrong").first).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")
    settled(page)


def test_files_are_judged_and_measured_to_the_end(page: Page, serve: Serve) -> None:
    opened(page, serve)
    choose_files(page, TEST[:40])
    look(page, "Robustness")
    expect(page.get_by_text("Each point: 40 images of my-images")).to_be_visible()
    expect(page.locator(".robustness .chart circle")).to_have_count(72)


# ---- looks --------------------------------------------------------------------------------------


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    inspector = Inspector(page)
    opened(page, serve)
    choose_files(page, TEST[mlp.worst_mistakes[:30]])
    for name in LOOKS:
        look(page, name)
        inspector.inspect(f"Evaluate, {name}", closer=name != "Mistakes")
    page.get_by_role("radio", name="Your digits").click()
    expect(page.get_by_text("You have kept no digits yet")).to_be_visible(timeout=PATIENCE)
    inspector.inspect("Evaluate, no digits")
    assert not inspector.found, "\n".join(inspector.found)


def test_a_telephone_can_do_it_all(
    new_page: Callable[..., Page], serve: Serve, mlp: Answers
) -> None:
    page = new_page(**TELEPHONE)
    opened(page, serve)
    label, prediction, numbers = worst_cell(mlp)
    cell(page, label, prediction).tap()
    expect_image(page, numbers[0])
    page.get_by_role("button", name="Next").tap()
    expect_image(page, numbers[1])
    expect(page).to_have_url(re.compile(f"image={numbers[1]}"), timeout=PATIENCE)
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
