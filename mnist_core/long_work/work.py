"""What long work is, and how it travels to the process that does it, and its results back.

Both sides are the same program, over pipes that nobody else has. So they use pickle, which must
never read what comes from elsewhere. MNIST's arrays travel by their names.
"""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

from mnist_core.data.mnist import Dataset, Split
from mnist_core.data.shared import mnist_of_all
from mnist_core.runs.protocol import Message

# Gives results one by one when it is called with `done=`, how many of the first are known already
# and left out. To travel, it is a function of a module, or functools.partial of one.
Work = Callable[..., Iterator[Any]]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Order:
    """The next result of a piece of work, by its number.

    `work` and `done` are there if this process does not know it yet; `living` are the numbers of
    all that may still be asked for.
    """

    number: int
    living: frozenset[int]
    work: Work | None = None
    done: int = 0


@dataclass(frozen=True)
class Result:
    """What was asked for, and the seconds that it took."""

    value: Any
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why there is no result, and where that came about, for the log."""

    problem: str
    trace: str


def begun(work: Work, done: int) -> Iterator[Result]:
    """The results from that number on, each with the seconds that it took."""
    results = work(done=done)
    while True:
        start = perf_counter()
        try:
            value = next(results)
        except StopIteration:
            return
        yield Result(value, perf_counter() - start)


def order_message(order: Order, data: Dataset) -> Message:
    """An order to send, with the names of the data set's arrays in place of these.

    Raises what pickle does for work that can't travel.
    """
    file = BytesIO()
    _Pickler(file, data).dump(order)
    return Message({}, file.getvalue())


def read_order(message: Message) -> Order:
    """The order in a message of our owner's, with MNIST's arrays."""
    return _Unpickler(BytesIO(message.payload)).load()


def answer_message(answer: Result | Failure | None) -> Message:
    """An answer to send; None at the end of all results."""
    return Message({}, pickle.dumps(answer))


def read_answer(message: Message) -> Result | Failure | None:
    """The answer in a message of the process that we have started."""
    return pickle.loads(message.payload)


class _Pickler(pickle.Pickler):
    """Writes the names of a data set's arrays: all images take 55 MB."""

    def __init__(self, file: BytesIO, data: Dataset) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._names = {
            id(getattr(getattr(data, part), name)): (data.folder, part, name)
            for part in PARTS
            for name in ("images", "labels")
        }

    def persistent_id(self, obj: Any) -> tuple[Path | None, str, str] | None:
        return self._names.get(id(obj))


class _Unpickler(pickle.Unpickler):
    """Reads MNIST when its first array is named."""

    def persistent_load(self, pid: tuple[Path | None, str, str]) -> Any:
        folder, part, name = pid
        return getattr(_part_of_mnist(folder, part), name)


@cache
def _part_of_mnist(folder: Path | None, name: str) -> Split:
    """From the files in that folder, or unpacked: then only what is needed stays in memory, since
    a part as a rule lies within a larger array.
    """
    data = mnist_of_all(folder)
    part = getattr(data, name)
    return part if data.folder else Split(part.images.copy(), part.labels.copy())
