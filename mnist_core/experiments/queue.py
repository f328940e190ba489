"""The experiments of a server: one at a time on all cores, the others in a queue.
Whoever asks for the same runs shares them, and all runs lie in one folder: none is trained twice.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.cost import expected_seconds
from mnist_core.experiments.experiment import (
    USUAL_PACE,
    USUAL_SECONDS,
    Experiment,
    Order,
    Seen,
    State,
    too_much,
)
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.runner import Standing
from mnist_core.runs.status import Problem

WORKERS_NICENESS = 19  # a training that somebody watches has 15
THREAD_NICENESS = 10  # judging and pictures at the end: the pages' own answers go first
UNSEEN = "Nobody looked at it any more, and another experiment waited"
BY_ITSELF = "It goes on by itself as soon as there is a place."
REPLACED = "You have asked for another experiment since"
MOST_WAITING = 20
IN_MEMORY = 12  # experiments
MOST_BYTES = 300 * 2**20  # of the runs that are kept

log = logging.getLogger(__name__)


class Experiments:
    """The experiments of a server. Safe to use from any thread; `close` it when done.

    Args:
        folder: of all finished runs.
        data: what all of them train on and are judged by.
        pause_after: seconds after which one that nobody has looked at gives way to another.
        most_bytes: of the finished runs that are kept.
        clock: gives seconds; a test may hand in its own.
    """

    def __init__(
        self,
        folder: Path,
        data: Dataset,
        *,
        pause_after: float = 120.0,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """OSError if the folder can't be made."""
        self._kept = KeptRuns(folder, data)
        self._data = data
        self._pause_after, self._most_bytes = pause_after, most_bytes
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())  # over all below
        self._known: dict[str, Experiment] = {}  # by key, the last one that was seen at the end
        self._queue: list[Experiment] = []
        self._running: Experiment | None = None
        self._concluding = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._worker: threading.Thread | None = None
        self._closing = False
        self._expected, self._worked = USUAL_SECONDS, USUAL_PACE * USUAL_SECONDS

    def look(self, order: Order, visitor: str) -> Seen:
        """How far it is; a sign of life for it. What is finished already is concluded at once."""
        one = self._found(order)
        with self._changed:
            one.seen_at = self._clock()
            if one.is_complete and one.state == "stopped":
                self._conclude_aside(one)
            return self._seen(one, visitor)

    def start(self, order: Order, visitor: str) -> None:
        """Have it go on for a visitor, whose other one that still waits is taken back.

        ValueError, with a sentence, if it is too much, or if too many wait already.
        """
        one = self._found(order)
        with self._changed:
            if refusal := self._refusal(one):
                raise ValueError(refusal)
            for other in [other for other in self._queue if other is not one]:
                self._leave(other, visitor, REPLACED)
            idle = one.state in ("stopped", "failed")
            if idle and len(self._queue) >= MOST_WAITING:
                raise ValueError(
                    f"{MOST_WAITING} experiments wait already; try again in a few minutes"
                )
            one.seen_at = self._clock()
            if idle:
                self._enqueue(one)
            if one.state != "finished":
                one.wanted_by.add(visitor)

    def stop(self, order: Order, visitor: str) -> None:
        """A visitor wants it no longer: if nobody does, it stops, and keeps what is finished."""
        one = self._found(order)
        with self._changed:
            self._leave(one, visitor, "")

    def close(self) -> None:
        """Stop what is at work, and wait until its processes are gone."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _found(self, order: Order) -> Experiment:
        """The experiment of that order; a new one begins with the runs that are kept."""
        starts = order.initial or (None,) * len(order.configs)
        kept_keys = [self._kept.key(*run) for run in zip(order.configs, starts, strict=True)]
        known = json.dumps([order.name, kept_keys])
        key = hashlib.sha256(known.encode()).hexdigest()
        one = self._known.get(key)
        if one is None:
            finished = {}
            for index, (config, initial) in enumerate(zip(order.configs, starts, strict=True)):
                if (run := self._kept.load(config, index, initial)) is not None:
                    finished[index] = run
            one = Experiment(order, kept_keys, finished)
        with self._changed:
            one = self._known.pop(key, one)  # another thread may have been quicker
            self._known[key] = one
            busy = ("waiting", "running")
            idle = [key for key, other in self._known.items() if other.state not in busy]
            for old in idle[: max(0, len(self._known) - IN_MEMORY)]:
                if self._known[old] is not one:
                    del self._known[old]
        return one

    # What follows is done under the lock.

    @property
    def _busy(self) -> list[Experiment]:
        """The one at work, and those that wait, in their order."""
        return [*([self._running] if self._running else []), *self._queue]

    @property
    def _pace(self) -> float:
        """The seconds that a run takes here for each that it was expected to."""
        return self._worked / self._expected

    def _refusal(self, one: Experiment) -> str:
        # Of a usual machine: how busy this one is must not decide what is allowed.
        return too_much(len(one.order.configs), one.expected_seconds(USUAL_PACE))

    def _seen(self, one: Experiment, visitor: str) -> Seen:
        busy = self._busy
        ahead = busy.index(one) if one in busy else 0
        return Seen(
            one.order,
            one.state,
            one.message,
            dict(sorted(one.finished.items())),
            {index: tuple(results) for index, results in one.curves.items()},
            one.share,
            sum(other.seconds_left(self._pace) for other in [*busy[:ahead], one]),
            ahead,
            visitor in one.wanted_by,
            self._refusal(one),
            one.outcome,
        )

    def _enqueue(self, one: Experiment) -> None:
        one.state, one.message = "waiting", ""
        self._queue.append(one)
        if self._worker is None or not self._worker.is_alive():
            self._worker = self._begin(self._work)
        self._changed.notify_all()

    def _conclude_aside(self, one: Experiment) -> None:
        """What is trained already does not wait for others that are not."""
        one.state = "running"

        def conclude() -> None:
            self._kept.touch(one.kept_keys)
            state, message = self._carry_out(one, trains=False)
            with self._changed:
                self._end(one, state, message)

        self._begin(conclude)

    def _begin(self, work: Callable[[], object]) -> threading.Thread:
        """A thread of our own, which makes way for the pages."""

        def nicely() -> None:
            with suppress(AttributeError, OSError):  # for one thread alone on Linux alone
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_NICENESS)
            work()

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=nicely, name="experiments", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _leave(self, one: Experiment, visitor: str, why: str) -> None:
        if visitor in one.wanted_by:
            one.wanted_by.discard(visitor)
            if not one.wanted_by and one in self._queue:
                self._queue.remove(one)
                one.state, one.message = "stopped", why

    def _next(self) -> Experiment | None:
        """Wait for an experiment to work on; None at the end of the server."""
        while not self._closing:
            while self._queue:
                one = self._queue.pop(0)
                if not self._is_forgotten(one):
                    one.state, self._running = "running", one
                    return one
                self._end(one, "stopped", UNSEEN)
            self._changed.wait()
        return None

    def _is_forgotten(self, one: Experiment) -> bool:
        return bool(self._queue) and self._clock() - one.seen_at > self._pause_after

    def _end(self, one: Experiment, state: State, message: str = "") -> None:
        one.state, one.message = state, message
        one.curves, one.standing = {}, None
        one.wanted_by.clear()

    # What follows is done by the thread of the experiments.

    def _work(self) -> None:
        """One experiment after the other, until the end of the server."""
        while True:
            with self._changed:
                one = self._next()
            if one is None:
                return
            state, message = self._carry_out(one, trains=True)
            with self._changed:
                self._end(one, state, message)
                self._running = None

    def _carry_out(self, one: Experiment, *, trains: bool) -> tuple[State, str]:
        """Train what is missing, and have the outcome made, one at a time; how it ended."""
        try:
            if trains:
                self._train(one)
            if not one.is_complete:
                with self._changed:
                    return "stopped", UNSEEN if one.wanted_by and not self._closing else ""
            with self._concluding:
                runs = [one.finished[index] for index in range(len(one.order.configs))]
                one.outcome = one.order.conclude(runs, self._kept, self._data)
        except (ValueError, OSError) as error:
            one.forget_failed()
            return "failed", getattr(error, "strerror", None) or str(error)
        except Exception as error:  # a fault of ours: the others must go on
            log.exception("an experiment failed")
            one.forget_failed()
            return "failed", str(error) or type(error).__name__
        return "finished", ""

    def _train(self, one: Experiment) -> None:
        def watch(standing: Standing) -> None:
            with self._changed:
                one.standing = standing
                results = one.curves.setdefault(standing.index, [])
                del results[standing.result.epoch - 1 :]  # of a process that died over it
                results.append(standing.result)

        def note_waiting(problem: Problem | None) -> None:
            with self._changed:
                one.message = f"{problem.lasting(monotonic())} {BY_ITSELF}" if problem else ""

        order, known = one.order, set(one.finished)
        self._kept.shrink(self._most_bytes, one.kept_keys)
        runs = self._kept.run(
            order.configs,
            initial=order.initial or None,
            urgent=order.urgent,
            watch=watch,
            interrupted=lambda: self._is_to_stop(one),
            niceness=WORKERS_NICENESS,
            waits=note_waiting,
        )
        with closing(runs):  # ends the processes, whatever happens here
            for run in runs:
                with self._changed:
                    one.finished[run.index] = run
                    one.curves.pop(run.index, None)
                    if run.index not in known:
                        self._expected += expected_seconds(run.config)
                        self._worked += run.working_seconds
                self._kept.shrink(self._most_bytes, one.kept_keys)

    def _is_to_stop(self, one: Experiment) -> bool:
        with self._changed:
            return self._closing or not one.wanted_by or self._is_forgotten(one)
