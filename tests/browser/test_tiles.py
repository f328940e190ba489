"""The tiles in a real browser, while they change twice a second.
The choice, the focus and the scroll position must survive what arrives from the server.
"""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.expecting import expect
from ui.components.tiles import colour_table, quantise

APP = "tests/browser/apps/tiles_app.py"
PATIENCE = 30_000  # milliseconds until an update has to have come, on however busy a machine

# Tile 0 of the app never changes.
STILL_TILE = np.random.default_rng(0).normal(size=(1, 28, 28)).astype(np.float32)


def open_tiles(page: Page, serve: Callable[[str], str], query: str = "") -> Locator:
    """The tiles of the app, once the first of them are there."""
    page.goto(f"{serve(APP)}/?{query}")
    tiles = page.get_by_role("option")
    expect(tiles.first).to_be_visible(timeout=PATIENCE)
    return tiles


def wait_for_updates(page: Page, count: int = 3) -> None:
    """Returns when the tiles have been sent `count` more times."""
    update = "() => Number(document.body.innerText.match(/update (\\d+),/)[1])"
    page.wait_for_function(f"before => ({update})() >= before", arg=page.evaluate(update) + count)


def expect_chosen(page: Page, unit: int) -> None:
    """Both sides, the page and the server, have chosen this unit and no other."""
    expect(page.get_by_text(re.compile(rf"chosen {unit}$"))).to_be_visible(timeout=PATIENCE)
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_accessible_name(re.compile(f"^hidden unit {unit},"))


def box_of(locator: Locator) -> dict[str, float]:
    """Where it is on the screen, in CSS pixels: x, y, width, height."""
    box = locator.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def first_picture(page: Page) -> np.ndarray:
    """What the canvas shows of the tile in the first place, uint8 (28, 28, 3)."""
    dots = page.locator("canvas.strip").first.evaluate(
        "strip => Array.from(strip.getContext('2d').getImageData(0, 0, 28, 28).data)"
    )
    return np.array(dots, np.uint8).reshape(28, 28, 4)[..., :3]


def test_a_click_chooses_and_the_choice_outlives_live_updates(page, serve):
    tiles = open_tiles(page, serve)
    tiles.nth(12).click()
    expect_chosen(page, 12)
    wait_for_updates(page)
    expect_chosen(page, 12)
    tiles.nth(40).click()
    expect_chosen(page, 40)


