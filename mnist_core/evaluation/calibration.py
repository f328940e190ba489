"""Whether a network is right as often as it says: confidence against accuracy."""

from dataclasses import dataclass
from math import nan

import numpy as np

from mnist_core.arrays import Array
from mnist_core.evaluation.answers import Answers
from mnist_core.nn.functional import softmax

# Where a temperature is looked for. A network that is always right would have it at 0, one that is
# mostly wrong at infinity; beyond these ends confidence is practically all or nothing.
COLDEST, HOTTEST = 0.05, 20.0
NEWTON_STEPS = 100  # many more than ever needed: halving alone takes 60
COVERAGE_PLACES = 400


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy over equal bins of confidence.

    A bin has all above its lower edge up to and with its upper one, the first one 0, too.
    """

    edges: Array  # (bins + 1,), from 0 to 1
    counts: Array  # (bins,): images in each
    confidence: Array  # (bins,): their mean confidence; NaN of an empty bin
    accuracy: Array  # (bins,): the share of them that is right; NaN of an empty bin

    @property
    def error(self) -> float:
        """The expected calibration error, 0..1; NaN of no images."""
        if not self.counts.any():
            return nan
        filled = self.counts > 0
        gaps = np.abs(self.confidence - self.accuracy)[filled]
        return float(gaps @ self.counts[filled] / self.counts.sum())


def reliability(confidence: Array, right: Array, bins: int = 15) -> Reliability:
    """Bins of confidence (N,), with which answers are right, bool (N,).

    Guo et al. 2017, "On calibration of modern neural networks".
    """
    confidence = confidence.astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    where = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(where, minlength=bins)

    def mean(values: Array) -> Array:
        sums = np.bincount(where, values, minlength=bins)
        return np.divide(sums, counts, out=np.full(bins, nan), where=counts > 0)

    return Reliability(edges, counts, mean(confidence), mean(right))


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over the bins, 0..1.

    Args:
        probabilities: (N, C).
        labels: (N,).
        bins: how many, from confidence 0 to 1.
    """
    right = probabilities.argmax(axis=1) == labels
    return reliability(probabilities.max(axis=1), right, bins).error


def fit_temperature(logits: Array, labels: Array) -> float:
    """The temperature T for which softmax(logits / T) gives the labels the most probability.

    Guo et al. 2017. It changes confidence and never a prediction; above 1 it makes less sure.
    The mean loss is convex in 1 / T: where its slope is 0 is found by Newton's method, kept
    between two ends that close in. The result lies from 0.05 to 20, and is at an end if the loss
    still falls there, as for a network that is always right (0.05) or always wrong (20); it is 1
    if T makes no difference.

    Args:
        logits: (C, N), of images that the network was not trained on and is not judged by.
        labels: (N,).
    Raises ValueError without images, and for logits that are not finite.
    """
    if not len(labels) or not np.isfinite(logits).all():
        raise ValueError("a temperature is fitted to the finite logits of at least one image")
    z = logits.astype(np.float64)
    z -= z[labels, np.arange(len(labels))]  # (C, N): relative to the true class
    low, high = 1 / HOTTEST, 1 / COLDEST
    if _slopes(z, low)[0] > 0:
        return HOTTEST
    if _slopes(z, high)[0] < 0:
        return COLDEST
    inverse = 1.0
    for _ in range(NEWTON_STEPS):
        slope, curvature = _slopes(z, inverse)
        if slope == 0:
            break
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        before = inverse
        inverse -= slope / curvature if curvature > 0 else 0
        if not low < inverse < high:
            inverse = (low + high) / 2
        if abs(inverse - before) < 1e-15 * before:
            break
    return 1 / inverse


def _slopes(z: Array, inverse: float) -> tuple[float, float]:
    """First and second derivative of the mean loss by 1 / T: mean and variance of z (C, N)."""
    p = softmax(z * inverse)  # (C, N)
    mean = (p * z).sum(axis=0)  # (N,)
    variance = (p * (z - mean) ** 2).sum(axis=0)
    return float(mean.mean()), float(variance.mean())


def at_temperature(answers: Answers, temperature: float) -> Answers:
    """The same answers with their logits divided by a temperature above 0."""
    if not temperature > 0:
        raise ValueError(f"a temperature must be above 0, not {temperature:g}")
    return Answers(answers.logits / temperature, answers.labels)


def cross_fitted(answers: Answers) -> tuple[Answers, tuple[float, float]]:
    """The answers with every other one at the temperature that was fitted to those in between.

    For a network that no other images are left for: none is judged by a temperature that has seen
    it. Returns the answers, and the temperatures of those with even and with odd numbers.
    Raises ValueError for fewer than two images, and as fit_temperature.
    """
    even = np.arange(len(answers)) % 2 == 0
    logits, labels = answers.logits, answers.labels
    of_even = fit_temperature(logits[:, ~even], labels[~even])
    of_odd = fit_temperature(logits[:, even], labels[even])
    return Answers(logits / np.where(even, of_even, of_odd), labels), (of_even, of_odd)


@dataclass(frozen=True)
class Coverage:
    """What happens when the unsure images are turned away: three arrays of the same length.

    At each place the images with at least that confidence are answered. Coverage rises to 1.
    """

    threshold: Array  # the least confidence that is answered, falling
    coverage: Array  # the share of the images that is answered
    accuracy: Array  # the share of those that is right


def coverage_curve(confidence: Array, right: Array) -> Coverage:
    """Accuracy against coverage, from confidence (N,) and which answers are right, bool (N,).

    Images of the same confidence are answered or turned away together. Of more than 400 different
    confidences about 400 are kept, with the highest and the lowest among them.
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    last = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)[: len(order)]
    ends = np.flatnonzero(last)  # of each group of equal confidence
    if len(ends) > COVERAGE_PLACES:
        ends = ends[np.linspace(0, len(ends) - 1, COVERAGE_PLACES).round().astype(np.intp)]
    answered = ends + 1
    hits = np.cumsum(right[order])[ends]
    return Coverage(sorted_confidence[ends], answered / len(order), hits / answered)
