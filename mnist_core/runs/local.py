"""Training runs as processes on this machine: started, queued, watched over and cleaned up after.
The page looks and commands; threads here keep the latest of every run, so a look never waits.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from mnist_core.runs.commands import Command, Pause, Resume, Stop
from mnist_core.runs.elsewhere import workforce
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.housekeeping import Housekeeping
from mnist_core.runs.leases import Leases
from mnist_core.runs.listing import RunSummary, summaries, summary_of
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.places import Places
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.recorder import Recorder
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.state import Report, RunView
from mnist_core.runs.status import (
    ELSEWHERE,
    ENDED,
    ENDED_SILENTLY,
    GAVE_PLACE,
    GOES_ON,
    LOST_PLACE,
    NotAllowed,
    RunStatus,
    can_go_on,
    interrupted,
)
from mnist_core.runs.store import RunStore
from mnist_core.training.checkpoint import Checkpoint
from mnist_core.training.config import TrainConfig

log = logging.getLogger(__name__)


class LocalPool(AbstractContextManager["LocalPool"]):
    """All runs of a server, at most `settings.trainings` of them working at a time.

    `clock` gives seconds; a test may hand in its own. Close it when done; a process that dies
    without doing so takes its workers along, since their stdin closes.
    """

    def __init__(
        self, settings: PoolSettings | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """StoreError if the folder of the settings can't be used."""
        self.settings = settings or PoolSettings.from_environment()
        for problem in self.settings.problems:
            log.warning(problem)
        self.clock = clock
        self.store = RunStore(self.settings.folder)
        self.changed = threading.Condition(threading.RLock())  # notified with every report
        self.runs: dict[str, LiveRun] = {}
        self._closing = threading.Event()
        self.cluster, self.new_process = workforce(self.settings.scheduler)
        self.leases = Leases(self)
        self.places = Places(self)
        self.recorder = Recorder(self.store)
        self._housekeeping = Housekeeping(self)
        atexit.register(self.close)

    # Doors.

    def start(
        self,
        config: TrainConfig,
        *,
        data: str | Path | None = None,
        checkpoint: str | Path | Checkpoint | None = None,
        paused: bool = False,
        visitor: str = "",
    ) -> RunHandle:
        """A new run, at work as soon as there is a place for it.

        `data` is a folder of IDX files; from `checkpoint`, of which the run keeps a copy, it goes
        on with these settings.
        Only `visitor` may command it, anybody without one. What can't work shows as status
        "failed" with the reason; OSError with a sentence if nothing can be written, QueueFull if
        too many wait.
        """
        if self._closing.is_set():
            raise RuntimeError("the pool is closed")
        with self.changed:
            self.places.refuse_too_many(visitor)
        folder = str(Path(data).resolve()) if data is not None else None
        weights = checkpoint is not None
        row = self.store.add(config, data=folder, visitor=visitor, weights=weights)
        run = LiveRun.new(row, self.store.files(row.id), self.clock())
        if checkpoint is not None:
            try:
                run.files.give(checkpoint)
            except OSError:
                self.store.discard(row.id)
                raise
        run.waiting = [Pause()] if paused else []
        run.in_hand = True
        with self.changed:
            self.runs[run.id] = run
            self.places.enqueue(run)
        return RunHandle(self, run.id, config, visitor)

    def get(self, id: str, *, visitor: str = "", key: str = "") -> RunHandle | None:
        """The run with that id, even one that only the store knows; None if there is none.

        Whoever shows the run's command key may command it from now on, as `visitor`.
        """
        run = self._known(id)
        if run is None:
            return None
        if key and visitor and run.is_opened_by(key) and not run.may_be_commanded_by(visitor):
            self.store.allow(id, visitor)
            with self.changed:
                run.visitors = (*run.visitors, visitor)
        return RunHandle(self, id, run.config, visitor)

    def resume(self, id: str, *, visitor: str = "") -> RunHandle:
        """Let a run go on, from its checkpoint if it has ended; KeyError for an unknown id."""
        self.send(id, Resume())
        return RunHandle(self, id, self._found(id).config, visitor)

    def listed(self, visitor: str | None = None) -> list[RunSummary]:
        """All runs, or those that a visitor began, newest first; no sign of life for any."""
        found = summaries(self.store, visitor)
        with self.changed:
            return [self._as_known_here(summary) for summary in found]

    def summary(self, id: str) -> RunSummary:
        """One run as `listed` has it, whoever began it; KeyError for an unknown id."""
        found = summary_of(self.store, id)
        with self.changed:
            return self._as_known_here(found)

    def delete(self, id: str, visitor: str | None = None) -> None:
        """Lay a run aside: see Shelf.delete, which has the errors, and Shelf.restore."""
        run = self._found(id)
        with self.changed:
            if run.in_hand or run.process is not None:
                raise NotAllowed(GOES_ON)
        self.store.shelf.delete(id, visitor, ours=True)
        with self.changed:
            if not run.in_hand:
                self.runs.pop(id, None)

    def longer(self, id: str, epochs: int, visitor: str = "") -> RunHandle:
        """Go on with a finished run for so many more epochs, as a new one: see Shelf.longer.

        QueueFull if too many wait.
        """
        with self.changed:
            self.places.refuse_too_many(visitor)
        row = self.store.shelf.longer(id, epochs, visitor)
        return self.resume(row.id, visitor=visitor)

    def close(self) -> None:
        """End every process, after each has saved a checkpoint. Closing twice does no harm."""
        if self._closing.is_set():
            return
        atexit.unregister(self.close)
        self._closing.set()
        with self.changed:
            self.places.close()
        self.places.join()
        if self.cluster is not None:
            self.cluster.close()
        self._housekeeping.close()
        self.recorder.close()
        self.store.close()

    def __exit__(self, *exception: object) -> None:
        self.close()

    # What handles ask for.

    def peek(self, id: str) -> RunView:
        """The run now, without a sign of life; KeyError if it is there no more."""
        run = self._found(id)
        with self.changed:
            return self._view(run)

    def watch(self, id: str) -> RunView:
        """The run now, and a sign of life: it wakes a run that slept for want of one."""
        run = self._found(id)
        with self.changed:
            self._see(run)
            return self._view(run)

    def send(self, id: str, command: Command, visitor: str | None = None) -> None:
        """Have a command obeyed at the next step; returns at once.

        A run that waits in the queue obeys when it starts. One that has ended, or gave up its
        place, starts again from its checkpoint if the command wants it to go on; a finished one
        can only be rewound. NotAllowed if the visitor (None for the owner of this pool) may only
        watch, or if another server works on the run; StoreError, and the run stays as it is, if it
        has to start again while the index can't be written; QueueFull if too many wait.
        """
        run = self._found(id)
        while True:
            with self.changed:
                run = self.runs.setdefault(id, run)  # it may have been forgotten in between
                if self._closing.is_set():
                    raise RuntimeError("the pool is closed")
                run.refuse_others(visitor)
                self._see(run)
                if not run.needs_lease(command):
                    self.send_leased(run, command)
                    return
                if visitor and run.starts_with(command):
                    self.places.refuse_too_many(visitor)
            self.leases.take(run)

    def live(self, id: str) -> LiveRun:
        """What this server holds of a run; KeyError if it is there no more."""
        return self._found(id)

    def check(self) -> None:
        """What is done every second: see housekeeping.py."""
        self._housekeeping.check()

    # What follows is done under the lock, unless it says otherwise.

    def _known(self, id: str) -> LiveRun | None:
        """The one that is in memory, or else from the store (read off the lock)."""
        run = self.runs.get(id)
        if run is None and (row := self.store.row(id)) is not None:
            elsewhere = self.store.elsewhere(row)
            loaded = LiveRun.loaded(row, self.store.files(id), self.clock(), elsewhere=elsewhere)
            with self.changed:  # another thread may have been quicker: one state for one run
                run = self.runs.setdefault(id, loaded)
        return run

    def _as_known_here(self, summary: RunSummary) -> RunSummary:
        run = self.runs.get(summary.id)
        if run is None or (summary.goes_on and not run.in_hand):  # another server knows better
            return summary
        return summary.updated(run.state, goes_on=run.in_hand)

    def _found(self, id: str) -> LiveRun:
        run = self._known(id)
        if run is None:
            raise KeyError(id)
        return run

    def _view(self, run: LiveRun) -> RunView:
        position = self.places.position(run)
        view = run.state.view(queue_position=position, elsewhere=run.elsewhere)
        if run.elsewhere:
            return replace(view, message=ELSEWHERE)
        if position is not None and self.places.are_taken:
            return replace(view, message=self.places.why_waiting(run, position))
        return view

    def _see(self, run: LiveRun) -> None:
        run.watched_at = self.clock()
        # One without a process is woken up by the next check: that may wait for the index.
        if run.asleep and run.process is not None and run.state.status not in ENDED:
            self._send(run, run.going)

    def send_leased(self, run: LiveRun, command: Command) -> None:
        """Have a command obeyed that needs no lease, or has it."""
        self._send(run, command)
        if run.in_hand and run.process is None and not self.places.is_queued(run):
            self.recorder.note(run)  # it was leased, but does not start: free for any server
        self.changed.notify_all()

    def _send(self, run: LiveRun, command: Command) -> None:
        run.note_wish(command)
        if self.places.is_queued(run) and isinstance(command, Stop):
            self.places.withdraw(run, "stopped", command.reason)
        elif self.places.is_queued(run):
            run.waiting.append(command)
        elif run.process is None or run.state.status in ENDED:
            self._send_to_nobody(run, command)
        elif run.ending:  # it will not read any more; told to the next process, or to nobody
            run.waiting.append(command)
        else:
            run.deliver(command)

    def _send_to_nobody(self, run: LiveRun, command: Command) -> None:
        """A command for a run that has ended, or is paused without a place."""
        starts = run.starts_with(command)
        run.keep(command)
        if starts:
            self.places.enqueue(run)
        elif isinstance(command, Stop) and run.state.status == "paused":
            self.change(run, "stopped", command.reason)

    def change(self, run: LiveRun, status: RunStatus, message: str = "") -> None:
        """Note a status that no report tells of, here and in the index."""
        run.state.change(status, message)
        self.recorder.note(run)

    def _run_of(self, process: WorkerProcess) -> LiveRun | None:
        return next((run for run in self.runs.values() if run.process is process), None)

    def on_report(self, process: WorkerProcess, report: Report) -> None:
        """Take what a process says of its run (called by a thread of the process)."""
        with self.changed:
            run = self._run_of(process)
            if run is not None:
                before = run.state.status
                run.take(report)
                if report.status != before or report.results:
                    self.recorder.note(run)
                if report.status != before:
                    self.places.make_room()
                self.changed.notify_all()

    def on_end(self, process: WorkerProcess, how: str) -> None:
        """Note that a process has ended, and how (called by a thread of the process)."""
        with self.changed:
            run = self._run_of(process)
        if run is None:
            return
        saved = run.files.load_state(run.state)  # nobody writes there until another process starts
        with self.changed:
            if process.lost and (run.gives_up or run.state.status == "paused"):
                run.gives_up, how = True, ""  # it has lost no more than its place
            gave_place, queued = run.gives_up and not how, self.places.is_queued(run)
            lost = "" if self._closing.is_set() else process.lost
            again = run.comes_again or run.goes_on_elsewhere(lost)
            unread = run.after_process(saved)
            if queued:  # what it was told since is for the next process
                run.waiting, unread = unread, []
            elif run.state.status not in ENDED:
                saved_step = run.state.saved_step
                if again and (gave_place or lost):
                    unread = [*run.told_again(saved[0]), *unread]
                elif gave_place:
                    run.state.change("paused", LOST_PLACE if process.lost else GAVE_PLACE)
                elif self._closing.is_set():
                    run.state.change("interrupted", interrupted(saved_step))
                else:
                    reason = f"{how or ENDED_SILENTLY} {can_go_on(saved_step)}"
                    run.state.change("failed", reason)
            if not self._closing.is_set():
                for command in unread:
                    self._send(run, command)
                self.places.start_waiting()
            self.recorder.note(run)  # after that: what goes on at once stays in our hand
            self.changed.notify_all()
        self._housekeeping.remove_old_runs()
