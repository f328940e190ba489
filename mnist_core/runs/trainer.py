"""A run that obeys: it trains step by step, looks for commands between steps, reports and saves."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter

from mnist_core.data.mnist import Dataset
from mnist_core.nn.metrics import accuracy
from mnist_core.runs.commands import (
    Command,
    GiveUpPlace,
    Inbox,
    OwnerGone,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.news import News
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import Order
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import Report, RunState
from mnist_core.runs.status import NOT_SAVED, RunStatus
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from mnist_core.training.run import Progress, Run, best_epoch
from mnist_core.training.train import train

REPORT_EVERY = 0.1  # seconds, at least
REPORT_SHARE = 0.02  # of the time may go into reports: big snapshots come less often
SAVE_EVERY = 2.0  # seconds, at least, between checkpoints at the ends of epochs
SAVE_WITHIN = 10.0  # seconds, at most, between any two checkpoints
SAVE_SHARE = 0.05  # of the time may go into checkpoints at the ends of epochs
PACE_AFTER = 0.5  # seconds of training: the first steps are slow, and say nothing of its pace
EARLY_STEPS = 1024  # up to here steps 1, 2, 4, 8... are kept: a network learns most at first
SMALL_BYTES = 1 << 20  # of weights that are kept between reports too: the owner's memory is limited


class Trainer:
    """A run that obeys the commands in `inbox`."""

    def __init__(
        self,
        order: Order,
        data: Dataset,
        inbox: Inbox,
        outbox: Outbox,
        *,
        saving: AbstractContextManager[object] = nullcontext(),  # noqa: B008, as it has no state
    ) -> None:
        """ValueError (or CheckpointError, one of its kind) if the run can't be begun.

        `saving` is held while files are written, so that others can let a save come to its end.
        """
        self.data = data
        self.saving = saving
        self.config = order.config
        self.files = RunFolder(Path(order.folder))
        self.inbox = inbox
        self.outbox = outbox
        self.status: RunStatus = "running"
        self.message = ""
        self.saved_step: int | None = None
        self.unsaved_rate = False  # a rate was set since the last checkpoint
        self.reported_step: int | None = None  # of the last snapshot that was reported
        self.saved_at = float("-inf")
        self.save_interval = SAVE_EVERY
        self.next_report = 0.0
        self.files.remove_parts()
        # The same as the owner keeps, to be written beside the checkpoint.
        state = RunState(Path(order.folder).name, order.config)
        self.state, self.snapshots = self.files.load_state(state)
        try:
            self._begin(self._first_run() if order.checkpoint is None else self._go_on(order))
        except (CheckpointError, FileNotFoundError) as error:
            raise CheckpointError(self._why_not(order, error)) from error

    def _why_not(self, order: Order, error: Exception) -> str:
        """Why the run can't go on from its checkpoint, and what can be done."""
        reason = f"the checkpoint can't be used, as {error}"
        if isinstance(error, FileNotFoundError):
            reason = "its checkpoint is gone"
        if order.checkpoint is None or Path(order.checkpoint) != self.files.checkpoint:
            return reason
        return f"{reason}. What it has shown is kept; Rewind begins it again at step 0"

    def _go_on(self, order: Order) -> Run:
        """The run that the order's checkpoint is of."""
        assert order.checkpoint is not None
        checkpoint = load_checkpoint(order.checkpoint)
        # The order's settings hold: one may go on from a snapshot with others.
        checkpoint = replace(checkpoint, config=order.config.to_dict())
        run = Run.resume(checkpoint, self.data)
        if Path(order.checkpoint) == self.files.checkpoint:
            self.saved_step = run.step
        elif run.step == 0:
            save_checkpoint(self.files.beginning, checkpoint)
        return run

    def _first_run(self) -> Run:
        """The run as it was before its first step."""
        if self.files.beginning.exists():
            checkpoint = load_checkpoint(self.files.beginning)
            return Run.resume(replace(checkpoint, config=self.config.to_dict()), self.data)
        return Run(self.config, self.data)

    def _begin(self, run: Run) -> None:
        """Make `run` the one to go on with, and what is to be reported of it."""
        self.run = run
        self.steps = train(run, interrupted=lambda: not self.inbox.empty())
        self.first_step = self.counted_step = run.step
        own = 0 < run.step == self.saved_step  # its state knows of the epoch in progress too
        epochs = sum(result.seconds for result in run.history)
        self.seconds_before = self.state.seconds if own else epochs
        self.pause_at: int | None = None
        self.progress: Progress | None = None
        self.test_accuracy: float | None = None
        self.running_seconds = 0.0  # by the clock on the wall, without pauses
        self.running_since = monotonic()
        self.news = News(list(run.history))

    def work(self) -> None:
        """Train and obey until the run ends, gives up its place, or the owner is gone."""
        self._report(restarted_at=self.run.step)
        while self.status in ("running", "paused"):
            if self.status == "paused" or not self.inbox.empty():
                if self.status == "paused" and self.inbox.empty():
                    self._save_while_waiting()
                command = self.inbox.get()
                if isinstance(command, OwnerGone):
                    self._report(then_save=True)
                    return
                if isinstance(command, GiveUpPlace) and self._gives_up_place(command):
                    return
                self._obey(command)
            else:
                self._advance()
        if self.status == "diverged":  # the run went back to its last good weights
            # Without the batches, which are of steps that were undone.
            self.news = News(list(self.run.history), self.news.snapshots, self.news.rates)
            self._report(restarted_at=self.run.step, then_save=True)
            return
        if self.status == "finished":
            test = self.data.test
            self.test_accuracy = accuracy(self.run.network().predict(test.images), test.labels)
        self._report(then_save=True)

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
                self.news.rates.append((self.run.step, rate))
                self.unsaved_rate = True
                self.next_report = 0.0  # soon: a slider sends many of these
                if self.status == "paused":
                    self._report()
            case Rewind():
                self._rewind()
            case Stop(reason):
                self._set_status("stopped")
                self.message = reason

    def _gives_up_place(self, asked: GiveUpPlace) -> bool:
        """Save the run, and whether it can be left; whoever asked is told in either case."""
        leaves = (self.status == "paused" or asked.even_running) and self._save()
        self._report(keeps_place=not leaves)
        return leaves

    def _rewind(self) -> None:
        """Back to the first step; a run whose first weights can't be read has failed."""
        try:
            first = self._first_run()
        except (CheckpointError, OSError) as error:
            self._set_status("failed")
            self.message = f"The run can't be rewound: its first weights can't be used, as {error}."
            return
        self._set_status("paused")
        self._begin(first)
        self._report(restarted_at=0)

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
        # A step whose validation was interrupted comes again, and is counted once.
        if progress.step > self.counted_step:
            self.news.count(progress)
        if progress.images:  # else of a batch that was trained on in an earlier process
            self.progress = progress
        self.counted_step = step = progress.step
        if (result := progress.result) is not None:
            self.news.results.append(result)
        if progress.status != "running":
            self._set_status(progress.status)
            self.message = progress.message
            return
        early = step <= EARLY_STEPS and step & (step - 1) == 0
        if early or (result and result is best_epoch(self.run.history)):
            self._keep_small_snapshot()
        if step == self.pause_at and not self.run.is_unjudged:
            self._set_status("paused")
            self._report()
            return
        now = monotonic()
        wait = self.save_interval if result is not None else SAVE_WITHIN
        save = now - self.saved_at >= min(wait, SAVE_WITHIN)
        if self.outbox.idle and (save or now >= self.next_report):
            self._report(then_save=save)
        elif save:  # nobody reads: the batches since the last report are not in the curve yet
            self._save()

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

    def _keep_small_snapshot(self) -> None:
        if self.run.model.parameters.flat.nbytes <= SMALL_BYTES:
            self.news.snapshots.append(self._snapshot())

    def _report(
        self,
        restarted_at: int | None = None,
        *,
        then_save: bool = False,
        keeps_place: bool = False,
    ) -> None:
        """Note everything that is new, save it if that is due, and send it."""
        started = perf_counter()
        run, progress = self.run, self.progress
        news, self.news = self.news, News()
        newest = news.snapshots[-1].step if news.snapshots else self.reported_step
        if newest != run.step or restarted_at is not None:
            news.snapshots.append(self._snapshot())
        self.reported_step = run.step
        report = Report(
            status=self.status,
            learning_rate=run.learning_rate,
            message=self.message,
            progress=self._numbers(),
            seconds=self.seconds_before + (progress.seconds if progress else 0.0),
            images_per_second=progress.images / progress.seconds if progress else 0.0,
            seconds_left=self._seconds_left(),
            saved_step=self.saved_step,
            restarted_at=restarted_at,
            rate_changes=tuple(news.rates),
            test_accuracy=self.test_accuracy,
            batches=news.point(run.step),
            results=tuple(news.results),
            snapshots=tuple(news.snapshots),
            keeps_place=keeps_place,
        )
        self.state.take(report)
        for snapshot in report.snapshots:
            self.snapshots.append(snapshot, spared=self.state.best_step)
        cost = perf_counter() - started + self.outbox.cost
        if then_save:
            self._save()
            report = replace(report, saved_step=self.saved_step, message=self.message)
        self.outbox.send(report)
        self.next_report = monotonic() + max(REPORT_EVERY, cost / REPORT_SHARE)

    def _seconds_left(self) -> float | None:
        """The time that the remaining steps will take at the pace so far; None if unknown."""
        since = monotonic() - self.running_since if self.status == "running" else 0.0
        seconds, done = self.running_seconds + since, self.run.step - self.first_step
        known = done > 0 and seconds >= PACE_AFTER and self.status in ("running", "paused")
        return seconds / done * (self.run.steps - self.run.step) if known else None

    def _save(self) -> bool:
        """Write state and checkpoint, and whether that went well.

        A full disk is told to whoever looks, and no reason to end.
        """
        started, saved = monotonic(), True
        try:
            with self.saving:
                self._write_files()
            self.saved_step = self.run.step
            if self.message.startswith(NOT_SAVED):
                self.message = ""
        except OSError as error:
            saved = False
            # Without the path, which is no business of whoever looks at the page.
            why = os.strerror(error.errno) if error.errno else str(error)
            reason = f"{NOT_SAVED}: {why}."
            if reason not in self.message:
                self.message = f"{self.message} {reason}".strip()
        self.unsaved_rate = False
        self.saved_at = monotonic()
        self.save_interval = max(SAVE_EVERY, (self.saved_at - started) / SAVE_SHARE)
        return saved

    def _write_files(self) -> None:
        # The state first: what it holds of later steps is dropped when the run goes on from an
        # older checkpoint, and nothing before that is missing.
        self.state.saved_step = self.saved_step
        self.files.save_state(self.state, self.snapshots)
        save_checkpoint(self.files.checkpoint, self.run.checkpoint())
        self.state.saved_step = self.run.step
        if self.saved_step is None:  # from now on, one that is not there is known to be lost
            self.files.save_state(self.state, self.snapshots)
        # The run goes on from its own checkpoint now, and is rewound to `beginning`.
        self.files.given.unlink(missing_ok=True)

    def _save_while_waiting(self) -> None:
        """A pause is saved after it was reported, as a person waits for the answer."""
        if self.saved_step != self.run.step or self.unsaved_rate:
            self._save()
            self._report()
