"""What a computation costs: its time, measured here and now, and its memory."""

from collections.abc import Callable
from statistics import median
from time import perf_counter


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """The median of so many runs, in seconds; what is returned is dropped each time."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def in_time(seconds: float) -> str:
    """ "1.2 s", "34 ms", "5.1 µs": two digits are what a measurement can tell."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return _in(seconds / size, unit)
    return _in(seconds / 1e-6, "µs")


def in_memory(nbytes: int) -> str:
    """ "268 MB", "25.7 MB", "3.1 kB"."""
    return _in(nbytes / 1e6, "MB", 1) if nbytes >= 1e6 else _in(nbytes / 1e3, "kB", 1)


def _in(value: float, unit: str, digits: int = 0) -> str:
    return (
        f"{value:,.{digits if value >= 10 else 1}f}".removesuffix(".0")
        + f"\N{NO-BREAK SPACE}{unit}"
    )
