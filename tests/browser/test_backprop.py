"""The Back-propagation page in a real browser: walked by keys, a weight chosen, a link followed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from mnist_core import load_mnist
from mnist_core.inspection.backpropagation import backpropagate
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from ui.backprop.chosen import new_network
from ui.backprop.numbers import number

PATIENCE = 60_000  # milliseconds, on however busy a machine
Serve = Callable[[str], str]


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def open_page(page: Page, serve: Serve) -> None:
    page.goto(f"{serve('app.py')}/back-propagation")
    expect(page.get_by_role("option", name=re.compile("^x, input"))).to_be_visible(timeout=PATIENCE)
    wait_idle(page)


def expect_station(page: Page, words: str) -> None:
    """The station that stands below the path in large."""
    heading = page.get_by_role("heading", level=2).first
    expect(heading).to_have_text(words, timeout=PATIENCE)


def test_the_whole_way_is_walked_by_keyboard_and_by_button(moving_page: Page, serve: Serve) -> None:
    page = moving_page
    open_page(page, serve)
    expect_station(page, "x, 784 x 1")
    page.get_by_role("listbox", name="The path of one training step").focus()
    for key, words in (
        ("ArrowRight", "a₁, 64 x 1"),
        ("End", "∂L/∂b₁, 64 x 1"),
        ("ArrowLeft", "∂L/∂W₁, 64 x 784"),
    ):
        page.keyboard.press(key)
        expect_station(page, words)
    page.get_by_role("button", name="Next", exact=True).click()
    expect_station(page, "∂L/∂b₁, 64 x 1")
    expect(page).to_have_url(re.compile(r"station=dL(/|%2F)db1"), timeout=PATIENCE)


def test_a_weight_that_is_chosen_in_its_picture_is_followed(page: Page, serve: Serve) -> None:
    open_page(page, serve)
    page.get_by_role("option", name=re.compile("^gradient of W 2")).click()
    expect_station(page, "∂L/∂W₂, 10 x 64")
    expect(page.get_by_text("In the matrix ∂L/∂W₂")).to_be_visible(timeout=PATIENCE)
    field = page.get_by_role("application", name="of a new network")
    field.focus()
    for key in ("Control+Home", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    train = load_mnist().train
    step = backpropagate(new_network(0).in_float64(), train.images[0], int(train.labels[0]))
    expect(page.get_by_text("row 1, column 1, stands")).to_contain_text(
        number(float(step.gradients["2.W"][1, 1])), timeout=PATIENCE
    )
    expect(page).to_have_url(re.compile("row=1&column=1"), timeout=PATIENCE)


def test_the_frame_in_a_units_picture_follows_the_weight(page: Page, serve: Serve) -> None:
    def follow(name: str, value: int) -> None:
        box = page.get_by_role("spinbutton", name=name)
        box.fill(str(value))
        box.press("Enter")

    open_page(page, serve)
    page.get_by_role("option", name=re.compile("^gradient of W 1")).click()
    expect_station(page, "∂L/∂W₁, 64 x 784")
    page.get_by_role("option", name=re.compile("^hidden unit 22,")).click()
    expect(page.get_by_text("row 5, column 21: ")).to_be_visible(timeout=PATIENCE)
    follow("Input (column)", 292)
    expect(page.get_by_text("row 10, column 12: ")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("the input 10 · 28 + 12 = 292")).to_be_visible()
    page.get_by_role("application", name="the gradient of the weights of unit 22").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("row 22, column 291, stands")).to_be_visible(timeout=PATIENCE)
    follow("Unit (row)", 3)
    expect(page.get_by_text("The followed weight is one of unit 3")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("row 10, column 11: ")).to_be_hidden()


def test_a_scale_has_negative_numbers_only_where_there_are_some(page: Page, serve: Serve) -> None:
    def expect_lowest(station: str, words: str | re.Pattern[str]) -> None:
        """By name: one station's bars stand there until the next one's have come."""
        bars = page.get_by_role("application", name=f"{station} of a new network")
        low = page.locator(".matrix", has=bars).locator(".low")
        expect(low).to_have_text(words, timeout=PATIENCE)

    open_page(page, serve)
    page.get_by_role("option", name=re.compile("^y hat|probabilities")).first.click()
    expect_station(page, "ŷ, 10 x 1")
    expect_lowest("ŷ", "0")
    page.get_by_role("option", name=re.compile("^a 2, ")).click()
    expect_station(page, "a₂, 10 x 1")
    expect_lowest("a₂", re.compile("^−"))


def test_a_stations_weights_and_biases_are_shown_when_asked_for(page: Page, serve: Serve) -> None:
    open_page(page, serve)
    page.get_by_role("option", name=re.compile("^a 1, ")).click()
    expect_station(page, "a₁, 64 x 1")
    page.get_by_text("Its weights W₁ and biases b₁").click()
    expect(page.get_by_role("listbox", name="The weights W₁")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("one bias for each unit: all of them are 0 still")).to_be_visible()


def test_a_link_leads_to_the_same_digit_station_and_weight(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    first = new_page()
    open_page(first, serve)
    first.get_by_role("spinbutton", name="Number").fill("22")
    first.get_by_role("spinbutton", name="Number").press("Enter")
    expect(first.get_by_text("reads training image 22, a 9")).to_be_visible(timeout=PATIENCE)
    first.get_by_role("option", name="f 1, activation", exact=False).first.click()
    expect_station(first, "f₁, 64 x 1")
    expect(first).to_have_url(re.compile("image=22.*station=f1"), timeout=PATIENCE)
    followed = first.get_by_text(re.compile("row .*, column .*, stands")).inner_text()
    # By the menu and back: what was chosen is still chosen, and is in the address again.
    first.get_by_role("link", name="Draw").click()
    expect(first.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)
    first.get_by_role("link", name="Back-propagation").click()
    expect_station(first, "f₁, 64 x 1")
    expect(first.get_by_text(followed)).to_be_visible(timeout=PATIENCE)
    expect(first).to_have_url(re.compile("image=22.*station=f1"), timeout=PATIENCE)


def test_a_place_that_is_chosen_on_a_map_is_taken_apart(page: Page, serve: Serve) -> None:
    open_page(page, serve)
    page.get_by_role("radio", name="CNN", exact=True).click()
    expect(page.get_by_text("The CNN reads")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("radio", name="Convolution as a product").click()
    field = page.get_by_role("application", name="choose a place")
    expect(field).to_be_visible(timeout=PATIENCE)
    field.focus()
    for key in ("Control+Home", "ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_text("row 2, column 1, stands")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("spinbutton", name="Row", exact=True)).to_have_value("2")
    expect(page.get_by_role("spinbutton", name="Column", exact=True)).to_have_value("1")


def test_nothing_is_wider_than_a_telephone(new_page: Callable[..., Page], serve: Serve) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_page(page, serve)
    page.get_by_role("radio", name="CNN", exact=True).click()
    expect(page.get_by_text("The CNN reads")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390


def test_a_path_that_goes_on_beyond_an_edge_fades_there(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    def expect_faded(page: Page, left: str, right: str) -> None:
        scroller = page.locator(".walk .scroller")
        expect(scroller).to_have_css("--beyond-left", left)
        expect(scroller).to_have_css("--beyond-right", right)

    narrow = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_page(narrow, serve)
    expect_faded(narrow, "0px", "32px")
    narrow.get_by_role("listbox", name="The path of one training step").focus()
    for _ in range(5):
        narrow.keyboard.press("ArrowRight")
    expect_station(narrow, "L, one number")
    expect_faded(narrow, "32px", "0px")
    wide = new_page()
    open_page(wide, serve)
    expect_faded(wide, "0px", "0px")


def test_a_drawing_is_in_the_link_with_its_label(
    page: Page, browser: Browser, serve: Serve
) -> None:
    # Not by new_page: Streamlit looks for itself below a page's own address first, in vain.
    first, second = page, browser.new_page()
    first.goto(f"{serve('app.py')}")
    first.get_by_role("link", name="Draw").click()
    first.get_by_role("button", name="A test digit").click()
    wait_idle(first)
    first.get_by_role("link", name="Back-propagation").click()
    first.get_by_role("radio", name="Your drawing").click()
    read = re.compile("reads (your drawing|a drawing from the link), an? .*")
    expect(first.get_by_text(read)).to_be_visible(timeout=PATIENCE)
    expect(first).to_have_url(re.compile("pixels=[^&]+&label="), timeout=PATIENCE)
    query = first.url.partition("?")[2]
    second.goto(f"{serve('app.py')}/back-propagation?{query}")
    expect(second.get_by_text("reads a drawing from the link")).to_be_visible(timeout=PATIENCE)
    ours, theirs = (page.get_by_text(read).inner_text() for page in (first, second))
    second.close()
    assert ours.replace("your drawing", "a drawing from the link") == theirs
