"""The Weights page in a real Chromium: the time machine, the gallery while a run learns, saving."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.conftest import wait_idle, watched_pages
from tests.browser.expecting import expect
from tests.browser.pages import Pages
from tests.browser.test_train import (
    LONG,
    PATIENCE,
    Serve,
    parent_in,
    press,
    start,
    status,
    workers_below,
)
from ui.components.tiles import Theme, colour_table

SIDES = ("Top", "Right", "Bottom", "Left")
HEADINGS = {"Train": "learn to read digits", "Draw": "what you draw", "Weights": "looks for"}


def go_to(page: Page, name: str) -> None:
    """Another page, once it is there: a click on what is about to go would reach nobody."""
    page.get_by_role("link", name=name, exact=True).click()
    heading = page.get_by_role("heading", level=1, name=HEADINGS[name])
    expect(heading).to_be_visible(timeout=PATIENCE)


def gallery(page: Page) -> Locator:
    """The units as tiles; the network picture has them too."""
    tiles = page.get_by_role("listbox", name=re.compile("^Weights of the "))
    return tiles.get_by_role("option")


def stop(page: Page) -> None:
    go_to(page, "Train")
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def shown_step(page: Page) -> int:
    """The step that the time machine says it shows."""
    words = page.get_by_text(re.compile(r"^Step [\d,]+ \(epoch")).inner_text()
    return int(words.split()[1].replace(",", ""))


def mark(page: Page) -> Locator:
    """The line on the curves at the step that is shown."""
    return page.locator("svg[aria-label^='accuracy'] .mark")


def move_to(page: Page, share: float) -> None:
    """Click the slider at a share of its length."""
    slider = page.get_by_role("slider", name="Step of the run")
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": share * box["width"], "y": box["height"] / 2})


@pytest.fixture(scope="module")
def ended_run(pages: Pages, serve: Serve) -> str:
    """The address of the Weights page with a small run that has ended."""
    with watched_pages(pages) as new_page:
        page = new_page()
        page.goto(serve("app.py") + "/?epochs=4&train_size=2%2C000")
        wait_idle(page)
        press(page, "Start")
        expect(status(page)).to_contain_text("Finished", timeout=PATIENCE)
        go_to(page, "Weights")
        expect(page).to_have_url(re.compile("/weights.*run="), timeout=PATIENCE)
        return page.url


@pytest.fixture
def ended(new_page_below: Callable[..., Page], ended_run: str) -> Page:
    """The Weights page with a small run that has ended."""
    page = new_page_below()
    page.goto(ended_run)
    expect(page.get_by_text("the newest, live")).to_be_visible(timeout=PATIENCE)
    wait_idle(page)
    return page


def test_the_slider_moves_step_mark_and_answers_and_live_goes_back(ended: Page) -> None:
    last, at_the_end = shown_step(ended), mark(ended).get_attribute("d")
    assert last == 128 and at_the_end is not None
    move_to(ended, 0.02)
    expect(ended.get_by_text("chosen; ")).to_be_visible(timeout=PATIENCE)
    expect(mark(ended)).not_to_have_attribute("d", at_the_end, timeout=PATIENCE)
    early = shown_step(ended)
    assert early < last / 8
    expect(ended.get_by_text(f"at step {early}", exact=False).first).to_be_visible()
    press(ended, "Live")
    expect(ended.get_by_text("the newest, live")).to_be_visible(timeout=PATIENCE)
    expect(mark(ended)).to_have_attribute("d", at_the_end, timeout=PATIENCE)


def test_the_slider_is_moved_by_keyboard(ended: Page) -> None:
    slider = ended.get_by_role("slider", name="Step of the run")
    slider.focus()
    ended.keyboard.press("Home")
    expect(ended.get_by_text("Step 0 (epoch 0.00), chosen")).to_be_visible(timeout=PATIENCE)


def test_playing_goes_through_the_snapshots_and_ends_live(ended: Page) -> None:
    press(ended, "Play")
    expect(ended.get_by_text("chosen; ")).to_be_visible(timeout=PATIENCE)
    expect(ended.get_by_role("button", name="Stop playing")).to_be_visible(timeout=PATIENCE)
    ended.get_by_text("10x", exact=True).click()
    expect(ended.get_by_text("the newest, live")).to_be_visible(timeout=PATIENCE)
    expect(ended.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=PATIENCE)


def test_grid_film_and_curves_are_saved(ended: Page, tmp_path: Path) -> None:
    ended.get_by_text("Save", exact=True).click()
    for button, begins in (
        ("Network as NPZ", b"PK"),
        ("Grid as PNG", b"\x89PNG"),
        ("Grid forming as WebP", b"RIFF"),
        ("Curves as CSV", b"epoch,"),
        ("Accuracy as SVG", b"<svg "),
    ):
        with ended.expect_download(timeout=PATIENCE) as download:
            ended.get_by_role("button", name=button).click()
        file = tmp_path / "saved"
        download.value.save_as(file)
        assert file.read_bytes().startswith(begins)


def test_a_chosen_unit_stays_chosen_while_the_run_learns(moving_page: Page, serve: Serve) -> None:
    page = moving_page
    start(page, serve("app.py") + LONG)
    go_to(page, "Weights")
    tiles = gallery(page)
    expect(tiles).to_have_count(64, timeout=PATIENCE)
    tiles.nth(5).click()
    before = shown_step(page)
    expect(tiles.nth(5)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text(f"Step {before:,} (epoch")).to_have_count(0, timeout=PATIENCE)
    expect(tiles.nth(5)).to_have_attribute("aria-selected", "true")
    tiles.nth(5).press("ArrowRight")
    page.keyboard.press("Enter")
    expect(tiles.nth(6)).to_have_attribute("aria-selected", "true")
    stop(page)


def test_a_click_on_a_page_that_is_being_left_does_no_harm(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    """Relies on what components/leaving.py names: siblings of the menu that can be made inert."""
    page = new_page(viewport={"width": 1280, "height": 3000})  # the tiles, too, without scrolling
    start(page, serve("app.py") + LONG)
    tile = page.get_by_role("option").nth(5)
    expect(tile).to_be_visible(timeout=PATIENCE)
    place = tile.bounding_box()
    assert place is not None
    with held_up(server_of(workers_below(os.getpid())[0])):
        page.get_by_role("link", name="Weights", exact=True).click(no_wait_after=True)
        page.mouse.click(place["x"] + 5, place["y"] + 5)
    expect(page.get_by_text("the newest, live")).to_be_visible(timeout=PATIENCE)
    expect(gallery(page)).to_have_count(64, timeout=PATIENCE)
    expect(page.get_by_role("option", selected=True)).to_have_count(0)
    gallery(page).nth(5).click()
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    stop(page)


def test_a_run_appears_though_the_page_was_opened_before_its_first_step(
    page: Page, serve: Serve
) -> None:
    page.goto(serve("app.py") + LONG + "&units1=9")
    wait_idle(page)
    press(page, "Start")
    expect(page).to_have_url(re.compile("run="), timeout=PATIENCE)
    go_to(page, "Weights")
    expect(page.get_by_text("the newest, live")).to_be_visible(timeout=PATIENCE)
    expect(gallery(page)).to_have_count(9, timeout=PATIENCE)
    stop(page)


def test_each_choice_in_a_row_has_all_its_edges(
    new_page_below: Callable[..., Page], serve: Serve
) -> None:
    page = new_page_below(viewport={"width": 390, "height": 844})
    page.goto(f"{serve('app.py')}/weights")
    cnn = page.get_by_role("radio", name="CNN")  # beside the one that is chosen
    expect(cnn).to_be_visible()
    edges = [cnn.evaluate(f"e => getComputedStyle(e).border{side}Color") for side in SIDES]
    assert len(set(edges)) == 1 and "0, 0, 0, 0" not in edges[0]


@contextmanager
def held_up(process: int) -> Iterator[None]:
    """A process that does nothing meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def server_of(worker: int) -> int:
    """The process that started a worker."""
    return parent_in(Path(f"/proc/{worker}/stat").read_text())


