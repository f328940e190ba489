"""Two kinds of training beside each other, with all that can be equal made equal.
For each seed both begin with the same weights and see the same batches, as far as they have any
in common; what differs is said.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest
from statistics import fmean
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset, Split
from mnist_core.evaluation.scores import McNemar, mcnemar, wilson_interval
from mnist_core.experiments.runner import Finished, run_all
from mnist_core.experiments.space import as_text
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.training.config import TrainConfig
from mnist_core.training.random_streams import INITIAL, random_stream
from mnist_core.training.settings import SETTINGS

NOT_COMPARED = ("seed", "threads")  # both have all seeds; threads change no number
Side = Literal["first", "second"]


@dataclass(frozen=True)
class Aspect:
    """One thing that a fair comparison needs to be the same, and whether it is."""

    same: bool
    words: str


def differences(first: TrainConfig, second: TrainConfig) -> dict[str, tuple[str, str]]:
    """The settings that differ, as they are typed; "-" for one that a side does not use."""
    found = {}
    for name in SETTINGS.keys() - NOT_COMPARED:
        values = tuple(used_text(config, name) for config in (first, second))
        if values[0] != values[1]:
            found[name] = values
    return {name: found[name] for name in SETTINGS if name in found}  # in the table's order


def used_text(config: TrainConfig, name: str) -> str:
    """The value of a setting as it is typed; "-" if these settings do not use it."""
    needed = SETTINGS[name].belongs_to.items()
    if any(getattr(config, other) not in choices for other, choices in needed):
        return "-"
    return as_text(name, getattr(config, name))


def common_start(first: TrainConfig, second: TrainConfig) -> tuple[Array, list[tuple[str, str]]]:
    """The second's initial parameters (P,), with the first's in every layer of the same shape.

    Layers are taken in their order. Also returns the name of each of the second's weight arrays,
    with "" if it is the same as the first's, or else the reason in words.
    """
    models = [_initial(config) for config in (first, second)]
    theirs, own = (_weights(model) for model in models)
    said: list[tuple[str, str]] = []
    for one, other in zip_longest(theirs, own):
        if other is None:
            break
        name, arrays = other
        said.append((name, _reason(one, arrays, first, second)))
        if not said[-1][1]:
            for source, target in zip(one[1], arrays, strict=True):
                target[...] = source
    return models[1].parameters.flat, said


def _initial(config: TrainConfig) -> Sequential:
    return build_model(**config.network, rng=random_stream(config.seed, INITIAL))


def _weights(model: Sequential) -> list[tuple[str, tuple[Array, Array]]]:
    """Each layer's W by its name, with W and b."""
    named = model.parameters.named()
    return [(name, (W, named[name[:-1] + "b"])) for name, W in named.items() if name.endswith(".W")]


def _reason(one: Any, arrays: tuple[Array, Array], first: TrainConfig, second: TrainConfig) -> str:
    """Why a layer's weights can't be the other side's; "" if they can."""
    if one is None:
        return "A has no such layer"
    if one[1][0].shape != arrays[0].shape:
        shapes = (" x ".join(map(str, shape)) for shape in (one[1][0].shape, arrays[0].shape))
        return "A's are {}, B's are {}".format(*shapes)
    if first.initialisation != second.initialisation:
        return "the initialisation is what differs"
    return ""


def aspects(first: TrainConfig, second: TrainConfig) -> list[Aspect]:
    """What is the same for both sides at every seed, and what can't be made the same."""
    differ = differences(first, second)
    same_images = not {"train_size", "strokes"} & set(differ)
    same_batches = "batch_size" not in differ
    reasons = [why for _, why in common_start(first, second)[1]]
    found = [Aspect(True, "all initial weights")]
    if any(reasons):
        found = [
            Aspect(not why, f"initial weights of layer {number}" + (f": {why}" if why else ""))
            for number, why in enumerate(reasons, 1)
        ]
    found.append(Aspect(same_images, "training images, and their order in every epoch"))
    found.append(Aspect(same_images and same_batches, "the batches"))
    if first.augmentation or second.augmentation:
        same = same_images and same_batches and "augmentation" not in differ
        found.append(Aspect(same, "how each image is moved, turned and bent"))
    if first.dropout or second.dropout:
        same = same_images and same_batches and first.network == second.network
        found.append(Aspect(same, "which units dropout switches off"))
    found.append(Aspect(True, "validation and test images"))
    return found