def test_keys_move_the_focus_and_choose_while_tiles_change(page, serve):
    tiles = open_tiles(page, serve)
    tiles.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(tiles.nth(17)).to_be_focused()
    wait_for_updates(page)
    expect(tiles.nth(17)).to_be_focused()
    page.keyboard.press("Enter")
    expect_chosen(page, 17)
    page.keyboard.press("End")
    page.keyboard.press("Space")
    expect_chosen(page, 63)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")  # there is nothing above
    expect(tiles.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile("chosen None$"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("option", selected=True)).to_have_count(0)


def test_one_tab_stop_leads_to_the_tile_last_used(page, serve):
    tiles = open_tiles(page, serve)
    tiles.nth(20).click()
    page.keyboard.press("Tab")
    expect(tiles.nth(20)).not_to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(tiles.nth(20)).to_be_focused()


def test_every_tile_says_what_it_is(page, serve):
    tiles = open_tiles(page, serve)
    expect(page.get_by_role("listbox")).to_have_accessible_name("Weights of the hidden units")
    expect(tiles).to_have_count(64)
    number = r"\d+(\.\d+)?"
    for unit, words in ((0, ""), (3, "dead, "), (5, "saturated, "), (7, "off, ")):
        name = re.compile(rf"^hidden unit {unit}, {words}largest weight in size {number}$")
        expect(tiles.nth(unit)).to_have_accessible_name(name)
    expect(tiles.nth(3)).to_contain_text("dead")
    expect(tiles.nth(7)).to_contain_text("off")


def test_a_single_weight_is_read_by_keys_and_by_pointer(page, serve):
    tiles = open_tiles(page, serve)
    status = page.locator(".status")
    tiles.first.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    codes, steps, _ = quantise(STILL_TILE)
    value = f"{codes[0, 15, 14] * steps[0]:.3g}".replace("-", "−")
    expect(status).to_contain_text(f"weight in row 15, column 14: {value}")
    wait_for_updates(page)
    expect(status).to_contain_text("row 15, column 14")
    box = box_of(tiles.first.locator(".picture"))
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    expect(status).to_contain_text("hidden unit 0 · weight in row 0, column 0:")


def test_a_new_order_keeps_choice_and_focus_with_the_unit(page, serve):
    tiles = open_tiles(page, serve)
    tiles.nth(12).click()
    expect_chosen(page, 12)
    page.get_by_text("Reversed").click()
    expect(tiles.first).to_have_accessible_name(re.compile("^hidden unit 63,"), timeout=PATIENCE)
    expect_chosen(page, 12)
    expect(tiles.nth(51)).to_have_attribute("aria-selected", "true")
    expect(tiles.nth(51)).to_have_attribute("tabindex", "0")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_canvas_shows_the_colours_of_the_table(new_page, serve, theme):
    page = new_page(color_scheme=theme)
    open_tiles(page, serve)
    codes = quantise(STILL_TILE).codes[0].astype(int)
    np.testing.assert_array_equal(first_picture(page), colour_table(theme)[codes + 128])


def test_a_tile_that_has_not_changed_is_not_drawn_again(page, serve):
    open_tiles(page, serve)
    strip = page.locator("canvas.strip").first
    strip.evaluate("strip => strip.getContext('2d').fillRect(0, 0, 70, 28)")  # over two tiles
    wait_for_updates(page)
    assert not first_picture(page).any()
    second = strip.evaluate("strip => strip.getContext('2d').getImageData(45, 14, 1, 1).data[0]")
    assert second > 0


def test_scrolling_within_the_grid_outlives_live_updates(page, serve):
    open_tiles(page, serve, "units=256&height=300")
    scroller = page.locator(".scroller")
    scroller.evaluate("scroller => { scroller.scrollTop = 200; }")
    wait_for_updates(page)
    assert scroller.evaluate("scroller => scroller.scrollTop") == 200


def test_a_narrow_screen_gets_tiles_that_can_be_touched(new_page, serve):
    page = new_page(viewport={"width": 390, "height": 800}, has_touch=True, device_scale_factor=2)
    tiles = open_tiles(page, serve, "labels=1")
    for tile in (tiles.first, tiles.nth(8)):
        assert box_of(tile)["width"] >= 32
        assert box_of(tile)["height"] >= 32
    assert box_of(tiles.nth(8))["x"] == box_of(tiles.first)["x"]  # eight in a row
    tiles.nth(9).tap()
    expect_chosen(page, 9)
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide)


def test_a_thousand_tiles_are_chosen_from_as_well(page, serve):
    tiles = open_tiles(page, serve, "units=1024")
    expect(tiles).to_have_count(1024)
    expect(page.locator("canvas.strip")).to_have_count(32)  # one canvas a row
    tiles.first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect_chosen(page, 1023)


def test_a_single_tile_can_be_shown(page, serve):
    tiles = open_tiles(page, serve, "units=1&scale=shared")
    expect(tiles).to_have_count(1)
    largest = float(np.abs(STILL_TILE).max())
    expect(page.locator(".legend")).to_contain_text(f"+{largest:.3g}")
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".status")).to_contain_text("row 14, column 14")


def test_updates_that_overtake_each_other_leave_one_grid(page, serve):
    tiles = open_tiles(page, serve, "period=0.01")
    tiles.nth(12).click()
    wait_for_updates(page, 20)
    expect(tiles).to_have_count(64)
    expect_chosen(page, 12)
