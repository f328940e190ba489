"""The files of one run: checkpoint, state, snapshots, and the lock of who works on it."""

import json
import logging
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any, BinaryIO, Self

from mnist_core.files import atomic_write, open_plain
from mnist_core.runs.snapshots import SnapshotList
from mnist_core.runs.state import RunState
from mnist_core.runs.status import can_go_on
from mnist_core.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_description,
    save_checkpoint,
)
from mnist_core.training.config import TrainConfig

try:
    import fcntl
except ImportError:  # Windows: there the lease in the store is all that keeps two servers apart
    fcntl = None

TRIES, TRY_EVERY = 5, 0.01  # seconds, to take a lock
MAX_STATE_BYTES = 64 * 2**20

log = logging.getLogger(__name__)


class Lock:
    """A file that at most one process holds, until it closes it or ends, however it ends.

    The hold belongs to the open file: a process that inherits it holds it too.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lock, or None if somebody else holds it; OSError if its file can't be written."""
        file = open(path, "ab")  # noqa: SIM115
        for _ in range(TRIES):
            if _locked(file, shared=False):
                return cls(file)
            sleep(TRY_EVERY)  # somebody may just be looking whether it is held
        file.close()
        return None

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Whether some process holds the lock now."""
        try:
            with open(path, "rb") as file:
                return not _locked(file, shared=True)
        except OSError:  # there is none
            return False

    @property
    def descriptor(self) -> int:
        """To be handed to a process that is to hold the lock as well."""
        return self._file.fileno()

    def release(self) -> None:
        """Let go of it here; a process that has inherited the file holds it still."""
        self._file.close()


def _locked(file: BinaryIO, *, shared: bool) -> bool:
    """Whether the lock could be had: by this file alone, or for a look, together with others."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the lease in the store must do
        pass
    return True


@dataclass(frozen=True)
class RunFolder:
    """Where the files of one run lie."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """What the run goes on from."""
        return self.path / "checkpoint.npz"

    @property
    def beginning(self) -> Path:
        """The weights that the run was given to begin with: what it is rewound to."""
        return self.path / "beginning.npz"

    @property
    def given(self) -> Path:
        """The checkpoint of another run that this one goes on from."""
        return self.path / "given.npz"

    @property
    def state(self) -> Path:
        """What is known of the run besides its weights."""
        return self.path / "state.json"

    @property
    def about(self) -> Path:
        """What the index of runs says of the run and nothing else here does."""
        return self.path / "about.json"

    @property
    def snapshots(self) -> Path:
        """The folder of the snapshots' weights."""
        return self.path / "snapshots"

    @property
    def lock(self) -> Path:
        """Held by the process that works on the run."""
        return self.path / "lock"

    def make(self) -> None:
        """Make the folder, for its owner alone; OSError if that can't be done."""
        self.path.mkdir(mode=0o700)

    def give(self, checkpoint: str | Path | Checkpoint) -> None:
        """Keep a copy of the checkpoint that the run is to go on from, whatever becomes of it."""
        if isinstance(checkpoint, Checkpoint):
            save_checkpoint(self.given, checkpoint)
            return
        checkpoint = Path(checkpoint)
        copies = [(checkpoint, self.given)]
        if (beginning := checkpoint.parent / self.beginning.name).is_file():
            copies.append((beginning, self.beginning))
        for source, target in copies:
            with open_plain(source) as file:
                atomic_write(target, partial(shutil.copyfileobj, file))

    def remove_parts(self) -> None:
        """Remove files that a process was writing when it was killed."""
        for part in self.path.glob("*.part"):
            with suppress(OSError):
                part.unlink()

    def remove(self) -> None:
        """Remove the run, and all of its files."""
        shutil.rmtree(self.path, ignore_errors=True)

    def size(self) -> int:
        """Bytes on the disk."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with suppress(OSError):
                    total += os.stat(os.path.join(folder, name)).st_size
        return total

    def lengthen(self, source: "RunFolder", config: TrainConfig) -> RunState:
        """Copy a finished run, with settings that let it go on; the state that it is then in.

        CheckpointError if its checkpoint can't be used, OSError if the disk is full.
        """
        checkpoint = load_checkpoint(source.checkpoint)
        save_checkpoint(self.checkpoint, replace(checkpoint, config=config.to_dict()))
        for path in (source.beginning, source.state):
            if path.is_file():
                shutil.copyfile(path, self.path / path.name)
        if source.snapshots.is_dir():
            shutil.copytree(source.snapshots, self.snapshots)
        state, snapshots = self.load_state(RunState(self.path.stem, config))
        state.status, state.message = "stopped", can_go_on(checkpoint.step)
        state.test_accuracy = None
        self.save_state(state, snapshots)
        return state

    def save_about(self, about: dict[str, Any]) -> None:
        """Write what the index is to be made of if it is lost; OSError if the disk is full."""
        content = json.dumps(about).encode()
        atomic_write(self.about, lambda file: file.write(content))

    def load_about(self) -> dict[str, Any]:
        """What save_about wrote, or at least the settings, under "config", from a checkpoint.

        OSError, ValueError or RecursionError if neither can be read.
        """
        try:
            with open_plain(self.about) as file:
                return json.loads(file.read(MAX_STATE_BYTES))
        except (OSError, ValueError, RecursionError):
            for path in (self.checkpoint, self.given):
                with suppress(OSError, CheckpointError):
                    return {"config": load_description(path)["config"]}
            raise

    def save_state(self, state: RunState, snapshots: SnapshotList) -> None:
        """Write what is new of state and snapshots; OSError if the disk is full."""
        values = state.to_dict()
        values["parameters"] = state.snapshot.parameters.size if state.snapshot else 0
        values["snapshots"] = snapshots.save(self.snapshots)
        content = json.dumps(values).encode()
        atomic_write(self.state, lambda file: file.write(content), durable=False)
        snapshots.tidy(self.snapshots)

    def load_state(self, state: RunState) -> tuple[RunState, SnapshotList]:
        """What save_state wrote; `state` itself and no snapshots if that can't be read.

        The step of the checkpoint is the one in its file, if that can be read: the process may have
        been killed between the two.
        """
        found, snapshots = self._read_state(state)
        with suppress(OSError, CheckpointError):
            found.saved_step = load_description(self.checkpoint)["step"]
        return found, snapshots

    def _read_state(self, state: RunState) -> tuple[RunState, SnapshotList]:
        try:
            with open_plain(self.state) as file:
                values: dict[str, Any] = json.loads(file.read(MAX_STATE_BYTES))
            found = RunState.from_dict(state.id, state.config, values)
            snapshots = SnapshotList.load(self.snapshots, values["snapshots"], values["parameters"])
        except FileNotFoundError:  # nothing was saved yet
            return state, SnapshotList()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            log.warning("%s can't be used (%r): what it had of curves is lost", self.state, error)
            return state, SnapshotList()
        found.snapshot = snapshots.all[-1] if len(snapshots) else None
        return found, snapshots
