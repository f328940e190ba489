"""The Train page in a real Chromium: a run that is started, steered, left, found again and killed.
Each test sets sizes through the link, so that a run is long enough to be steered on any machine."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect

Serve = Callable[[str], str]
LONG = "/?epochs=1000&batch_size=10"  # minutes on any machine
SMALL = LONG + "&units1=8"  # as long, with less to be drawn at each look
BATCHES = 5000  # of an epoch of such a run
PATIENCE = 120_000  # ms: for what takes a moment on a quiet machine


def status(page: Page):
    """The line above the progress bar."""
    return page.get_by_test_id("stProgress")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def step(page: Page) -> int:
    """The step that the status line names."""
    match = re.search(r"step ([\d,]+) of", status(page).inner_text())
    assert match, status(page).inner_text()
    return int(match.group(1).replace(",", ""))


def start(page: Page, address: str, *, until: str = "Training") -> None:
    page.goto(address)
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text(until, timeout=PATIENCE)


def pause(page: Page) -> int:
    """Pause the run; the step it stands at."""
    press(page, "Pause")
    expect(status(page)).to_contain_text("Paused", timeout=PATIENCE)
    return step(page)


def test_start_shows_curves_and_the_network_and_finishes(moving_page: Page, serve: Serve) -> None:
    page = moving_page
    page.goto(serve("app.py") + "/?epochs=2&train_size=2%2C000")
    wait_idle(page)
    press(page, "Start")
    expect(status(page)).to_contain_text("Finished · step 64 of 64", timeout=PATIENCE)
    expect(page.get_by_text("After epoch 2")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    units = page.get_by_role("listbox", name="64 hidden units").get_by_role("option")
    expect(units).to_have_count(64, timeout=PATIENCE)


def test_a_paused_run_goes_on_by_one_batch_and_by_one_epoch(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    before = pause(page)
    press(page, "One batch")
    expect(status(page)).to_contain_text(f"Paused · step {before + 1:,} of", timeout=PATIENCE)
    end_of_epoch = ((before + 1) // BATCHES + 1) * BATCHES
    press(page, "One epoch")
    expect(status(page)).to_contain_text(f"Paused · step {end_of_epoch:,} of", timeout=PATIENCE)
    press(page, "Resume")
    expect(status(page)).to_contain_text("Training", timeout=PATIENCE)
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


# What Streamlit puts off to the next instant at a click comes so late that its timer is sooner.
TIMER_COMES_FIRST = """
const later = window.setTimeout;
let clicked = false;
window.setTimeout = (work, delay, ...more) => later(work, clicked && !delay ? 800 : delay, ...more);
addEventListener("click", () => {
  clicked = true;
  later(() => (clicked = false), 0);
}, true);
"""


def test_a_click_that_a_timer_tells_of_too_is_carried_out_once(
    new_page: Callable[..., Page], serve: Serve
) -> None:
    page = new_page(own=True)
    page.add_init_script(TIMER_COMES_FIRST)
    start(page, serve("app.py") + SMALL)
    before = pause(page)
    for batches in (1, 2):
        press(page, "One batch")
        expect(status(page)).to_contain_text(f"step {before + batches:,} of", timeout=PATIENCE)
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def test_rewind_goes_back_to_the_first_step(page: Page, serve: Serve) -> None:
    """At once, for the run is too short to be asked about, however slow the machine."""
    start(page, serve("app.py") + "/?epochs=2&train_size=2000", until="Finished")
    press(page, "Rewind")
    expect(status(page)).to_contain_text("Paused · step 0 of 64", timeout=PATIENCE)
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def test_the_focus_stays_in_its_place_from_start_to_stop(page: Page, serve: Serve) -> None:
    page.goto(serve("app.py") + SMALL)
    wait_idle(page)
    page.get_by_role("button", name="Start", exact=True).focus()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("Training", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Start a new run")).to_be_focused(timeout=PATIENCE)
    page.get_by_role("button", name="Pause", exact=True).focus()
    for state, button in (("Paused", "Resume"), ("Training", "Pause")):
        page.keyboard.press("Enter")
        expect(status(page)).to_contain_text(state, timeout=PATIENCE)
        expect(page.get_by_role("button", name=button, exact=True)).to_be_focused()
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def test_rewind_asks_in_its_row_and_moves_nothing(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    worth_asking = re.compile(r" ([6-9]|\d\d+)\ss of training")  # "5 s" may be 4.6
    expect(status(page)).to_contain_text(worth_asking, timeout=PATIENCE)
    stays = status(page).bounding_box()
    page.get_by_role("button", name="Rewind", exact=True).focus()
    page.keyboard.press("Enter")
    keep = page.get_by_role("button", name="Keep", exact=True)
    expect(keep).to_be_focused()
    expect(page.get_by_text(re.compile("Rewind deletes .*s of training"))).to_be_visible()
    assert status(page).bounding_box() == stays
    page.keyboard.press("Enter")
    rewind = page.get_by_role("button", name="Rewind", exact=True)
    expect(rewind).to_be_focused()
    expect(status(page)).to_contain_text("Training")
    page.keyboard.press("Enter")
    expect(keep).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(rewind).to_be_focused()
    page.keyboard.press("Enter")
    expect(status(page)).to_contain_text("Paused · step 0 of", timeout=PATIENCE)
    expect(page.get_by_role("button", name="One batch", exact=True)).to_be_focused()
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def test_a_reload_and_a_second_tab_find_the_same_run(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    expect(page).to_have_url(re.compile("run="), timeout=PATIENCE)
    link = page.url
    before = step(page)
    page.reload()
    expect(status(page)).to_contain_text("Training", timeout=PATIENCE)
    assert page.url == link
    assert step(page) >= before
    other = page.context.new_page()
    other.goto(link)
    expect(status(other)).to_contain_text("Training", timeout=PATIENCE)
    page.bring_to_front()  # Chromium draws only the tab in front
    here = pause(page)
    other.bring_to_front()
    expect(status(other)).to_contain_text(f"Paused · step {here:,} of", timeout=PATIENCE)
    press(other, "Stop")
    expect(status(other)).to_contain_text("Stopped", timeout=PATIENCE)


def test_a_run_goes_on_while_another_page_is_read(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    before = step(page)
    page.get_by_role("link", name="Draw").click()
    expect(page.get_by_text("still training")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Train").click()
    expect(status(page)).to_contain_text("Training", timeout=PATIENCE)
    assert step(page) > before
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


def test_a_killed_worker_shows_as_failed_and_can_go_on(page: Page, serve: Serve) -> None:
    start(page, serve("app.py") + SMALL)
    expect(page.get_by_text(re.compile(r"After epoch \d"))).to_be_visible(timeout=PATIENCE)
    run_id = re.search(r"run=([\w-]+)", page.url)
    assert run_id
    workers = workers_below(os.getpid())
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    expect(status(page)).to_contain_text("Failed", timeout=PATIENCE)
    press(page, "Go on")
    expect(status(page)).to_contain_text("Training", timeout=PATIENCE)
    press(page, "Stop")
    expect(status(page)).to_contain_text("Stopped", timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_telephone(
    new_page: Callable[..., Page], serve: Serve, scheme: str
) -> None:
    page = new_page(
        viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True, is_mobile=True
    )
    page.goto(serve("app.py"))
    wait_idle(page)
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def workers_below(ancestor: int) -> list[int]:
    """Processes of training runs that descend from a process."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = parent_in(stat)
        names[int(folder.name)] = command
    found = []
    for process, name in names.items():
        line = process
        while line in parents and line != ancestor:
            line = parents[line]
        if line == ancestor and b"mnist_core.runs.worker" in name:
            found.append(process)
    return found


def parent_in(stat: str) -> int:
    """The parent's number in the text of a process's stat file."""
    return int(stat.rpartition(")")[2].split()[1])  # the name before it may hold spaces
