"""Which runs of a server work: its places, their processes, and the queue of those that wait.
Visitors take turns. All of it is used under the pool's lock, unless it says otherwise.
"""

from heapq import heapify, heappop, heapreplace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from mnist_core.runs.commands import GiveUpPlace
from mnist_core.runs.folder import Lock
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.status import (
    BY_ITSELF,
    NOT_SAVED,
    SET_WRONGLY,
    QueueFull,
    RunStatus,
    interrupted,
    why_waiting,
)

if TYPE_CHECKING:
    from mnist_core.runs.local import LocalPool


class Places:
    """The places of a pool, `settings.trainings` of them, and the queue for them."""

    def __init__(self, pool: "LocalPool") -> None:
        self._pool = pool
        self._queue: list[LiveRun] = []
        self._processes: list[WorkerProcess] = []  # those that end, too
        self._closed = False

    def is_queued(self, run: LiveRun) -> bool:
        """Whether a run waits for a place."""
        return run in self._queue

    def position(self, run: LiveRun) -> int | None:
        """Where in the queue a run waits, counted from 1; None if it does not."""
        return self._in_turn().index(run) + 1 if run in self._queue else None

    @property
    def are_taken(self) -> bool:
        """Whether there is none left."""
        return len(self._working) >= self.number

    @property
    def number(self) -> int:
        """How many there are: on a cluster as many as it has for us now."""
        most, cluster = self._pool.settings.trainings, self._pool.cluster
        return most if cluster is None else min(most, cluster.places("runs"))

    def why_waiting(self, run: LiveRun, position: int) -> str:
        """Why a run at this position of the queue waits, while no place is free."""
        cluster, number = self._pool.cluster, self.number
        if cluster is not None and not number:
            return f"{cluster.why_no_place().lasting(monotonic())} {BY_ITSELF}"
        why = why_waiting(number, position - 1, self.seconds_until_start(run))
        return f"{why} {SET_WRONGLY}" if self._pool.settings.problems else why

    def seconds_until_start(self, run: LiveRun) -> float | None:
        """When a run of the queue will have a place, at the latest; None if nobody knows."""
        turn = self._pool.settings.turn
        free = [self._seconds_left(one, run.visitor) for one in self._working]
        if not free:
            return 0.0
        heapify(free)
        for other in self._in_turn():
            if other is run:
                break
            left = other.state.seconds_left
            heapreplace(free, free[0] + (turn if left is None else min(left, turn)))
        return free[0] if free[0] < inf else None

    def refuse_too_many(self, visitor: str) -> None:
        """QueueFull, with a sentence, if no further run of that visitor ("": nobody) can wait."""
        settings = self._pool.settings
        if len(self._queue) >= settings.waiting:
            raise QueueFull(
                f"{len(self._queue)} trainings wait on this server already; try again later"
            )
        mine = sum(run.visitor == visitor for run in self._queue) if visitor else 0
        if mine >= settings.waiting_per_visitor:
            raise QueueFull(
                f"{mine} trainings of yours wait already: stop one of them, or wait for one"
            )

    @property
    def _working(self) -> list[LiveRun]:
        return [run for run in self._pool.runs.values() if run.process is not None]

    def _in_turn(self) -> list[LiveRun]:
        """The queue in the order in which its runs will start.

        The next is always one of the visitor who has the fewest at work, and of those one of whom
        the last start lies back for longest; of one visitor's, that which has waited for longest.
        """
        at_work: dict[str, int] = {}
        started: dict[str, float] = {}
        for run in self._pool.runs.values():
            at_work[run.visitor] = at_work.get(run.visitor, 0) + (run.process is not None)
            started[run.visitor] = max(started.get(run.visitor, -inf), run.started_at)
        theirs: dict[str, list[tuple[int, LiveRun]]] = {}
        for arrived, run in enumerate(self._queue):
            theirs.setdefault(run.visitor, []).append((arrived, run))
        next_ones = [
            (at_work[visitor], started[visitor], runs[0][0], visitor)
            for visitor, runs in theirs.items()
        ]
        heapify(next_ones)
        order = []
        while next_ones:
            working, last, _, visitor = next_ones[0]
            order.append(theirs[visitor].pop(0)[1])
            if theirs[visitor]:
                heapreplace(next_ones, (working + 1, last, theirs[visitor][0][0], visitor))
            else:
                heappop(next_ones)
        return order

    def _seconds_left(self, run: LiveRun, visitor: str) -> float:
        """Until a run at work makes room for one of that visitor, at the latest."""
        if run.ending:
            return 0.0
        left = run.state.seconds_left
        until = inf if left is None else left
        if run.visitor == visitor:
            return until
        worked = self._pool.clock() - run.started_at
        return min(until, max(self._pool.settings.turn - worked, 0.0))

    def enqueue(self, run: LiveRun) -> None:
        """Let a run that is leased start when there is a place for it."""
        self._pool.change(run, "queued")
        self._queue.append(run)
        self.start_waiting()
        self._pool.changed.notify_all()

    def withdraw(self, run: LiveRun, status: RunStatus, reason: str) -> None:
        """Take a run out of the queue."""
        self._queue.remove(run)
        run.waiting, run.anew = [], False
        self._pool.change(run, status, reason)
        self._pool.changed.notify_all()

    def start_waiting(self) -> None:
        """Start what the queue holds, as far as there is room."""
        for run in self._in_turn():
            if self.are_taken or self._closed:
                break
            if run.process is None:  # a run that has just ended may still have one
                self._queue.remove(run)
                self._start_process(run)
        self.make_room()

    def make_room(self) -> None:
        """A place belongs to work that somebody looks at, and for one turn if others wait."""
        leaving = sum(run.gives_up for run in self._working)
        for run in sorted(self._working, key=self._worth_its_place):
            waiting = self._in_turn()[leaving:]
            if not waiting:
                return
            if run.ending or not self._makes_room(run, waiting):
                continue
            run.gives_up = run.ending = True
            # One that was paused may have been resumed since: it then stays.
            even_running = run.state.status == "running"
            run.process.send(GiveUpPlace(even_running))  # type: ignore[union-attr]
            leaving += 1

    def _worth_its_place(self, run: LiveRun) -> tuple[bool, bool, float]:
        """By this, runs are asked for their places: last those that could not be saved just now."""
        return NOT_SAVED in run.state.message, run.state.status != "paused", run.watched_at

    def _makes_room(self, run: LiveRun, waiting: list[LiveRun]) -> bool:
        """Whether a run gives its place to those that wait; noted is whether it comes again."""
        settings, now = self._pool.settings, self._pool.clock()
        if run.state.status == "paused":
            return True
        if run.state.status != "running" or run.asleep:  # it starts, or is about to pause
            return False
        if now - run.watched_at >= settings.yield_after:
            run.asleep = True
            return True
        over = now - run.started_at >= settings.turn
        run.comes_again = over and any(other.visitor != run.visitor for other in waiting)
        return run.comes_again

    def close(self) -> None:
        """Empty the queue, and ask every process to save and end."""
        self._closed = True
        for run in list(self._queue):
            self.withdraw(run, "interrupted", interrupted(run.state.saved_step))
        for process in self._processes:
            process.end()

    def join(self) -> None:
        """Wait until every process has ended (off the pool's lock)."""
        for process in self._processes:
            process.join(self._pool.settings.patience)

    def _start_process(self, run: LiveRun) -> None:
        pool = self._pool
        try:
            lock = Lock.take(run.files.lock)
            if lock is None:
                run.lose()
                pool.recorder.note(run)
                return
            run.process = pool.new_process(
                run.order(),
                lock,
                server=pool.store.server,
                on_report=pool.on_report,
                on_end=pool.on_end,
            )
            self._processes = [p for p in self._processes if not p.is_over] + [run.process]
        except OSError as error:
            reason = error.strerror or str(error)
            pool.change(run, "failed", f"No training process could be started: {reason}.")
            return
        run.begin(pool.clock(), pool.settings.bytes_in_memory // max(1, self.number))
        pool.change(run, "starting")
