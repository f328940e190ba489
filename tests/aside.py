"""Work in a thread of its own: where tests share a browser, this one has a loop already."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """What the function gives, which begins an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
