"""The page Experiments in a browser: an experiment grows, is stopped, goes on, and leads on."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect

PATIENCE = 120_000  # milliseconds, on however busy a machine
SEARCH = "/experiments?look=Search&images=1000&epochs=1&seeds=1&values=0.01,0.1,0.3"
Serve = Callable[[str], str]


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def test_a_search_runs_to_its_best_settings_which_train_takes(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + SEARCH)
    expect(page.get_by_text("3 runs, about")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Start the search").click()
    take = page.get_by_role("button", name="Take the best settings to Train")
    expect(take).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("img", name=re.compile("validation accuracy"))).to_be_visible()
    best = page.get_by_role("row").filter(has=page.get_by_role("cell", name="best"))
    rate = best.get_by_role("rowheader").inner_text()
    take.click()
    expect(page).to_have_title("Train · Digit Lab", timeout=PATIENCE)
    address = re.escape("train_size=1000") if rate == "0.1" else f"learning_rate={rate}"
    expect(page).to_have_url(re.compile(address), timeout=PATIENCE)


def test_the_report_grows_stops_and_goes_on(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + "/experiments")
    claims = page.get_by_text("Not tested yet")
    expect(claims).to_have_count(3, timeout=PATIENCE)
    page.get_by_role("button", name="Run the experiment").click()
    growing = page.get_by_role("img", name=re.compile("Accuracy over epochs with 50,000 images"))
    expect(growing.locator("path[stroke-linejoin]")).to_have_count(2, timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name=re.compile("Run|Go on"))).to_be_enabled(timeout=PATIENCE)
    expect(claims).to_have_count(3)
    wait_idle(page)
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 1280