@dataclass(frozen=True)
class Judged:
    """A run of one side, and which test images its network recognises, bool (N,)."""

    run: Finished
    right: Array

    @property
    def accuracy(self) -> float:
        """Of test images, 0..1."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, both ends in 0..1."""
        return wilson_interval(int(self.right.sum()), len(self.right))

    @property
    def seconds_per_epoch(self) -> float:
        """Of training alone."""
        return fmean(result.seconds for result in self.run.history)


@dataclass(frozen=True)
class Pair:
    """Both sides with one seed, and McNemar's test on the test images."""

    seed: int
    first: Judged
    second: Judged

    @property
    def test(self) -> McNemar:
        return mcnemar(self.first.right, self.second.right)


def ordered(
    first: TrainConfig, second: TrainConfig, seeds: Sequence[int]
) -> tuple[list[TrainConfig], list[Array | None]]:
    """The runs of a comparison: for each seed the first side's, then the second's.

    With each run its initial parameters (P,) where they are not its seed's.
    """
    configs: list[TrainConfig] = []
    initial: list[Array | None] = []
    for seed in seeds:
        one, other = (replace(config, seed=seed) for config in (first, second))
        shared = common_start(one, other)[0]
        own = _initial(other).parameters.flat
        configs += [one, other]
        initial += [None, None if np.array_equal(shared, own) else shared]
    return configs, initial


def side_of(index: int) -> Side:
    """Whose run has that place among those of `ordered`."""
    return "second" if index % 2 else "first"


def paired(seeds: Sequence[int], judged: Mapping[int, Judged]) -> list[Pair]:
    """The pairs in the order of the seeds: those of which both runs, by their index, are there."""
    return [
        Pair(seed, judged[2 * at], judged[2 * at + 1])
        for at, seed in enumerate(seeds)
        if judged.keys() >= {2 * at, 2 * at + 1}
    ]


def compare(
    first: TrainConfig, second: TrainConfig, data: Dataset, seeds: Sequence[int], **how: Any
) -> Generator[tuple[Side, Finished], None, list[Pair]]:
    """Train both sides with each seed; yields each run with its side as soon as it is finished.

    Returns the pairs in the order of the seeds: those of which both runs went well.

    Args:
        first, second: the settings; their own seeds are not used.
        data: what to train on and to judge by.
        seeds: one for each pair.
        how: further arguments of `run_all`.
    """
    configs, initial = ordered(first, second, seeds)
    judged: dict[int, Judged] = {}
    for run in run_all(configs, data, keep_weights=True, initial=initial, **how):
        yield side_of(run.index), run
        if run.status == "finished":
            judged[run.index] = _judged(run, data.test)
    return paired(seeds, judged)


def _judged(run: Finished, test: Split) -> Judged:
    assert run.checkpoint is not None
    return Judged(run, run.checkpoint.network().predict(test.images) == test.labels)


def means_in_words(pairs: Sequence[Pair]) -> str:
    """The difference over seeds, and the time of an epoch: two lines."""
    sides = [[pair.first for pair in pairs], [pair.second for pair in pairs]]
    means = [fmean(judged.accuracy for judged in side) for side in sides]
    seconds = [fmean(judged.seconds_per_epoch for judged in side) for side in sides]
    found = [pair.test.difference for pair in pairs]
    better = sum(one > 0 for one in found)
    return (
        f"mean over {len(pairs)} seed{'s' * (len(pairs) > 1)}: A {means[0]:.2%}, B {means[1]:.2%}; "
        f"B - A {100 * (means[1] - means[0]):+.2f} points "
        f"({100 * min(found):+.2f} to {100 * max(found):+.2f}); "
        f"B is better with {better} of {len(pairs)}\n"
        f"seconds for an epoch of training: A {seconds[0]:.3f}, B {seconds[1]:.3f}"
    )


@dataclass(frozen=True)
class Point:
    """One side after an epoch, on average over seeds; seconds of training since the start."""

    epoch: int
    seconds: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float


def curve(run: Finished) -> list[Point]:
    """A run after each of its epochs."""
    seconds = accumulate(result.seconds for result in run.history)
    return [
        Point(r.epoch, at, r.train_loss, r.train_accuracy, r.validation_loss, r.validation_accuracy)
        for r, at in zip(run.history, seconds, strict=True)
    ]


def mean_curve(runs: Sequence[Finished]) -> list[Point]:
    """The mean over runs of the same length."""
    fields = np.array([[list(vars(point).values()) for point in curve(run)] for run in runs])
    return [Point(round(epoch), *rest) for epoch, *rest in fields.mean(axis=0).tolist()]
