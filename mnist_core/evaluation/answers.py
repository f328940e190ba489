"""What a network says of a whole set of labelled images: the base of everything that is judged.
Numbers of images count from 0, in the order of the set.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.data.mnist import Split
from mnist_core.nn.functional import softmax
from mnist_core.nn.network import Sequential


@dataclass(frozen=True)
class Answers:
    """Logits (10, N) for N images, and the images' labels, integers (N,)."""

    logits: Array
    labels: Array

    def __post_init__(self) -> None:
        if self.logits.shape != (CLASSES, len(self.labels)):
            raise ValueError(f"{len(self.labels)} labels do not fit logits {self.logits.shape}")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def probabilities(self) -> Array:
        """Probability of each digit, (N, 10)."""
        return np.ascontiguousarray(softmax(self.logits).T)

    @cached_property
    def predictions(self) -> Array:
        """The most probable digit of each image, (N,)."""
        return self.logits.argmax(axis=0)

    @cached_property
    def confidence(self) -> Array:
        """The probability of that digit, (N,)."""
        return self.probabilities.max(axis=1)

    @cached_property
    def right(self) -> Array:
        """Which images are recognised, bool (N,)."""
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """The share that is right, 0..1; NaN of no images."""
        return float(self.right.mean()) if len(self) else float("nan")

    @cached_property
    def worst_mistakes(self) -> Array:
        """Numbers of the images that are wrong, the one with the most confidence first."""
        wrong = np.flatnonzero(~self.right)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    @cached_property
    def least_sure_right(self) -> Array:
        """Numbers of the images that are right, the one with the least confidence first."""
        right = np.flatnonzero(self.right)
        return right[np.argsort(self.confidence[right], kind="stable")]

    def taken_for(self, label: int, prediction: int) -> Array:
        """Numbers of the images of a digit that are taken for another, most confident first."""
        there = np.flatnonzero((self.labels == label) & (self.predictions == prediction))
        return there[np.argsort(-self.confidence[there], kind="stable")]

    def answered(self, threshold: float) -> tuple[float, float]:
        """The share of images with at least that confidence, and the share of these that is right.

        All are 0..1; where no image is left, both shares are 0.
        """
        kept = self.confidence >= threshold
        return float(kept.mean()), float(self.right[kept].mean()) if kept.any() else 0.0


def answers_of(
    network: Sequential,
    split: Split,
    *,
    threads: int = 1,
    before_tile: Callable[[], object] = lambda: None,
) -> Answers:
    """What a network says of the images of a set, computed on so many threads.

    `before_tile` is called now and then; to give up, it may raise what it likes.
    """
    logits = network.logits(split.images, threads=threads, before_tile=before_tile)
    return Answers(logits, split.labels)


def disagreements(first: Answers, second: Answers) -> Array:
    """Numbers of the images that two networks read differently, first those both are sure of."""
    numbers = np.flatnonzero(first.predictions != second.predictions)
    sure = np.minimum(first.confidence, second.confidence)[numbers]
    return numbers[np.argsort(-sure, kind="stable")]
