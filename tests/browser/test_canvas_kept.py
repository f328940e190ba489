"""What the canvas keeps over reruns, page switches and a reload, and what its strokes cost."""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_canvas import Hand, opened
from tests.browser.test_canvas import hand as hand

NUMBER_OF_STROKES = 100
BYTES_OF_A_STROKE = 3000
BYTES_BACK = 10_000

# ---- What survives -------------------------------------------------------------------------------


def pixels(hand: Hand) -> str:
    return hand.canvas.evaluate("(canvas) => canvas.toDataURL()")


def expect_pixels(hand: Hand, picture: str) -> None:
    """Waits until the canvas shows this picture."""
    hand.page.wait_for_function(
        "([canvas, picture]) => canvas.toDataURL() === picture",
        arg=[hand.canvas.element_handle(), picture],
    )


def test_the_drawing_survives_reruns_page_switches_and_a_reload_with_undo_and_redo(hand: Hand):
    page = hand.page
    hand.stroke((0.2, 0.2), (0.2, 0.8))
    hand.stroke((0.5, 0.2), (0.5, 0.8))
    hand.stroke((0.8, 0.2), (0.8, 0.8))
    hand.button("Undo").click()
    drawn = hand.received(strokes=2)
    picture = pixels(hand)

    page.get_by_role("button", name="Rerun").click()
    wait_idle(page)
    assert hand.received(strokes=2)["starts"] == drawn["starts"]

    page.get_by_role("link", name="Other").click()
    expect(page.get_by_text("Another page")).to_be_visible()
    page.get_by_role("link", name="Canvas").click()
    assert hand.received(strokes=2)["starts"] == drawn["starts"]
    expect(hand.button("Redo")).to_be_enabled()
    expect_pixels(hand, picture)

    page.reload()
    assert hand.received(strokes=2)["starts"] == drawn["starts"]
    expect_pixels(hand, picture)
    hand.button("Redo").click()
    hand.received(strokes=3)
    hand.stroke((0.1, 0.1))
    hand.received(strokes=4)


def test_a_browser_that_may_keep_nothing_gets_its_drawing_from_the_server(
    new_page: Callable[..., Page], serve: Callable[[str], str]
):
    page = new_page(own=True)
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('forbidden'); };")
    hand = opened(page, serve)
    hand.stroke((0.2, 0.2), (0.2, 0.8))
    hand.received(strokes=1)
    hand.stroke((0.5, 0.2), (0.5, 0.8))
    drawn = hand.received(strokes=2)
    page.get_by_role("link", name="Other").click()
    expect(page.get_by_text("Another page")).to_be_visible()
    page.get_by_role("link", name="Canvas").click()
    expect_brightness(hand, 0.5, 0.5, 255)
    hand.stroke((0.8, 0.2), (0.8, 0.8))
    assert hand.received(strokes=3)["starts"][:2] == drawn["starts"]


def test_strokes_bring_back_little_more_than_the_answer(page: Page, serve: Callable[[str], str]):
    """The canvas itself, 30 kB, is not sent again while the browser knows the journal."""
    sizes: list[int] = []
    page.once(
        "websocket", lambda socket: socket.on("framereceived", lambda f: sizes.append(len(f)))
    )
    hand = opened(page, serve)
    for number in range(2):  # the first begins the journal, and the canvas is told of it
        hand.stroke((0.1, 0.2 + 0.1 * number), (0.2, 0.2 + 0.1 * number))
        hand.received(strokes=number + 1)
    sizes.clear()
    hand.stroke((0.5, 0.2), (0.5, 0.8))
    hand.received(strokes=3)
    assert 0 < sum(sizes) < BYTES_BACK


def test_leaving_the_page_in_the_midst_of_a_stroke_loses_nothing(hand: Hand):
    page = hand.page
    hand.stroke((0.2, 0.2), (0.2, 0.8))
    page.get_by_role("link", name="Other").click()
    expect(page.get_by_text("Another page")).to_be_visible()
    page.get_by_role("link", name="Canvas").click()
    hand.received(strokes=1)


