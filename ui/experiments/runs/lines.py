"""A run in the words of a list."""

from collections.abc import Callable, Sequence

from mnist_core.runs.listing import RunSummary
from mnist_core.training.recipes import in_few_words
from ui.components.run_list import RunLine, State
from ui.experiments.runs.names import shown_name
from ui.run_words import STATUS_WORDS
from ui.settings import run_summary
from ui.words import ago, percent

WENT_WRONG = ("diverged", "failed")
# How a list can be sorted, by the words for it; what is equal stays as it is, the newest first.
SORTS: dict[str, Callable[[RunSummary], object]] = {
    "newest": lambda run: -run.created,
    "best accuracy": lambda run: -(run.best_accuracy or 0),
    "name": lambda run: run.name.casefold(),
}


def in_order(runs: Sequence[RunSummary], sort: str) -> list[RunSummary]:
    """The runs in that order."""
    return sorted(runs, key=SORTS[sort])  # type: ignore[arg-type]


def line_of(run: RunSummary, now: float) -> RunLine:
    """The run as a line; `now` is in seconds since 1970."""
    return RunLine(
        run.id,
        shown_name(run.name),
        other_words(run),
        STATUS_WORDS[run.status],
        _state(run),
        run.curve,
        percent(run.best_accuracy) if run.best_accuracy is not None else "–",
        ago(now - run.created),
        size_in_words(run),
    )


def is_named(run: RunSummary) -> bool:
    """Whether a run has a name of its own."""
    return run.name != in_few_words(run.config)


def other_words(run: RunSummary) -> str:
    """The settings, in other words than the name has where that is made of them."""
    return in_few_words(run.config) if is_named(run) else run_summary(run.config)


def size_in_words(run: RunSummary) -> str:
    """Megabytes on the disk."""
    return "–" if run.size is None else f"{run.size / 2**20:.1f} MB"


def _state(run: RunSummary) -> State:
    if run.goes_on:
        return "on"
    return "bad" if run.status in WENT_WRONG else ""
