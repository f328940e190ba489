"""Long work for pages: done bit by bit by a process beside the server, for all who ask for it.

A thread asks that process for one result of each piece of work in turn. Stopping is not asking for
the next one, so that it can go on later, and nobody's work holds up another's for longer than one
result takes.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from time import monotonic
from typing import Any

import streamlit as st

from mnist_core.long_work.process import WorkProcess
from mnist_core.long_work.work import Result, Work
from ui.components.visitor import visitor
from ui.session import mnist

MOST_BYTES = 48 * 2**20  # of the results that are kept, of all jobs
MOST = 200  # jobs
AGAIN_AFTER = 30.0  # seconds until what has failed is tried again
PATIENCE = 10.0  # seconds after which somebody who has not looked any more is taken to have left
NICENESS = 10  # the pages' own answers go first
REST_AFTER = 60.0  # seconds without anything to do after which the process is ended

log = logging.getLogger(__name__)


def as_it_is(result: Any) -> Any:
    """The result itself."""
    return result


class Job:
    """One piece of work: so many results, of which `results` holds those that are there.

    `problem` is what went wrong, "" if nothing did.
    """

    def __init__(
        self,
        work: Iterator[Result],
        total: int,
        result_bytes: int = 0,
        kept_as: Callable[[Any], Any] = as_it_is,
    ) -> None:
        self.total = total
        self.bytes = total * result_bytes  # when all is done
        self.results: list[Any] = []
        self.problem = ""
        self.seconds = 0.0  # that the results took
        self._work, self._kept_as = work, kept_as
        self._failed_at = 0.0
        self._looked: dict[str, float] = {}  # who wants it, and when they looked last

    @property
    def ended(self) -> bool:
        """Whether all is done, or can't be done."""
        return bool(self.problem) or len(self.results) == self.total

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes if nothing else is asked for; None before the first result."""
        done = len(self.results)
        return self.seconds / done * (self.total - done) if done else None

    def want(self, who: str) -> None:
        """Have it go on for somebody; to be said again at each look."""
        self._looked[who] = monotonic()

    def leave(self, who: str) -> None:
        """Somebody wants it no longer."""
        self._looked.pop(who, None)

    def is_wanted_by(self, who: str) -> bool:
        """Whether it goes on for that visitor."""
        return who in self._looked

    def is_wanted(self) -> bool:
        """Whether it is to go on: not if it has ended, or nobody has looked for a while."""
        now = monotonic()
        looked = list(self._looked.values())
        return not self.ended and any(now - at < PATIENCE for at in looked)

    def may_be_tried_again(self) -> bool:
        """Whether it failed, and that is a while ago: each look would ask for it otherwise."""
        return bool(self.problem) and monotonic() - self._failed_at >= AGAIN_AFTER

    def go_on(self) -> None:
        """Work out one more result."""
        try:
            result = next(self._work)
            self.results.append(self._kept_as(result.value))
            self.seconds += result.seconds
        except Exception as error:
            if not threading.main_thread().is_alive():  # the server ends: no thread can be started
                return
            log.exception("a page's work failed")
            self.problem, self._failed_at = str(error) or type(error).__name__, monotonic()
        if self.ended:
            self._work = iter(())  # nobody has to know it any more


class Jobs:
    """The jobs of a server by their keys, and the one thread that has them done by a process."""

    def __init__(self, process: WorkProcess) -> None:
        self._process = process
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None

    def find(self, key: Hashable) -> Job | None:
        """The job of that key, if there is one."""
        with self._lock:
            return self._jobs.get(key)

    def ask(
        self,
        key: Hashable,
        work: Work,
        total: int,
        who: str,
        *,
        result_bytes: int = 0,
        kept_as: Callable[[Any], Any] = as_it_is,
    ) -> Job:
        """The job of that key, begun if nobody had asked for it, and going on for `who`.

        Args:
            work: makes what gives `total` results one by one, from a given one on; it must be
                able to travel, as long_work/work.py says, and to do without Streamlit.
            result_bytes: about what one of them takes; 0 for a few numbers.
            kept_as: makes of each what the job keeps, here in the server.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.may_be_tried_again():
                job = self._jobs[key] = Job(self._process.begin(work), total, result_bytes, kept_as)
            self._jobs.move_to_end(key)
            self._forget_oldest()
            job.want(who)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()
        if not job.ended:  # a look at what has ended does not keep the process from its rest
            self._asked.set()
        return job

    def _forget_oldest(self) -> None:
        """Drop the jobs that were asked for longest ago, as far as there is no room for them."""
        room = sum(job.bytes for job in self._jobs.values()) - MOST_BYTES
        while len(self._jobs) > 1 and (len(self._jobs) > MOST or room > 0):
            room -= self._jobs.popitem(last=False)[1].bytes

    def _work(self) -> None:
        """One result of each wanted job in turn, for ever."""
        while True:
            with self._lock:
                wanted = [job for job in self._jobs.values() if job.is_wanted()]
            for job in wanted:
                job.go_on()
            if not wanted:
                if not self._asked.wait(REST_AFTER):
                    self._process.rest()
                    self._asked.wait()
                self._asked.clear()


@st.cache_resource
def jobs() -> Jobs:
    """Those of this server."""
    return Jobs(WorkProcess(mnist(), NICENESS))


def ask(key: Hashable, work: Work, total: int, **how: Any) -> Job:
    """The job of that key, as `Jobs.ask` has it; this visitor wants it."""
    return jobs().ask(key, work, total, visitor(), **how)
