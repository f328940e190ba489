"""The first visit's tour in a real Chromium: what it points at, and that it hinders nobody.
Time is made to pass by the browser's clock: the tour comes when a visitor has rested for a while.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.pages import Pages
from ui.components.tour import STEPS

Serve = Callable[[str], str]
PATIENCE = 120_000  # ms: for what takes a moment on a quiet machine
PHONE = {"width": 390, "height": 844}
BUTTONS = ("Start",)  # what there is to press before a run
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
"""


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[Pages]:
    """Pages whose clocks stand still: only the tests of this file use them."""
    pages = Pages(browser)
    yield pages
    pages.close()


def bubble(page: Page) -> Locator:
    return page.get_by_role("dialog", name="A tour of Digit Lab")


def press(page: Page, name: str) -> None:
    bubble(page).get_by_role("button", name=name).click()


def rested(page: Page) -> None:
    """The page is there, and its visitor has done nothing for ten seconds."""
    wait_idle(page)
    expect(page.get_by_role("listbox", name="64 hidden units")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Show me around")).to_be_visible()
    page.clock.fast_forward(10_000)


def opened(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(address)
    rested(page)


def expect_step(page: Page, number: int) -> None:
    """The tour shows that step, from 1 on."""
    words = f"{number} of {len(STEPS)}. {STEPS[number - 1].sentence}"
    expect(bubble(page)).to_contain_text(words)
    expect(bubble(page)).to_be_visible()


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found is not None
    return found


def overlap(a: FloatRect, b: FloatRect) -> bool:
    across = a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
    return across and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]


def test_seven_steps_point_at_seven_things_and_never_again(moving_page: Page, serve: Serve) -> None:
    page = moving_page
    opened(page, serve("app.py"))
    outlined = [
        page.get_by_role("button", name="Start", exact=True),
        page.get_by_role("listbox", name="64 hidden units"),
        page.locator(".st-key-curve_accuracy"),
        page.get_by_role("link", name="Draw"),
        page.get_by_role("link", name="Weights"),
        page.get_by_role("link", name="Back-propagation"),
        page.get_by_role("link", name="Evaluate"),
    ]
    for number, thing in enumerate(outlined, start=1):
        expect_step(page, number)
        around, inner = box(page.locator("svg.pointer rect")), box(thing)
        assert around["x"] < inner["x"] and around["y"] < inner["y"]
        assert abs(around["width"] - inner["width"]) < 15
        assert abs(around["height"] - inner["height"]) < 15
        assert not overlap(box(bubble(page)), inner)
        press(page, "Done" if number == len(outlined) else "Next")
    expect(bubble(page)).to_be_hidden()
    page.reload()
    rested(page)
    expect(bubble(page)).to_be_hidden()


def test_start_works_while_the_tour_shows_and_leads_on(page: Page, serve: Serve) -> None:
    opened(page, serve("app.py") + "/?epochs=2&train_size=2%2C000")
    expect_step(page, 1)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_test_id("stProgress")).to_contain_text("Finished", timeout=PATIENCE)
    page.clock.fast_forward(10_000)
    expect_step(page, 2)


def test_it_takes_no_focus_and_is_used_and_closed_by_keyboard(page: Page, serve: Serve) -> None:
    opened(page, serve("app.py"))
    expect_step(page, 1)
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name="Copy link").focus()  # the last of the menu
    again = page.get_by_role("button", name="Show me around")
    page.keyboard.press("Tab")
    expect(again).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(bubble(page).get_by_role("button", name="Next")).to_be_focused()
    page.keyboard.press("Enter")
    expect_step(page, 2)
    page.keyboard.press("Escape")
    expect(bubble(page)).to_be_hidden()
    expect(again).to_be_focused()
    page.reload()
    rested(page)
    expect(bubble(page)).to_be_hidden()


def test_escape_in_a_popover_closes_the_popover_alone(page: Page, serve: Serve) -> None:
    opened(page, serve("app.py"))
    expect_step(page, 1)
    page.get_by_role("button", name="Settings").click()
    inside = page.get_by_test_id("stPopoverBody")
    expect(inside).to_be_visible()
    expect(inside).to_be_focused()
    page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect_step(page, 1)


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 720}], ids=["390", "1280"])
def test_it_covers_no_button_of_a_run_and_moves_nothing(
    new_page: Callable[..., Page], serve: Serve, viewport: dict[str, int]
) -> None:
    page = new_page(viewport=viewport)
    page.clock.install()
    page.goto(serve("app.py"))
    wait_idle(page)
    buttons = [page.get_by_role("button", name=name, exact=True) for name in BUTTONS]
    expect(buttons[0]).to_be_visible()
    before = [box(button) for button in buttons]
    rested(page)
    expect_step(page, 1)
    assert [box(button) for button in buttons] == before
    for number in range(1, len(STEPS) + 1):
        expect_step(page, number)
        shown = box(bubble(page))
        assert not any(overlap(shown, box(button)) for button in buttons)
        assert shown["x"] >= 0 and shown["x"] + shown["width"] <= viewport["width"]
        assert shown["y"] >= 0 and shown["y"] + shown["height"] <= viewport["height"]
        press(page, "Done" if number == len(STEPS) else "Next")


def test_it_follows_its_element_and_hides_with_it(page: Page, serve: Serve) -> None:
    opened(page, serve("app.py"))
    press(page, "Next")
    expect_step(page, 2)
    page.set_viewport_size({"width": 1000, "height": 500})
    at_its_place = """() => {
      const inner = (selector, inside) =>
        document.querySelector(selector).shadowRoot.querySelector(inside).getBoundingClientRect();
      const host = "[data-testid^=stBidiComponent]";
      const units = inner(`.st-key-train_network ${host}`, ".units");
      return Math.abs(inner(`.st-key-tour ${host}`, "rect").top + 4 - units.top) < 1;
    }"""
    page.wait_for_function(at_its_place)
    page.mouse.move(500, 400)
    page.mouse.wheel(0, 40)
    page.wait_for_function("document.querySelector('.stMain').scrollTop > 0")
    page.wait_for_function(at_its_place)
    expect_step(page, 2)
    page.get_by_role("link", name="Draw").click()
    expect(page.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)
    expect(bubble(page)).to_be_hidden()


def test_show_me_around_leads_to_its_beginning_from_every_page(page: Page, serve: Serve) -> None:
    opened(page, serve("app.py"))
    press(page, "Close")
    page.get_by_role("link", name="Draw").click()
    expect(page.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    page.get_by_role("button", name="Show me around").click()
    expect_step(page, 1)


def test_without_storage_it_does_not_come_again_in_this_tab(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(own=True)
    page.add_init_script(NO_STORAGE)
    opened(page, serve("app.py"))
    expect_step(page, 1)
    press(page, "Close")
    page.reload()
    rested(page)
    expect(bubble(page)).to_be_hidden()
