"""Times several ways of doing the same thing, taking turns, and compares them.
Each way lives in a process of its own, so neither its imports nor its threads touch the others.
"""

import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

# mnist_core is imported from the checkout that this file lies in, wherever it is started from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# Every library that a peer may bring reads one of these when it is imported, and never again.
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

Measurement = Callable[[], float]  # does the work once and returns its seconds


@dataclass(frozen=True)
class Row:
    """One way of doing a table's work.

    `prepare` is called once in the row's own process: it imports what it needs, loads its data
    and returns the measurement. It must be picklable: a function of a module, or a partial of one.
    """

    name: str
    prepare: Callable[[], Measurement]


@dataclass(frozen=True)
class Bar:
    """A promise: the first row takes at most `ratio` times as long as the row `than`."""

    than: str
    ratio: float


@dataclass(frozen=True)
class Table:
    """Rows that do the same work; the others are given as multiples of the first."""

    key: str  # what --only calls it
    title: str
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...] = ()
    at_most: float | None = None  # seconds for the first row
    unit: str = "s"  # or "us"
    threads: int = 1


@dataclass(frozen=True)
class Timing:
    """What was measured of a row: seconds, in the order of measuring; or why nothing was."""

    seconds: tuple[float, ...] = ()
    missing: str = ""

    @property
    def median(self) -> float:
        return median(self.seconds)


def time_in_turns(table: Table, repeats: int) -> dict[str, Timing]:
    """Measure every row `repeats` times by turns, after one round that does not count.

    What slows the machine down for a while thus slows all rows, and the ratios stay.
    """
    with _thread_limit(table.threads):
        workers = {row.name: _Worker(row) for row in table.rows}
    try:
        refusals = {name: worker.ready() for name, worker in workers.items()}
        running = {name: workers[name] for name, refusal in refusals.items() if not refusal}
        seconds: dict[str, list[float]] = {name: [] for name in running}
        for turn in range(repeats + 1):
            for name, worker in running.items():
                measured = worker.measure()
                if turn:
                    seconds[name].append(measured)
    finally:
        for worker in workers.values():
            worker.end()
    return {
        name: Timing(missing=refusal) if refusal else Timing(tuple(seconds[name]))
        for name, refusal in refusals.items()
    }


class _Worker:
    """A process that prepares one row and then measures it on request."""

    def __init__(self, row: Row) -> None:
        context = get_context("spawn")  # a fresh interpreter, on every system
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(row, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def ready(self) -> str:
        """Wait until the row is prepared; the name of the package it lacks, if it does."""
        return self._connection.recv()

    def measure(self) -> float:
        self._connection.send("measure")
        return self._connection.recv()

    def end(self) -> None:
        self._connection.close()  # the process ends when it finds nobody to listen to
        self._process.join()


def _serve(row: Row, connection: Connection) -> None:
    try:
        measurement = row.prepare()
    except ImportError as error:
        connection.send(str(error))
        return
    connection.send("")
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        connection.send(measurement())


@contextmanager
def _thread_limit(threads: int):
    """Processes that are started meanwhile compute with that many threads."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def markdown(table: Table, timings: dict[str, Timing]) -> str:
    """The table as Markdown, and below it which bars are met and which rows are missing."""
    first = table.rows[0].name
    measured = {name: timing for name, timing in timings.items() if not timing.missing}
    lines = [f"### {table.title}", ""]
    if first in measured:
        own = measured[first].median
        lines += [
            f"| | median, {table.unit} | fastest, {table.unit} | times the first row |",
            "|---|--:|--:|--:|",
        ]
        for name, timing in measured.items():
            lines.append(
                f"| {name} | {_in_unit(timing.median, table.unit)} "
                f"| {_in_unit(min(timing.seconds), table.unit)} | {timing.median / own:.2f} |"
            )
        lines.append("")
        for bar in bars(table, timings):
            lines.append(f"- {bar['bar']}: {bar['value']} ({'met' if bar['met'] else 'NOT met'})")
    for name, timing in timings.items():
        if timing.missing:
            lines.append(f"- {name} is left out: {timing.missing}")
    return "\n".join(lines)


def bars(table: Table, timings: dict[str, Timing]) -> list[dict[str, Any]]:
    """Every bar of the table whose rows were measured: in words, the value, and if it is met."""
    first = timings[table.rows[0].name]
    found = []
    if first.missing:
        return found
    if table.at_most is not None:
        found.append(
            {
                "bar": f"at most {_in_unit(table.at_most, table.unit)} {table.unit}",
                "value": f"{_in_unit(first.median, table.unit)} {table.unit}",
                "met": first.median <= table.at_most,
            }
        )
    for bar in table.bars:
        if not timings[bar.than].missing:
            ratio = first.median / timings[bar.than].median
            found.append(
                {
                    "bar": f"at most {bar.ratio:g} times {bar.than}",
                    "value": f"{ratio:.2f}",
                    "met": ratio <= bar.ratio,
                }
            )
    return found


def _in_unit(seconds: float, unit: str) -> str:
    return f"{seconds * 1e6:.1f}" if unit == "us" else f"{seconds:.3f}"
