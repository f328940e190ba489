"""A chart whose figure changes is never away from the page for an instant."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.expecting import expect

APP = "tests/browser/apps/live_chart_app.py"
# Counts the frames in which no chart is drawn, beginning now.
COUNT = """() => {
  window.without = 0;
  const look = () => {
    window.without += document.querySelector(".stPlotlyChart .main-svg") === null;
    requestAnimationFrame(look);
  };
  look();
}"""

DRAWN_AGAIN = "times => document.body.innerText.match(/drawn (\\d+) times/)[1] >= times"


def drawn(page: Page) -> int:
    return int(re.findall(r"\d+", page.get_by_text("drawn").inner_text())[0])


def test_a_live_chart_does_not_flicker(page: Page, serve: Callable[[str], str]) -> None:
    page.goto(serve(APP))
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()
    page.evaluate(COUNT)
    page.wait_for_function(DRAWN_AGAIN, arg=drawn(page) + 8)
    assert page.evaluate("without") == 0
