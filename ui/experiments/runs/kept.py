"""What is done with the runs that the server keeps for this visitor, and why not, in sentences."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO
from typing import cast

import streamlit as st

from mnist_core.data.zip_files import ArchiveError
from mnist_core.experiments.export import FORMATS
from mnist_core.runs.archive import refuse_large
from mnist_core.runs.commands import Command
from mnist_core.runs.listing import RunSummary
from mnist_core.runs.receipt import Receipt
from mnist_core.runs.rows import RunRow
from mnist_core.runs.state import RunView
from mnist_core.training.checkpoint import load_trained
from ui.choices import EXPERIMENTS
from ui.components.visitor import visitor
from ui.session import pool, show_run

PROBLEM = EXPERIMENTS.key("runs_problem")  # why what was asked for last was not done
DELETED = EXPERIMENTS.key("runs_deleted")  # ids and names of what was deleted last
GONE = "the run is no longer there: it was removed to make room for others"
# That a browser may send: the server has all of it in memory, and .streamlit/config.toml a limit.
MAX_ZIP_BYTES = 94 * 2**20
UNREADABLE = (KeyError, OSError)  # a run that is gone, and an index that can't be read
REASONS = (KeyError, ValueError, OSError, RuntimeError)  # of the store and the pool


def why(error: Exception) -> str:
    """One of REASONS in words."""
    return GONE if isinstance(error, KeyError) else str(error)


def attempt(action: Callable[[], object], place: str = PROBLEM) -> None:
    """Do something; if it can't be done, a place of the page says why until the next attempt."""
    forget_problem(place)
    try:
        action()
    except REASONS as error:
        st.session_state[place] = f"That could not be done, since {why(error)}."


def problem(place: str = PROBLEM) -> str:
    """Why what was asked for last was not done; "" if it was."""
    return st.session_state.get(place, "")


def forget_problem(place: str = PROBLEM) -> None:
    """Something else is looked at now."""
    st.session_state[place] = ""


# Looking.


def listed() -> list[RunSummary]:
    """This visitor's runs, the newest first; OSError if the index can't be read."""
    return pool().listed(visitor())


def summary(id: str) -> RunSummary | None:
    """Any run, as a list would have it; None if there is none of that id that can be read."""
    try:
        return pool().summary(id)
    except UNREADABLE:
        return None


def view_of(id: str) -> RunView | None:
    """All that is known of a run, without a sign of life; None if it is there no more."""
    try:
        handle = pool().get(id)
        return handle.peek() if handle else None
    except UNREADABLE:
        return None


def watch(id: str) -> None:
    """Give a sign of life for a run, which would pause if nobody looked at it."""
    with suppress(*UNREADABLE):
        if handle := pool().get(id):
            handle.watch()


def may_command(id: str) -> bool:
    """Whether the visitor may pause, stop or resume a run."""
    try:
        handle = pool().get(id, visitor=visitor())
        return handle is not None and handle.may_command
    except UNREADABLE:
        return False


def now() -> float:
    """The time that ages of runs are counted from, in seconds since 1970."""
    return pool().store.now()


# Changing.


def rename(id: str, name: str) -> None:
    """Give a run a name; ValueError with a sentence for one that can be none."""
    pool().store.shelf.rename(id, name, visitor())


def command(id: str, what: Command) -> None:
    """Tell a run something."""
    handle = pool().get(id, visitor=visitor())
    if handle is None:
        raise KeyError(id)
    handle.send(what)


def longer(id: str, epochs: int) -> None:
    """Go on with a finished run for so many epochs, as a new one, which pages then show."""
    show_run(pool().longer(id, epochs, visitor()).id)


def delete(runs: Sequence[RunSummary]) -> None:
    """Lay runs aside, and remember which, so that all of them come back by one press."""
    gone: list[tuple[str, str]] = []
    st.session_state[DELETED] = gone
    for run in runs:
        pool().delete(run.id, visitor())
        gone.append((run.id, run.name))


def just_deleted() -> list[tuple[str, str]]:
    """Ids and names of the runs that were deleted last and are not back."""
    return cast(list[tuple[str, str]], st.session_state.get(DELETED, []))


def restore(ids: Sequence[str]) -> None:
    """Bring deleted runs back."""
    for id in ids:
        pool().store.shelf.restore(id, visitor())
        st.session_state[DELETED] = [one for one in just_deleted() if one[0] != id]


def deleted() -> list[RunRow]:
    """The runs that can be restored, the last deleted first."""
    return pool().store.shelf.deleted(visitor())


def bring_in(content: bytes) -> tuple[RunRow, tuple[str, ...]]:
    """Take in a run from a ZIP: see Shelf.bring_in; ValueError with a sentence if it is refused."""
    try:
        return pool().store.shelf.bring_in(content, visitor())
    except ArchiveError as error:
        raise ValueError(f"the file can't be used: {error}") from error


# Taking along.


def receipt(id: str) -> Receipt:
    """How to have a run again; KeyError if it is gone, ValueError if it has no checkpoint yet."""
    return pool().store.shelf.receipt(id)


def has_checkpoint(id: str) -> bool:
    """Whether there is anything to take along."""
    return pool().store.files(id).checkpoint.is_file()


def why_no_archive(run: RunSummary) -> str:
    """Why a run can't be had as a ZIP; "" if it can."""
    try:
        refuse_large(run.config)
    except ArchiveError as error:
        return str(error)
    return ""


def archive(id: str) -> bytes:
    """The run as a ZIP."""
    file = BytesIO()
    pool().store.shelf.export(id, file)
    return file.getvalue()


def network_file(id: str, form: str) -> bytes:
    """The network of the run's last checkpoint in one of FORMATS."""
    checkpoint, model = load_trained(pool().store.files(id).checkpoint)
    return FORMATS[form].content(checkpoint, model)