@pytest.mark.parametrize("network", ["MLP", "CNN"])
def test_nothing_is_wider_than_a_telephone(
    new_page_below: Callable[..., Page], serve: Serve, network: str
) -> None:
    telephone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    page = new_page_below(**telephone, color_scheme="dark")
    page.goto(f"{serve('app.py')}/weights")
    wait_idle(page)
    page.get_by_text(network, exact=True).first.click()
    count = {"MLP": 64, "CNN": 16}[network]
    expect(gallery(page)).to_have_count(count, timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_weights_in_large_have_their_own_rows_and_the_colours_of_the_tiles(
    new_page_below: Callable[..., Page], serve: Serve, theme: Theme
) -> None:
    page = new_page_below(color_scheme=theme)
    page.goto(f"{serve('app.py')}/weights")
    gallery(page).first.click()
    chart = page.locator(".js-plotly-plot").filter(has_text="row")
    expect(chart.locator(".ytitle")).to_be_visible(timeout=PATIENCE)
    assert chart.evaluate("chart => chart._fullLayout.yaxis.range") == [27.5, -0.5]
    assert chart.evaluate("chart => chart._fullLayout.xaxis.range") == [-0.5, 27.5]
    zero = chart.evaluate("chart => new Map(chart.data[0].colorscale).get(0.5)")
    assert zero == "rgb({},{},{})".format(*colour_table(theme)[128])
