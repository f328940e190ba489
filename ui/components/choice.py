"""What is chosen among many: by the reader in the browser, or by the page.

The browser goes ahead: it counts what its reader chooses, and Python answers with the count that it
has heard of. So an answer that is late never takes back what the reader has chosen since.
"""

from dataclasses import dataclass, replace
from typing import Any

Cell = tuple[int, int]  # row and column of a matrix; or a set of images and a place in it
NOWHERE: Cell = (-1, -1)  # chosen so that nothing is: it is never among what is shown


@dataclass(frozen=True)
class Choice:
    """The chosen cell, and what has been said about it between browser and page."""

    cell: Cell | None = None
    heard: int = 0  # how many choices of the reader's the page has heard of
    orders: int = 0  # how often the page has chosen another cell than the reader
    ordered: Cell | None = None  # the last of these
    ordered_at: int = 0  # what the page had heard by then

    def after(self, answer: object, wanted: Cell | None) -> "Choice":
        """The choice once the browser's answer [row, column, count] and the page's wish are known.

        What the page has not heard of yet goes before its own wish.
        """
        match answer:
            case [int(row), int(column), int(count)] if count > self.heard:
                return replace(self, cell=(row, column), heard=count)
        if wanted is None or wanted == self.cell:
            return self
        return replace(
            self, cell=wanted, orders=self.orders + 1, ordered=wanted, ordered_at=self.heard
        )

    def told(self) -> dict[str, Any]:
        """What the browser is told. What its reader chooses is left out: the browser knows it, and
        a message that stays the same need not travel again."""
        return {"orders": self.orders, "ordered": self.ordered, "ordered_at": self.ordered_at}

    def within(self, shape: Cell, first: Cell) -> Cell | None:
        """The cell, if it is one of those shown: so many rows and columns from the first on."""
        if self.cell is None:
            return None
        places = zip(self.cell, first, shape, strict=True)
        return self.cell if all(low <= at < low + size for at, low, size in places) else None
