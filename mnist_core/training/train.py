"""Trains a network step by step: settings in, a generator of progress out.
Pausing is not asking for the next step, and a run that is saved and resumed is the same run.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from math import nan
from time import perf_counter

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.batches import batches
from mnist_core.training.micro_batches import MicroBatches
from mnist_core.training.run import EpochResult, Progress, Run
from mnist_core.training.train_step import train_step

KEEP_EVERY = 50  # steps between copies of weights that are known to be good
# Nats, of a batch or an epoch. Guessing has 2.3, and three layers of wild initial weights, of a
# spread of 3, begin at 400,000. A loss above it is finite only because all units died on the way.
DIVERGED_LOSS = 1e6

DIVERGED = (
    "The loss grew without end: the steps were too large. Lower the learning rate to a tenth, or "
    "choose mean instead of summed gradients. The last good weights were kept."
)


class _Interrupted(Exception):
    """A validation was given up."""


def train(run: Run, *, interrupted: Callable[[], bool] = lambda: False) -> Iterator[Progress]:
    """Go on with a run until its last step; yields after every step.

    A loss that is not below DIVERGED_LOSS, NaN included, ends the run with the status "diverged":
    the weights are then the last ones, at most 50 steps older, that are known to have been good.

    A validation, which may take long, is given up as soon as `interrupted` says so: the epoch's
    last step is then yielded without its result, and again with it when a new validation has come
    to its end. A run that was saved in between begins with that.
    """
    micro_batches = MicroBatches(run.model, threads=run.config.threads)
    schedule = SCHEDULES[run.config.schedule]
    good = before = _Copy(run)
    seconds, images, epoch_seconds = 0.0, 0, 0.0
    if run.is_unjudged and not (yield from _judged(run, _late(run), 0.0, good, interrupted)):
        return
    while run.step < run.steps:
        epoch = run.step // run.steps_per_epoch + 1
        started = perf_counter()
        for pixels, labels in batches(run):
            rate = run.learning_rate * schedule(run.step / run.steps)
            if run.step % KEEP_EVERY == 0:
                before = _Copy(run)
            # Overflow is no accident to warn of here: it is found below, and named. The block
            # ends before any yield, or it would hold in the caller's code too.
            with np.errstate(all="ignore"):
                loss, accuracy = train_step(run, pixels, labels, rate, micro_batches)
                if run.ema is not None:
                    _follow(run.ema.flat, run.model.parameters.flat, run)
            if good_so_far := loss < DIVERGED_LOSS:  # false for NaN
                good = before
                run.step += 1
                images += len(labels)
                step_seconds = perf_counter() - started
                seconds += step_seconds
                epoch_seconds += step_seconds
            progress = Progress(
                run.step, run.steps, epoch, loss, accuracy, rate, seconds, images, None, "running"
            )
            if not good_so_far:
                yield _diverged(run, progress, good)
                return
            if run.step % run.steps_per_epoch:
                yield progress
            elif not (yield from _judged(run, progress, epoch_seconds, good, interrupted)):
                return
            else:
                epoch_seconds = 0.0
            started = perf_counter()


class _Copy:
    """All that a step changes, as it was when the copy was made."""

    def __init__(self, run: Run) -> None:
        self._step = run.step
        self._arrays = [array.copy() for array in run.arrays()]

    def restore(self, run: Run) -> None:
        """Take back what the run has done since."""
        for array, kept in zip(run.arrays(), self._arrays, strict=True):
            array[...] = kept
        run.step = self._step
        del run.history[run.step // run.steps_per_epoch :]


def _late(run: Run) -> Progress:
    """The last step of an epoch that was saved without its result, as far as it is known."""
    epoch = run.step // run.steps_per_epoch
    return Progress(
        run.step, run.steps, epoch, nan, nan, run.learning_rate, 0.0, 0, None, "running"
    )


def _diverged(run: Run, progress: Progress, good: _Copy) -> Progress:
    """Take a run back to good weights; what is said of that."""
    good.restore(run)
    return replace(progress, step=run.step, status="diverged", message=DIVERGED)


def _judged(
    run: Run, progress: Progress, seconds: float, good: _Copy, interrupted: Callable[[], bool]
) -> Generator[Progress, None, bool]:
    """Yield the last step of an epoch: without its result at every interruption, then with it.

    Returns whether the run has not diverged. `seconds` is how long the epoch's training took.
    """

    def look() -> None:
        if interrupted():
            raise _Interrupted

    while True:
        try:
            result = _epoch_result(run, progress.epoch, seconds, look)
            break
        except _Interrupted:
            yield progress
    if result is None:
        yield _diverged(run, progress, good)
        return False
    status = "running" if run.step < run.steps else "finished"
    yield replace(progress, result=result, status=status)
    return True


def _epoch_result(
    run: Run, epoch: int, seconds: float, before_tile: Callable[[], object]
) -> EpochResult | None:
    """Judge a run at the end of an epoch and add that to its history; None if it diverged."""
    with np.errstate(all="ignore"):
        if not np.isfinite(run.model.parameters.flat).all():
            return None
        result = run.evaluate(epoch, seconds, before_tile)
    if not max(result.train_loss, result.validation_loss) < DIVERGED_LOSS:  # true for NaN
        return None
    run.history.append(result)
    return result


def _follow(average: Array, parameters: Array, run: Run) -> None:
    """Move the averaged weights towards the present ones, faster in the first steps."""
    decay = min(run.config.ema_decay, (1 + run.step) / (10 + run.step))
    average += (1 - decay) * (parameters - average)
