"""The canvas in a real Chromium: mouse, pen, fingers and keys.
The app around it prints what Python has received, so each test compares hands with numbers."""

import json
import math
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect

APP = "tests/browser/apps/canvas_app.py"


class Hand:
    """Draws on a page's canvas, in fractions of its side, and reads what Python has received."""

    def __init__(self, page: Page):
        self.page = page
        self.canvas = page.locator("canvas")
        expect(self.canvas).to_be_visible()

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.canvas.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def stroke(self, *points: tuple[float, float], steps: int = 5) -> None:
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=steps)
        self.page.mouse.up()

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def received(self, **expected: object) -> dict:
        """What Python has received, once it has everything and is as expected."""
        expect(self.page.locator(".easel")).to_have_attribute("data-confirmed", "true")
        wait_idle(self.page)
        self.expect(**expected)
        return json.loads(self.page.get_by_test_id("stText").inner_text())

    def expect(self, **expected: object) -> None:
        """Waits until Python has received what is expected, however much is still under way."""
        text = self.page.get_by_test_id("stText")
        for name, value in expected.items():
            expect(text).to_contain_text(f'"{name}": {json.dumps(value)},')

    def rush(self, pointer: str, places: list[tuple[float, float, float]]) -> None:
        """A stroke of (x, y, pressure), faster than any hand, by a pointer that is not real."""
        self.canvas.evaluate(
            """(canvas, [pointerType, places]) => {
                const { left, top, width } = canvas.getBoundingClientRect();
                canvas.setPointerCapture = () => {};
                const pen = { pointerId: 7, pointerType, button: 0, bubbles: true };
                const send = (type, [x, y, pressure]) => {
                    const [clientX, clientY] = [left + x * width, top + y * width];
                    const event = { ...pen, pressure, clientX, clientY };
                    canvas.dispatchEvent(new PointerEvent(type, event));
                };
                send("pointerdown", places[0]);
                for (const place of places.slice(1)) send("pointermove", place);
                send("pointerup", [places.at(-1)[0], places.at(-1)[1], 0]);
            }""",
            [pointer, places],
        )


@pytest.fixture
def hand(page: Page, serve: Callable[[str], str]) -> Hand:
    return opened(page, serve)


def opened(page: Page, serve: Callable[[str], str]) -> Hand:
    page.goto(serve(APP))
    wait_idle(page)
    return Hand(page)


# ---- Mouse and pen -------------------------------------------------------------------------------


def test_a_mouse_stroke_arrives_with_its_place_and_ink(hand: Hand):
    hand.received(blank=True, strokes=0)
    hand.stroke((0.25, 0.5), (0.75, 0.5))
    drawing = hand.received(strokes=1, blank=False)
    assert drawing["starts"][0] == pytest.approx([0.25, 0.5], abs=0.003)
    assert drawing["ends"][0] == pytest.approx([0.75, 0.5], abs=0.003)
    assert drawing["ink"] == pytest.approx(0.5 / 13 + math.pi / 26**2, rel=0.05)


def test_a_click_is_a_dot(hand: Hand):
    hand.stroke((0.5, 0.5))
    drawing = hand.received(strokes=1, points=1)
    assert drawing["ink"] == pytest.approx(math.pi / 26**2, rel=0.05)


def test_the_stroke_arrives_while_it_is_still_being_drawn(hand: Hand):
    hand.page.mouse.move(*hand.at(0.2, 0.2))
    hand.page.mouse.down()
    hand.page.mouse.move(*hand.at(0.5, 0.8), steps=10)
    hand.expect(strokes=1, ends=[[0.5, 0.8]])
    hand.page.mouse.move(*hand.at(0.8, 0.2), steps=10)
    hand.expect(strokes=1, ends=[[0.8, 0.2]])
    hand.page.mouse.up()


def test_a_stroke_that_leaves_ends_at_the_border_and_begins_there_again(hand: Hand):
    hand.stroke((0.5, 0.5), (1.25, 0.5), (1.25, 0.75), (0.5, 0.75))
    drawing = hand.received(strokes=2)
    assert drawing["starts"] == [[0.5, 0.5], [1, 0.75]]
    assert drawing["ends"] == [[1, 0.5], [0.5, 0.75]]


