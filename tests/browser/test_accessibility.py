"""The pages under axe-core (WCAG 2.2 AA and best practices), in light on a desk and in dark on a
telephone. Whatever it finds is a fault, but for what Streamlit's own markup does (OF_STREAMLIT).
Nor is any page wider than the screen, also when it is zoomed to 200 %.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Page, TimeoutError

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_draw import ONE, answer, draw
from tests.browser.test_draw_looks import look
from tests.browser.test_settings import open_settings
from tests.browser.test_train import PATIENCE, Serve, press, status

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Of WCAG 2.1 A, but axe takes it for an experiment and leaves it out.
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations"],
}
# What the theme can change: the rest is looked at in each width once.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
DESK, ZOOMED, TELEPHONE = 1280, 640, 390  # pixels; ZOOMED is a desk at 200 %
FITS = """() => {
  const main = document.querySelector(".stMain");
  return main.scrollWidth <= main.clientWidth;
}"""
# No colour is on its way to another one.
AT_REST = """() => !document.getAnimations()
  .some((moves) => moves instanceof CSSTransition && moves.playState === "running")"""
SETTLED = 5_000  # milliseconds in which charts and grids have found their new widths
# What Streamlit draws and offers no way to change: rule -> selector.
OF_STREAMLIT = {
    # The frame around "Browse files" has a name although its role says that it means nothing. The
    # keyboard can't reach it, and the button in it has a name of its own: nobody loses anything.
    "presentation-role-conflict": '[data-testid="stFileUploaderDropzone"]',
}
# The closer looks, and what is there as soon as one is open.
DRAW_LOOKS = {
    "What the network sees": "drawn, ",
    "Move and turn it": "Put back",
    "Why this answer": "Most against it",
    "Around the world": "hardly used some of these ways",
    "Your own digits": "Take the last one out",
    "Photographs and pages": "Use the camera",
}
WEIGHTS_LOOKS = {
    "Switch off": "All on again",
    "Pruning": "enough to be less than",
    "Activation maximization": "Each picture begins",
    "Gradients": "Histogram of",
    "Save": "Grid as PNG",
    "Go on from here": "A new run begins with",
}


BACKPROP_LOOKS = {
    "Jacobians in full": "Row i, column j of a Jacobian",
    "Finite differences": "All layers are right",
    "Take the step": "Step after step",
    "Why softmax is shifted": "The shift changes nothing",
    "Convolution as a product": "This network is an MLP",
}
EXPERIMENTS_LOOKS = {
    "Search": "12 runs, about",
    "Compare": "The same for both",
}


class Inspector:
    """Keeps what axe finds on a page in all the states that it is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def inspect(self, state: str, *, closer: bool = False) -> None:
        """Look at a page in all widths; what takes a moment is waited for.

        A closer look is only a part of a page that has been inspected. Its colours are seen on a
        desk in light and on a telephone in dark; those of a page on a desk in dark as well.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        self._resize(state, DESK)
        self._run_axe(f"{state}, light, {DESK} wide", OPTIONS)
        if not closer:
            self._change("dark")
            self._run_axe(f"{state}, dark, {DESK} wide", COLOURS)
        self._resize(state, ZOOMED)
        self._resize(state, TELEPHONE)
        self._change("dark")
        self._run_axe(f"{state}, dark, {TELEPHONE} wide", OPTIONS)
        self.page.set_viewport_size({"width": DESK, "height": 900})
        self._change("light")

    def _resize(self, state: str, width: int) -> None:
        """Give the page another width, in which it has to fit."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self._settle()
        try:
            self.page.wait_for_function(FITS, timeout=SETTLED)
        except TimeoutError:
            self.found.append(f"{state}, {width} wide: wider than the screen")

    def _change(self, scheme: Literal["light", "dark"]) -> None:
        self.page.emulate_media(color_scheme=scheme)
        expect(self.page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
        self._settle()

    def _settle(self) -> None:
        wait_idle(self.page)
        expect(self.page.locator('[data-stale="true"]')).to_have_count(0)  # those are faded
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)

    def _run_axe(self, state: str, options: dict) -> None:
        self.page.wait_for_function(AT_REST, timeout=PATIENCE)
        result = self.page.evaluate("o => axe.run(document, o)", options)
        for violation in result["violations"]:
            of_streamlit = OF_STREAMLIT.get(violation["id"], "")
            self.found += [
                f"{state}: {violation['help']}: {node['html'][:200]}"
                for node in violation["nodes"]
                if not (of_streamlit and self._fits(node["target"][0], of_streamlit))
            ]

    def _fits(self, target: str, selector: str) -> bool:
        """Whether the element that axe names fits a selector."""
        finds = "([target, selector]) => document.querySelector(target).matches(selector)"
        return self.page.evaluate(finds, [target, selector])


