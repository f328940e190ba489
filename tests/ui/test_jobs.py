"""Long work of pages: shared, stopped, gone on with, and never in anybody's way."""

import threading
from collections.abc import Iterator

import pytest

from ui import jobs as module
from ui.jobs import Job, Jobs

PATIENCE = 30  # seconds, on however busy a machine


class Counting:
    """Work that gives 0, 1, 2 ... and waits before each to be let go."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.gates = [threading.Event() for _ in range(n)]
        self.made = 0

    def work(self) -> Iterator[int]:
        self.made += 1
        for number in range(self.n):
            assert self.gates[number].wait(PATIENCE)
            yield number

    def let(self, number: int) -> None:
        self.gates[number].set()


def test_results_come_one_by_one_and_two_visitors_share_them() -> None:
    jobs, counting = Jobs(), Counting(2)
    first = jobs.ask("key", counting.work, 2, "ann")
    second = jobs.ask("key", counting.work, 2, "ben")
    assert first is second and counting.made == 0
    counting.let(0)
    counting.let(1)
    wait_until(lambda: first.ended)
    assert first.results == [0, 1] and counting.made == 1 and first.seconds_left == 0


def test_it_stops_when_the_last_one_leaves_and_goes_on_where_it_stopped() -> None:
    job = Job(iter([7, 8]), 2)
    job.want("ann")
    job.want("ben")
    job.go_on()
    job.leave("ann")
    assert job.is_wanted() and not job.is_wanted_by("ann")
    job.leave("ben")
    assert not job.is_wanted() and job.results == [7]
    job.want("ann")
    job.go_on()
    assert job.results == [7, 8] and job.ended and not job.is_wanted()


def test_who_does_not_look_any_more_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    job = Job(iter([1]), 1)
    job.want("ann")
    now[0] += module.PATIENCE - 1
    assert job.is_wanted()
    now[0] += 2
    assert not job.is_wanted()


def test_what_fails_says_why_and_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def fails() -> Iterator[int]:
        yield 1
        raise ValueError("no such image")

    jobs = Jobs()
    job = jobs.ask("key", fails, 2, "ann")
    wait_until(lambda: job.ended)
    assert job.problem == "no such image" and job.results == [1]
    assert jobs.ask("key", lambda: iter([1, 2]), 2, "ann") is job
    now[0] += module.AGAIN_AFTER
    again = jobs.ask("key", lambda: iter([1, 2]), 2, "ann")
    wait_until(lambda: again.ended)
    assert again.results == [1, 2] and not again.problem


def test_the_jobs_that_were_asked_for_longest_ago_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    jobs = Jobs()
    for number in range(5):
        jobs.ask(number, lambda: iter([1]), 1, "ann")
    assert [jobs.find(number) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_large_results_leave_room_for_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    jobs = Jobs()
    for number in range(4):
        jobs.ask(number, lambda: iter([1, 2]), 2, "ann", result_bytes=200)
    assert [number for number in range(4) if jobs.find(number) is not None] == [2, 3]
    jobs.ask("huge", lambda: iter([1]), 1, "ann", result_bytes=5000)
    assert jobs.find("huge") is not None and jobs.find(3) is None


def wait_until(there) -> None:
    """Until something holds that another thread brings about."""
    tick = threading.Event()
    for _ in range(100 * PATIENCE):
        if there():
            return
        tick.wait(0.01)
    raise AssertionError("it did not come about")
