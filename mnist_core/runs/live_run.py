"""What a server holds of one run: its state, its snapshots, and the process that works on it.
There is one such object for each run; it belongs to the pool, and is used under the pool's lock.
"""

import json
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Self

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
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.protocol import Order
from mnist_core.runs.rows import RunRow
from mnist_core.runs.snapshots import MAX_BYTES, SnapshotList
from mnist_core.runs.state import Report, RunState
from mnist_core.runs.status import ELSEWHERE, ENDED, NotAllowed, interrupted
from mnist_core.training.config import TrainConfig

LOSSES = 3  # machines that a run may lose without coming further; it may be to blame
GOING_ON = (Resume, TrainBatch, TrainEpoch)  # what starts a run again that has no process


@dataclass(eq=False)
class LiveRun:
    """One run in this server's memory."""

    id: str
    config: TrainConfig
    data: str | None
    files: RunFolder
    state: RunState
    visitors: tuple[str, ...]
    command_key: str
    watched_at: float
    snapshots: SnapshotList = field(default_factory=SnapshotList)
    process: WorkerProcess | None = None
    waiting: list[Command] = field(default_factory=list)  # until there is a process
    anew: bool = False  # begin at step 0, whatever checkpoint there is
    asleep: bool = False  # paused since nobody looked
    going: Command = field(default_factory=Resume)  # what wakes it up again
    ending: bool = False  # the process was told to end, and reads no further command
    gives_up: bool = False  # the process was told to give its place to a run that waits
    in_hand: bool = False  # this server has leased it: it works on the run, or is about to
    comes_again: bool = False  # it gives its place since its turn is over, and queues again
    started_at: float = float("-inf")  # when its last process was started, by the pool's clock
    elsewhere: bool = False  # another server has it in hand
    unheard: tuple[list[Command], bool] | None = None  # `waiting` and `anew` until it says a word
    losses: int = 0  # of the machine it was on, since its checkpoint `lost_at`
    lost_at: int | None = None
    noted: tuple[str, str, str] = ("", "", "")  # status, message, results: in the index, or soon

    @classmethod
    def new(cls, row: RunRow, files: RunFolder, now: float) -> Self:
        """A run that has not begun."""
        state = RunState(row.id, row.config, learning_rate=row.config.learning_rate)
        return cls(row.id, row.config, row.data, files, state, row.visitors, row.command_key, now)

    @classmethod
    def loaded(cls, row: RunRow, files: RunFolder, now: float, *, elsewhere: bool) -> Self:
        """A run of an earlier time, or of another server, from its files.

        What was still going on then, and goes on nowhere now, was interrupted. A run that was
        paused is so still.
        """
        run = cls.new(row, files, now)
        run.state, run.snapshots = files.load_state(run.state)
        run.elsewhere = elsewhere
        run.noted = row.status, row.message, json.dumps(row.results)
        if elsewhere or row.status in (*ENDED, "paused"):
            run.state.change(row.status, row.message)
        elif run.state.status not in ENDED:  # else it had just ended when its server did
            run.state.change("interrupted", interrupted(run.state.saved_step))
        return run

    def adopt(self, loaded: Self) -> None:
        """Take over what another server has made of the run."""
        self.state, self.snapshots, self.noted = loaded.state, loaded.snapshots, loaded.noted
        self.visitors, self.elsewhere = loaded.visitors, loaded.elsewhere
        self.waiting, self.anew, self.asleep = [], False, False  # said of a run that was another

    def lose(self) -> None:
        """Note that another process works on the run after all."""
        self.elsewhere, self.waiting, self.anew = True, [], False

    @property
    def awake(self) -> bool:
        """Whether it works, or is about to."""
        return self.state.status in ("starting", "running") and not self.asleep

    @property
    def visitor(self) -> str:
        """Who began it; "" if that was nobody on a page."""
        return self.visitors[0] if self.visitors else ""

    def may_be_commanded_by(self, visitor: str) -> bool:
        """Whether that visitor began it or was given its key; a run of nobody is everybody's."""
        return not self.visitors or visitor in self.visitors

    def is_opened_by(self, key: str) -> bool:
        """Whether that is the run's command key; how long the answer takes tells nothing of it."""
        return compare_digest(key.encode(errors="replace"), self.command_key.encode())

    def refuse_others(self, visitor: str | None) -> None:
        """NotAllowed if the visitor (None for the pool's owner), or this server, may only watch."""
        if visitor is not None and not self.may_be_commanded_by(visitor):
            raise NotAllowed("this link shows the run; only who began it can command it")
        if self.elsewhere:
            raise NotAllowed(ELSEWHERE)

    def note_wish(self, command: Command) -> None:
        """Remember how the run is to go on when somebody looks again."""
        self.asleep = self.asleep and isinstance(command, SetLearningRate)
        if isinstance(command, Resume | TrainEpoch):
            self.going = command

    def deliver(self, command: Command) -> None:
        """Send a command to the process."""
        if self.process is not None:
            self.process.send(command)
            self.ending = self.ending or isinstance(command, Stop)

    def starts_with(self, command: Command) -> bool:
        """Whether a command that comes while there is no process asks for one."""
        goes_on = isinstance(command, GOING_ON) and self.state.status != "finished"
        return goes_on or isinstance(command, Rewind)

    def needs_lease(self, command: Command) -> bool:
        """Whether a command changes the run while no server has it in hand."""
        ends = isinstance(command, Stop) and self.state.status == "paused"
        return not self.in_hand and (ends or self.starts_with(command))

    def keep(self, command: Command) -> None:
        """Keep what a command says for the next process."""
        if isinstance(command, Rewind):
            self.anew, self.waiting = True, [Pause()]
        elif isinstance(command, SetLearningRate) or self.starts_with(command):
            self.waiting.append(command)

    def order(self) -> Order:
        """What a new process is told."""
        checkpoint = None if self.anew else self._source()
        return Order(
            self.config,
            folder=str(self.files.path.resolve()),
            data=self.data,
            checkpoint=str(checkpoint.resolve()) if checkpoint else None,
            commands=tuple(self.waiting),
        )

    def _source(self) -> Path | None:
        """The checkpoint to go on from; None to begin at the first step."""
        files = self.files
        if self.state.saved_step is not None or files.checkpoint.is_file():
            # Even one that is gone: the process says so, and keeps the rest.
            return files.checkpoint
        return files.given if files.given.is_file() else None

    def begin(self, now: float, bytes_in_memory: int) -> None:
        """Note that a process has been started with the order."""
        self.started_at = now
        self.unheard = self.waiting, self.anew
        self.waiting, self.anew = [], False
        self.asleep = self.ending = self.gives_up = self.comes_again = False
        self.snapshots.max_bytes = min(MAX_BYTES, bytes_in_memory)

    def take(self, report: Report) -> None:
        """Bring everything up to date."""
        self.unheard = None
        self.state.take(report)
        for snapshot in report.snapshots:
            self.snapshots.append(snapshot, spared=self.state.best_step)
        if report.status in ENDED:
            self.ending, self.asleep = True, False
        elif report.keeps_place:
            self.gives_up = self.ending = self.comes_again = False
            self.asleep = self.asleep and report.status == "paused"
            waiting, self.waiting = self.waiting, []
            for command in waiting:
                self.deliver(command)

    def goes_on_elsewhere(self, lost: str) -> bool:
        """Whether a run starts again whose process was lost with its machine or the cluster."""
        if self.ending or self.state.status == "paused":
            return False
        if lost == "machine":
            step = self.state.saved_step
            self.losses = self.losses + 1 if step == self.lost_at else 1
            self.lost_at = step
        return bool(lost) and self.losses < LOSSES

    def told_again(self, saved: RunState) -> list[Command]:
        """What lets a run go on that lost its place: as it was, or as it was told before it began.

        The learning rate is the one that it had after its checkpoint was saved.
        """
        if self.unheard:
            commands, anew = self.unheard
            return [Rewind() if anew else Resume(), *commands]
        rate = self.state.learning_rate
        unsaved = [] if rate == saved.learning_rate else [SetLearningRate(rate)]
        return [*unsaved, self.going]

    def after_process(self, saved: tuple[RunState, SnapshotList]) -> list[Command]:
        """Note that the process has ended; the commands that it did not read any more.

        `saved` is what its files say. Its snapshots are left to the disk, but for a newest one
        that was not saved.
        """
        waiting, self.waiting = self.waiting, []
        self.process = None
        self.asleep = self.asleep and self.gives_up  # then a look still wakes it up
        self.ending = self.gives_up = self.comes_again = False
        state, snapshots = saved
        newest = self.state.snapshot
        self.state.saved_step = state.saved_step
        if state is not self.state and newest is not None:
            self.snapshots = snapshots
            if state.snapshot is not None and state.snapshot.step == newest.step:
                self.state.snapshot = state.snapshot
            else:
                self.snapshots.append(newest, spared=self.state.best_step)
        return waiting
