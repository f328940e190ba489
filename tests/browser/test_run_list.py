"""The list of runs in a real browser: names are text, and all ways to choose lead to Python."""

from playwright.sync_api import Locator, Page

from tests.browser.apps.run_list_app import NAMES
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_confusion_table import PATIENCE, Serve

APP = "tests/browser/apps/run_list_app.py"


def row(page: Page, number: int) -> Locator:
    return page.locator("tbody tr").nth(number)


def box(page: Page, number: int) -> Locator:
    return row(page, number).get_by_role("checkbox")


def expect_chosen(page: Page, words: str) -> None:
    expect(page.get_by_text(f"chosen: {words};")).to_be_visible(timeout=PATIENCE)


def test_runs_are_chosen_by_pointer_and_keys_and_stay_so_while_a_run_goes_on(
    page: Page, serve: Serve
) -> None:
    page.goto(serve(APP))
    expect(page.get_by_role("row")).to_have_count(21, timeout=PATIENCE)
    for number, name in enumerate(NAMES[:4]):
        expect(row(page, number).locator(".name")).to_have_text(name)
        expect(box(page, number)).to_have_accessible_name(name)
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    heights = "rows => [...new Set(rows.map((row) => Math.round(row.offsetHeight)))]"
    assert len(page.locator("tbody tr").evaluate_all(heights)) == 1  # a long name is cut
    row(page, 5).get_by_text("name 5").click()
    expect_chosen(page, "run 5")
    box(page, 7).click()
    expect_chosen(page, "run 5, run 7")
    # The list is one stop of the Tab key; the focus stays while the run goes on.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect_chosen(page, "run 5, run 7, run 8")
    page.keyboard.press("Home")
    expect(box(page, 0)).to_be_focused()
    page.get_by_role("button", name="Train on").dispatch_event("click")
    expect(row(page, 7)).to_contain_text("91.00 %", timeout=PATIENCE)
    expect(box(page, 0)).to_be_focused()
    expect_chosen(page, "run 5, run 7, run 8")
    for key in ("Space", "ArrowDown") * 5 + ("End", "Space"):
        page.keyboard.press(key)
    expect(page.get_by_text("At most 8 runs can be chosen: let one of them go")).to_be_visible()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(8)
    page.get_by_role("button", name="Choose the third").click()
    expect_chosen(page, "run 2")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    page.get_by_role("searchbox", name="Filter").fill("NAME 1")
    expect(page.get_by_role("checkbox")).to_have_count(10)
    expect(page.get_by_text("10 of 20 runs")).to_be_visible()
    expect_chosen(page, "run 2")
    page.set_viewport_size({"width": 390, "height": 800})
    wait_idle(page)
    width = "document.documentElement.scrollWidth <= innerWidth"
    page.wait_for_function(width)
    expect(row(page, 12)).to_contain_text("3 hours ago")
