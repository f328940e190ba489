"""Images to step through in a real browser: what is shown, and all ways to choose one."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect

APP = "tests/browser/apps/image_browser_app.py"
PATIENCE = 30_000  # milliseconds until an answer has to have come, on however busy a machine
LARGE_MESSAGE = 50_000  # bytes: fewer than the images take
Serve = Callable[[str], str]
TEST = load_mnist().test


@pytest.fixture(scope="module")
def mistakes() -> Array:
    """Numbers of the test images that the shipped MLP misreads."""
    read = load_model("mlp").predict_proba(TEST.images).argmax(axis=1)
    return np.flatnonzero(read != TEST.labels)


def opened(page: Page, serve: Serve, query: str = "") -> Locator:
    """The app's small images, with the keyboard in them."""
    page.goto(f"{serve(APP)}/?{query}")
    images = page.get_by_role("option")
    expect(images.first).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    page.get_by_role("listbox").focus()
    return images


def pixels(canvas: Locator) -> Array:
    """What a canvas of 28 x 28 shows, uint8 (28, 28)."""
    dots = "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data)"
    return np.array(canvas.evaluate(dots), np.uint8).reshape(28, 28, 4)[..., 0]


def expect_shown(page: Page, number: int, position: str) -> None:
    """The page shows this test image large, without having to ask the server."""
    expect(page.locator(".here")).to_have_text(position)
    expect(page.locator(".title")).to_have_text(f"Test image {number:,}")
    expect(page.locator(".label")).to_have_text(f"labelled {TEST.labels[number]}")
    np.testing.assert_array_equal(pixels(page.locator(".picture")), TEST.images[number])
    name = re.compile(f"^Test image {number:,};")
    expect(page.get_by_role("option", selected=True)).to_have_accessible_name(name)


def expect_heard(page: Page, number: int) -> None:
    """Python has heard that this test image is chosen."""
    words = page.get_by_text(re.compile(f"^chosen {number}, heard"))
    expect(words).to_be_visible(timeout=PATIENCE)


def test_the_first_mistake_is_shown_with_what_is_read_in_it(page, serve, mistakes):
    images = opened(page, serve)
    expect(page.get_by_role("listbox")).to_have_accessible_name("Test images: Mistakes")
    expect(images).to_have_count(len(mistakes))
    expect_shown(page, mistakes[0], f"1 of {len(mistakes)}")
    probabilities = load_model("mlp").predict_proba(TEST.images[mistakes[:1]])[0]
    read, label = probabilities.argmax(), TEST.labels[mistakes[0]]
    says = f"reads {read}, {100 * probabilities[read]:.1f}\N{NO-BREAK SPACE}%"
    expect(page.locator(".reads")).to_have_text(f"{says} · × wrong")
    expect(page.locator(".bar.best")).to_have_text(str(read))
    expect(page.locator(".bar.labelled")).to_have_text(str(label))
    caption = images.first.locator(".caption")
    expect(caption).to_have_attribute("data-sign", f"{label}→{read}")
    expect(images.first).to_have_accessible_name(re.compile(f"; MLP {says}, wrong$"))
    np.testing.assert_array_equal(pixels(images.first.locator("canvas")), TEST.images[mistakes[0]])


def test_arrows_step_at_once_and_python_hears(page, serve, mistakes):
    opened(page, serve)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect_shown(page, mistakes[3], f"4 of {len(mistakes)}")
    expect_heard(page, mistakes[3])
    page.keyboard.press("ArrowLeft")
    expect_heard(page, mistakes[2])
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")  # there is nothing before it
    expect_heard(page, mistakes[0])
    expect(page.get_by_role("listbox")).to_be_focused()


def test_rows_and_pages_are_stepped_within_the_grid(page, serve, mistakes):
    images = opened(page, serve)
    rows = images.evaluate_all("tiles => tiles.map((tile) => tile.offsetTop)")
    columns = rows.count(rows[0])
    page.keyboard.press("ArrowDown")
    expect_shown(page, mistakes[columns], f"{columns + 1} of {len(mistakes)}")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageDown")
    expect(page.locator(".here")).to_have_text(f"{4 * columns + 1} of {len(mistakes)}")
    page.keyboard.press("End")
    expect_shown(page, mistakes[-1], f"{len(mistakes)} of {len(mistakes)}")
    expect(images.last).to_be_in_viewport(ratio=1)
    page.keyboard.press("PageUp")
    expect(page.locator(".here")).to_have_text(f"{len(mistakes) - 4 * columns} of {len(mistakes)}")
    assert page.evaluate("document.querySelector('.stMain').scrollTop") == 0


def test_buttons_step_say_so_and_keep_the_focus_at_the_ends(page, serve, mistakes):
    images = opened(page, serve)
    back, forth = (page.get_by_role("button", name=name) for name in ("Previous", "Next"))
    expect(back).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("End")
    back.click()
    expect_shown(page, mistakes[-2], f"{len(mistakes) - 1} of {len(mistakes)}")
    spoken = re.compile(f"^Test image {mistakes[-2]:,}; .*; {len(mistakes) - 1} of")
    expect(page.locator(".spoken")).to_have_text(spoken)
    forth.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(forth).to_be_focused()
    expect(forth).to_have_attribute("aria-disabled", "true")
    expect_heard(page, mistakes[-1])
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_focused()
    active = page.get_by_role("listbox").get_attribute("aria-activedescendant")
    assert active == images.last.get_attribute("id")


