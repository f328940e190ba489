"""What is below the canvas of the Draw page, in a real Chromium: photographs and own digits."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from mnist_core import load_mnist
from tests.browser.conftest import wait_idle
from tests.browser.expecting import expect
from tests.browser.test_draw import ONE, PATIENCE, Serve, answer, draw, opened

ZERO_TO_FIVE = range(6)


@pytest.fixture
def new_page(new_page_below: Callable[..., Page]) -> Callable[..., Page]:
    """This file's pages are opened by their own addresses."""
    return new_page_below


def look(page: Page, name: str) -> None:
    """Open a closer look."""
    page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name)).first.click()
    wait_idle(page)


@pytest.fixture(scope="module")
def sheet() -> bytes:
    """A page with the digits 0 1 2 in one line and 3 4 5 in the next, as a JPEG."""
    test = load_mnist().test
    images = [test.images[np.flatnonzero(test.labels == digit)[0]] for digit in ZERO_TO_FIVE]
    spaced = np.pad(np.array(images), ((0, 0), (10, 10), (10, 10)))
    lines = [np.concatenate(line, axis=1) for line in (spaced[:3], spaced[3:])]
    paper = Image.fromarray(255 - np.pad(np.concatenate(lines), 30))
    file = io.BytesIO()
    paper.resize((4 * paper.width, 4 * paper.height)).save(file, "JPEG", quality=90)
    return file.getvalue()


def choose_file(page: Page, name: str, kind: str, content: bytes) -> None:
    wait_idle(page)  # an uploader that is about to move would lose the file
    uploader = page.locator("input[type=file]").last
    uploader.set_input_files({"name": name, "mimeType": kind, "buffer": content})


def test_a_page_of_digits_is_read_in_order(page: Page, serve: Serve, sheet: bytes) -> None:
    opened(page, serve)
    look(page, "Photographs and pages")
    choose_file(page, "page.jpg", "image/jpeg", sheet)
    expect(page.get_by_role("heading", name="0 1 2 / 3 4 5")).to_be_visible(timeout=PATIENCE)