def test_a_pen_that_presses_harder_draws_wider(hand: Hand):
    hand.rush("pen", [(0.2, 0.5, 0.1), (0.5, 0.5, 0.5), (0.8, 0.5, 1.0)])
    assert hand.received(strokes=1)["widths"] == [0.594, 1.0, 1.5]


def test_the_right_button_does_not_draw(hand: Hand):
    hand.canvas.click(button="right")
    hand.stroke((0.3, 0.3))
    assert hand.received(strokes=1)["starts"] == [[0.3, 0.3]]


def test_a_wider_brush_leaves_more_ink(hand: Hand):
    hand.page.get_by_label("Brush").fill("0.108")
    hand.stroke((0.5, 0.5))
    assert hand.received(strokes=1)["ink"] == pytest.approx(math.pi * 0.054**2, rel=0.05)


# ---- Undo, redo, clear, eraser -------------------------------------------------------------------


def test_undo_redo_and_clear_reach_python_and_are_disabled_when_they_do_nothing(hand: Hand):
    undo, redo, clear = hand.button("Undo"), hand.button("Redo"), hand.button("Clear")
    for button in (undo, redo, clear):
        expect(button).to_be_disabled()
    hand.stroke((0.2, 0.2), (0.2, 0.8))
    hand.stroke((0.8, 0.2), (0.8, 0.8))
    hand.received(strokes=2)
    undo.click()
    hand.received(strokes=1)
    undo.click()
    hand.received(strokes=0, blank=True)
    expect(undo).to_be_disabled()
    redo.click()
    redo.click()
    hand.received(strokes=2)
    expect(redo).to_be_disabled()
    clear.click()
    hand.received(strokes=0, blank=True)
    expect(clear).to_be_disabled()
    undo.click()
    hand.received(strokes=2)


def test_the_eraser_takes_ink_away(hand: Hand):
    hand.stroke((0.2, 0.5), (0.8, 0.5))
    ink = hand.received(strokes=1)["ink"]
    hand.button("Eraser").click()
    expect(hand.button("Eraser")).to_have_attribute("aria-pressed", "true")
    hand.stroke((0.5, 0.3), (0.5, 0.7))
    assert 0 < hand.received(strokes=2, erasers=1)["ink"] < ink
    hand.button("Eraser").click()
    hand.stroke((0.1, 0.1))
    hand.received(strokes=3, erasers=1)


# ---- Fingers -------------------------------------------------------------------------------------


class Fingers:
    """Real touches, as a touch screen would report them."""

    def __init__(self, hand: Hand):
        self.hand = hand
        self.screen: CDPSession = hand.page.context.new_cdp_session(hand.page)

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        points = []
        for i, place in enumerate(places):
            x, y = self.hand.at(*place)
            points.append({"x": x, "y": y, "id": i})
        self.screen.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points}
        )


@pytest.fixture
def phone(new_page: Callable[..., Page], serve: Callable[[str], str]) -> Iterator[Fingers]:
    page = new_page(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=3,
    )
    yield Fingers(opened(page, serve))


def scrolled(page: Page) -> float:
    return page.get_by_test_id("stMain").evaluate("(main) => main.scrollTop")


def test_one_finger_draws_and_does_not_scroll(phone: Fingers):
    phone.touch("Start", (0.5, 0.8))
    for i in range(1, 11):
        phone.touch("Move", (0.5, 0.8 - 0.06 * i))
    phone.touch("End")
    drawing = phone.hand.received(strokes=1)
    assert drawing["starts"][0] == pytest.approx([0.5, 0.8], abs=0.01)
    assert drawing["ends"][0] == pytest.approx([0.5, 0.2], abs=0.01)
    assert scrolled(phone.hand.page) == 0


