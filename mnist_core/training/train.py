"""Trains a network step by step: settings in, a generator of progress out.
Pausing is not asking for the next step, and a run that is saved and resumed is the same run.
"""

from collections.abc import Iterator
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.network import Sequential
from mnist_core.nn.schedules import SCHEDULES
from mnist_core.training.batch_gradient import BatchGradient
from mnist_core.training.batches import batches
from mnist_core.training.random_streams import DROPOUT, random_stream
from mnist_core.training.run import Progress, Run

KEEP_EVERY = 50  # steps between copies of weights that are known to give a finite loss


def _decay_factors(model: Sequential, weight_decay: float) -> Array | None:
    """weight_decay for every weight and 0 for every bias, (P,); None if there is none."""
    if not weight_decay:
        return None
    factors = model.new_gradients()
    for name, array in factors.named().items():
        array[...] = weight_decay if name.endswith(".W") else 0
    return factors.flat


def train(run: Run) -> Iterator[Progress]:
    """Go on with a run until its last step; yields after every step.

    A loss that is not finite ends the run with the status "diverged": the weights are then the
    last ones, at most 50 steps older, that are known to have been good.
    """
    config, model = run.config, run.model
    parameters = model.parameters.flat
    batch_gradient = BatchGradient(model, threads=config.threads)
    gradient = batch_gradient.gradients.flat
    decay = _decay_factors(model, config.weight_decay)
    schedule = SCHEDULES[config.schedule]
    has_randomness = model.has_randomness
    good, good_step = [array.copy() for array in run.arrays()], run.step
    seconds, images_done, epoch_seconds = 0.0, 0, 0.0

    def progress(loss: float, accuracy: float, rate: float, **others: Any) -> Progress:
        return Progress(
            run.step, run.steps, epoch, loss, accuracy, rate, seconds, images_done, **others
        )

    def dropout(part: int) -> np.random.Generator:
        return random_stream(config.seed, DROPOUT, run.step, part)

    def diverged(loss: float, accuracy: float, rate: float) -> Progress:
        """Take back what was done since the last good weights."""
        for array, kept in zip(run.arrays(), good, strict=True):
            array[...] = kept
        run.step = good_step
        del run.history[good_step // run.steps_per_epoch :]
        return progress(loss, accuracy, rate, result=None, status="diverged", message=DIVERGED)

    while run.step < run.steps:
        epoch = run.step // run.steps_per_epoch + 1
        started = perf_counter()
        for pixels, labels in batches(run):
            rate = run.learning_rate * schedule(run.step / run.steps)
            # Overflow is no accident to warn of here: it is found below, and named. The block
            # ends before any yield, or it would hold in the caller's code too.
            with np.errstate(all="ignore"):
                scale = run.optimizer.gradient_scale(rate)
                if config.reduction == "mean":
                    scale /= len(labels)
                loss, accuracy = batch_gradient(
                    pixels, labels, scale=scale, dropout=dropout if has_randomness else None
                )
                finite = isfinite(loss)
                if finite:
                    if run.step % KEEP_EVERY == 0:
                        good, good_step = [array.copy() for array in run.arrays()], run.step
                    if decay is not None:
                        gradient += decay * run.optimizer.gradient_scale(rate) * parameters
                    run.optimizer.step(parameters, gradient, rate)
                    if run.ema is not None:
                        _follow(run.ema.flat, parameters, config.ema_decay, run.step)
            if not finite:
                yield diverged(loss, accuracy, rate)
                return
            run.step += 1
            images_done += len(labels)
            step_seconds = perf_counter() - started
            seconds += step_seconds
            epoch_seconds += step_seconds
            result = None
            if run.step % run.steps_per_epoch == 0:
                with np.errstate(all="ignore"):
                    finite = np.isfinite(parameters).all()
                    result = run.evaluate(epoch, epoch_seconds) if finite else None
                if result is None or not isfinite(result.train_loss + result.validation_loss):
                    yield diverged(loss, accuracy, rate)
                    return
                run.history.append(result)
                epoch_seconds = 0.0
            status = "finished" if run.step == run.steps else "running"
            yield progress(loss, accuracy, rate, result=result, status=status)
            started = perf_counter()


DIVERGED = (
    "The loss is no longer a finite number: the steps were too large. Lower the learning rate "
    "to a tenth, or choose mean instead of summed gradients. The last good weights were kept."
)


def _follow(ema: Array, parameters: Array, decay: float, step: int) -> None:
    """Move the averaged weights towards the present ones, faster in the first steps."""
    decay = min(decay, (1 + step) / (10 + step))
    ema += (1 - decay) * (parameters - ema)
