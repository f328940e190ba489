"""The same numbers as scikit-learn and SciPy, to 12 digits, for whatever answers there are."""

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="property tests need requirements-dev.txt")
pytest.importorskip("scipy", reason="the other libraries need requirements-dev.txt")
pytest.importorskip("sklearn", reason="the other libraries need requirements-dev.txt")

from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import binned_statistic, binomtest
from sklearn import metrics

from mnist_core.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    coverage_curve,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from mnist_core.evaluation.scores import (
    McNemar,
    class_scores,
    confusion_matrix,
    wilson_interval,
)


def close(expected):
    """To 12 digits behind the point, and of those before it."""
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


counts = st.integers(0, 60_000)
pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60)
small = st.integers(0, 40)
borders = st.integers(0, 15).map(lambda k: np.linspace(0, 1, 16)[k])
confidences = st.one_of(st.floats(0, 1), borders, st.floats(0, 1, width=32))


@given(counts, counts, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
@example(0, 5, 0.95)
@example(5, 0, 0.95)
def test_wilson_intervals_are_scipys(right, wrong, level):
    total = right + wrong
    if total:
        theirs = binomtest(right, total).proportion_ci(level, method="wilson")
        assert wilson_interval(right, total, level) == close((theirs.low, theirs.high))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(pairs)
def test_scores_of_each_class_are_scikit_learns(pairs):
    labels, predictions = np.array(pairs).T
    confusion = confusion_matrix(predictions, labels)
    np.testing.assert_array_equal(
        confusion, metrics.confusion_matrix(labels, predictions, labels=range(10))
    )
    scores = class_scores(confusion)
    theirs = metrics.precision_recall_fscore_support(labels, predictions, labels=range(10))
    for ours, expected in zip(
        (scores.precision, scores.recall, scores.f1, scores.support), theirs, strict=True
    ):
        np.testing.assert_allclose(ours, np.asarray(expected), rtol=1e-12, atol=0)
    np.testing.assert_array_equal(scores.predicted, np.bincount(predictions, minlength=10))
    macro = metrics.precision_recall_fscore_support(labels, predictions, average="macro")
    assert (scores.macro_precision, scores.macro_recall, scores.macro_f1) == close(macro[:3])


@given(st.integers(0, 6000), st.integers(0, 6000))
@example(0, 0)
@example(7, 8)
@example(30_000, 29_000)
@example(9_700, 9_300)
def test_mcnemars_exact_test_is_the_binomial_one(only_first, only_second):
    n = only_first + only_second
    expected = binomtest(min(only_first, only_second), n).pvalue if n else 1
    ours = McNemar(5, only_first, only_second, 3).p_value
    assert ours == pytest.approx(expected, rel=1e-12, abs=1e-300)


@given(small, small, small, small)
def test_the_interval_of_a_difference_holds_it_and_turns_with_the_networks(a, b, c, d):
    forth, back = McNemar(a, b, c, d), McNemar(a, c, b, d)
    low, high = forth.interval()
    assert -1 <= low <= high <= 1
    if forth.total:
        assert low <= forth.difference + 1e-12 and forth.difference <= high + 1e-12
        assert back.interval() == close((-high, -low))
        wider = forth.interval(0.99)
        assert wider[0] <= low + 1e-12 and high <= wider[1] + 1e-12


def scipys_bins(values, confidence, statistic, bins):
    """Of bins that have their upper edge: SciPy's have the lower, so all is turned around."""
    edges = -np.linspace(0, 1, bins + 1)[::-1]
    found = binned_statistic(-confidence, values, statistic, edges)  # pyright: ignore
    return found.statistic[::-1]


@given(st.lists(st.tuples(confidences, st.booleans()), min_size=1, max_size=60))
@example([(k / 15, k % 2 == 0) for k in range(16)])
@example([(np.nextafter(k / 15, 1), k % 3 == 0) for k in range(15)])
def test_bins_are_scipys_at_their_borders_too(answers):
    confidence = np.array([c for c, _ in answers], np.float64)
    right = np.array([r for _, r in answers])
    found = reliability(confidence, right)
    counts = scipys_bins(confidence, confidence, "count", 15)
    accuracy = scipys_bins(right, confidence, "mean", 15)
    means = scipys_bins(confidence, confidence, "mean", 15)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.accuracy, accuracy, rtol=1e-12)
    np.testing.assert_allclose(found.confidence, means, rtol=1e-12)
    error = np.nansum(np.abs(accuracy - means) * counts) / len(right)
    assert found.error == pytest.approx(error, rel=1e-12, abs=1e-12)


def test_probabilities_in_float32_lose_no_digits():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, (5000, 10)).astype(np.float32)
    probabilities = np.exp(log_softmax(logits, axis=1))
    assert probabilities.dtype == np.float32
    labels = rng.integers(0, 10, 5000)
    right = probabilities.argmax(axis=1) == labels
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = np.abs(scipys_bins(right - confidence, confidence, "sum", 15))
    ours = expected_calibration_error(probabilities, labels)
    assert ours == pytest.approx(gaps.sum() / 5000, rel=1e-12)


def negative_log_likelihood(logits, labels, inverse):
    return -log_softmax(logits * inverse, axis=0)[labels, np.arange(len(labels))].mean()


@given(st.integers(0, 1000), st.integers(20, 300), st.floats(0.2, 6), st.sampled_from(["f4", "f8"]))
def test_the_temperature_is_the_one_that_scipy_finds(seed, images, temperature, dtype):
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, (10, images))
    chances = np.exp(log_softmax(honest, axis=0)).cumsum(axis=0)
    labels = (rng.random(images) > chances).sum(axis=0).clip(0, 9).astype(np.uint8)
    logits = (honest * temperature).astype(dtype)

    def loss(inverse):
        return negative_log_likelihood(logits.astype(np.float64), labels, inverse)

    ends = (1 / HOTTEST, 1 / COLDEST)
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    theirs = found.x  # pyright: ignore
    ours = fit_temperature(logits, labels)
    # Near its minimum a loss hardly changes: half of the digits are all that it can tell.
    assert ours == pytest.approx(1 / theirs, rel=1e-5)
    assert loss(1 / ours) <= loss(theirs) + 1e-14


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60))
def test_coverage_is_scikit_learns_accuracy_above_each_threshold(answers):
    confidence = np.array([c / 20 for c, _ in answers])
    right = np.array([r for _, r in answers])
    curve = coverage_curve(confidence, right)
    assert curve.threshold.tolist() == sorted(set(confidence), reverse=True)
    for threshold, coverage, accuracy in zip(
        curve.threshold, curve.coverage, curve.accuracy, strict=True
    ):
        answered = confidence >= threshold
        assert coverage == pytest.approx(answered.mean(), rel=1e-12)
        expected = metrics.accuracy_score(np.ones(answered.sum()), right[answered])
        assert accuracy == pytest.approx(expected, rel=1e-12)
