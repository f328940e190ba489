"""The process that trains: `python -m mnist_core.runs.worker`, an order and commands on its stdin.
It reports on its stdout, saves checkpoints, and ends when its stdin closes, as its owner has died.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from pathlib import Path
from queue import Queue, SimpleQueue
from time import monotonic, perf_counter, thread_time
from typing import BinaryIO

from mnist_core.data.mnist import Dataset, load_mnist
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
    BatchPoint,
    Order,
    Report,
    RunStatus,
    Snapshot,
    read_command,
    read_message,
    read_order,
    report_message,
    write_message,
)
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from mnist_core.training.run import EpochResult, Progress, Run
from mnist_core.training.train import train

CHECKPOINT_NAME = "checkpoint.npz"
BEGINNING_NAME = "beginning.npz"  # of a run that began with given weights: what it rewinds to
REPORT_EVERY = 0.1  # seconds, at least
REPORT_SHARE = 0.02  # of the time may go into reports: big snapshots come less often
SAVE_EVERY = 2.0  # seconds, at least, between checkpoints at the ends of epochs
SAVE_LONG_EPOCH_EVERY = 30.0  # seconds, between checkpoints within an epoch
SAVE_SHARE = 0.05  # of the time may go into checkpoints
EARLY_STEPS = 1024  # up to here steps 1, 2, 4, 8... are kept: a network learns most at first
EARLY_BYTES = 1 << 20  # and only weights up to this size, since the owner's memory is limited
NICENESS = 15  # the page answers first: visitors who draw beside two trainings wait a third as long


class Outbox:
    """Sends reports from a thread of its own, so that a slow reader never holds up training."""

    def __init__(self, stream: BinaryIO) -> None:
        self.cost = 0.0  # seconds of processor time that the last report took to send
        self._stream = stream
        self._queue: Queue[Report | None] = Queue()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether everything has been sent."""
        return self._queue.unfinished_tasks == 0

    def send(self, report: Report) -> None:
        """Hand over a report whose arrays nobody changes any more."""
        self._queue.put(report)

    def close(self) -> None:
        """Send the rest and end."""
        self._queue.put(None)
        self._thread.join()

    def _send_all(self) -> None:
        while (report := self._queue.get()) is not None:
            started = thread_time()
            with suppress(OSError):  # the owner is gone: the closed stdin will say so too
                write_message(self._stream, report_message(report))
            self.cost = thread_time() - started
            self._queue.task_done()


