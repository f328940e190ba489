"""Work for tests, which their process imports."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from mnist_core.data.mnist import Split


def one_result(function: Callable[..., Any], *arguments: Any, done: int) -> Iterator[Any]:
    """What a function gives."""
    if not done:
        yield function(*arguments)


def squares(n: int, *, done: int) -> Iterator[int]:
    """0, 1, 4 ..."""
    for number in range(done, n):
        yield number * number


def process_ids(*, done: int) -> Iterator[int]:
    """Who works it out."""
    while True:
        yield os.getpid()


def surroundings(*, done: int) -> Iterator[tuple[int, set[str]]]:
    """How much this process makes way, and the modules that are there."""
    yield os.getpriority(os.PRIO_PROCESS, 0), set(sys.modules)


def sums(split: Split, *, done: int) -> Iterator[tuple[int, int]]:
    """Of images and labels."""
    yield int(split.images.sum(dtype=int)), int(split.labels.sum(dtype=int))


def kill() -> None:
    """End this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def stop() -> None:
    """Have this process stand still, all of its threads."""
    os.kill(os.getpid(), signal.SIGSTOP)


def wait() -> None:
    """Wait for what never comes."""
    Event().wait()


def befallen(what: Callable[[], object], times: int, notes: Path, *, done: int) -> Iterator[int]:
    """0, 1, 2 ...; so often something befalls its process over 1."""
    for number in range(done, 9):
        before = notes.stat().st_size if notes.exists() else 0
        if number == 1 and before < times:
            notes.write_text("x" * (before + 1))
            what()
        yield number


def failing(*, done: int) -> Iterator[int]:
    """One result, and then an error."""
    yield 1
    raise ValueError("no such image")


def endless(notes: Path, *, done: int) -> Iterator[int]:
    """A result that never comes."""
    notes.write_text("begun")
    while True:
        sum(range(10**6))
        if done:
            yield 1
