"""Which runs of a server work: its places, their processes, and the queue of those that wait.
All of it is used under the pool's lock, unless it says otherwise.
"""

from typing import TYPE_CHECKING

from mnist_core.runs.commands import GiveUpPlace
from mnist_core.runs.folder import Lock
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.status import RunStatus, interrupted, no_place, why_waiting

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
        return self._queue.index(run) + 1 if run in self._queue else None

    @property
    def are_taken(self) -> bool:
        """Whether there is none left."""
        working = sum(run.process is not None for run in self._pool.runs.values())
        return working >= self.number

    @property
    def number(self) -> int:
        """How many there are: on a cluster as many as it has for us now."""
        most, cluster = self._pool.settings.trainings, self._pool.cluster
        return most if cluster is None else min(most, cluster.places("runs"))

    def why_waiting(self, position: int) -> str:
        """Why a run at this position of the queue waits, while no place is free."""
        if self._pool.cluster is not None and not self.number:
            return no_place(self._pool.cluster.problem)
        return why_waiting(self.number, self.seconds_until_free(position))

    def seconds_until_free(self, position: int) -> float | None:
        """When a run at this position of the queue will have a place; None if nobody knows."""
        working = [run for run in self._pool.runs.values() if run.process is not None]
        left = [0.0 if run.ending else run.state.seconds_left for run in working]
        known = sorted(seconds for seconds in left if seconds is not None)
        return known[position - 1] if position <= len(known) == len(left) else None

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
        for run in list(self._queue):
            if self.are_taken or self._closed:
                break
            if run.process is None:  # a run that has just ended may still have one
                self._queue.remove(run)
                self._start_process(run)
        self.make_room()

    def make_room(self) -> None:
        """A place belongs to work that goes on: paused runs give theirs to those that wait."""
        runs = self._pool.runs.values()
        leaving = sum(run.gives_up for run in runs)
        for run in sorted(runs, key=LiveRun.worth_its_place):
            if leaving >= len(self._queue):
                return
            if run.process and run.state.status == "paused" and not run.ending:
                run.gives_up = run.ending = True
                run.process.send(GiveUpPlace())
                leaving += 1

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
        run.begin(pool.settings.bytes_in_memory // max(1, self.number))
        pool.change(run, "starting")
