"""A run in a line: its name and settings in words, how far it came, and its size on disk.
A list of many is made of one query of the index; no folder is read for it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from mnist_core.runs.rows import CURVE_POINTS, RunRow, results_of
from mnist_core.runs.state import RunState
from mnist_core.runs.status import ENDED, RunStatus
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import in_few_words

if TYPE_CHECKING:
    from mnist_core.runs.store import RunStore


@dataclass(frozen=True)
class RunSummary:
    """What a list says of a run.

    `name` is its own, or is made of its settings. `best_accuracy` (0..1) is the best on validation
    images, None before the end of the first epoch; `epochs` have ended. `curve` has some of the
    validation accuracies, evenly spread; none of a row that an older version has written. `created`
    is in seconds since 1970, `size` in bytes, None if unknown. `goes_on`: some process works on it,
    or will.
    """

    id: str
    name: str
    config: TrainConfig
    status: RunStatus
    message: str
    epochs: int
    best_accuracy: float | None
    curve: tuple[float, ...]
    created: float
    size: int | None
    goes_on: bool
    owner: str

    @classmethod
    def of_row(cls, row: RunRow, *, goes_on: bool) -> Self:
        """The run of that row. What went on when its server died was interrupted."""
        status = row.status
        if not goes_on and status not in (*ENDED, "paused"):
            status = "interrupted"
        return cls(
            row.id, row.name or in_few_words(row.config), row.config, status, row.message,
            created=row.created, size=row.size, goes_on=goes_on, owner=row.owner,
            **_numbers(row.results),
        )  # fmt: skip

    def updated(self, state: RunState, *, goes_on: bool) -> Self:
        """The same run, as the server that worked on it last knows it."""
        numbers = _numbers(results_of(state))
        return replace(self, status=state.status, message=state.message, goes_on=goes_on, **numbers)


def summaries(store: "RunStore", visitor: str | None = None) -> list[RunSummary]:
    """All runs, or those that a visitor began, newest first."""
    return [_of_row(store, row) for row in store.rows(visitor)]


def summary_of(store: "RunStore", id: str) -> RunSummary:
    """One run; KeyError if there is none of that id."""
    row = store.row(id)
    if row is None:
        raise KeyError(id)
    return _of_row(store, row)


def _of_row(store: "RunStore", row: RunRow) -> RunSummary:
    return RunSummary.of_row(row, goes_on=row.status not in ENDED and store.elsewhere(row))


def _numbers(results: dict[str, Any]) -> dict[str, Any]:
    """What a summary has of a row's results, which anybody may have written."""
    epochs, best = results.get("epoch"), results.get("best_accuracy")
    return {
        "epochs": epochs if type(epochs) is int else 0,
        "best_accuracy": best if type(best) is float else None,
        "curve": _curve(results.get("curve")),
    }


def _curve(values: Any) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) > CURVE_POINTS:
        return ()
    fine = all(type(value) is float and 0 <= value <= 1 for value in values)
    return tuple(values) if fine else ()
