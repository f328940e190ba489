"""The browser's title of a page, which tells tabs apart and is what a screen reader says first."""

import re

from playwright.sync_api import Page

from tests.browser.expecting import expect
from tests.browser.test_train import SMALL, Serve, press, start
from tests.browser.test_weights import go_to


def test_the_title_follows_the_page_while_a_run_goes_on(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    expect(page).to_have_title("Train · Digit Lab")
    for name in ("Draw", "Weights", "Train"):
        go_to(page, name)
        expect(page).to_have_title(f"{name} · Digit Lab")
    line = page.get_by_test_id("stProgress").inner_text()
    expect(page.get_by_test_id("stProgress")).not_to_have_text(line)  # drawn anew by itself
    expect(page).to_have_title("Train · Digit Lab")
    press(page, "Stop")
    expect(page.get_by_test_id("stProgress")).to_have_text(re.compile("Stopped"))
