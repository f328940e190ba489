"""Training runs as processes on this machine: started, queued, watched over and cleaned up after.
The page looks and commands; threads here keep the latest of every run, so a look never waits.
"""

import atexit
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.protocol import (
    ENDED,
    BatchLine,
    BatchPoint,
    Order,
    Report,
    RunState,
    RunStatus,
    RunView,
    Snapshot,
    command_message,
    order_message,
    progress_from_dict,
    progress_to_dict,
    read_message,
    read_report,
    write_message,
)
from mnist_core.runs.snapshots import SnapshotStore
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult

ROOT = Path(__file__).resolve().parents[2]  # where `-m mnist_core...` can be found
# Two BLAS threads and anything else that runs make a small product many times slower.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
ID = re.compile(r"[0-9a-f]{16}")  # of secrets.token_hex(8): no path, and not guessed
RECORD_NAME, CHECKPOINT_NAME, SNAPSHOTS_NAME = "record.json", "checkpoint.npz", "snapshots.npz"
GOING_ON = (Resume, TrainBatch, TrainEpoch)  # what starts an ended run again


def default_folder() -> Path:
    """Where runs are kept unless told otherwise: in the user's cache, or a temporary folder."""
    cache = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache) if cache else Path.home() / ".cache") / "digit-lab" / "runs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="digit-lab-"))
    return folder


@dataclass(frozen=True)
class PoolSettings:
    """How many runs at a time, and how long they live unseen. Times are in seconds."""

    trainings: int = 2  # at a time; more wait in the queue
    pause_after: float = 120.0  # nobody has looked for so long: the run pauses
    end_after: float = 600.0  # and so much later it ends
    forget_after: float = 1800.0  # an ended run that nobody looks at is then only on disk
    ended_in_memory: int = 8
    folder: Path = field(default_factory=default_folder)
    folders: int = 100  # of runs; older ones are removed
    folder_bytes: int = 500 * 2**20
    patience: float = 5.0  # for a process that was asked to end, before it is made to

    def __post_init__(self) -> None:
        if self.trainings < 1:
            raise ValueError(f"at least one training at a time is needed, not {self.trainings}")
        if self.pause_after <= 0 or self.end_after < 0:
            raise ValueError("the times after which a run pauses and ends must be positive")

    @classmethod
    def from_environment(cls) -> Self:
        """The settings, changed by DIGIT_LAB_TRAININGS, _PAUSE_AFTER, _END_AFTER and _RUNS.

        ValueError with the variable's name for a value that makes no sense.
        """
        kinds: dict[str, tuple[str, Callable[[str], Any]]] = {
            "DIGIT_LAB_TRAININGS": ("trainings", int),
            "DIGIT_LAB_PAUSE_AFTER": ("pause_after", float),
            "DIGIT_LAB_END_AFTER": ("end_after", float),
            "DIGIT_LAB_RUNS": ("folder", Path),
        }
        values = {}
        for variable, (name, kind) in kinds.items():
            if text := os.environ.get(variable):
                try:
                    values[name] = kind(text)
                except ValueError as error:
                    raise ValueError(f"{variable} can't be {text!r}") from error
        return cls(**values)


