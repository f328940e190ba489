"""A Streamlit server and a real Chromium for the tests of this folder.
A page whose console shows an error fails its test, whatever else the test looked at."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    FloatRect,
    Locator,
    Page,
    sync_playwright,
)

from tests.browser.expecting import expect
from tests.browser.pages import Pages
from tests.load.served import free_port, wait_until_healthy

ROOT = Path(__file__).parents[2]
# The first that is there: the same browser without windows takes a third less of the processor.
CHROMIUM = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTLED_WITHIN = 30  # seconds, on however busy a machine


def wait_idle(page: Page) -> None:
    """Waits until the app's script has run to its end."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | Path], str]]:
    """serve(path of an app) -> its address. Each app is started once, and stopped at the end."""
    runs = tmp_path_factory.mktemp("runs")
    addresses: dict[Path, str] = {}
    servers: list[subprocess.Popen[bytes]] = []

    def address_of(app: str | Path) -> str:
        path = (ROOT / app).resolve()
        if path not in addresses:
            port = free_port()
            servers.append(start_server(path, port, runs))
            addresses[path] = f"http://localhost:{port}"
            wait_until_healthy(addresses[path], servers[-1])
        return addresses[path]

    yield address_of
    for server in servers:
        server.terminate()
        server.wait()


def start_server(app: Path, port: int, runs: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}"]
    command += ["--server.headless=true", "--server.fileWatcherType=none"]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
        "DIGIT_LAB_RUNS": str(runs),
        "DIGIT_LAB_PAUSE_AFTER": "30",  # what a failed test left must not slow down the others
    }
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    named = os.environ.get("CHROMIUM")
    paths = [path for path in ([named] if named else CHROMIUM) if Path(path).exists()]
    if not paths:
        if os.environ.get("DIGIT_LAB_REQUIRE_BROWSER") or os.environ.get("CI"):
            pytest.fail("no Chromium, and browser tests must not be skipped here")
        pytest.skip("no Chromium (apt install chromium, or set CHROMIUM)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=paths[0], args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(browser: Browser) -> Iterator[Pages]:
    """The browser's pages, which tests use one after the other."""
    pages = Pages(browser)
    yield pages
    pages.close()


@contextmanager
def watched_pages(pages: Pages, *, but_for: str | None = None) -> Iterator[Callable[..., Page]]:
    """new_page(**options) -> a page as good as new whose console must stay free of errors.

    The options are those of a browser's context; with `own` no other test uses the page, and it
    may be changed for good (scripts, routes, the clock). `but_for` is what an error may have in it.
    """
    errors: list[str] = []
    taken: list[Page] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error":
            errors.append(line.text)

    def catch(error: Error) -> None:
        errors.append(str(error))

    def make(**options: Any) -> Page:
        page = pages.take(**options)
        page.on("console", hear)
        page.on("pageerror", catch)
        taken.append(page)
        return page

    yield make
    for page in taken:
        page.remove_listener("console", hear)
        page.remove_listener("pageerror", catch)
        pages.give_back(page)
    assert [error for error in errors if not but_for or but_for not in error] == []


@pytest.fixture
def new_page(pages: Pages) -> Iterator[Callable[..., Page]]:
    """new_page(**options) -> a page as good as new, with cookies of its own: see watched_pages."""
    with watched_pages(pages) as new_page:
        yield new_page


@pytest.fixture
def new_page_below(pages: Pages) -> Iterator[Callable[..., Page]]:
    """As new_page, for addresses below the root, where Streamlit first asks in a wrong place."""
    with watched_pages(pages, but_for="404 (Not Found)") as new_page:
        yield new_page


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A desk's page as good as new, where nothing moves by itself."""
    return new_page()


@pytest.fixture
def moving_page(new_page: Callable[..., Page]) -> Page:
    """A desk's page as good as new, where things may move."""
    return new_page(reduced_motion="no-preference")


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Returns once it is true, while the browser goes on."""
    give_up = time.monotonic() + SETTLED_WITHIN
    while not condition():
        assert time.monotonic() < give_up
        page.wait_for_timeout(20)


def settled(place: Locator) -> FloatRect:
    """Where something stands when its place and size change no more: they follow the page's."""
    sizes: list[FloatRect | None] = []

    def is_settled() -> bool:
        place.page.evaluate("() => new Promise((told) => requestAnimationFrame(told))")
        sizes.append(place.bounding_box())
        return len(sizes) > 9 and sizes[-1] is not None and sizes[-10:] == [sizes[-1]] * 10

    wait_until(place.page, is_settled)
    box = sizes[-1]
    assert box is not None
    return box