def test_the_page_chooses_and_no_older_choice_comes_back(page, serve, mistakes):
    images = opened(page, serve)
    for place in (5, 5, 7):
        images.nth(place).click()
        expect_shown(page, mistakes[place], f"{place + 1} of {len(mistakes)}")
        expect_heard(page, mistakes[place])
        page.get_by_role("button", name="To the third").click()
        expect_heard(page, mistakes[2])
        expect_shown(page, mistakes[2], f"3 of {len(mistakes)}")


def test_an_order_that_is_late_takes_nothing_back(new_page, serve, mistakes):
    """The page chooses while the reader goes on: what its reader does last is what counts."""
    page = new_page(own=True)
    held: list[str | bytes] = []
    holding = False
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()
        server.on_message(lambda frame: held.append(frame) if holding else socket.send(frame))

    page.route_web_socket(re.compile("/_stcore/stream"), between)
    images = opened(page, serve)
    images.nth(5).click()
    expect_heard(page, mistakes[5])
    holding = True
    page.get_by_role("button", name="To the third").click()
    ordered = re.compile(rb'"ordered":\[\d+,2\]')
    while not any(ordered.search(frame) for frame in held if isinstance(frame, bytes)):
        page.wait_for_timeout(20)
    page.get_by_role("listbox").focus()
    page.keyboard.press("ArrowRight")
    holding = False
    for frame in held:
        sockets[-1].send(frame)
    expect_heard(page, mistakes[6])
    expect_shown(page, mistakes[6], f"7 of {len(mistakes)}")


def test_other_images_begin_at_the_first_and_lie_in_sight(page, serve, mistakes):
    images = opened(page, serve)
    page.keyboard.press("End")
    expect_heard(page, mistakes[-1])
    page.get_by_text("Of fours").click()
    fours = mistakes[TEST.labels[mistakes] == 4]
    expect(images).to_have_count(len(fours), timeout=PATIENCE)
    expect_shown(page, fours[0], f"1 of {len(fours)}")
    expect(images.first).to_be_in_viewport(ratio=1)
    images.nth(1).click()
    expect_heard(page, fours[1])
    page.get_by_text("Mistakes").click()
    expect(images).to_have_count(len(mistakes), timeout=PATIENCE)
    expect_shown(page, mistakes[0], f"1 of {len(mistakes)}")


def test_another_network_joins_and_the_choice_stays(page, serve, mistakes):
    images = opened(page, serve)
    images.nth(5).click()
    expect_heard(page, mistakes[5])
    page.get_by_text("Both networks").click()
    expect(page.locator(".reader")).to_have_count(2, timeout=PATIENCE)
    expect(page.locator(".name")).to_have_text(["MLP", "CNN"])
    expect_shown(page, mistakes[5], f"6 of {len(mistakes)}")
    read = load_model("cnn").predict_proba(TEST.images[mistakes]).argmax(axis=1)
    both_wrong = int(np.count_nonzero(read != TEST.labels[mistakes]))
    assert 0 < both_wrong < len(mistakes)
    expect(page.locator(".tile[data-verdict=wrong]")).to_have_count(both_wrong)
    expect(page.locator(".signs")).to_have_text("✓ both networks right · × both networks wrong")


def test_a_thousand_images_are_painted_when_they_come_near_and_sent_once(page, serve):
    sizes: list[int] = []
    page.once(
        "websocket", lambda socket: socket.on("framereceived", lambda f: sizes.append(len(f)))
    )
    images = opened(page, serve, "images=1000")
    expect(images).to_have_count(1_000)
    assert max(sizes) > 784_000
    assert not pixels(images.last.locator("canvas")).any()
    sizes.clear()
    page.keyboard.press("End")
    expect_shown(page, 999, "1,000 of 1,000")
    expect_heard(page, 999)
    wait_idle(page)
    assert sizes
    assert max(sizes) < LARGE_MESSAGE
    small = images.last.locator("canvas").element_handle()
    painted = (
        "c => c.getContext('2d').getImageData(0, 0, 28, 28).data.some((v, i) => i % 4 < 3 && v)"
    )
    page.wait_for_function(painted, arg=small, timeout=PATIENCE)
    np.testing.assert_array_equal(pixels(images.last.locator("canvas")), TEST.images[999])


def test_a_finger_chooses_on_a_telephone(new_page, serve, mistakes):
    page = new_page(viewport={"width": 390, "height": 900}, has_touch=True, device_scale_factor=2)
    images = opened(page, serve, "both")
    images.nth(3).tap()
    expect_shown(page, mistakes[3], f"4 of {len(mistakes)}")
    page.get_by_role("button", name="Next").tap()
    expect_shown(page, mistakes[4], f"5 of {len(mistakes)}")
    expect_heard(page, mistakes[4])
    for target in (*page.locator(".steps button").all(), images.first):
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    main = page.locator(".stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
