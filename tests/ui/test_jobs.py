"""Long work of pages: shared, stopped, gone on with, and never in anybody's way."""

import os
import threading
import weakref
from collections.abc import Iterator

import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.long_work.process import WorkProcess
from mnist_core.long_work.work import Result, begun
from tests.long_work.works import failing, process_ids
from tests.ui.tools import Here
from ui import jobs as module
from ui.jobs import Job, Jobs

PATIENCE = 30  # seconds, on however busy a machine


class Counting:
    """Work that gives 0, 1, 2 ... and waits before each to be let go."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.gates = [threading.Event() for _ in range(n)]
        self.made = 0

    def work(self, *, done: int) -> Iterator[int]:
        self.made += 1
        for number in range(done, self.n):
            assert self.gates[number].wait(PATIENCE)
            yield number

    def let(self, number: int) -> None:
        self.gates[number].set()


def test_results_come_one_by_one_and_two_visitors_share_them() -> None:
    jobs, counting = Jobs(Here()), Counting(2)
    first = jobs.ask("key", counting.work, 2, "ann")
    second = jobs.ask("key", counting.work, 2, "ben")
    assert first is second
    counting.let(0)
    counting.let(1)
    wait_until(lambda: first.ended)
    assert first.results == [0, 1] and counting.made == 1 and first.seconds_left == 0


def test_it_stops_when_the_last_one_leaves_and_goes_on_where_it_stopped() -> None:
    job = Job(begun(lambda done: iter([7, 8]), 0), 2)
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
    job = Job(iter([Result(1, 0.5)]), 1)
    job.want("ann")
    now[0] += module.PATIENCE - 1
    assert job.is_wanted()
    now[0] += 2
    assert not job.is_wanted()


def test_what_fails_says_why_and_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def fails(*, done: int) -> Iterator[int]:
        yield 1
        raise ValueError("no such image")

    jobs = Jobs(Here())
    job = jobs.ask("key", fails, 2, "ann")
    wait_until(lambda: job.ended)
    assert job.problem == "no such image" and job.results == [1]
    assert jobs.ask("key", lambda done: iter([1, 2]), 2, "ann") is job
    now[0] += module.AGAIN_AFTER
    again = jobs.ask("key", lambda done: iter([1, 2]), 2, "ann")
    wait_until(lambda: again.ended)
    assert again.results == [1, 2] and not again.problem


def test_the_jobs_that_were_asked_for_longest_ago_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    jobs = Jobs(Here())
    for number in range(5):
        jobs.ask(number, lambda done: iter([1]), 1, "ann")
    assert [jobs.find(number) is not None for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_large_results_leave_room_for_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    jobs = Jobs(Here())
    for number in range(4):
        jobs.ask(number, lambda done: iter([1, 2]), 2, "ann", result_bytes=200)
    assert [number for number in range(4) if jobs.find(number) is not None] == [2, 3]
    jobs.ask("huge", lambda done: iter([1]), 1, "ann", result_bytes=5000)
    assert jobs.find("huge") is not None and jobs.find(3) is None


def test_it_is_told_from_the_time_of_results_how_long_the_rest_takes() -> None:
    job = Job(iter([Result("a", 2.0), Result("b", 4.0)]), 4, kept_as=str.upper)
    assert job.seconds_left is None
    job.go_on()
    assert job.seconds_left == 6
    job.go_on()
    assert job.seconds_left == 6 and job.results == ["A", "B"]


def test_what_has_ended_holds_nothing_that_its_work_needed() -> None:
    work = begun(lambda done: iter([1]), 0)
    gone = weakref.ref(work)
    job = Job(work, 1)
    del work
    assert gone() is not None
    job.go_on()
    assert gone() is None and job.ended


def test_the_process_rests_when_nobody_has_asked_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REST_AFTER", 0.01)
    here = Here()
    jobs = Jobs(here)
    for number in (1, 2):
        job = jobs.ask(number, lambda done: iter([1]), 1, "ann")
        wait_until(lambda job=job: job.ended)
        wait_until(lambda number=number: here.rests == number)


def test_work_is_done_in_a_process_and_its_error_is_said_and_logged_once(
    mnist: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    process = WorkProcess(mnist, module.NICENESS)
    jobs = Jobs(process)
    job, other = (
        jobs.ask(key, work, 2, "ann") for key, work in (("a", failing), ("b", process_ids))
    )
    wait_until(lambda: job.ended and other.ended)
    nice = os.getpriority(os.PRIO_PROCESS, other.results[0])
    assert nice == min(19, os.getpriority(os.PRIO_PROCESS, 0) + module.NICENESS)
    assert job.results == [1] and job.problem == "no such image"
    assert other.results[0] == other.results[1] != os.getpid()
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.message == "a page's work failed"
    assert caplog.text.count('raise ValueError("no such image")') == 1
    process.rest()


def wait_until(there) -> None:
    """Until something holds that another thread brings about."""
    tick = threading.Event()
    for _ in range(100 * PATIENCE):
        if there():
            return
        tick.wait(0.01)
    raise AssertionError("it did not come about")