class RunHandle:
    """A run as its owner sees it: look at it, send it commands. Safe to use from any thread."""

    def __init__(self, pool: "LocalPool", state: RunState, data: str | None) -> None:
        self.id = state.id
        self.config = state.config
        self.data = data  # a folder of IDX files, None for MNIST as shipped
        self.folder = (pool.settings.folder / state.id).resolve()
        self.begun_from: Path | None = None  # the checkpoint of another run, or a snapshot of it
        # What follows belongs to the pool, under its lock.
        self._pool = pool
        self._state = state
        self._snapshots: SnapshotStore | None = SnapshotStore()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[Command] = []  # until there is a process
        self._anew = False  # begin at step 0, whatever checkpoint there is
        self._looked_at = pool.clock()
        self._asleep = False  # paused since nobody looked
        self._going: Command = Resume()  # what wakes it up again

    def peek(self) -> RunView:
        """The run now, without a sign of life: for lists and comparisons."""
        with self._pool.changed:
            return self._view()

    def watch(self) -> RunView:
        """The run now, and a sign of life: it wakes a run that slept for want of one."""
        with self._pool.changed:
            self._see()
            return self._view()

    def send(self, command: Command) -> None:
        """Have a command obeyed at the next step; returns at once.

        A run that waits in the queue obeys when it starts. One that has ended starts again from
        its checkpoint if the command wants it to go on; a finished one can only be rewound.
        """
        with self._pool.changed:
            self._see()
            self._asleep = False
            if isinstance(command, Resume | TrainEpoch):
                self._going = command
            if self._state.status in ENDED:
                self._send_ended(command)
            elif self._state.status == "queued":
                self._send_queued(command)
            else:
                self._deliver(command)

    def wait_for(self, condition: Callable[[RunView], bool], timeout: float) -> RunView:
        """The first view that meets the condition; TimeoutError after so many seconds."""
        with self._pool.changed:

            def met() -> bool:
                self._see()
                return condition(self._view())

            if not self._pool.changed.wait_for(met, timeout):
                raise TimeoutError(f"run {self.id} is {self._state.status} after {timeout:g} s")
            return self._view()

    @property
    def status(self) -> RunStatus:
        """The run's status; to ask for it is no look."""
        return self._state.status

    @property
    def checkpoint_path(self) -> Path | None:
        """The run's last checkpoint, to go on from, to download or to load elsewhere."""
        path = self.folder / CHECKPOINT_NAME
        return path if path.is_file() else None

    @property
    def snapshots(self) -> SnapshotStore:
        """The snapshots of the run that are kept; read from disk for a run of an earlier server."""
        if self._snapshots is None:
            store = SnapshotStore()
            with suppress(FileNotFoundError, ValueError):
                store = SnapshotStore.load(self.folder / SNAPSHOTS_NAME)
            with self._pool.changed:  # another thread may have been quicker
                if self._snapshots is None:
                    self._snapshots = store
        return self._snapshots

    @property
    def process_id(self) -> int | None:
        """Of the process that works on the run; None if there is none."""
        process = self._process
        return process.pid if process else None

    # What follows is called by the pool too, and only under its lock.

    @property
    def _awake(self) -> bool:
        return self._state.status in ("starting", "running") and not self._asleep

    def _view(self) -> RunView:
        return self._state.view(self._pool.queue_position(self))

    def _see(self) -> None:
        self._looked_at = self._pool.clock()
        if self._asleep:
            self._asleep = False
            self._deliver(self._going)

    def _send_ended(self, command: Command) -> None:
        if isinstance(command, SetLearningRate):  # for when it goes on
            self._waiting.append(command)
        elif isinstance(command, Rewind):
            self._anew = True
            self._waiting = [Pause()]
            self._pool.enqueue(self)
        elif isinstance(command, GOING_ON) and self._state.status != "finished":
            self._waiting.append(command)
            self._pool.enqueue(self)

    def _send_queued(self, command: Command) -> None:
        if isinstance(command, Stop):
            self._pool.withdraw(self, command.reason)
        else:
            self._waiting.append(command)

    def _deliver(self, command: Command) -> None:
        """Write a command to the process. A dead one is noticed by the thread that reads it."""
        if self._process and self._process.stdin:
            with suppress(OSError, ValueError):
                write_message(self._process.stdin, command_message(command))

    def _take(self, report: Report) -> None:
        self._state.take(report)
        for snapshot in report.snapshots:
            self.snapshots.append(snapshot)

    def _order(self) -> Order:
        checkpoint = None if self._anew else self.checkpoint_path or self.begun_from
        return Order(
            self.config,
            folder=str(self.folder),
            data=self.data,
            checkpoint=str(checkpoint) if checkpoint else None,
            commands=tuple(self._waiting),
        )


