"""Trains a network step by step: settings in, a generator of progress out.
Pausing is not asking for the next step, and a run that is saved and resumed is the same run.
"""

from collections.abc import Iterator
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


def train(run: Run) -> Iterator[Progress]:
    """Go on with a run until its last step; yields after every step.

    A loss that is not below DIVERGED_LOSS, NaN included, ends the run with the status "diverged":
    the weights are then the last ones, at most 50 steps older, that are known to have been good.
    """
    micro_batches = MicroBatches(run.model, threads=run.config.threads)
    schedule = SCHEDULES[run.config.schedule]
    good = before = _Copy(run)
    seconds, images, epoch_seconds = 0.0, 0, 0.0
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
            result, good_so_far = None, loss < DIVERGED_LOSS  # false for NaN
            if good_so_far:
                good = before
                run.step += 1
                images += len(labels)
                step_seconds = perf_counter() - started
                seconds += step_seconds
                epoch_seconds += step_seconds
                if run.step % run.steps_per_epoch == 0:
                    result = _epoch_result(run, epoch, epoch_seconds)
                    good_so_far, epoch_seconds = result is not None, 0.0
            status, message = "running" if run.step < run.steps else "finished", ""
            if not good_so_far:
                good.restore(run)
                status, message = "diverged", DIVERGED
            yield Progress(
                run.step, run.steps, epoch, loss, accuracy, rate, seconds, images, result, status,
                message,
            )  # fmt: skip
            if not good_so_far:
                return
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


def _epoch_result(run: Run, epoch: int, seconds: float) -> EpochResult | None:
    """Judge a run at the end of an epoch and add that to its history; None if it diverged."""
    with np.errstate(all="ignore"):
        if not np.isfinite(run.model.parameters.flat).all():
            return None
        result = run.evaluate(epoch, seconds)
    if not max(result.train_loss, result.validation_loss) < DIVERGED_LOSS:  # true for NaN
        return None
    run.history.append(result)
    return result


def _follow(average: Array, parameters: Array, run: Run) -> None:
    """Move the averaged weights towards the present ones, faster in the first steps."""
    decay = min(run.config.ema_decay, (1 + run.step) / (10 + run.step))
    average += (1 - decay) * (parameters - average)
