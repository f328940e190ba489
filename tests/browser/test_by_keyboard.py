"""The tour through all pages by keyboard alone: whatever has the focus can be seen to have it."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route

from tests.browser.conftest import wait_idle, wait_until
from tests.browser.expecting import expect
from tests.browser.test_draw import answer
from tests.browser.test_train import PATIENCE, SMALL, Serve, press, start, status

MOST_STOPS = 120  # of the keyboard on a page
# The element that has the focus, also within components.
FOCUSED = """() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}"""


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Go on by keyboard until something has the focus, which must then be seen."""
    expect(target).to_be_visible(timeout=PATIENCE)
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        if target.evaluate(f"(element) => element === ({FOCUSED})()"):
            break
    expect(target).to_be_focused()
    assert_focus_is_seen(page, target)


def assert_focus_is_seen(page: Page, target: Locator) -> None:
    """What has the focus looks otherwise without it."""
    box = target.bounding_box()
    assert box

    def picture() -> bytes:
        x, y = max(box["x"] - 8, 0), max(box["y"] - 8, 0)
        width, height = box["width"] + 16, box["height"] + 16
        return page.screenshot(
            clip={"x": x, "y": y, "width": width, "height": height}, animations="disabled"
        )

    with_focus = picture()
    target.evaluate("(element) => element.blur()")
    assert picture() != with_focus, f"nothing shows that {target} has the focus"
    target.evaluate("(element) => element.focus({ preventScroll: true, focusVisible: true })")


def draw_a_seven(page: Page) -> None:
    """On the canvas, whose cursor begins in the middle of 28 x 28 cells."""
    for key, times in (("ArrowLeft", 5), ("ArrowUp", 7)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.down("Space")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    for _ in range(7):
        for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
            page.keyboard.press(key)
    page.keyboard.up("Space")


def test_the_whole_tour_goes_by_keyboard_alone(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    wait_idle(page)
    tab_to(page, page.get_by_role("button", name="Start", exact=True))
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)

    tab_to(page, page.get_by_role("link", name="Draw"), key="Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Drawing canvas"))
    draw_a_seven(page)
    expect(answer(page)).to_contain_text("a 7", timeout=PATIENCE)
    tab_to(page, page.get_by_role("listbox", name="64 hidden units"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="The chosen unit")).to_contain_text("Hidden unit 1")

    tab_to(page, page.get_by_role("link", name="Weights"), key="Shift+Tab")
    page.keyboard.press("Enter")
    gallery = page.get_by_role("listbox", name="Weights of the hidden units")
    expect(gallery.get_by_role("option")).to_have_count(64, timeout=PATIENCE)
    tab_to(page, page.get_by_role("slider", name="Step of the run"))
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(re.compile(r"Step \d+ .*, chosen"))).to_be_visible(timeout=PATIENCE)
    tab_to(page, gallery.get_by_role("option").first)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hidden unit 1")).to_be_visible(timeout=PATIENCE)
    tab_to(page, page.get_by_role("radio", name="Switch off"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("enough to be less than")).to_be_visible(timeout=PATIENCE)


def press_enter(page: Page, name: str) -> None:
    """On a button, once it can be pressed."""
    button = page.get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled(timeout=PATIENCE)
    button.press("Enter")


def test_the_keyboard_goes_on_after_stop_and_after_the_last_epoch(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_focused(timeout=PATIENCE)
    page.goto(serve("app.py") + "/?epochs=1&train_size=2000")
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
    press(page, "Rewind")
    expect(status(page)).to_contain_text("Paused", timeout=PATIENCE)
    page.get_by_role("button", name="One epoch", exact=True).press("Enter")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
    expect(page.locator(".st-key-progress")).to_be_focused()


def test_the_keyboard_stays_in_the_settings_that_are_put_back(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + "/?epochs=2")
    wait_idle(page)
    page.get_by_role("button", name="Settings").press("Enter")
    expect(page.get_by_test_id("stPopoverBody")).to_be_focused()
    press_enter(page, "Back to the recipe")
    expect(page.get_by_role("tab", name="Network")).to_be_focused()


def test_the_keyboard_goes_on_after_live_and_after_all_units_are_on(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(own=True)
    late: list[Route] = []  # what draws the field: it comes after the button was pressed
    page.route(re.compile(r"/Multiselect\."), lambda route: late.append(route))
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
    page.get_by_role("link", name="Weights").click()
    page.get_by_role("button", name="Snapshot before").press("Enter")
    press_enter(page, "Live")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_focused()
    page.get_by_role("option").nth(5).click()
    page.get_by_role("button", name="Switch off hidden unit 5").press("Enter")
    page.get_by_role("radio", name="Switch off").click()
    press_enter(page, "All on again")
    expect(page.get_by_role("button", name="All on again")).to_be_disabled()
    wait_until(page, lambda: bool(late))
    late[0].continue_()
    expect(page.get_by_role("combobox", name="Hidden units that are off")).to_be_focused()


def test_the_keyboard_stays_on_a_closer_look_and_goes_on_in_ones_own_digits(
    page: Page, serve: Serve
) -> None:
    page.goto(serve("app.py"))
    wait_idle(page)
    page.get_by_role("link", name="Draw").click()
    page.get_by_role("button", name="A test digit").click()
    page.get_by_role("radiogroup", name="It was a …").get_by_text("3").click()
    expect(page.get_by_text("1 in your digits now")).to_be_visible(timeout=PATIENCE)
    look = page.get_by_role("button", name="Your own digits")
    look.press("Enter")
    teach = page.get_by_role("button", name="Teach a copy of the MLP")
    expect(teach).to_be_visible(timeout=PATIENCE)
    expect(look).to_be_focused()
    teach.press("Enter")
    delete = page.get_by_role("button", name="Delete the taught copy")
    expect(delete).to_be_focused(timeout=PATIENCE)
    delete.press("Enter")
    expect(teach).to_be_focused(timeout=PATIENCE)
    page.get_by_role("button", name="Empty the collection").press("Enter")
    # The uploader comes in another place, and is in both for an instant.
    expect(page.get_by_role("button", name="Upload", exact=True).last).to_be_focused()