def found_in_components(page: Page, widths: Sequence[int] = (DESK,)) -> list[str]:
    """What axe finds in the components of a small app, in light and dark and in these widths."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    schemes: list[tuple[Literal["light", "dark"], dict]] = [("light", OPTIONS), ("dark", COLOURS)]
    for scheme, options in schemes:
        page.emulate_media(color_scheme=scheme)
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            wait_idle(page)
            expect(page.locator('[data-stale="true"]')).to_have_count(0)  # those are faded
            result = page.evaluate("o => axe.run('.stVerticalBlock', o)", options)
            found += [
                f"{scheme}, {width} wide: {violation['help']}: {node['html'][:200]}"
                for violation in result["violations"]
                for node in violation["nodes"]
            ]
    return found


@pytest.fixture
def inspector(page: Page, serve: Serve) -> Inspector:
    """The Train page before its first run, ready to be inspected."""
    page.goto(serve("app.py") + "/?epochs=2&train_size=2000")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=PATIENCE)
    return Inspector(page)


def test_axe_finds_nothing_on_any_page(inspector: Inspector) -> None:
    train(inspector)
    draw_page(inspector)
    weights(inspector)
    back_propagation(inspector)
    experiments(inspector)
    assert not inspector.found, "\n".join(inspector.found)


def train(inspector: Inspector) -> None:
    page = inspector.page
    inspector.inspect("Train before a run")
    open_settings(page)
    inspector.inspect("Train with its settings")
    page.keyboard.press("Escape")
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
    expect(page.get_by_text("test accuracy")).to_be_visible(timeout=PATIENCE)
    inspector.inspect("Train with a finished run")


def draw_page(inspector: Inspector) -> None:
    page = inspector.page
    page.get_by_role("link", name="Draw").click()
    expect(answer(page)).to_have_text("Draw a digit", timeout=PATIENCE)
    inspector.inspect("Draw, blank")
    draw(page, ONE)
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)
    page.locator(".st-key-it-was button").nth(1).click()
    expect(page.get_by_text("Kept as")).to_be_visible(timeout=PATIENCE)
    inspector.inspect("Draw with a drawing")
    closer_looks(inspector, "Draw", DRAW_LOOKS)


def weights(inspector: Inspector) -> None:
    page = inspector.page
    page.get_by_role("link", name="Weights").click()
    gallery = page.get_by_role("listbox", name="Weights of the hidden units")
    expect(gallery.get_by_role("option")).to_have_count(64, timeout=PATIENCE)
    inspector.inspect("Weights, nothing chosen")
    gallery.get_by_role("option").nth(3).click()
    expect(page.get_by_text("Without it")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Switch off hidden unit 3").click()
    expect(page.get_by_role("button", name="Switch on hidden unit 3")).to_be_visible()
    inspector.inspect("Weights with a unit")
    closer_looks(inspector, "Weights", WEIGHTS_LOOKS)
    look(page, "CNN")
    look(page, "Feature maps")
    expect(page.get_by_role("listbox", name="Feature maps of convolution 2")).to_be_visible()
    inspector.inspect("Weights, Feature maps")


def back_propagation(inspector: Inspector) -> None:
    page = inspector.page
    page.get_by_role("link", name="Back-propagation").click()
    page.get_by_role("option", name="gradient of W 1").click()
    expect(page.get_by_role("listbox", name="The gradient of each unit")).to_be_visible()
    inspector.inspect("Back-propagation")
    closer_looks(inspector, "Back-propagation", BACKPROP_LOOKS)
    look(page, "CNN")
    expect(page.get_by_text("Max pooling").first).to_be_visible(timeout=PATIENCE)
    inspector.inspect("Back-propagation, a convolution")


def experiments(inspector: Inspector) -> None:
    page = inspector.page
    page.get_by_role("link", name="Experiments").click()
    expect(page.get_by_text("three of its claims are tested")).to_be_visible(timeout=PATIENCE)
    inspector.inspect("Experiments")
    closer_looks(inspector, "Experiments", EXPERIMENTS_LOOKS)


def closer_looks(inspector: Inspector, where: str, looks: dict[str, str]) -> None:
    """Inspect a page with each of its closer looks open."""
    page = inspector.page
    for name, words in looks.items():
        look(page, name)
        expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE)
        inspector.inspect(f"{where}, {name}", closer=True)
