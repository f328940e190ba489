"""Training runs as processes on this machine: started, queued, watched over and cleaned up after.
The page looks and commands; threads here keep the latest of every run, so a look never waits.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from mnist_core.runs.commands import Command, GiveUpPlace, Pause, Resume, Stop
from mnist_core.runs.folder import Lock
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.recorder import Recorder
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.state import Report, RunView
from mnist_core.runs.status import ENDED
from mnist_core.runs.store import RunStore, StoreError
from mnist_core.training.config import TrainConfig

CHECK_EVERY = 1.0  # seconds
SEEN_WITHIN = 10.0  # seconds: runs of other servers that were watched so lately are read anew
OVERSLEPT = 3.0  # seconds between two checks: we stood still ourselves, and heard nobody
UNSEEN = "It was ended since nobody had looked at it for long. It can go on."
GAVE_PLACE = "It gave its place to a run that waited. It goes on from here when it is resumed."
SERVER_ENDED = "The server ended during this run. It can go on."
ELSEWHERE = "Another server on this machine works on this run; it can only be watched here."

log = logging.getLogger(__name__)


class NotAllowed(PermissionError):
    """The visitor may watch the run, but not command it."""


class LocalPool:
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
        self._runs: dict[str, LiveRun] = {}
        self._queue: list[LiveRun] = []
        self._processes: list[WorkerProcess] = []  # those that end, too
        self._closing = threading.Event()
        self._recorder = Recorder(self.store)
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()
        atexit.register(self.close)

    # Doors.

    def start(
        self,
        config: TrainConfig,
        *,
        data: str | Path | None = None,
        checkpoint: str | Path | None = None,
        paused: bool = False,
        visitor: str = "",
    ) -> RunHandle:
        """A new run, at work as soon as there is a place for it.

        `data` is a folder of IDX files; from `checkpoint` the run goes on with these settings.
        Only `visitor` may command it, anybody without one. What can't work shows as status
        "failed" with the reason; OSError with a sentence if nothing can be written.
        """
        if self._closing.is_set():
            raise RuntimeError("the pool is closed")
        folder = str(Path(data).resolve()) if data is not None else None
        row = self.store.add(config, data=folder, visitor=visitor)
        run = LiveRun.new(row, self.store.files(row.id), self.clock())
        if checkpoint is not None:
            run.files.give(Path(checkpoint))
        run.waiting = [Pause()] if paused else []
        with self.changed:
            self._runs[run.id] = run
            self._enqueue(run)
        return RunHandle(self, run.id, config, visitor)

    def get(self, id: str, *, visitor: str = "", key: str = "") -> RunHandle | None:
        """The run with that id, even one that only the store knows; None if there is none.

        Whoever shows the run's command key may command it from now on, as `visitor`.
        """
        run = self._known(id)
        if run is None:
            return None
        if key and visitor and key == run.command_key and not run.may_be_commanded_by(visitor):
            self.store.allow(id, visitor)
            with self.changed:
                run.visitors = (*run.visitors, visitor)
        return RunHandle(self, id, run.config, visitor)

    def resume(self, id: str) -> RunHandle:
        """Let a run go on, from its checkpoint if it has ended; KeyError for an unknown id."""
        handle = self.get(id)
        if handle is None:
            raise KeyError(id)
        self.send(id, Resume())
        return handle

    def close(self) -> None:
        """End every process, after each has saved a checkpoint. Closing twice does no harm."""
        if self._closing.is_set():
            return
        atexit.unregister(self.close)
        self._closing.set()
        with self.changed:
            for run in list(self._queue):
                self._withdraw(run, "interrupted", SERVER_ENDED)
            for process in self._processes:
                process.end()
        for process in self._processes:
            process.join(self.settings.patience)
        self._watchdog.join(self.settings.patience)
        self._recorder.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

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
        watch, or if another server works on the run.
        """
        run = self._found(id)
        with self.changed:
            if self._closing.is_set():
                raise RuntimeError("the pool is closed")
            if visitor is not None and not run.may_be_commanded_by(visitor):
                raise NotAllowed("this link shows the run; only who began it can command it")
            if run.elsewhere:
                raise NotAllowed(ELSEWHERE)
            self._see(run)
            if self._send(run, command):
                self.changed.notify_all()

    def wait_for(self, id: str, condition: Callable[[RunView], bool], timeout: float) -> RunView:
        """The first view that meets the condition; TimeoutError after so many seconds."""
        run = self._found(id)
        with self.changed:

            def met() -> bool:
                self._see(run)
                return condition(self._view(run))

            if not self.changed.wait_for(met, timeout):
                raise TimeoutError(f"run {id} is {run.state.status} after {timeout:g} s")
            return self._view(run)

    def live(self, id: str) -> LiveRun:
        """What this server holds of a run; KeyError if it is there no more."""
        return self._found(id)

    def check(self) -> None:
        """Done every second: end what is silent; pause, end and forget what nobody looks at."""
        with self.changed:
            for run in list(self._runs.values()):
                if run.process:
                    run.process.check()
                if run.state.status not in ENDED and not run.elsewhere:
                    self._check_unseen(run, self.clock() - run.watched_at)
            self._make_room()
            self._forget()
            far = [run for run in self._runs.values() if run.elsewhere and self._is_seen(run)]
        for run in far:
            self._look_again(run)

    # What follows is done under the lock, unless it says otherwise.

    def _known(self, id: str) -> LiveRun | None:
        """The one that is in memory, or else from the store (read off the lock)."""
        run = self._runs.get(id)
        if run is None and (row := self.store.row(id)) is not None:
            elsewhere = self.store.elsewhere(row)
            loaded = LiveRun.loaded(row, self.store.files(id), self.clock(), elsewhere=elsewhere)
            with self.changed:  # another thread may have been quicker: one state for one run
                run = self._runs.setdefault(id, loaded)
        return run

    def _found(self, id: str) -> LiveRun:
        run = self._known(id)
        if run is None:
            raise KeyError(id)
        return run

    def _view(self, run: LiveRun) -> RunView:
        place = self._queue.index(run) + 1 if run in self._queue else None
        view = run.state.view(queue_position=place, elsewhere=run.elsewhere)
        if run.elsewhere:
            return replace(view, message=ELSEWHERE)
        if place is not None and self._working() >= self.settings.trainings:
            return replace(view, message=self._why_waiting())
        return view

    def _working(self) -> int:
        return sum(run.process is not None for run in self._runs.values())

    def _see(self, run: LiveRun) -> None:
        run.watched_at = self.clock()
        if run.asleep and run.state.status not in ENDED:
            self._send(run, run.going)

    def _send(self, run: LiveRun, command: Command) -> bool:
        """Whether anything of the run has changed by it."""
        run.note_wish(command)
        if run in self._queue:
            if isinstance(command, Stop):
                self._withdraw(run, "stopped", command.reason)
                return True
            run.waiting.append(command)
        elif run.process is None or run.state.status in ENDED:
            return self._send_to_nobody(run, command)
        elif run.ending:  # it will not read any more; told to the next process, or to nobody
            run.waiting.append(command)
        else:
            run.deliver(command)
        return False

    def _send_to_nobody(self, run: LiveRun, command: Command) -> bool:
        """A command for a run that has ended, or is paused without a place."""
        if run.wants_process(command):
            self._enqueue(run)
            return True
        if isinstance(command, Stop) and run.state.status == "paused":
            self._change(run, "stopped", command.reason)
            return True
        return False

    def _change(self, run: LiveRun, status, message: str = "") -> None:
        run.state.change(status, message)
        self._recorder.note(run)

    def _enqueue(self, run: LiveRun) -> None:
        """Let a run start when there is a place for it."""
        if not self._lease(run):
            return
        self._change(run, "queued")
        self._queue.append(run)
        self._start_waiting()
        self.changed.notify_all()

    def _lease(self, run: LiveRun) -> bool:
        """Whether the run is ours to work on; else it is marked as another server's."""
        try:
            ours = self.store.lease(run.id)
        except StoreError as error:
            self._change(run, "failed", f"It can't go on, since {error}.")
            return False
        if not ours:
            run.elsewhere = True
            run.waiting = []
        return ours

    def _why_waiting(self) -> str:
        places = self.settings.trainings
        taken = "Another run trains" if places == 1 else f"{places} other runs train"
        return f"{taken} on this server now. This one starts by itself when a place is free."

    def _withdraw(self, run: LiveRun, status, reason: str) -> None:
        """Take a run out of the queue."""
        self._queue.remove(run)
        run.waiting = []
        self._change(run, status, reason)
        self.changed.notify_all()

    def _start_waiting(self) -> None:
        """Start what the queue holds, as far as there is room."""
        for run in list(self._queue):
            if self._working() >= self.settings.trainings or self._closing.is_set():
                break
            if run.process is None:  # a run that has just ended may still have one
                self._queue.remove(run)
                self._start_process(run)
        self._make_room()

    def _make_room(self) -> None:
        """A place belongs to work that goes on: paused runs give theirs to those that wait."""
        leaving = sum(run.gives_up for run in self._runs.values())
        for run in sorted(self._runs.values(), key=lambda run: run.watched_at):
            if leaving >= len(self._queue):
                return
            if run.process and run.state.status == "paused" and not run.ending:
                run.gives_up = run.ending = True
                run.process.send(GiveUpPlace())
                leaving += 1

    def _start_process(self, run: LiveRun) -> None:
        try:
            lock = Lock.take(run.files.lock)
            if lock is None:
                run.elsewhere = True
                run.waiting = []
                return
            run.process = WorkerProcess(
                run.order(), lock, on_report=self._on_report, on_end=self._on_end
            )
            self._processes = [p for p in self._processes if not p.is_over] + [run.process]
        except OSError as error:
            reason = error.strerror or str(error)
            self._change(run, "failed", f"No training process could be started: {reason}.")
            return
        run.begin(self.settings.bytes_in_memory // self.settings.trainings)
        self._change(run, "starting")

    def _run_of(self, process: WorkerProcess) -> LiveRun | None:
        return next((run for run in self._runs.values() if run.process is process), None)

    def _on_report(self, process: WorkerProcess, report: Report) -> None:
        with self.changed:
            run = self._run_of(process)
            if run is not None:
                before = run.state.status
                run.take(report)
                if report.status != before:
                    self._recorder.note(run)
                    self._make_room()
                self.changed.notify_all()

    def _on_end(self, process: WorkerProcess, how: str) -> None:
        with self.changed:
            run = self._run_of(process)
            if run is None:
                return
            gave_place, queued = run.gives_up and not how, run in self._queue
            unread = run.after_process()
            if queued:  # what it was told since is for the next process
                run.waiting, unread = unread, []
            elif run.state.status not in ENDED:
                if gave_place:
                    self._change(run, "paused", GAVE_PLACE)
                elif self._closing.is_set():
                    self._change(run, "interrupted", SERVER_ENDED)
                else:
                    self._change(run, "failed", death_notice(how))
            self._recorder.note(run)
            if not self._closing.is_set():
                for command in unread:
                    self._send(run, command)
                self._start_waiting()
            self.changed.notify_all()
        self._remove_old_runs()

    # Watching and forgetting.

    def _watch(self) -> None:
        checked = time.monotonic()
        while not self._closing.wait(CHECK_EVERY):
            now = time.monotonic()
            if now - checked > OVERSLEPT:
                with self.changed:
                    for run in self._runs.values():
                        if run.process:
                            run.process.excuse_silence()
            checked = now
            try:
                self.check()
            except Exception:  # whatever happens to one check, the next one must come
                log.exception("a check of the training runs failed")

    def _is_seen(self, run: LiveRun) -> bool:
        return self.clock() - run.watched_at < SEEN_WITHIN

    def _check_unseen(self, run: LiveRun, unseen: float) -> None:
        """Pause or end a run that nobody has looked at for so many seconds."""
        if unseen >= self.settings.pause_after + self.settings.end_after:
            self._end_unseen(run)
        elif unseen >= self.settings.pause_after and run.awake:
            run.asleep = True
            run.deliver(Pause())

    def _end_unseen(self, run: LiveRun) -> None:
        if run in self._queue:
            self._withdraw(run, "stopped", UNSEEN)
        elif run.process is None:  # paused without a place: it holds nothing that is scarce
            return
        elif not run.ending:
            run.deliver(Stop(UNSEEN))

    def _forget(self) -> None:
        """Leave runs without a process to the store, those first that were unseen for longest."""
        now = self.clock()
        idle = [run for run in self._runs.values() if run.is_idle and run not in self._queue]
        idle.sort(key=lambda run: run.watched_at, reverse=True)
        for place, run in enumerate(idle):
            unseen = now - run.watched_at
            if place >= self.settings.ended_in_memory or unseen >= self.settings.forget_after:
                del self._runs[run.id]

    def _look_again(self, run: LiveRun) -> None:
        """Bring a run of another server up to date from the store (off the lock)."""
        with suppress(StoreError):
            row = self.store.row(run.id)
            if row is not None:
                elsewhere = self.store.elsewhere(row)
                loaded = LiveRun.loaded(row, run.files, run.watched_at, elsewhere=elsewhere)
                with self.changed:
                    if run.elsewhere and run.process is None:
                        run.adopt(loaded)
                        self.changed.notify_all()

    def _remove_old_runs(self) -> None:
        """Keep the newest runs on disk, up to a number and a size (off the lock)."""
        with self.changed:
            in_use = {
                run.id for run in self._runs.values() if not run.is_idle or run in self._queue
            }
        with suppress(OSError):  # another server may be cleaning up too
            self.store.remove_oldest(
                runs=self.settings.runs_on_disk,
                bytes_on_disk=self.settings.bytes_on_disk,
                in_use=in_use,
            )


def death_notice(how: str) -> str:
    """What to say of a process that ended before its run did."""
    if how.endswith("."):
        return f"The training process is gone. {how} The run can go on from its last checkpoint."
    return f"The training process ended unexpectedly ({how}). The run can go on."
