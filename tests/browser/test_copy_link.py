"""The button that copies a page's address, as the browser has it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import wait_idle

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
WITH_KEY = "history.replaceState(null, '', location.href + '&command=secret')"


def test_copy_link_copies_the_address_without_a_key_or_shows_it_where_it_may_not(
    serve: Callable[[str | Path], str], new_page: Callable[..., Page]
) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{serve('app.py')}?epochs=7")
    wait_idle(page)
    button = page.get_by_role("button", name="Copy link")
    expect(button).to_be_visible()
    address = page.url
    assert "epochs=7" in address
    page.evaluate(WITH_KEY)
    place = button.bounding_box()
    button.click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert page.locator(".st-key-copy_link button").bounding_box() == place
    page.evaluate(NO_CLIPBOARD)
    page.locator(".st-key-copy_link button").click()
    field = page.get_by_label("Copy this address")
    expect(field).to_be_focused()
    expect(field).to_have_value(address)
    assert page.evaluate("getSelection().toString()") == address
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(button).to_be_focused()