class LocalPool:
    """All runs of a server, at most `settings.trainings` of them working at a time.

    `clock` gives seconds; a test may hand in its own. Close it when done; a process that dies
    without doing so takes its runs along, since their stdin closes.
    """

    def __init__(
        self, settings: PoolSettings | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings or PoolSettings.from_environment()
        self.clock = clock
        self.changed = threading.Condition(threading.RLock())  # notified with every report
        self._handles: dict[str, RunHandle] = {}
        self._queue: list[RunHandle] = []
        self._predictors: list[threading.Thread] = []
        self._closing = threading.Event()
        self.settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()
        atexit.register(self.close)

    def start(
        self,
        config: TrainConfig,
        *,
        data: str | Path | None = None,
        checkpoint: str | Path | None = None,
        paused: bool = False,
    ) -> RunHandle:
        """A new run, at work as soon as there is a place for it.

        `data` is a folder of IDX files; from `checkpoint` the run goes on with these settings.
        What can't work shows as status "failed" with the reason; OSError if the disk is full.
        """
        state = RunState(secrets.token_hex(8), config, learning_rate=config.learning_rate)
        handle = RunHandle(self, state, str(Path(data).resolve()) if data is not None else None)
        handle.begun_from = Path(checkpoint).resolve() if checkpoint is not None else None
        handle._waiting = [Pause()] if paused else []
        handle.folder.mkdir(mode=0o700)
        _write_record(handle)
        with self.changed:
            self.enqueue(handle)
        return handle

    def get(self, id: str) -> RunHandle | None:
        """The run with that id, even one that only its files know; None if there is none."""
        with self.changed:
            if id not in self._handles and ID.fullmatch(id) and (handle := self._read(id)):
                self._handles[id] = handle
            handle = self._handles.get(id)
            if handle:
                handle._see()
            return handle

    def resume(self, id: str) -> RunHandle:
        """Let a run go on, from its checkpoint if it has ended; KeyError for an unknown id."""
        handle = self.get(id)
        if handle is None:
            raise KeyError(id)
        handle.send(Resume())
        return handle

    def queue_position(self, handle: RunHandle) -> int | None:
        """From 1; None for a run that does not wait."""
        with self.changed:
            return self._queue.index(handle) + 1 if handle in self._queue else None

    def enqueue(self, handle: RunHandle) -> None:
        """Let a run start when there is a place for it."""
        with self.changed:
            self._refuse_if_closed()
            self._handles[handle.id] = handle  # again, if it had been forgotten
            handle._state.change("queued")
            self._queue.append(handle)
            self._start_waiting()
            self.changed.notify_all()

    def withdraw(self, handle: RunHandle, reason: str) -> None:
        """Take a run out of the queue."""
        with self.changed:
            self._queue.remove(handle)
            handle._state.change("stopped", reason)
            with suppress(OSError):
                _write_record(handle)
            self.changed.notify_all()

    def close(self) -> None:
        """End every process, after each has saved a checkpoint. Closing twice does no harm."""
        atexit.unregister(self.close)
        self._closing.set()
        with self.changed:
            for handle in list(self._queue):
                self.withdraw(handle, "The server ended before it was this run's turn.")
            processes = [handle._process for handle in self._handles.values() if handle._process]
            predictors = list(self._predictors)
            for process in processes:
                if process.stdin:
                    with suppress(OSError):
                        process.stdin.close()
        for process in processes:
            try:
                process.wait(self.settings.patience)
            except subprocess.TimeoutExpired:
                process.kill()
        for thread in [*predictors, self._watchdog]:
            if thread is not threading.current_thread():
                thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def check(self) -> None:
        """What the watchdog does every second: pause, end and forget what nobody looks at."""
        settings = self.settings
        with self.changed:
            now = self.clock()
            for handle in list(self._handles.values()):
                status, unseen = handle._state.status, now - handle._looked_at
                if status in ENDED:
                    continue
                if unseen >= settings.pause_after + settings.end_after:
                    self._end_unseen(handle)
                elif unseen >= settings.pause_after and handle._awake:
                    handle._asleep = True
                    handle._deliver(Pause())
            self._forget(now)

    # Processes.

    def _refuse_if_closed(self) -> None:
        if self._closing.is_set():
            raise RuntimeError("the pool is closed")

    def _start_waiting(self) -> None:
        """Start what the queue holds, as far as there is room."""
        working = sum(handle._process is not None for handle in self._handles.values())
        for handle in list(self._queue):
            if working >= self.settings.trainings or self._closing.is_set():
                return
            if handle._process is None:  # a run that has just ended may still have one
                self._queue.remove(handle)
                self._start_process(handle)
                working += handle._process is not None

    def _start_process(self, handle: RunHandle) -> None:
        handle._state.change("starting")
        handle._asleep = False
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "mnist_core.runs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env=os.environ | ONE_THREAD,
            )
        except OSError as error:
            handle._state.change("failed", f"No process could be started: {error}.")
            return
        handle._process = process
        assert process.stdin is not None
        with suppress(OSError):  # a process that dies at once is noticed by its reader
            write_message(process.stdin, order_message(handle._order()))
        handle._waiting, handle._anew = [], False
        reader = threading.Thread(target=self._read_reports, args=(handle, process), daemon=True)
        self._predictors = [thread for thread in self._predictors if thread.is_alive()] + [reader]
        reader.start()

    def _read_reports(self, handle: RunHandle, process: "subprocess.Popen[bytes]") -> None:
        """Keep the latest of a run until its process ends."""
        assert process.stdin is not None and process.stdout is not None
        with process.stdout:
            while message := read_message(process.stdout):
                try:
                    report = read_report(message)
                except (KeyError, TypeError, ValueError):  # the program was replaced meanwhile
                    process.kill()
                    break
                with self.changed:
                    handle._take(report)
                    self.changed.notify_all()
        code = process.wait()
        with self.changed:
            with suppress(OSError):
                process.stdin.close()
            handle._process = None
            if handle._state.status not in (*ENDED, "queued"):
                if self._closing.is_set():
                    handle._state.change("stopped", "The server ended.")
                else:
                    handle._state.change("failed", _death_notice(code))
            self._start_waiting()
            self.changed.notify_all()
        # Off the lock: snapshots are up to 64 MB.
        with suppress(OSError):
            _write_record(handle)
            handle.snapshots.save(handle.folder / SNAPSHOTS_NAME)
            self._remove_old_folders()

    # Watching and forgetting.

    def _watch(self) -> None:
        while not self._closing.wait(1.0):
            self.check()

    def _end_unseen(self, handle: RunHandle) -> None:
        reason = "It was ended since nobody had looked at it for long. It can be resumed."
        if handle._state.status == "queued":
            self.withdraw(handle, reason)
        else:
            handle._deliver(Stop(reason))

    def _forget(self, now: float) -> None:
        """Leave ended runs to their files, those first that nobody has looked at for longest."""
        ended = [
            handle
            for handle in self._handles.values()
            if handle._state.status in ENDED and handle._process is None
        ]
        ended.sort(key=lambda handle: handle._looked_at, reverse=True)
        for place, handle in enumerate(ended):
            unseen = now - handle._looked_at
            if place >= self.settings.ended_in_memory or unseen >= self.settings.forget_after:
                del self._handles[handle.id]

    def _remove_old_folders(self) -> None:
        """Keep the newest runs on disk, up to a number and a size. Runs in memory stay."""
        with self.changed:
            in_memory = set(self._handles)
        aged = []
        for folder in list(self.settings.folder.iterdir()):
            with suppress(OSError):  # another server may be cleaning up too
                record = folder / RECORD_NAME
                if ID.fullmatch(folder.name) and record.is_file():
                    size = sum(file.stat().st_size for file in folder.iterdir())
                    aged.append((record.stat().st_mtime, size, folder))
        total = 0
        for place, (_, size, folder) in enumerate(sorted(aged, reverse=True)):
            total += size
            too_many = place >= self.settings.folders or total > self.settings.folder_bytes
            if too_many and folder.name not in in_memory:
                shutil.rmtree(folder, ignore_errors=True)

    # A run's record on disk.

    def _read(self, id: str) -> RunHandle | None:
        """A run of an earlier time, from its folder; None if there is none that can be used."""
        folder = self.settings.folder / id
        try:
            record = json.loads((folder / RECORD_NAME).read_bytes())
            state = _state_from_record(id, record)
            handle = RunHandle(self, state, record["data"])
            handle.begun_from = Path(record["begun_from"]) if record["begun_from"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        handle._snapshots = None
        with suppress(FileNotFoundError, CheckpointError):
            checkpoint = load_checkpoint(folder / CHECKPOINT_NAME)
            parameters = checkpoint.network().parameters.flat
            steps_per_epoch = -(-state.config.train_size // state.config.batch_size)
            state.results = tuple(EpochResult(**result) for result in checkpoint.history)
            state.learning_rate = checkpoint.learning_rate
            state.saved_step = checkpoint.step
            state.snapshot = Snapshot(
                checkpoint.step,
                checkpoint.step // steps_per_epoch,
                state.status,
                parameters,
                state.progress,
            )
        return handle


def _death_notice(code: int) -> str:
    """What to say of a process that ended without a word."""
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    return f"The training process ended unexpectedly ({how}). It can be resumed."


def _write_record(handle: RunHandle) -> None:
    """All of a run that its checkpoint does not hold, in one file of JSON."""
    with handle._pool.changed:
        state = handle._state
        record = {
            "config": state.config.to_dict(),
            "data": handle.data,
            "begun_from": str(handle.begun_from) if handle.begun_from else None,
            "status": state.status,
            "message": state.message,
            "rate_changes": state.rate_changes,
            "progress": progress_to_dict(state.progress),
            "seconds": state.seconds,
            "images_per_second": state.images_per_second,
            "reports_per_point": state.batch_line.reports_per_point,
            "batch_line": [asdict(point) for point in state.batch_line.points],
        }
    part = handle.folder / (RECORD_NAME + ".part")
    part.write_text(json.dumps(record))
    os.replace(part, handle.folder / RECORD_NAME)


def _state_from_record(id: str, record: dict[str, Any]) -> RunState:
    """The run that _write_record wrote; what was still going on then has stopped since."""
    status, message = record["status"], record["message"]
    if status not in ENDED:
        status, message = "stopped", "The server ended during this run. It can be resumed."
    points = [BatchPoint(**point) for point in record["batch_line"]]
    return RunState(
        id,
        TrainConfig.from_dict(record["config"]),
        status=status,
        message=message,
        rate_changes=tuple((step, rate) for step, rate in record["rate_changes"]),
        progress=progress_from_dict(record["progress"]),
        batch_line=BatchLine(points, record["reports_per_point"]),
        seconds=record["seconds"],
        images_per_second=record["images_per_second"],
    )
