"""How good an answer is, and how sure one can be of that.
Labels and predictions are integer arrays (N,).
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb, nan, sqrt
from statistics import NormalDist

import numpy as np

from mnist_core.arrays import CLASSES, Array


def confusion_matrix(predictions: Array, labels: Array, classes: int = CLASSES) -> Array:
    """Counts (true class, predicted class), (classes, classes)."""
    cells = labels.astype(np.intp) * classes + predictions
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class ClassScores:
    """What is right of each class: five arrays (C,) and their averages, all shares in 0..1.

    A share of nothing is 0, as scikit-learn has it by default: the precision of a class that was
    never predicted, the recall of one without images, F1 of one with neither. `predicted` and
    `support` tell such a 0 from that of a class where everything is wrong.
    """

    precision: Array  # of the images that are taken for the class, the share that belongs to it
    recall: Array  # of the images that belong to the class, the share that is taken for it
    f1: Array  # the harmonic mean of both
    support: Array  # images of the class
    predicted: Array  # images that are taken for the class

    @property
    def macro_precision(self) -> float:
        """The mean over the classes that occur in labels or predictions; NaN if none does."""
        return self._mean(self.precision)

    @property
    def macro_recall(self) -> float:
        """The same mean of the recall."""
        return self._mean(self.recall)

    @property
    def macro_f1(self) -> float:
        """The same mean of F1."""
        return self._mean(self.f1)

    def _mean(self, values: Array) -> float:
        occurs = (self.support > 0) | (self.predicted > 0)
        return float(values[occurs].mean()) if occurs.any() else nan


def class_scores(confusion: Array) -> ClassScores:
    """Precision, recall and F1 of each class, from counts (true class, predicted class), (C, C)."""
    right = confusion.diagonal()
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        precision=_share(right, predicted),
        recall=_share(right, support),
        f1=_share(2 * right, support + predicted),
        support=support,
        predicted=predicted,
    )


def _share(part: Array, whole: Array) -> Array:
    """part / whole, and 0 of nothing."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def wilson_interval(right: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share of `right` out of `total`, both ends in 0..1.

    Wilson 1927: unlike the plain normal interval it is sensible for a few examples and for a
    share of 0 or 1. Without examples nothing is known: (0, 1).
    """
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)  # 1.96 for 95 %
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True)
class McNemar:
    """Two networks on the same images: how many both, one, or none of them recognises."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def total(self) -> int:
        """All images."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        """The accuracy of the second minus that of the first, -1..1; NaN of no images."""
        return (self.only_second - self.only_first) / self.total if self.total else nan

    @cached_property
    def p_value(self) -> float:
        """How often two equally good networks differ at least that much by chance, 0..1.

        McNemar's test, exact and two-sided: where just one of two equally good networks is right,
        it is either with the same chance, so the counts are binomial with 1/2. Without such
        images it is 1.
        """
        fewer, n = min(self.only_first, self.only_second), self.only_first + self.only_second
        if 2 * fewer == n:
            return 1.0
        # The sum of C(n, i) over i <= fewer, from the largest term down: each is the one before
        # times i / (n - i + 1). Whole numbers of any length keep the first one exact.
        i = np.arange(fewer, 0, -1)
        others = float(np.cumprod(i / (n - i + 1)).sum())
        return min(1.0, comb(n, fewer) / 2 ** (n - 1) * (1 + others))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The interval of `difference`, both ends in -1..1.

        Newcombe 1998, "Improved confidence intervals for the difference between binomial
        proportions based on paired data", method 10: the Wilson intervals of both accuracies,
        with the correlation between the networks taken into account. It is an approximation, so
        near a p-value of 5 % it may include 0 where the exact test says otherwise, or the reverse.
        Without images nothing is known: (-1, 1).
        """
        n = self.total
        if n == 0:
            return -1.0, 1.0
        first, second = self.both + self.only_first, self.both + self.only_second
        first_low, first_high = wilson_interval(first, n, level)
        second_low, second_high = wilson_interval(second, n, level)
        below = _combined(second / n - second_low, first_high - first / n, self._correlation)
        above = _combined(second_high - second / n, first / n - first_low, self._correlation)
        return max(-1.0, self.difference - below), min(1.0, self.difference + above)

    @property
    def _correlation(self) -> float:
        """Newcombe's phi: how much both are right on the same images, with his correction."""
        product = self.both * self.neither - self.only_first * self.only_second
        if product > 0:
            product = max(product - self.total / 2, 0)
        rows = (self.both + self.only_first) * (self.only_second + self.neither)
        columns = (self.both + self.only_second) * (self.only_first + self.neither)
        return product / sqrt(rows * columns) if rows and columns else 0.0


def _combined(a: float, b: float, correlation: float) -> float:
    """The length of a difference of two deviations; never below 0 by rounding."""
    return sqrt(max(a * a - 2 * correlation * a * b + b * b, 0))


def mcnemar(first_right: Array, second_right: Array) -> McNemar:
    """Compare two networks by which images each recognises, bool (N,) of the same images."""
    if first_right.shape != second_right.shape:
        raise ValueError(
            f"the two networks must have the same images, not {len(first_right):,} "
            f"and {len(second_right):,}"
        )
    return McNemar(
        both=int((first_right & second_right).sum()),
        only_first=int((first_right & ~second_right).sum()),
        only_second=int((second_right & ~first_right).sum()),
        neither=int((~first_right & ~second_right).sum()),
    )
