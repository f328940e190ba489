"""Everything that can be said of one network or two on a set of images, step by step."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import Answers, answers_of
from mnist_core.evaluation.calibration import Coverage, coverage_curve
from mnist_core.evaluation.data_checks import (
    Duplicates,
    LabelDoubts,
    PixelStatistics,
    duplicates,
    label_doubts,
    pixel_statistics,
)
from mnist_core.evaluation.distortions import DISTORTIONS
from mnist_core.evaluation.robustness import RobustnessPoint, robustness
from mnist_core.evaluation.scores import (
    ClassScores,
    McNemar,
    class_scores,
    confusion_matrix,
    mcnemar,
    wilson_interval,
)
from mnist_core.evaluation.temperature import Calibrated, calibrated
from mnist_core.nn.network import Sequential
from mnist_core.words import listed

DUPLICATES_COST = 4  # about as long as showing all images to both networks so many times


@dataclass(frozen=True)
class Candidate:
    """A network that is judged; two of them have two names."""

    name: str
    network: Sequential
    words: str = ""  # where it comes from
    has_learned_validation: bool = False  # whether the validation images were learned from


def told_apart(names: Sequence[str]) -> list[str]:
    """The names of one network or two, never twice the same."""
    first, *others = names
    return [first, *(f"{name} (second)" if name == first else name for name in others)]


@dataclass(frozen=True)
class JudgedImages:
    """The images that networks are judged by."""

    name: str  # many of them, as in "10,000 test images"
    one: str  # one of them, as in "test image 1,234"
    split: Split

    def __len__(self) -> int:
        return len(self.split)

    @cached_property
    def sha256(self) -> str:
        """Of all pixels, and then all labels, a byte each."""
        digest = hashlib.sha256(np.ascontiguousarray(self.split.images).data)
        digest.update(np.ascontiguousarray(self.split.labels, np.uint8).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Judged:
    """What one network says of the images, before and after temperature scaling."""

    candidate: Candidate
    calibrated: Calibrated

    @property
    def name(self) -> str:
        """The network's name."""
        return self.candidate.name

    @property
    def answers(self) -> Answers:
        """As the network gives them."""
        return self.calibrated.before

    @property
    def parameters(self) -> int:
        """How many weights and biases the network has."""
        return self.candidate.network.parameters.flat.size

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Where the true accuracy lies with 95 % certainty (Wilson)."""
        return wilson_interval(int(self.answers.right.sum()), len(self.answers))

    @cached_property
    def confusion(self) -> np.ndarray:
        """Counts (true class, predicted class), (10, 10)."""
        return confusion_matrix(self.answers.predictions, self.answers.labels)

    @cached_property
    def scores(self) -> ClassScores:
        """Precision, recall and F1 of each digit."""
        return class_scores(self.confusion)

    @cached_property
    def coverage(self) -> Coverage:
        """Accuracy against coverage when the unsure ones are turned away."""
        return coverage_curve(self.answers.confidence, self.answers.right)


@dataclass(frozen=True)
class Evaluation:
    """All that is known of the networks and of the images.

    images:     what they were judged by
    judged:     a network, or two of them
    statistics: of the images' pixels
    duplicates: among the training images, or among the images themselves; None if not looked for
    among:      what the duplicates were looked for among
    points:     accuracy under distortions; none if not measured
    missing:    what was to be worked out and is not, in words; "" if nothing is missing
    """

    images: JudgedImages
    judged: tuple[Judged, ...] = ()
    statistics: PixelStatistics | None = None
    duplicates: Duplicates | None = None
    among: str = ""
    points: tuple[RobustnessPoint, ...] = ()
    missing: str = ""

    @cached_property
    def mcnemar(self) -> McNemar | None:
        """The comparison of two networks; None of one."""
        if len(self.judged) < 2:
            return None
        first, second = self.judged
        return mcnemar(first.answers.right, second.answers.right)

    @cached_property
    def doubts(self) -> LabelDoubts:
        """Labels that the networks doubt, by the mean of their probabilities."""
        probabilities = np.mean([one.answers.probabilities for one in self.judged], axis=0)
        return label_doubts(probabilities, self.images.split.labels)


@dataclass(frozen=True)
class Step:
    """How far an evaluation has come: what is known, and the share of the work, 0..1."""

    evaluation: Evaluation
    done: float
    words: str  # what was done last


@dataclass(frozen=True)
class _Part:
    """What is worked out together: `work` gives all that is known after each of its steps."""

    name: str
    work: Callable[[Evaluation], Iterator[Evaluation]]
    cost: float  # of a step, in times that all images are shown to all networks
    steps: int = 1


def full_evaluation(
    candidates: Sequence[Candidate],
    images: JudgedImages,
    *,
    validation: Split | None,
    training: Split | None,
    threads: int = 2,
    kinds: Sequence[str] = tuple(DISTORTIONS),
    before_tile: Callable[[], object] = lambda: None,
) -> Iterator[Step]:
    """A step as soon as it is done; the last one has everything, each before it has a part.

    Not to ask for the next step is enough to stop.

    Args:
        candidates: one network or two.
        images: what they are judged by, at least one image.
        validation: other images, that a temperature can be fitted to; None if there are none.
        training: images among which duplicates are looked for; without them it is done among
            the judged images themselves.
        threads: on how many the images are shown to the networks.
        kinds: the distortions under which accuracy is measured, which takes longest; () for none.
        before_tile: called now and then, by any of the threads; to give up, it may raise what it
            likes.
    """
    how = {"threads": threads, "before_tile": before_tile}
    answers = [
        _Part(
            f"the answers of {one.name}",
            partial(_answers, one, validation, **how),
            2 / len(candidates),
        )
        for one in candidates
    ]
    checks = _Part("the data checks", partial(_data_checks, training, **how), DUPLICATES_COST)
    points = sum(len(DISTORTIONS[kind].strengths) for kind in kinds)
    distorted = _Part("robustness", partial(_robustness, candidates, kinds, **how), 1, points)
    plan = [*answers, checks, *([distorted] if points else [])]
    total, done, known = sum(part.cost * part.steps for part in plan), 0.0, Evaluation(images)
    for number, part in enumerate(plan):
        later = [part.name for part in plan[number + 1 :]]
        for step, found in enumerate(part.work(known), start=1):
            known, done = found, done + part.cost
            left = [f"{part.steps - step} of {part.steps} points of {part.name}"]
            missing = listed([*(left if step < part.steps else []), *later])
            yield Step(replace(known, missing=missing), done / total, part.name)


def _answers(
    candidate: Candidate, validation: Split | None, known: Evaluation, **how
) -> Iterator[Evaluation]:
    """One network more."""
    found = calibrated(
        answers_of(candidate.network, known.images.split, **how),
        None if validation is None else lambda: answers_of(candidate.network, validation, **how),
        has_learned_validation=candidate.has_learned_validation,
    )
    yield replace(known, judged=(*known.judged, Judged(candidate, found)))


def _data_checks(
    training: Split | None,
    known: Evaluation,
    *,
    threads: int,
    before_tile: Callable[[], object],
) -> Iterator[Evaluation]:
    """What the images hold, and which of them are there twice."""
    split = known.images.split
    sets = (split.images, None) if training is None else (training.images, split.images)
    among = "the images themselves" if training is None else f"{len(training):,} training images"
    found = duplicates(*sets, threads=threads, before_block=before_tile)
    yield replace(known, statistics=pixel_statistics(split), duplicates=found, among=among)


def _robustness(
    candidates: Sequence[Candidate], kinds: Sequence[str], known: Evaluation, **how
) -> Iterator[Evaluation]:
    """A point at a time; both networks see each distorted image."""
    networks = {one.name: one.network for one in candidates}
    for point in robustness(networks, known.images.split, kinds=kinds, **how):
        known = replace(known, points=(*known.points, point))
        yield known
