"""The experiments of a server: one at a time on all cores, the others in a queue.
Whoever asks for the same runs shares them, and all runs lie in one folder: none is trained twice.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.experiments.cost import expected_seconds
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.runner import Finished, Standing, cores
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from mnist_core.words import duration

State = Literal["waiting", "running", "stopped", "finished", "failed"]
MOST_RUNS = 200
MOST_SECONDS = 30 * 60.0  # that an experiment may be expected to take
MOST_WAITING = 20
# Of the expected seconds, what runs took on a usual machine, and how many of these seconds that
# counts for beside what runs take on this one.
USUAL_PACE, USUAL_SECONDS = 0.4, 100.0
STARTING = 2.0  # seconds until the processes of an experiment are at work
MOST_BYTES = 300 * 2**20  # of the runs that are kept
IN_MEMORY = 12  # experiments
WORKERS_NICENESS = 19  # a training that somebody watches has 15
THREAD_NICENESS = 10  # judging and pictures at the end: the pages' own answers go first
UNSEEN = "Nobody looked at it any more, and another experiment waited"
REPLACED = "You have asked for another experiment since"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """An experiment as it is asked for.

    Args:
        name: what kind of experiment it is: with the runs it tells it from every other.
        configs: of its runs.
        conclude: makes what comes out of all finished runs, in their order. It is called by the
            thread of the experiments; ValueError with a sentence if nothing can come out.
        initial: the parameters that each run begins with, None for those of its seed; none at all
            for all of them.
        urgent: the indices of runs that begin before the others.
    """

    name: str
    configs: tuple[TrainConfig, ...]
    conclude: Callable[[Sequence[Finished], KeptRuns, Dataset], Any]
    initial: tuple[Array | None, ...] = ()
    urgent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """An experiment as it was when somebody looked.

    Args:
        message: why it was stopped or has failed, in a sentence without its point; else "".
        finished: the runs that are finished, by their index in the order.
        curves: what is known of the runs that are being trained, by their index.
        share: of the work, 0..1.
        seconds_left: about, with what stands before it in the queue.
        ahead: how many experiments stand before it.
        is_mine: whether it goes on for the visitor who looked.
        refusal: why it can't be started, in a sentence without its point; "" if it can.
        outcome: what `conclude` made of it; None before.
    """

    order: Order
    state: State
    message: str
    finished: dict[int, Finished]
    curves: dict[int, tuple[EpochResult, ...]]
    share: float
    seconds_left: float
    ahead: int
    is_mine: bool
    refusal: str
    outcome: Any

    @property
    def goes_on(self) -> bool:
        """Whether it changes by itself."""
        return self.state in ("waiting", "running")

    def history(self, index: int) -> tuple[EpochResult, ...]:
        """The epochs of a run that are known so far."""
        run = self.finished.get(index)
        return run.history if run else self.curves.get(index, ())


class _Experiment:
    """What a server knows of one experiment."""

    def __init__(self, order: Order, kept_keys: list[str], finished: dict[int, Finished]) -> None:
        self.order = order
        self.kept_keys = kept_keys
        self.finished = finished
        self.curves: dict[int, list[EpochResult]] = {}
        self.state: State = "stopped"
        self.message = ""
        self.standing: Standing | None = None
        self.outcome: Any = None
        self.wanted_by: set[str] = set()
        self.seen_at = 0.0

    def seconds_left(self, pace: float) -> float:
        """About how long its own work takes, where expected seconds take `pace` as long."""
        missing = [c for i, c in enumerate(self.order.configs) if i not in self.finished]
        expected = pace * seconds_together(missing)
        if self.standing is None:
            return expected + STARTING * bool(missing)
        # The first epochs say little of the whole: they count the more, the more there are.
        known = self.standing.share
        return known * self.standing.seconds_left + (1 - known) * expected

    @property
    def share(self) -> float:
        every = [expected_seconds(config) for config in self.order.configs]
        done = sum(every[index] for index in self.finished)
        for index, results in self.curves.items():
            done += every[index] * len(results) / self.order.configs[index].epochs
        return min(1.0, done / sum(every))


def seconds_together(configs: Sequence[TrainConfig]) -> float:
    """The expected seconds of runs side by side, one on each core."""
    every = [expected_seconds(config) for config in configs]
    return max(sum(every) / cores(), max(every, default=0.0))


def too_much(runs: int, seconds: float) -> str:
    """Why so much is not taken on for one visitor, in a sentence without its point; "" if it is."""
    if runs > MOST_RUNS:
        return f"these are {runs:,} runs, and at most {MOST_RUNS} are allowed"
    if seconds > MOST_SECONDS:
        most = duration(MOST_SECONDS)
        return f"this would take about {duration(seconds)}, and at most {most} are allowed"
    return ""


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
        self._known: dict[str, _Experiment] = {}  # by key, the last one that was seen at the end
        self._queue: list[_Experiment] = []
        self._running: _Experiment | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._expected, self._worked = USUAL_SECONDS, USUAL_PACE * USUAL_SECONDS

    def look(self, order: Order, visitor: str) -> Seen:
        """How far it is; a sign of life for it. What is finished already is concluded at once."""
        one = self._found(order)
        with self._changed:
            one.seen_at = self._clock()
            complete = len(one.finished) == len(order.configs)
            if complete and one.state == "stopped":
                self._enqueue(one)
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
        if self._thread is not None:
            self._thread.join()

    def _found(self, order: Order) -> _Experiment:
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
            one = _Experiment(order, kept_keys, finished)
        with self._changed:
            one = self._known.pop(key, one)  # another thread may have been quicker
            self._known[key] = one
            idle = [key for key, other in self._known.items() if other not in self._busy]
            for old in idle[: max(0, len(self._known) - IN_MEMORY)]:
                if self._known[old] is not one:
                    del self._known[old]
        return one

    # What follows is done under the lock.

    @property
    def _busy(self) -> list[_Experiment]:
        """The one at work, and those that wait, in their order."""
        return [*([self._running] if self._running else []), *self._queue]

    @property
    def _pace(self) -> float:
        """The seconds that a run takes here for each that it was expected to."""
        return self._worked / self._expected

    def _refusal(self, one: _Experiment) -> str:
        # Of a usual machine: how busy this one is must not decide what is allowed.
        return too_much(len(one.order.configs), one.seconds_left(USUAL_PACE))

    def _seen(self, one: _Experiment, visitor: str) -> Seen:
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

    def _enqueue(self, one: _Experiment) -> None:
        one.state, one.message = "waiting", ""
        self._queue.append(one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="experiments", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _leave(self, one: _Experiment, visitor: str, why: str) -> None:
        if visitor in one.wanted_by:
            one.wanted_by.discard(visitor)
            if not one.wanted_by and one in self._queue:
                self._queue.remove(one)
                one.state, one.message = "stopped", why

    def _next(self) -> _Experiment | None:
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

    def _is_forgotten(self, one: _Experiment) -> bool:
        return bool(self._queue) and self._clock() - one.seen_at > self._pause_after

    def _end(self, one: _Experiment, state: State, message: str = "") -> None:
        one.state, one.message = state, message
        one.curves, one.standing = {}, None
        one.wanted_by.clear()

    # What follows is done by the thread of the experiments.

    def _work(self) -> None:
        """One experiment after the other, until the end of the server."""
        with suppress(AttributeError, OSError):  # a thread of its own has a niceness on Linux alone
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_NICENESS)
        while True:
            with self._changed:
                one = self._next()
            if one is None:
                return
            state, message = self._carry_out(one)
            with self._changed:
                self._end(one, state, message)
                self._running = None

    def _carry_out(self, one: _Experiment) -> tuple[State, str]:
        """Train what is missing, and conclude; how it ended."""
        try:
            self._train(one)
            if len(one.finished) < len(one.order.configs):
                with self._changed:
                    return "stopped", UNSEEN if one.wanted_by and not self._closing else ""
            runs = [one.finished[index] for index in range(len(one.order.configs))]
            one.outcome = one.order.conclude(runs, self._kept, self._data)
        except (ValueError, OSError) as error:
            self._forget_failed(one)
            reason = getattr(error, "strerror", None) or str(error)
            return "failed", reason
        except Exception as error:  # a fault of ours: the others must go on
            log.exception("an experiment failed")
            self._forget_failed(one)
            return "failed", str(error) or type(error).__name__
        return "finished", ""

    def _train(self, one: _Experiment) -> None:
        def watch(standing: Standing) -> None:
            with self._changed:
                one.standing = standing
                results = one.curves.setdefault(standing.index, [])
                del results[standing.result.epoch - 1 :]  # of a process that died over it
                results.append(standing.result)

        order, known = one.order, set(one.finished)
        self._kept.shrink(self._most_bytes, one.kept_keys)
        runs = self._kept.run(
            order.configs,
            initial=order.initial or None,
            urgent=order.urgent,
            watch=watch,
            interrupted=lambda: self._is_to_stop(one),
            niceness=WORKERS_NICENESS,
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

    def _is_to_stop(self, one: _Experiment) -> bool:
        with self._changed:
            return self._closing or not one.wanted_by or self._is_forgotten(one)

    def _forget_failed(self, one: _Experiment) -> None:
        """What has failed may go well another time."""
        with self._changed:
            failed = [index for index, run in one.finished.items() if run.status == "failed"]
            for index in failed:
                del one.finished[index]