def test_the_page_puts_a_picture_on_the_canvas_and_one_draws_over_it(hand: Hand):
    hand.stroke((0.1, 0.1))
    hand.received(strokes=1)
    hand.page.get_by_role("button", name="A square").click()
    drawing = hand.received(strokes=0, background=True, blank=False)
    assert drawing["ink"] == pytest.approx(64 / 784, abs=1e-4)
    expect_brightness(hand, 0.5, 0.5, 255)
    expect_brightness(hand, 0.1, 0.1, 0)
    hand.button("Eraser").click()
    hand.stroke((0.5, 0.5))
    assert hand.received(strokes=1)["ink"] < drawing["ink"]
    expect_brightness(hand, 0.5, 0.5, 0)
    hand.page.reload()
    hand.received(strokes=1, background=True)
    hand.button("Clear").click()
    hand.received(blank=True, background=False)
    hand.button("Undo").click()
    hand.received(strokes=1, background=True)
    hand.page.get_by_role("button", name="Nothing").click()
    hand.received(strokes=0, background=False, blank=True)
    expect_brightness(hand, 0.4, 0.4, 0)


def expect_brightness(hand: Hand, x: float, y: float, value: int) -> None:
    """Waits until the canvas is this bright (0 to 255) at a place in fractions of its side."""
    canvas = hand.canvas.element_handle()
    hand.page.wait_for_function(
        """([canvas, x, y, value]) => {
            const [column, row] = [x * canvas.width, y * canvas.height];
            return canvas.getContext("2d").getImageData(column, row, 1, 1).data[0] === value;
        }""",
        arg=[canvas, x, y, value],
    )


# ---- Load ----------------------------------------------------------------------------------------


def test_of_a_hundred_strokes_at_full_speed_none_is_lost(hand: Hand):
    centres = [((i % 10 + 0.5) / 10, (i // 10 + 0.5) / 10) for i in range(NUMBER_OF_STROKES)]
    for x, y in centres:
        hand.stroke((x - 0.02, y), (x + 0.02, y), steps=2)
    drawing = hand.received(strokes=NUMBER_OF_STROKES)
    for (x, y), start, end in zip(centres, drawing["starts"], drawing["ends"], strict=True):
        assert start == pytest.approx([x - 0.02, y], abs=0.003)
        assert end == pytest.approx([x + 0.02, y], abs=0.003)


def test_the_canvas_goes_on_when_its_journal_has_become_long(hand: Hand):
    """Beyond 12,000 characters clearing cuts off the past, but not the present."""
    turns = [(0.5 + 0.01 * i % 0.4, 0.1 + 0.8 * (i % 2), 0.5) for i in range(700)]
    for _ in range(4):
        hand.rush("mouse", turns)
    hand.received(strokes=4)
    hand.button("Clear").click()
    hand.received(strokes=0, blank=True)
    hand.stroke((0.5, 0.5))
    hand.received(strokes=1, points=1)
    hand.page.reload()
    hand.received(strokes=1, points=1)


def test_a_stroke_costs_at_most_three_kilobytes(page: Page, serve: Callable[[str], str]):
    """However slowly it is drawn: the canvas's own messages, without Streamlit's envelopes."""
    messages: list[bytes] = []

    def keep(frame: str | bytes) -> None:
        messages.extend(re.findall(rb'"ink":"([^"]*)"', frame if isinstance(frame, bytes) else b""))

    page.once("websocket", lambda socket: socket.on("framesent", keep))
    hand = opened(page, serve)
    circle = [(0.5 + 0.3 * math.cos(a / 8), 0.5 + 0.3 * math.sin(a / 8)) for a in range(50)]
    hand.stroke(*circle, steps=1)
    assert hand.received(strokes=1)["points"] > 20
    assert 0 < sum(len(message) for message in messages) <= BYTES_OF_A_STROKE
