"""The confusion matrix in a real browser: what its cells say, and all ways to choose one."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from mnist_core.evaluation.answers import Answers, answers_of
from mnist_core.evaluation.scores import confusion_matrix
from tests.browser.expecting import expect

APP = "tests/browser/apps/confusion_app.py"
PATIENCE = 60_000  # milliseconds, on however busy a machine
Serve = Callable[[str], str]


@pytest.fixture(scope="module")
def mlp() -> Answers:
    return answers_of(load_model("mlp"), load_mnist().test)


def cell(page: Page, label: int, prediction: int) -> Locator:
    row = page.get_by_role("grid").locator("tbody tr").nth(label)
    return row.get_by_role("gridcell").nth(prediction)


def worst_cell(answers: Answers) -> tuple[int, int, Array]:
    """The cell with the most mistakes: label, prediction, numbers of its images."""
    counts = confusion_matrix(answers.predictions, answers.labels)
    np.fill_diagonal(counts, 0)
    label, prediction = (int(place) for place in np.unravel_index(counts.argmax(), counts.shape))
    return label, prediction, answers.taken_for(label, prediction)


def test_every_cell_says_its_count(page: Page, serve: Serve, mlp: Answers) -> None:
    page.goto(serve(APP))
    expect(page.get_by_role("gridcell")).to_have_count(100, timeout=PATIENCE)
    counts = confusion_matrix(mlp.predictions, mlp.labels)
    texts = page.get_by_role("gridcell").all_inner_texts()
    assert texts == [f"{n:,}" if n else "" for n in counts.ravel()]
    page.get_by_text("Shares").click()
    expect(page.get_by_text("read as → in % of each digit's images")).to_be_visible()
    expect(cell(page, 0, 0)).to_have_text(f"{100 * counts[0, 0] / counts[0].sum():.1f}")
    name = re.compile(rf"^{counts[4, 9]} images? of a 4 read as a 9$")
    expect(cell(page, 4, 9)).to_have_accessible_name(name)


def test_a_cell_is_chosen_and_let_go_by_pointer_and_by_the_page(page: Page, serve: Serve) -> None:
    page.goto(serve(APP))
    cell(page, 7, 2).click()
    expect(page.get_by_text("chosen (7, 2)")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Choose 4 and 9").click()
    expect(page.get_by_text("chosen (4, 9)")).to_be_visible(timeout=PATIENCE)
    expect(cell(page, 4, 9)).to_have_attribute("aria-selected", "true")
    expect(cell(page, 7, 2)).to_have_attribute("aria-selected", "false")
    expect(page.get_by_text("Choose the cell again to let it go.")).to_be_visible()
    cell(page, 4, 9).click()
    expect(page.get_by_text("chosen None")).to_be_visible(timeout=PATIENCE)


def test_keys_go_from_cell_to_cell_and_stop_at_the_edges(
    page: Page, serve: Serve, mlp: Answers
) -> None:
    page.goto(serve(APP))
    label, prediction, _ = worst_cell(mlp)
    first = page.locator('td[tabindex="0"]')
    expect(first).to_have_count(1, timeout=PATIENCE)
    first.focus()
    expect(cell(page, label, prediction)).to_be_focused()
    for key, place in (
        ("Home", (label, 0)),
        ("ArrowLeft", (label, 0)),
        ("End", (label, 9)),
        ("ArrowUp", (label - 1, 9)),
        ("ArrowDown", (label, 9)),
    ):
        page.keyboard.press(key)
        expect(cell(page, *place)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_text(f"chosen ({label}, 9)")).to_be_visible(timeout=PATIENCE)
    expect(cell(page, label, 9)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(page.get_by_text("chosen None")).to_be_visible(timeout=PATIENCE)
