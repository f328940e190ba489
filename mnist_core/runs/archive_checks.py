"""What a run's ZIP says of the run, checked before it is believed: by the run's checkpoint, which
is checked as it is when a run goes on from it, and by what the numbers can be at all.
"""

import json
import secrets
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

from mnist_core.arrays import SIDE
from mnist_core.data.mnist import Dataset, Split
from mnist_core.data.zip_files import ArchiveError
from mnist_core.runs.numbers import MAX_BATCH_POINTS, MAX_NUMBER
from mnist_core.runs.snapshots import MAX_BYTES, MAX_SNAPSHOTS, Snapshot
from mnist_core.runs.state import RunState
from mnist_core.runs.status import RunStatus, can_go_on
from mnist_core.training.checkpoint import Checkpoint, CheckpointError
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import Progress, Run
from mnist_core.training.train import DIVERGED

# What Python's parser, our dataclasses and comparisons raise for values that are none of ours.
STRANGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def why(error: Exception) -> str:
    """An error of STRANGE in words for whoever chose the file; those of Python's own are not."""
    if isinstance(error, ValueError):
        return f"{error!s:.150}"
    return "a value is of the wrong kind"


def as_json(values: dict[str, Any]) -> bytes:
    """JSON that `parsed` reads: the same values give the same bytes."""
    return json.dumps(values, sort_keys=True, allow_nan=False).encode()


def parsed(content: bytes) -> Any:
    """What JSON holds; ArchiveError for another text, and for numbers that are not finite."""
    try:
        return json.loads(content, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise ArchiveError("its manifest.json can't be read") from error


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):  # NaN, Infinity, 1e999
        raise ValueError(text)
    return number


def plain_progress(progress: Progress | None, step: int) -> Progress | None:
    """What an archive says of a step's batch: finite numbers, no words; None if there are none."""
    if progress is None or progress.step != step:
        return None
    progress = replace(progress, result=None, message="")
    numbers = (progress.loss, progress.accuracy, progress.learning_rate, progress.seconds)
    return progress if all(map(isfinite, numbers)) and 0 <= progress.accuracy <= 1 else None


def checked_run(checkpoint: Checkpoint, config: TrainConfig, data_sha256: str) -> Run:
    """The run of a checkpoint, as far as it is known without its images.

    CheckpointError unless it could go on from there, given the images.
    """
    if TrainConfig.from_dict(checkpoint.config) != config or checkpoint.model != config.network:
        raise CheckpointError("it is of a run with other settings")
    if checkpoint.data_sha256 != data_sha256:
        raise CheckpointError("it is of a run on other data")
    # As many images as are needed, all of them the same one in memory.
    image = np.zeros((1, SIDE, SIDE), np.uint8)
    images = np.broadcast_to(image, (config.train_size, SIDE, SIDE))
    blank = Split(images, np.broadcast_to(image[0, 0, :1], config.train_size))
    return Run.resume(checkpoint, Dataset(blank, blank, blank, data_sha256))


def checked_state(id: str, values: Any, run: Run) -> RunState:
    """The state that the manifest has, at the run's step; ArchiveError for one that can't be."""
    try:
        state = RunState.from_dict(id, run.config, values)
        _check_curves(state, run)
        _check_end(state, run)
        progress = state.progress
        if progress is not None and plain_progress(progress, run.step) != progress:
            raise ValueError("the batch of its last step can't be right")
    except STRANGE as error:
        raise ArchiveError(f"what it says of the run can't be right: {why(error)}") from error
    state.results = tuple(run.history)
    state.saved_step = run.step
    words: dict[RunStatus, str] = {
        "finished": "",
        "diverged": DIVERGED,
        "stopped": f"It was imported. {can_go_on(run.step)}",
    }
    state.message = words[state.status]
    return state


def _check_curves(state: RunState, run: Run) -> None:
    """ValueError unless results, batches and rates are those of a run up to its step."""
    if state.results != tuple(run.history):
        raise ValueError("its results are not those of its checkpoint")
    for epoch, result in enumerate(run.history, start=1):
        _check_shares(result.train_accuracy, result.validation_accuracy)
        lowest = min(result.train_loss, result.validation_loss, result.seconds)
        if result.epoch != epoch or lowest < 0:
            raise ValueError(f"the result of epoch {epoch}")
    curve = state.batch_curve
    if len(curve.points) > MAX_BATCH_POINTS or curve.reports_per_point >= MAX_NUMBER:
        raise ValueError("its curve has too many points")
    _check_shares(*(point.accuracy for point in curve.points))
    _check_ascending([0, *(point.step for point in curve.points)], run.step)
    low, high = LIMITS["learning_rate"]
    steps = [step for step, _ in state.rate_changes]
    if sorted(steps) != steps or any(not 0 <= step <= run.step for step in steps):
        raise ValueError("its learning rate was changed at steps that were not taken")
    if any(not low <= rate <= high for _, rate in state.rate_changes):
        raise ValueError(f"a learning rate is not from {low:g} to {high:g}")
    if state.learning_rate != run.learning_rate:
        raise ValueError("its learning rate is not that of its checkpoint")


def _check_end(state: RunState, run: Run) -> None:
    """ValueError unless the run can have ended so."""
    if state.status not in ("finished", "stopped", "diverged"):
        raise ValueError(f"its status is {state.status}")
    if state.status == "finished" and run.step != run.steps:
        raise ValueError("it is said to be finished, and is not")
    if state.test_accuracy is not None:
        _check_shares(state.test_accuracy)
    if not min(state.seconds, state.images_per_second) >= 0:
        raise ValueError("a time below 0")


def checked_snapshots(abouts: Any, run: Run) -> list[Snapshot]:
    """The snapshots that the manifest names, without weights yet; ArchiveError for others."""
    room = max(2, min(MAX_SNAPSHOTS, MAX_BYTES // run.model.parameters.flat.nbytes))
    try:
        if len(abouts) > room:
            raise ValueError(f"a run keeps at most {room} of them")
        # With tokens of our own: they are the keys of networks in memory.
        kept = [
            Snapshot.made_of({**about, "token": secrets.token_hex(6)}, np.empty(0, np.float32))
            for about in abouts
        ]
        _check_ascending([-1, *(snapshot.step for snapshot in kept)], run.step)
        for snapshot in kept:
            if plain_progress(snapshot.progress, snapshot.step) != snapshot.progress:
                raise ValueError(f"the batch of step {snapshot.step}")
            if snapshot.epoch != snapshot.step // run.steps_per_epoch:
                raise ValueError(f"the epoch of step {snapshot.step}")
    except STRANGE as error:
        raise ArchiveError(f"its snapshots can't be right: {why(error)}") from error
    return kept


def _check_ascending(steps: list[int], last: int) -> None:
    if any(step >= later for step, later in pairwise(steps)) or steps[-1] > last:
        raise ValueError("steps that do not ascend up to that of its checkpoint")


def _check_shares(*accuracies: float) -> None:
    if any(not 0 <= accuracy <= 1 for accuracy in accuracies):
        raise ValueError("an accuracy that is not from 0 to 1")
