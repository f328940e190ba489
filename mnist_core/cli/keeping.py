"""Keeps what `train` trains: tries the files before the first step, saves the run on the way,
and lets it end between two steps when it is asked to stop.
"""

import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Self

from mnist_core.cli.output import complain
from mnist_core.files import atomic_write, followed
from mnist_core.training.checkpoint import Checkpoint, save_checkpoint
from mnist_core.training.run import Progress, Run

SAVE_EVERY = 30.0  # seconds, so that a kill without warning costs no more
# SIGHUP comes when the terminal is closed; Windows has none.
STOPPING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Keeper:
    """Saves a run to a file: after every epoch, every 30 s, and at its end.

    Raises ValueError if one of the files can't be written. `network` is the file for the network
    alone, which is written only when the run is finished. `problem` says what the last `save`
    could not write, and why.
    """

    problem = ""

    def __init__(self, run: Run, out: Path | None, network: Path | None) -> None:
        if out and network and same_file(out, network):
            raise ValueError(f"--out and --network need two files, not {out} for both")
        self.run, self.out, self.network = run, out, network
        self.saved_at = monotonic()
        self.saved_steps: dict[Path, int] = {}  # how far the run had come that a file holds
        for path in filter(None, (out, network)):
            try_output(path, self._content(path))

    def _content(self, path: Path) -> Checkpoint:
        """What belongs into the file now."""
        checkpoint = self.run.checkpoint()
        return checkpoint if path == self.out else checkpoint.without_training()

    def after(self, progress: Progress) -> None:
        """Save if an epoch has ended, or if the last time is too long ago."""
        if progress.result or monotonic() >= self.saved_at + SAVE_EVERY:
            self.save()
            if self.problem and progress.status == "running":  # the training is worth more
                complain(f"the run goes on, but could not be saved: {self.problem}")

    def save(self) -> None:
        """Save the run as it is now, and once it is finished the network alone.

        A file that can't be written, as on a full disk, is no error but the `problem`.
        """
        finished = self.run.step == self.run.steps
        problems = []
        for path in filter(None, (self.out, self.network if finished else None)):
            if self.saved_steps.get(path) == self.run.step:
                continue
            try:
                save_checkpoint(path, self._content(path))
                self.saved_steps[path] = self.run.step
            except OSError as error:
                problems.append(f"{path}: {_reason(error)}")
        self.saved_at, self.problem = monotonic(), "; ".join(problems)


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same place, whether or not a file is there."""
    return os.path.realpath(one) == os.path.realpath(other)


def check_place(path: Path) -> None:
    """ValueError if what stands at the path is nothing that a file may take the place of."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the name of a file in it")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is no plain file: give the name of one")
    if path.exists() and not os.access(path, os.W_OK):
        raise ValueError(f"{path} is protected from being changed")


def try_output(path: Path, checkpoint: Checkpoint) -> None:
    """ValueError unless something as large as the checkpoint can be written to the path.

    What stands there stays as it is; folders that are missing are made.
    """
    try:
        check_place(path)
        target = followed(path)  # a link may lead to another disk
        trial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.trial")
        try:
            save_checkpoint(trial, checkpoint)
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{path} can't be written: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    """What the system says, without the name of a temporary file."""
    return os.strerror(error.errno) if error.errno else str(error)


def keep_former(path: Path, epochs: int) -> Path:
    """Copy a run's file beside it, under a name that no file has yet; that name."""
    names = (f"{path.stem}-{epochs}-epochs{more}{path.suffix}" for more in _endings())
    copy = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    content = path.read_bytes()
    atomic_write(copy, lambda file: file.write(content))
    shutil.copymode(path, copy)
    return copy


def _endings() -> Iterator[str]:
    """Nothing, -2, -3 and so on."""
    yield ""
    yield from (f"-{number}" for number in count(2))


class StopSignal:
    """While it is entered, Ctrl-C and SIGTERM are noted in `number` instead of ending the program.

    So the step that is being computed can be finished and the run saved. A second signal does not
    wait for that: it raises KeyboardInterrupt.
    """

    number = 0

    def __enter__(self) -> Self:
        self.before = {}
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for number in STOPPING:
                if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
                    self.before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            raise KeyboardInterrupt
        self.number = number