class Trainer:
    """A run that obeys the commands in `inbox`, where None says that the owner is gone."""

    def __init__(
        self, order: Order, data: Dataset, inbox: "SimpleQueue[Command | None]", outbox: Outbox
    ) -> None:
        """ValueError (or CheckpointError, one of its kind) if the run can't be begun."""
        self.data = data
        self.config = order.config
        self.checkpoint_file = Path(order.folder) / CHECKPOINT_NAME
        self.beginning_file = Path(order.folder) / BEGINNING_NAME
        self.inbox = inbox
        self.outbox = outbox
        self.status: RunStatus = "running"
        self.message = ""
        self.saved_step: int | None = None
        self.saved_at = float("-inf")
        self.save_interval = SAVE_EVERY
        self.next_report = 0.0
        if order.checkpoint is None:
            self._begin(Run(order.config, data))
        else:
            try:
                checkpoint = load_checkpoint(order.checkpoint)
                # The order's settings hold: one may go on from a snapshot with others.
                checkpoint = replace(checkpoint, config=order.config.to_dict())
                self._begin(Run.resume(checkpoint, data))
            except CheckpointError as error:
                raise CheckpointError(f"the checkpoint can't be used, as {error}") from error
            if Path(order.checkpoint) == self.checkpoint_file:
                self.saved_step = self.run.step
            elif self.run.step == 0:
                save_checkpoint(self.beginning_file, checkpoint)

    def _first_run(self) -> Run:
        """The run as it was before its first step."""
        if self.beginning_file.exists():
            return Run.resume(load_checkpoint(self.beginning_file), self.data)
        return Run(self.config, self.data)

    def _begin(self, run: Run) -> None:
        """Make `run` the one to go on with, and what is to be reported of it."""
        self.run = run
        self.steps = train(run)
        self.first_step = run.step
        self.seconds_before = sum(result.seconds for result in run.history)
        self.pause_at: int | None = None
        self.progress: Progress | None = None
        self.running_seconds = 0.0  # by the clock on the wall, without pauses
        self.running_since = monotonic()
        self.new_results: list[EpochResult] = list(run.history)
        self.new_snapshots: list[Snapshot] = []
        self.new_rates: list[tuple[int, float]] = []
        self.batches, self.losses, self.accuracies = 0, 0.0, 0.0

    def work(self) -> None:
        """Train and obey until the run ends or the owner is gone."""
        self._report(restarted_at=self.run.step)
        while self.status in ("running", "paused"):
            if self.status == "paused" or not self.inbox.empty():
                if self.status == "paused" and self.inbox.empty():
                    self._save_while_waiting()
                command = self.inbox.get()
                if command is None:
                    self._save()
                    return
                self._obey(command)
            else:
                self._advance()
        self._save()
        if self.status == "diverged":  # the run went back to its last good weights
            self.new_results = list(self.run.history)
            self._report(restarted_at=self.run.step)
        else:
            self._report()

    def _obey(self, command: Command) -> None:
        match command:
            case Pause():
                self._set_status("paused")
                self._report()
            case Resume():
                self.pause_at = None
                self._set_status("running")
                self._report()
            case TrainBatch():
                self.pause_at = self.run.step + 1
                self._set_status("running")  # for one step only: not worth a report
            case TrainEpoch():
                epoch = self.run.step // self.run.steps_per_epoch
                self.pause_at = (epoch + 1) * self.run.steps_per_epoch
                self._set_status("running")
                self._report()
            case SetLearningRate(rate):
                self.run.learning_rate = rate
                self.new_rates.append((self.run.step, rate))
                self.next_report = 0.0  # soon: a slider sends many of these
                if self.status == "paused":
                    self._report()
            case Rewind():
                self._set_status("paused")
                self._begin(self._first_run())
                self._report(restarted_at=0)
            case Stop(reason):
                self._set_status("stopped")
                self.message = reason

    def _set_status(self, status: RunStatus) -> None:
        now = monotonic()
        if self.status == "running":
            self.running_seconds += now - self.running_since
        self.running_since = now
        self.status = status
        self.message = ""

    def _advance(self) -> None:
        """One step, and what is due after it."""
        progress = next(self.steps, None)
        if progress is None:  # a finished run was resumed
            self._set_status("finished")
            return
        self.progress = progress
        if isfinite(progress.loss):
            self.batches += 1
            self.losses += progress.loss
            self.accuracies += progress.accuracy
        if progress.result is not None:
            self.new_results.append(progress.result)
        step = progress.step
        if progress.status != "running":
            self._set_status(progress.status)
            self.message = progress.message
            return
        if step <= EARLY_STEPS and step & (step - 1) == 0:
            self._keep_early_snapshot()
        if step == self.pause_at:
            self._set_status("paused")
            self._report()
            return
        now = monotonic()
        if progress.result is not None or now - self.saved_at > SAVE_LONG_EPOCH_EVERY:
            self._save_if_due(now)
        if now >= self.next_report and self.outbox.idle:
            self._report()

    # What leaves the process.

    def _snapshot(self) -> Snapshot:
        """The weights to predict with, copied."""
        run = self.run
        # As Run.network chooses them, without building a network ten times a second.
        vector = run.model.parameters if run.ema is None or not run.step else run.ema
        epoch = run.step // run.steps_per_epoch
        return Snapshot(run.step, epoch, self.status, vector.flat.copy(), self._numbers())

    def _numbers(self) -> Progress | None:
        # Results travel on their own, each once.
        return replace(self.progress, result=None) if self.progress else None

    def _keep_early_snapshot(self) -> None:
        if self.run.model.parameters.flat.nbytes <= EARLY_BYTES:
            self.new_snapshots.append(self._snapshot())

    def _report(self, restarted_at: int | None = None) -> None:
        """Send everything that is new."""
        started = perf_counter()
        run, progress = self.run, self.progress
        if not self.new_snapshots or self.new_snapshots[-1].step != run.step:
            self.new_snapshots.append(self._snapshot())
        batches = None
        if self.batches:
            means = self.losses / self.batches, self.accuracies / self.batches
            batches = BatchPoint(run.step, self.batches, *means)
        self.outbox.send(
            Report(
                status=self.status,
                learning_rate=run.learning_rate,
                message=self.message,
                progress=self._numbers(),
                seconds=self.seconds_before + (progress.seconds if progress else 0.0),
                images_per_second=progress.images / progress.seconds if progress else 0.0,
                seconds_left=self._seconds_left(),
                saved_step=self.saved_step,
                restarted_at=restarted_at,
                rate_changes=tuple(self.new_rates),
                batches=batches,
                results=tuple(self.new_results),
                snapshots=tuple(self.new_snapshots),
            )
        )
        self.new_results, self.new_snapshots, self.new_rates = [], [], []
        self.batches, self.losses, self.accuracies = 0, 0.0, 0.0
        cost = perf_counter() - started + self.outbox.cost
        self.next_report = monotonic() + max(REPORT_EVERY, cost / REPORT_SHARE)

    def _seconds_left(self) -> float | None:
        """The time that the remaining steps will take at the pace so far; None if unknown."""
        done = self.run.step - self.first_step
        if done <= 0 or self.status not in ("running", "paused"):
            return None
        seconds = self.running_seconds
        if self.status == "running":
            seconds += monotonic() - self.running_since
        return seconds / done * (self.run.steps - self.run.step)

    def _save(self) -> None:
        """Write a checkpoint; a full disk is told to whoever looks, and no reason to end."""
        started = monotonic()
        try:
            save_checkpoint(self.checkpoint_file, self.run.checkpoint())
            self.saved_step = self.run.step
        except OSError as error:
            reason = f"No checkpoint could be saved: {error.strerror or error}."
            if reason not in self.message:
                self.message = f"{self.message} {reason}".strip()
        self.saved_at = monotonic()
        self.save_interval = max(SAVE_EVERY, (self.saved_at - started) / SAVE_SHARE)

    def _save_if_due(self, now: float) -> None:
        if now - self.saved_at >= self.save_interval:
            self._save()

    def _save_while_waiting(self) -> None:
        """A pause is saved after it was reported, as a person waits for the answer."""
        if self.saved_step != self.run.step:
            self._save()
            self._report()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Stdin and stdout for messages alone: whatever else prints goes to stderr."""
    # Unbuffered, since a buffer that a thread is waiting on can't be closed when Python ends.
    commands = open(os.dup(0), "rb", buffering=0)  # noqa: SIM115
    reports = open(os.dup(1), "wb")  # noqa: SIM115
    os.dup2(2, 1)
    return commands, reports  # type: ignore[return-value]


def _listen(stream: BinaryIO, inbox: "SimpleQueue[Command | None]") -> None:
    while (message := read_message(stream)) is not None:
        inbox.put(read_command(message))
    inbox.put(None)


def main() -> int:
    """Carry out one order; the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    commands, reports = _own_pipes()
    message = read_message(commands)
    if message is None:
        return 0
    order = read_order(message)
    inbox: SimpleQueue[Command | None] = SimpleQueue()
    for command in order.commands:
        inbox.put(command)
    threading.Thread(target=_listen, args=(commands, inbox), daemon=True).start()
    outbox = Outbox(reports)
    try:
        trainer = Trainer(order, load_mnist(order.data), inbox, outbox)
    except (ValueError, OSError, MemoryError) as error:
        reason = f"The run can't begin: {str(error) or 'there is not enough memory'}."
        outbox.send(Report("failed", order.config.learning_rate, reason))
        return 1
    else:
        trainer.work()
        return 0
    finally:
        outbox.close()


if __name__ == "__main__":
    sys.exit(main())
