"""Who may command a run, and what a page says while its server is gone. Relies on Streamlit handing
over the cookies of a page's first request, and on the connection state it writes on the app."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT, start_server, wait_idle
from tests.browser.expecting import expect
from tests.load.served import free_port, wait_until_healthy

Serve = Callable[[str | Path], str]
ENDLESS = "?epochs=1000&units1=8"  # minutes on any machine


def start(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    wait_idle(page)
    return page


def run_link(page: Page) -> str:
    match = re.search(r"run=[0-9a-f]{32}", page.url)
    assert match is not None
    return page.url.split("?")[0] + "?" + match[0]


def test_a_pupil_watches_the_teachers_run_and_starts_one_of_their_own(
    serve: Serve, new_page: Callable[..., Page]
) -> None:
    teacher = opened(new_page(), serve("app.py") + ENDLESS)
    start(teacher)
    pupil = opened(new_page(), f"{run_link(teacher)}&{ENDLESS[1:]}")
    expect(pupil.get_by_text(re.compile("Training · "))).to_be_visible()
    for name in ("Pause", "Stop", "Rewind", "One batch"):
        expect(pupil.get_by_role("button", name=name)).to_be_disabled()
    pupil.get_by_role("button", name="Start a new run").click()
    pupil.wait_for_url(lambda url: run_link(teacher).split("=")[1] not in url)
    wait_idle(pupil)
    expect(teacher.get_by_role("button", name="Pause")).to_be_enabled()
    expect(teacher.get_by_text(re.compile("Training · "))).to_be_visible()
    for page in (pupil, teacher):
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text(re.compile("Stopped · "))).to_be_visible()


def test_who_began_a_run_commands_it_after_a_reload_and_in_a_second_tab(
    serve: Serve, new_page: Callable[..., Page]
) -> None:
    first = opened(new_page(), serve("app.py") + ENDLESS)
    start(first)
    first.reload()
    wait_idle(first)
    expect(first.get_by_role("button", name="Pause")).to_be_enabled()
    second = opened(first.context.new_page(), run_link(first))
    second.get_by_role("button", name="Pause").click()
    expect(first.get_by_role("button", name="Resume")).to_be_visible()
    second.get_by_role("button", name="Stop").click()
    expect(first.get_by_text(re.compile("Stopped · "))).to_be_visible()
    # A tab that shows an ended run notices that another one lets it go on.
    second.get_by_role("button", name="Go on").click()
    expect(first.get_by_text(re.compile("Training · "))).to_be_visible()
    first.get_by_role("button", name="Stop").click()


def test_the_second_link_hands_over_the_command(
    serve: Serve, new_page: Callable[..., Page]
) -> None:
    teacher = opened(new_page(), serve("app.py") + ENDLESS)
    start(teacher)
    teacher.get_by_role("button", name="Share this run").click()
    links = teacher.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    expect(links).to_have_count(2, timeout=120_000)  # as long as an action may take
    assert "command" not in links.nth(0).inner_text()
    helper = opened(new_page(), links.nth(1).inner_text().replace("\n", ""))
    assert "command" not in helper.url
    helper.get_by_role("button", name="Stop").click()
    expect(teacher.get_by_text(re.compile("Stopped · "))).to_be_visible()


def test_a_double_click_on_start_begins_one_run(
    serve: Serve, new_page: Callable[..., Page]
) -> None:
    page = opened(new_page(own=True), serve("app.py") + ENDLESS)
    seen: set[str] = set()
    page.on("framenavigated", lambda frame: seen.update(re.findall(r"run=(\w+)", frame.url)))
    page.get_by_role("button", name="Start", exact=True).dblclick()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    wait_idle(page)
    seen.update(re.findall(r"run=(\w+)", page.url))
    assert len(seen) == 1
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile("Stopped · "))).to_be_visible()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[str, Callable[[], subprocess.Popen[bytes]]]]:
    """An address, and start() -> a server there that a test may kill; all have the same runs."""
    port, servers = free_port(), []

    def start() -> subprocess.Popen[bytes]:
        servers.append(start_server(ROOT / "app.py", port, tmp_path))
        wait_until_healthy(f"http://localhost:{port}", servers[-1])
        return servers[-1]

    yield f"http://localhost:{port}", start
    for server in servers:
        server.kill()
        server.wait()


def test_a_page_says_that_the_server_is_gone_and_its_run_goes_on_later(
    mortal: tuple[str, Callable[[], subprocess.Popen[bytes]]], browser: Browser
) -> None:
    # Not new_page: a server that is killed is an error in the console, and should be.
    address, start_again = mortal
    server = start_again()
    page = browser.new_context().new_page()
    opened(page, address + ENDLESS)
    start(page)
    expect(page.get_by_text(re.compile("After epoch"))).to_be_visible()
    banner = page.get_by_text("The server does not answer")
    expect(banner).to_be_hidden()
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    expect(banner).to_be_visible()
    start_again()
    expect(banner).to_be_hidden()
    page.reload()
    wait_idle(page)
    expect(page.get_by_text(re.compile("Interrupted · "))).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text(re.compile("Training · "))).to_be_visible()
    page.context.close()
