"""Links in a browser: the button that copies one, and what whoever opens it sees."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import settled, wait_idle, wait_until
from tests.browser.expecting import expect

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
WITH_KEY = "history.replaceState(null, '', location.href + '&command=secret')"


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def test_copy_link_copies_the_address_without_a_key_or_shows_it_where_it_may_not(
    serve: Callable[[str | Path], str], new_page: Callable[..., Page]
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{serve('app.py')}?epochs=7")
    wait_idle(page)
    button = page.get_by_role("button", name="Copy link")
    expect(button).to_be_visible()
    address = page.url
    assert "epochs=7" in address
    page.evaluate(WITH_KEY)
    place = button.bounding_box()
    button.click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert page.locator(".st-key-copy_link button").bounding_box() == place
    page.evaluate(NO_CLIPBOARD)
    page.locator(".st-key-copy_link button").click()
    field = page.get_by_label("Copy this address")
    expect(field).to_be_focused()
    expect(field).to_have_value(address)
    assert page.evaluate("getSelection().toString()") == address
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(button).to_be_focused()


def test_whoever_opens_a_link_sees_the_same_run_step_units_and_panels(
    serve: Callable[[str | Path], str], new_page: Callable[..., Page]
) -> None:
    page = new_page(own=True)  # whose history is short: a browser counts 50 entries at most
    page.goto(f"{serve('app.py')}?epochs=1&train_size=1000")
    wait_idle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(re.compile("Finished · "))).to_be_visible()
    page.get_by_role("listbox", name="The ten outputs").get_by_role("option").nth(3).click()
    page.wait_for_url(re.compile("picture=output-3"))
    guest = new_page()
    guest.goto(page.url)
    expect(guest.get_by_text("Output 3", exact=True)).to_be_visible()

    page.get_by_role("link", name="Weights").click()
    tiles = page.get_by_role("listbox", name="Weights of the hidden units")
    tiles.get_by_role("option", name=re.compile("^hidden unit 7,")).click()
    page.wait_for_url(re.compile("unit=7"))
    slider = page.get_by_role("slider", name="Step of the run")
    entries = page.evaluate("history.length")
    slider.hover()
    page.mouse.down()  # in the middle
    expect(page.get_by_text(re.compile(r"Step \d+ \(epoch 0\.\d+\), chosen"))).to_be_visible()
    wait_idle(page)
    assert "step=" not in page.url  # as long as a hand moves it
    page.mouse.up()
    page.wait_for_url(re.compile("step="))
    assert page.evaluate("history.length") == entries + 1
    guest.goto(page.url)
    expect(guest.get_by_role("heading", name="Hidden unit 7")).to_be_visible()
    chosen = guest.get_by_role("listbox", name="Weights of the hidden units")
    chosen = chosen.get_by_role("option", name=re.compile("^hidden unit 7,"))
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(guest.get_by_role("slider", name="Step of the run")).to_have_value(slider.input_value())


def test_on_a_telephone_the_links_of_the_menu_stand_in_one_row_for_a_finger(
    serve: Callable[[str | Path], str], new_page: Callable[..., Page]
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{serve('app.py')}/back-propagation")  # the longest name, in bold letters
    wait_idle(page)
    links = page.locator(".st-key-menu a")
    expect(links).to_have_count(6)
    wait_until(page, lambda: len({settled(link)["y"] for link in links.all()}) == 1)
    boxes = [settled(link) for link in links.all()]
    assert all(box["height"] >= 44 and box["width"] >= 24 for box in boxes)
    assert boxes[0]["x"] >= 0 and boxes[-1]["x"] + boxes[-1]["width"] <= 390
    button = settled(page.get_by_role("button", name="Copy link"))
    assert button["height"] >= 44 and button["y"] + button["height"] <= boxes[0]["y"]
