"""A pen and the palm of the hand that holds it, on the canvas in a real Chromium."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.test_canvas import Hand, opened

PALM, PEN = ("touch", 1), ("pen", 2)


@pytest.fixture
def hand(page: Page, serve: Callable[[str], str]) -> Hand:
    return opened(page, serve)


def act(hand: Hand, *events: tuple[tuple[str, int], str, float, float]) -> None:
    """Pointer events on the canvas: who, "down", "move" or "up", and where."""
    hand.canvas.evaluate(
        """(canvas, events) => {
            const { left, top, width } = canvas.getBoundingClientRect();
            canvas.setPointerCapture = () => {};
            for (const [[pointerType, pointerId], what, x, y] of events) {
                const [clientX, clientY] = [left + x * width, top + y * width];
                const pressure = what === "up" ? 0 : 0.5;
                const event = { pointerType, pointerId, clientX, clientY, pressure, bubbles: true };
                canvas.dispatchEvent(new PointerEvent("pointer" + what, event));
            }
        }""",
        list(events),
    )


PEN_DRAWS = [(PEN, "down", 0.4, 0.2), (PEN, "move", 0.4, 0.5), (PEN, "up", 0.4, 0.8)]


def only_the_pens_stroke(hand: Hand) -> None:
    drawing = hand.received(strokes=1)
    assert drawing["starts"][0] == pytest.approx([0.4, 0.2], abs=0.003)
    assert drawing["ends"][0] == pytest.approx([0.4, 0.8], abs=0.003)


def test_a_pen_takes_over_from_the_palm_that_lies_there(hand: Hand):
    act(hand, (PALM, "down", 0.8, 0.9), (PALM, "move", 0.82, 0.9), *PEN_DRAWS)
    act(hand, (PALM, "up", 0.82, 0.9))
    only_the_pens_stroke(hand)


def test_a_palm_that_comes_down_while_the_pen_draws_leaves_the_stroke_whole(hand: Hand):
    down, move, up = PEN_DRAWS
    act(hand, down, (PALM, "down", 0.8, 0.9), (("touch", 3), "down", 0.9, 0.9), move, up)
    act(hand, (PALM, "up", 0.8, 0.9), (("touch", 3), "up", 0.9, 0.9))
    only_the_pens_stroke(hand)


def test_a_palm_that_comes_down_between_two_strokes_leaves_no_dot(hand: Hand):
    act(hand, *PEN_DRAWS, (PALM, "down", 0.8, 0.9), (PALM, "up", 0.8, 0.9))
    only_the_pens_stroke(hand)


def test_the_dot_of_a_palm_that_is_lifted_when_the_pen_comes_down_is_taken_back(hand: Hand):
    act(hand, (PALM, "down", 0.8, 0.9), (PALM, "up", 0.8, 0.9), *PEN_DRAWS)
    only_the_pens_stroke(hand)


def test_without_a_pen_a_finger_draws(hand: Hand):
    act(hand, (PALM, "down", 0.8, 0.9), (PALM, "up", 0.8, 0.9))
    assert hand.received(strokes=1)["starts"][0] == pytest.approx([0.8, 0.9], abs=0.003)
