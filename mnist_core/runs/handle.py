"""A run as a page or a script sees it: an id, and the pool that knows the run.
It holds no state of its own, so any number of handles of one run see and command the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_core.runs.commands import Command
from mnist_core.runs.snapshots import SnapshotList
from mnist_core.runs.state import RunView
from mnist_core.runs.status import RunStatus
from mnist_core.training.config import TrainConfig

if TYPE_CHECKING:
    from mnist_core.runs.local import LocalPool


@dataclass(frozen=True)
class RunHandle:
    """Look at a run and command it, as one visitor. Safe to use from any thread.

    Each method raises KeyError if the run has been removed from the disk.
    """

    _pool: "LocalPool"
    id: str
    config: TrainConfig
    _visitor: str

    def peek(self) -> RunView:
        """The run now, without a sign of life: for lists and comparisons."""
        return self._pool.peek(self.id)

    def watch(self) -> RunView:
        """The run now, and a sign of life: it wakes a run that slept for want of one."""
        return self._pool.watch(self.id)

    def send(self, command: Command) -> None:
        """Have a command obeyed at the next step; returns at once. See LocalPool.send."""
        self._pool.send(self.id, command, self._visitor)

    def wait_for(self, condition: Callable[[RunView], bool], timeout: float) -> RunView:
        """The first view that meets the condition; TimeoutError after so many seconds."""
        changed = self._pool.changed
        with changed:
            if not changed.wait_for(lambda: condition(self.watch()), timeout):
                raise TimeoutError(f"run {self.id} is {self.status} after {timeout:g} s")
            return self.watch()

    @property
    def may_command(self) -> bool:
        """Whether the visitor may do more than watch."""
        run = self._pool.live(self.id)
        return run.may_be_commanded_by(self._visitor) and not run.elsewhere

    @property
    def command_key(self) -> str:
        """What a link must hold for others to command the run; "" for whoever may not."""
        run = self._pool.live(self.id)
        return run.command_key if run.may_be_commanded_by(self._visitor) else ""

    @property
    def status(self) -> RunStatus:
        """The run's status; to ask for it is no sign of life."""
        return self._pool.live(self.id).state.status

    @property
    def folder(self) -> Path:
        """Where the run's files lie."""
        return self._pool.live(self.id).files.path.resolve()

    @property
    def checkpoint_path(self) -> Path | None:
        """The run's last checkpoint, to go on from, to download or to load elsewhere."""
        path = self._pool.live(self.id).files.checkpoint
        return path.resolve() if path.is_file() else None

    @property
    def snapshots(self) -> SnapshotList:
        """The snapshots of the run that are kept."""
        return self._pool.live(self.id).snapshots

    @property
    def process_id(self) -> int | None:
        """Of the process that works on the run; None if there is none."""
        process = self._pool.live(self.id).process
        return process.pid if process else None