def test_a_broken_picture_gets_a_sentence_and_the_next_one_is_read(
    page: Page, serve: Serve, sheet: bytes
) -> None:
    opened(page, serve)
    look(page, "Photographs and pages")
    choose_file(page, "torn.jpg", "image/jpeg", sheet[: len(sheet) // 2])
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible(timeout=PATIENCE)
    assert "Traceback" not in alert.inner_text()
    choose_file(page, "page.jpg", "image/jpeg", sheet)
    expect(page.get_by_role("heading", name="0 1 2 / 3 4 5")).to_be_visible(timeout=PATIENCE)


def test_a_pasted_picture_is_read(page: Page, serve: Serve, sheet: bytes) -> None:
    opened(page, serve)
    look(page, "Photographs and pages")
    expect(page.get_by_text("Or paste a picture")).to_be_visible(timeout=PATIENCE)
    paste(page, sheet)
    expect(page.get_by_role("heading", name="0 1 2 / 3 4 5")).to_be_visible(timeout=PATIENCE)


def test_a_file_that_is_chosen_takes_the_place_of_a_pasted_one(
    page: Page, serve: Serve, sheet: bytes
) -> None:
    opened(page, serve)
    look(page, "Photographs and pages")
    expect(page.get_by_text("Or paste a picture")).to_be_visible(timeout=PATIENCE)
    paste(page, sheet[: len(sheet) // 2])
    expect(page.get_by_role("alert")).to_be_visible(timeout=PATIENCE)
    choose_file(page, "page.jpg", "image/jpeg", sheet)
    expect(page.get_by_role("heading", name="0 1 2 / 3 4 5")).to_be_visible(timeout=PATIENCE)


def test_a_picture_that_is_too_large_is_made_smaller_before_it_is_sent(
    page: Page, serve: Serve, sheet: bytes
) -> None:
    opened(page, serve)
    look(page, "Photographs and pages")
    expect(page.get_by_text("Or paste a picture")).to_be_visible(timeout=PATIENCE)
    megabytes = page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(2400, 2400), pen = canvas.getContext("2d");
          const grain = pen.createImageData(2400, 2400);
          const level = (i) => (i % 4 < 3 ? 240 - Math.random() * 12 : 255);
          grain.data.forEach((_, i) => { grain.data[i] = level(i); });
          pen.putImageData(grain, 0, 0);
          pen.lineWidth = 150;
          [[700, 600], [1700, 600], [1100, 2000]].forEach((place) => pen.lineTo(...place));
          pen.stroke();
          const clipboardData = new DataTransfer();
          const content = await canvas.convertToBlob();
          clipboardData.items.add(new File([content], "seven.png", { type: "image/png" }));
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true });
          document.body.dispatchEvent(paste);
          return content.size / 2 ** 20;
        }"""
    )
    assert megabytes > 5
    expect(page.get_by_role("heading", name="7", exact=True)).to_be_visible(timeout=PATIENCE)
    # Behind a JPEG's end there may be anything: here more than the uploader lets through.
    choose_file(page, "page.jpg", "image/jpeg", sheet + bytes(25 * 2**20))
    expect(page.get_by_role("heading", name="0 1 2 / 3 4 5")).to_be_visible(timeout=PATIENCE)
    page.evaluate(
        """async (bytes) => {
          const small = new Uint8Array(bytes), large = new Uint8Array(25 * 2 ** 20);
          const dataTransfer = new DataTransfer();
          const options = { type: "image/jpeg" };
          dataTransfer.items.add(new File([small, large], "dropped.jpg", options));
          const place = document.querySelector("[data-testid=stFileUploaderDropzone]");
          place.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        list(sheet),
    )
    dropped = page.get_by_test_id("stFileChip").filter(has_text="dropped.jpg")
    expect(dropped).to_contain_text("KB", timeout=PATIENCE)


def paste(page: Page, picture: bytes) -> None:
    """What Ctrl+V does with a picture on the clipboard."""
    page.evaluate(
        """(bytes) => {
          const clipboardData = new DataTransfer();
          const file = new File([new Uint8Array(bytes)], "image.jpg", { type: "image/jpeg" });
          clipboardData.items.add(file);
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true });
          document.body.dispatchEvent(paste);
        }""",
        list(picture),
    )


def test_a_drawing_is_kept_saved_and_brought_back(page: Page, serve: Serve, tmp_path: Path) -> None:
    opened(page, serve)
    draw(page, ONE)
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)
    labels = page.locator(".st-key-it-was")
    labels.get_by_text("1", exact=True).click()
    expect(page.get_by_text("Kept as a 1: 1 in your digits now.")).to_be_visible(timeout=PATIENCE)

    look(page, "Your own digits")
    mine = page.get_by_role("img", name="your 1")
    expect(mine).to_have_count(1, timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as ZIP").click()
    saved = tmp_path / "digits.zip"
    download.value.save_as(saved)
    names = zipfile.ZipFile(saved).namelist()
    assert any(name.endswith(".png") for name in names)

    page.get_by_role("button", name="Empty the collection").click()
    expect(page.get_by_text("Nothing kept yet")).to_be_visible(timeout=PATIENCE)
    choose_file(page, "digits.zip", "application/zip", saved.read_bytes())
    expect(mine).to_have_count(1, timeout=PATIENCE)


def test_a_digit_is_drawn_and_taken_back_by_keyboard(page: Page, serve: Serve) -> None:
    opened(page, serve)
    page.locator("canvas").first.focus()
    for _ in range(20):
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    expect(answer(page)).to_contain_text(re.compile("an? [0-9]"), timeout=PATIENCE)
    page.keyboard.press("Delete")
    expect(answer(page)).to_have_text("Draw a digit", timeout=PATIENCE)
    page.keyboard.press("Control+z")
    expect(answer(page)).to_contain_text(re.compile("an? [0-9]"), timeout=PATIENCE)


def test_undo_and_redo_move_the_answer(page: Page, serve: Serve) -> None:
    opened(page, serve)
    draw(page, ONE)
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(answer(page)).to_have_text("Draw a digit", timeout=PATIENCE)
    page.get_by_role("button", name="Redo").click()
    expect(answer(page)).to_contain_text("a 1", timeout=PATIENCE)
