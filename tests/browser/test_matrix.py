"""The matrix and the bars in a real browser: choosing, and what the page chooses."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocket, WebSocketRoute

from tests.browser.conftest import settled, wait_idle, wait_until
from tests.browser.expecting import expect
from tests.browser.test_accessibility import FITS, found_in_components
from ui.components.matrix.numbers import coded
from ui.components.tiles import colour_table

APP = "tests/browser/apps/matrix_app.py"
PATIENCE = 30_000  # milliseconds, on however busy a machine
NUMBERS = 64 * 784 * 5  # bytes of the largest matrix: codes and numbers

Serve = Callable[[str], str]


def open_matrix(page: Page, serve: Serve, query: str = "") -> Locator:
    """The matrix of the app, once it is there."""
    page.goto(f"{serve(APP)}/?{query}")
    field = page.get_by_role("application", name="Weights of the hidden layer")
    expect(field).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    return field


def said(field: Locator) -> Locator:
    """The line that says what is chosen."""
    return field.page.locator(".matrix").filter(has=field).locator(".status")


def heard(page: Page, words: str) -> Locator:
    """What the page writes once Python has heard."""
    return page.get_by_text(words, exact=True)


def click(field: Locator, row: int, column: int, shape: tuple[int, int] = (64, 28)) -> None:
    """Click into the middle of a cell."""
    box = settled(field.locator("canvas"))
    x, y = ((at + 0.5) / n for at, n in zip((column, row), shape[::-1], strict=True))
    field.click(position={"x": x * box["width"], "y": y * box["height"]})


def dots(field: Locator, x: int, y: int, width: int, height: int) -> np.ndarray:
    """Colours of the canvas, uint8 (height, width, 3)."""
    read = "(c, [x, y, w, h]) => [...c.getContext('2d').getImageData(x, y, w, h).data]"
    data = field.locator("canvas").evaluate(read, [x, y, width, height])
    return np.array(data, np.uint8).reshape(height, width, 4)[..., :3]


def watch(page: Page) -> None:
    """Have all that the first line says from now on written down."""
    page.evaluate("""() => {
      window.lines = [];
      const line = [...document.querySelectorAll("*")]
        .map((e) => e.shadowRoot?.querySelector(".status")).find((e) => e);
      new MutationObserver(() => window.lines.push(line.textContent))
        .observe(line, { childList: true, characterData: true, subtree: true });
    }""")


def columns_said(page: Page) -> list[int]:
    """The columns that the watched line has named, one after the other."""
    return [int(re.findall(r"pixel (\d+)", line)[0]) for line in page.evaluate("lines")]


def as_bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


def test_a_click_chooses_outlines_and_says_the_number(page, serve):
    field = open_matrix(page, serve)
    expect(said(field)).to_contain_text("Click or tap a weight")
    values = np.random.default_rng(0).normal(0, 0.1, (64, 28)).astype(np.float32)
    click(field, 5, 14)
    number = f"{values[5, 14]:.6g}".replace("-", "−")
    expect(said(field)).to_have_text(f"hidden unit 5, pixel 14: {number}")
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    inner, outer = field.locator(".chosen").bounding_box(), field.locator("canvas").bounding_box()
    assert inner is not None and outer is not None
    assert inner["y"] - outer["y"] == pytest.approx(5 * outer["height"] / 64)
    assert inner["x"] - outer["x"] == pytest.approx(14 * outer["width"] / 28)


def test_keys_choose_and_stay_within_the_matrix(page, serve):
    field = open_matrix(page, serve)
    field.focus()
    for keys, cell in (
        ("ArrowDown", (0, 0)),  # the first key chooses the first number
        ("ArrowRight", (0, 1)),
        ("ArrowLeft ArrowLeft ArrowUp", (0, 0)),
        ("PageDown", (10, 0)),
        ("End ArrowRight", (10, 27)),
        ("Control+End", (63, 27)),
        ("PageDown", (63, 27)),
        ("PageUp", (53, 27)),
        ("Shift+ArrowLeft", (53, 17)),
        ("Home", (53, 0)),
        ("Control+Home", (0, 0)),
    ):
        for key in keys.split():
            page.keyboard.press(key)
        expect(said(field)).to_contain_text(f"hidden unit {cell[0]}, pixel {cell[1]}: ")
        expect(said(field)).to_have_attribute("aria-live", "polite")
    expect(heard(page, "chosen (0, 0)")).to_be_visible()


def test_it_is_one_tab_stop(page, serve):
    field = open_matrix(page, serve)
    field.focus()
    page.keyboard.press("Tab")
    following = page.get_by_role("application", name="Gradient of the logits")
    expect(following).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(field).to_be_focused()


def test_the_page_chooses_and_the_reader_goes_on_from_there(page, serve):
    field = open_matrix(page, serve)
    click(field, 5, 14)
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    page.get_by_role("button", name="Choose the last").click()
    expect(said(field)).to_contain_text("hidden unit 63, pixel 27: ")
    expect(heard(page, "chosen (63, 27)")).to_be_visible()
    field.focus()
    page.keyboard.press("ArrowLeft")
    expect(said(field)).to_contain_text("hidden unit 63, pixel 26: ")
    expect(heard(page, "chosen (63, 26)")).to_be_visible()
    page.get_by_role("button", name="Choose the last").click()
    expect(said(field)).to_contain_text("hidden unit 63, pixel 27: ")


def test_an_answer_that_is_late_takes_nothing_back(page, serve):
    field = open_matrix(page, serve)
    watch(page)
    field.focus()
    for _ in range(28):
        page.keyboard.press("ArrowRight", delay=60)  # Python hears of some, while others follow
    expect(heard(page, "chosen (0, 27)")).to_be_visible()
    wait_idle(page)
    assert columns_said(page) == list(range(28))


def test_an_order_that_is_late_takes_nothing_back(new_page, serve):
    """The page chooses while the reader goes on: what its reader does last is what counts."""
    page = new_page(own=True)
    held: list[str | bytes] = []
    holding = False

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda frame: held.append(frame) if holding else socket.send(frame))
        release.append(lambda: [socket.send(frame) for frame in held])

    release: list[Callable[[], object]] = []
    page.route_web_socket(re.compile("/_stcore/stream"), between)
    field = open_matrix(page, serve)
    click(field, 5, 14)
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    watch(page)
    holding = True
    page.get_by_role("button", name="Choose the last").click()
    wait_until(page, lambda: b"(63, 27)" in b"".join(map(as_bytes, held)))
    field.focus()
    page.keyboard.press("ArrowRight")
    holding = False
    release[-1]()
    expect(heard(page, "chosen (5, 15)")).to_be_visible()
    assert columns_said(page) == [15]


def test_the_choice_is_still_there_when_the_matrix_comes_back(page, serve):
    field = open_matrix(page, serve)
    click(field, 5, 14)
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    page.get_by_text("Something else").click()
    expect(field).to_have_count(0)
    page.get_by_text("Something else").click()
    expect(said(field)).to_contain_text("hidden unit 5, pixel 14: ")
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    field.focus()
    page.keyboard.press("ArrowRight")
    expect(heard(page, "chosen (5, 15)")).to_be_visible()


def test_the_choice_stays_when_the_numbers_change(page, serve):
    field = open_matrix(page, serve)
    click(field, 1, 3)
    before = said(field).inner_text()
    page.get_by_label("Digit").fill("3")
    page.keyboard.press("Enter")
    expect(said(field)).not_to_have_text(before)
    expect(said(field)).to_contain_text("hidden unit 1, pixel 3: ")
    expect(said(field)).to_have_attribute("aria-live", "off")  # nobody has asked


def test_a_choice_does_not_bring_the_numbers_again(page, serve):
    sizes: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))

    page.once("websocket", listen)
    field = open_matrix(page, serve, "rows=64&columns=784")
    assert sum(sizes) > NUMBERS
    sizes.clear()
    field.focus()
    page.keyboard.press("ArrowRight")
    expect(heard(page, "chosen (0, 0)")).to_be_visible()
    wait_idle(page)
    assert sum(sizes) < NUMBERS / 5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_canvas_shows_the_colours_of_the_tiles(new_page, serve, theme):
    page = new_page(color_scheme=theme)
    field = open_matrix(page, serve)
    values = np.random.default_rng(0).normal(0, 0.1, (64, 28)).astype(np.float32)
    values[0, 0] = np.nan
    codes, _ = coded(values, diverging=True)
    table = colour_table(theme)
    shown = dots(field, 8, 8, 48, 60)
    expected = table[codes[4:34, 4:28].astype(int) + 128].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(shown, expected)


def test_what_is_missing_zero_or_tiny_can_be_told_apart(page, serve):
    field = open_matrix(page, serve)
    table = colour_table("light").tolist()
    grey, zero = table[0], table[128]
    assert dots(field, 0, 0, 2, 2).tolist() == [[zero, grey], [grey, zero]]
    assert dots(field, 54, 0, 1, 1).tolist() == [[zero]]
    assert dots(field, 54, 6, 1, 1).tolist() == [[table[129]]]
    click(field, 0, 0)
    expect(said(field)).to_have_text("hidden unit 0, pixel 0: not a number (NaN)")
    click(field, 0, 27)
    expect(said(field)).to_have_text("hidden unit 0, pixel 27: 0")
    click(field, 3, 27)
    expect(said(field)).to_have_text("hidden unit 3, pixel 27: 0.000001")


def test_of_very_many_numbers_it_says_about(page, serve):
    field = open_matrix(page, serve, "rows=64&columns=1024")
    field.focus()
    page.keyboard.press("Control+End")
    expect(said(field)).to_contain_text(
        re.compile(r"^hidden unit 63, pixel 1,023: about −?0\.\d+$")
    )
    click(field, 3, 0, (64, 1024))
    expect(said(field)).to_contain_text(re.compile(r"pixel 0: between 0 and 0\.\d+$"))


def test_a_window_counts_as_the_larger_matrix_does(page, serve):
    field = open_matrix(page, serve, "rows=10&columns=64&first=576")
    click(field, 2, 10, (10, 64))
    expect(said(field)).to_contain_text("hidden unit 2, pixel 586: ")
    expect(heard(page, "chosen (2, 586)")).to_be_visible()


def test_bars_are_chosen_and_read_like_a_matrix(page, serve):
    open_matrix(page, serve)
    field = page.get_by_role("application", name="Gradient of the logits")
    click(field, 0, 1, (1, 10))
    expect(said(field)).to_have_text("digit d1: −1")
    expect(heard(page, "bar 1")).to_be_visible()
    for words in ("d2: 0", "d3: 1e−9", "d4: not a number (NaN)", "d5: 0.25"):
        page.keyboard.press("ArrowRight")
        expect(said(field)).to_have_text(f"digit {words}")
    page.keyboard.press("End")
    expect(heard(page, "bar 9")).to_be_visible()


def test_bars_reach_from_zero_in_the_direction_of_their_sign(page, serve):
    open_matrix(page, serve)
    field = page.get_by_role("application", name="Gradient of the logits")
    table = colour_table("light")
    canvas = field.locator("canvas")
    width, height = canvas.evaluate("c => [c.width, c.height]")
    for bar, value in {0: 0.5, 1: -1, 7: 0.75, 9: 1}.items():
        x = int((bar + 0.5) * width / 10)
        near, far = (int(height / 2 * (1 - share * value)) for share in (0.9, 1.1))
        colour = table[128 + round(127 * value)]
        np.testing.assert_array_equal(dots(field, x, near, 1, 1)[0, 0], colour)
        if abs(value) < 0.9:
            assert not dots(field, x, far, 1, 1).any()  # nothing is drawn there


@pytest.mark.parametrize("query", ["rows=64&columns=784", "rows=10&columns=640&blocks=10"])
def test_on_a_narrow_screen_it_scrolls_within_itself(new_page, serve, query):
    page = new_page(viewport={"width": 390, "height": 800}, has_touch=True)
    field = open_matrix(page, serve, query)
    assert page.evaluate(FITS)
    scroller = page.locator(".scroller").filter(has=field)
    assert scroller.evaluate("s => s.scrollWidth > s.clientWidth")
    field.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    at_its_end = "s => s.scrollLeft + s.clientWidth > s.scrollWidth - 20"
    page.wait_for_function(at_its_end, arg=scroller.element_handle(), timeout=PATIENCE)
    box = field.locator(".chosen").bounding_box()
    assert box is not None and 0 < box["x"] < 390
    wait_idle(page)  # what was chosen by key has been answered ...
    settled(field)  # ... and moves nothing any more
    field.tap(position={"x": 3, "y": 3})
    expect(said(field)).to_contain_text("hidden unit 0, pixel 0: ")
    page.get_by_role("button", name="One row down").first.tap()
    page.get_by_role("button", name="One column to the right").first.tap()
    expect(said(field)).to_contain_text("hidden unit 1, pixel 1: ")


def test_blocks_are_outlined_where_they_begin(page, serve):
    field = open_matrix(page, serve, "rows=10&columns=640&blocks=10")
    cell = field.locator("canvas").evaluate("c => c.clientWidth / 640")
    blocks = field.locator(".blocks")
    expect(blocks).to_have_css("background-size", f"{10 * cell:g}px 100%, 100% {10 * cell:g}px")


def test_axe_finds_nothing_in_light_and_dark(page, serve):
    field = open_matrix(page, serve)
    click(field, 5, 14)
    expect(heard(page, "chosen (5, 14)")).to_be_visible()
    assert found_in_components(page) == []
