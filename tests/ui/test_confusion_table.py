"""The confusion matrix on its way to the browser: what stands in its cells, and who chose one.
What the browser makes of it is tested in browser/test_confusion_table.py.
"""

from typing import Any

import numpy as np
import pytest

from mnist_core.arrays import Array
from tests.ui.tools import give_session
from ui.components.confusion_table import Cell, confusion_table

COUNTS = np.zeros((10, 10), np.int64)
COUNTS[4, [4, 9]] = 1_500, 500
COUNTS[8, [8, 3, 0]] = 2, 1, 0


class Page:
    """A page with the table on it, and what it has been sent last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session: dict = {}
        self.messages: list[dict[str, Any]] = []
        door = "ui.components.confusion_table"
        give_session(monkeypatch, door, self.session)
        monkeypatch.setattr(f"{door}._mount", lambda *, data, **_: self.messages.append(data))

    def run(
        self, chosen: Cell | None = None, *, counts: Array = COUNTS, shares: bool = False
    ) -> Cell | None:
        return confusion_table(counts, chosen=chosen, key="k", shares=shares, description="some")

    def reader_chooses(self, cell: object, at: float) -> None:
        self.session["k"] = {"chosen": {"cell": cell, "at": at}}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


@pytest.mark.parametrize("shape", [(10,), (9, 10), (10, 9), (10, 10, 1), ()])
def test_another_shape_than_ten_by_ten_is_refused(shown: Page, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="10 digits by 10"):
        shown.run(counts=np.zeros(shape))


def test_cells_hold_counts_and_nothing_where_nothing_is(shown: Page) -> None:
    shown.run()
    texts = shown.messages[-1]["texts"]
    assert (texts[4][4], texts[4][9], texts[8][3], texts[8][0]) == ("1,500", "500", "1", "")
    assert {text for row in (0, 1, 2) for text in texts[row]} == {""}
    assert shown.messages[-1]["counts"] == COUNTS.tolist()


def test_shares_are_of_the_images_of_the_true_digit(shown: Page) -> None:
    shown.run(shares=True)
    texts = shown.messages[-1]["texts"]
    assert (texts[4][4], texts[4][9]) == ("75.0", "25.0")
    assert (texts[8][8], texts[8][3], texts[8][0]) == ("66.7", "33.3", "")
    assert set(texts[0]) == {""}  # there is no image of a 0


def test_what_the_page_chooses_is_shown_until_the_reader_chooses(shown: Page) -> None:
    assert shown.run((4, 9)) == (4, 9)
    shown.reader_chooses([8, 3], at=1.5)
    assert shown.run((4, 9)) == (8, 3)
    assert (shown.messages[-1]["chosen"], shown.messages[-1]["heard"]) == ((8, 3), 1.5)
    assert shown.run((8, 3)) == (8, 3)


def test_the_page_may_choose_another_after_the_reader(shown: Page) -> None:
    shown.reader_chooses([8, 3], at=1.5)
    shown.run()
    assert shown.run((4, 9)) == (4, 9)
    assert shown.messages[-1]["chosen"] == (4, 9)


def test_the_reader_lets_the_cell_go(shown: Page) -> None:
    shown.reader_chooses([8, 3], at=1.5)
    shown.run()
    shown.reader_chooses(None, at=2.5)
    assert shown.run((8, 3)) is None
    assert shown.messages[-1]["chosen"] is None


def test_a_choice_is_heard_even_if_the_first_run_is_broken_off(
    shown: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(**_: object) -> None:
        raise InterruptedError

    shown.reader_chooses([8, 3], at=1.5)
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr("ui.components.confusion_table._mount", broken_off)
        shown.run()
    assert shown.run() == (8, 3)


def test_a_table_that_was_away_shows_what_the_page_still_wants(shown: Page) -> None:
    shown.reader_chooses([8, 3], at=1.5)
    shown.run()
    shown.session.pop("k")  # what the browser says of a component is forgotten once it is away
    assert shown.run((8, 3)) == (8, 3)


@pytest.mark.parametrize("cell", [[10, 0], [0, -1], [1.5, 2], [1], [1, 2, 3], "49", {"row": 4}])
def test_what_is_no_cell_chooses_none(shown: Page, cell: object) -> None:
    shown.reader_chooses(cell, at=1.5)
    assert shown.run() is None