@pytest.mark.parametrize("drawn_before", [0, 0.05, 0.2])
def test_two_fingers_scroll_the_page_and_take_the_stroke_back(phone: Fingers, drawn_before: float):
    """Whether the second finger comes with the first one or when that has begun to draw."""
    page = phone.hand.page
    left, right = phone.hand.at(0.3, 0.75), phone.hand.at(0.6, 0.75)
    phone.touch("Start", (0.3, 0.75 + drawn_before))
    if drawn_before:
        phone.touch("Move", (0.3, 0.75))
        expect(phone.hand.button("Undo")).to_be_enabled()
    phone.touch("Start", (0.3, 0.75), (0.6, 0.75))
    for i in range(1, 21):
        points = [{"x": x, "y": y - 12 * i, "id": n} for n, (x, y) in enumerate((left, right))]
        phone.screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    phone.touch("End")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 150")
    expect(phone.hand.button("Undo")).to_be_disabled()
    page.get_by_test_id("stMain").evaluate("(main) => main.scrollTo(0, 0)")
    # One finger draws again afterwards, and Python sees that stroke alone.
    phone.touch("Start", (0.5, 0.5))
    phone.touch("End")
    phone.hand.received(strokes=1)


def test_everything_fits_a_phone_and_buttons_are_large_enough_for_a_finger(phone: Fingers):
    page = phone.hand.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("Undo", "Redo", "Clear", "Eraser"):
        box = phone.hand.button(name).bounding_box()
        assert box is not None and box["height"] >= 44 and box["x"] + box["width"] <= 390
    brush = page.get_by_role("slider", name="Brush").bounding_box()
    assert brush is not None and brush["height"] >= 44 and brush["width"] >= 200
    assert phone.hand.canvas.evaluate("(c) => c.width / c.getBoundingClientRect().width") == (
        pytest.approx(3, abs=0.02)
    )


# ---- Keys ----------------------------------------------------------------------------------------


def test_the_keyboard_draws_erases_undoes_and_clears(hand: Hand):
    press = hand.page.keyboard.press
    spoken = hand.page.get_by_role("status").filter(has_text=re.compile("."))
    hand.canvas.focus()
    press("ArrowUp")
    expect(spoken).to_have_text("Row 14, column 15, empty")
    press("Space")
    expect(spoken).to_have_text("Inked row 14, column 15.")
    drawing = hand.received(strokes=1, points=1)
    assert drawing["starts"][0] == pytest.approx([14.5 / 28, 13.5 / 28], abs=0.001)
    press("ArrowRight")
    press("ArrowLeft")
    expect(spoken).to_have_text("Row 14, column 15, ink")
    press("Shift+Space")
    expect(spoken).to_have_text("Erased row 14, column 15.")
    hand.received(strokes=2, erasers=1, ink=0.0)
    press("Control+z")
    expect(spoken).to_have_text("Undone.")
    hand.received(strokes=1)
    press("Control+y")
    hand.received(strokes=2)
    press("Control+z")
    press("Control+Shift+Z")
    expect(spoken).to_have_text("Redone.")
    hand.received(strokes=2)
    press("Delete")
    expect(spoken).to_have_text("Cleared.")
    hand.received(strokes=0, blank=True)


def test_space_held_down_draws_a_line_along_the_arrows(hand: Hand):
    keyboard = hand.page.keyboard
    hand.canvas.focus()
    keyboard.down("Space")
    for _ in range(5):
        keyboard.press("ArrowDown")
    keyboard.up("Space")
    drawing = hand.received(strokes=1)
    assert drawing["ends"][0][1] - drawing["starts"][0][1] == pytest.approx(5 / 28, abs=0.002)


def test_the_cursor_shows_for_the_keyboard_only_and_stays_on_the_grid(hand: Hand):
    cell = hand.page.locator(".cell")
    hand.stroke((0.5, 0.5))
    expect(cell).to_be_hidden()
    for _ in range(20):
        hand.page.keyboard.press("ArrowLeft")
    expect(cell).to_be_visible()
    box, (left, _) = cell.bounding_box(), hand.at(0, 0)
    assert box is not None and box["x"] == pytest.approx(left, abs=1)
    assert hand.page.evaluate("window.scrollY") == 0
