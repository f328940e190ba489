"""The Draw page in a real Chromium: digits drawn by mouse and finger, and what is said of them."""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect

Serve = Callable[[str], str]
PATIENCE = 60_000  # ms
ONE = [(0.52, 0.2), (0.5, 0.8)]
ZERO = [
    (0.5 + 0.2 * math.sin(angle), 0.5 - 0.3 * math.cos(angle))
    for angle in (2 * math.pi * i / 40 for i in range(41))
]


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def opened(page: Page, serve: Serve) -> None:
    page.goto(f"{serve('app.py')}/draw")
    expect(page.locator(".easel canvas")).to_be_visible(timeout=PATIENCE)
    wait_idle(page)


def places(page: Page, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of the canvas (fractions of its side) on the screen, in pixels."""
    page.locator(".easel canvas").scroll_into_view_if_needed()
    box = page.locator(".easel canvas").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    """A stroke with the mouse."""
    first, *others = places(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def answer(page: Page):
    return page.get_by_role(
        "heading", name=re.compile("an? [0-9]|digits:|I see no digit|Draw a digit")
    )


def test_a_blank_canvas_says_draw_a_digit(page: Page, serve: Serve) -> None:
    opened(page, serve)
    expect(answer(page)).to_have_text("Draw a digit")


def test_a_drawn_one_is_recognised(page: Page, serve: Serve) -> None:
    opened(page, serve)
    draw(page, ONE)
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)


def test_a_drawn_zero_is_recognised_and_clearing_takes_the_answer_back(
    moving_page: Page, serve: Serve
) -> None:
    page = moving_page
    opened(page, serve)
    draw(page, ZERO)
    expect(answer(page)).to_contain_text("a 0", timeout=PATIENCE)
    page.get_by_role("button", name="Clear").click()
    expect(answer(page)).to_have_text("Draw a digit", timeout=PATIENCE)


def test_the_answer_is_there_before_the_pen_is_lifted(page: Page, serve: Serve) -> None:
    opened(page, serve)
    first, *others = places(page, ZERO)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=3)
    expect(answer(page)).to_contain_text(re.compile("an? [0-9]"), timeout=PATIENCE)
    page.mouse.up()


def test_a_finger_draws(new_page: Callable[..., Page], serve: Serve) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    opened(page, serve)
    touch = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(places(page, ONE)):
        kind = "touchMove" if number else "touchStart"
        touch.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": 1}]}
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)


def test_a_drawing_survives_the_other_page(page: Page, serve: Serve) -> None:
    opened(page, serve)
    draw(page, ONE)
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)
    page.get_by_role("link", name="Train").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Draw").click()
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)


def test_the_answer_is_spoken_once_and_seldom(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.evaluate(
        """() => {
          window.heard = [];
          const lines = [...document.querySelectorAll("*")].flatMap((element) =>
            [...(element.shadowRoot ?? element).querySelectorAll("p.spoken[role=status]")]);
          const line = lines[0];
          new MutationObserver(() => window.heard.push([line.textContent, performance.now()]))
            .observe(line, { childList: true, characterData: true, subtree: true });
        }"""
    )
    page.locator(".easel canvas").focus()
    for _ in range(20):
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    expect(page.locator("p.spoken[role=status]")).to_have_text(re.compile("^a 1"), timeout=PATIENCE)
    wait_idle(page)
    heard = page.evaluate("window.heard")
    words, times = zip(*heard, strict=True)
    assert all(one != other for one, other in zip(words, words[1:], strict=False))
    assert all(b - a > 900 for a, b in zip(times, times[1:], strict=False))


@pytest.mark.parametrize("width", [1280, 1000, 700])
def test_bars_stand_in_line_whatever_the_words_above_them_take(
    new_page: Callable[..., Page], serve: Serve, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    opened(page, serve)
    draw(page, ONE)
    expect(answer(page)).to_contain_text("1")
    bars = page.locator(".beside .bars")
    expect(bars).to_have_count(2)
    # At once: another answer would write the words anew.
    before, after = bars.evaluate_all(
        """lists => {
          const tops = () => lists.map((list) => list.getBoundingClientRect().top);
          const before = tops();
          document.querySelector(".beside .named").append(" and more".repeat(20));
          return [before, tops()];
        }"""
    )
    assert before[0] == before[1] and after[0] == after[1]
    assert after[0] > before[0]
