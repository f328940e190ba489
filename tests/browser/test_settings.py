"""The settings of the next run in a real Chromium: the copied link, the keyboard, a telephone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_train import PATIENCE, Serve, press, status

REPORT = "The report's network (2,000 images)"
TRAINED = "784-64-10 sigmoid, sgd 0.0001 (constant), batch 100, 2,000 images, seed 0. After epoch 2"


def open_settings(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("button", name="Back to the recipe")).to_be_visible()


def epochs(page: Page):
    """The field of that name, in the group that it belongs to."""
    page.get_by_role("tab", name="Learning").click()
    return page.get_by_role("spinbutton", name="Epochs")


def panel(page: Page):
    return page.get_by_test_id("stPopoverBody")


def test_a_copied_address_trains_the_same_in_a_browser_that_never_saw_the_page(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page()
    page.goto(serve("app.py"))
    wait_idle(page)
    page.get_by_role("combobox", name="Recipe").click()
    page.get_by_role("option", name=REPORT).click()
    expect(page).to_have_url(re.compile("preset=report-2000$"))
    open_settings(page)
    epochs(page).fill("2")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("preset=report-2000&epochs=2$"))
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Draw").click()
    expect(page).to_have_url(re.compile("draw"))
    page.get_by_role("link", name="Train").click()
    expect(page).to_have_url(re.compile(r"\d/\?preset=report-2000&epochs=2$"))  # not /draw?...
    copied = page.url
    for visitor in (page, new_page()):
        visitor.goto(copied)
        wait_idle(visitor)
        press(visitor, "Start")
        expect(status(visitor)).to_contain_text("Finished · step 40 of 40", timeout=PATIENCE)
        expect(visitor.get_by_text(TRAINED)).to_be_visible(timeout=PATIENCE)


def test_settings_are_opened_read_changed_and_closed_with_the_keyboard(
    page: Page, serve: Serve
) -> None:
    page.goto(serve("app.py"))
    wait_idle(page)
    page.get_by_role("button", name="Settings").press("Enter")
    expect(panel(page)).to_be_focused()
    expect(panel(page).get_by_text("Kind")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Network")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tooltip")).to_contain_text("MLP: each unit sees all pixels.")
    units = page.get_by_role("spinbutton", name="Units in hidden layer 1")
    units.fill("12")
    units.press("Enter")
    expect(page.get_by_role("button", name="Settings · ✎ 1 changed")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="✎ changed from 64")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Settings")).to_be_focused()
    page.keyboard.press("Enter")
    expect(units).to_have_value("12")


def test_settings_fit_on_a_telephone_and_explain_themselves_by_touch(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(serve("app.py"))
    wait_idle(page)
    # The last that comes to a new visitor's page: a tap meanwhile may meet what moves.
    expect(page.get_by_role("dialog", name="A tour of Digit Lab")).to_be_visible()
    page.get_by_role("button", name="Settings").tap()
    expect(panel(page).get_by_text("Activation")).to_be_visible()
    box = panel(page).bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
    panel(page).get_by_role("button", name="Help for Activation").tap()
    expect(page.get_by_role("tooltip")).to_contain_text("The curve that turns")
    last = panel(page).get_by_test_id("stSlider").filter(has_text="Dropout")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    page.get_by_role("button", name="Settings").tap()
    expect(panel(page)).to_have_count(0)


def test_a_group_with_changes_is_marked_and_stays_open(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py"))
    wait_idle(page)
    open_settings(page)
    epochs(page).fill("7")
    page.keyboard.press("Enter")
    field = panel(page).get_by_role("spinbutton", name="Epochs ✎ changed from 5")
    expect(field).to_be_focused()
    expect(panel(page).get_by_role("tab", name="Learning changed")).to_have_attribute(
        "aria-selected", "true"
    )
    expect(panel(page).get_by_role("tab", name="Network", exact=True)).to_be_visible()
    page.get_by_role("button", name="Back to the recipe").click()
    expect(panel(page).get_by_role("tab", name="Learning", exact=True)).to_be_visible()


@pytest.mark.parametrize("recipe", ["handwriting", "report-50000"])
def test_a_long_name_of_a_recipe_is_read_to_its_end_on_a_telephone(
    new_page: Callable[..., Page], serve: Serve, recipe: str
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(serve("app.py") + f"/?preset={recipe}&epochs=3")
    wait_idle(page)
    name = page.get_by_role("combobox", name="Recipe")
    assert name.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_settings_that_are_opened_after_a_start_still_say_what_they_are(
    page: Page, serve: Serve
) -> None:
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished · step 64 of 64", timeout=PATIENCE)
    open_settings(page)
    expect(page.get_by_role("spinbutton", name="Units in hidden layer 1")).to_have_value("64")
    expect(panel(page).get_by_role("radio", name="MLP")).to_be_checked()
    expect(epochs(page)).to_have_value("2")
