"""Confidence against accuracy in examples worked out by hand."""

from math import isnan

import numpy as np
import pytest

from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.calibration import (
    COLDEST,
    COVERAGE_PLACES,
    HOTTEST,
    at_temperature,
    coverage_curve,
    expected_calibration_error,
    fit_temperature,
    reliability,
)


def test_calibration_error_worked_out_by_hand():
    # Two bins. Two answers at 0.9, one of them right: |0.9 - 0.5| = 0.4, weight 2/4.
    # Two answers at 0.4 (bin 0), both right: |0.4 - 1| = 0.6, weight 2/4. Together 0.5.
    probabilities = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3]])
    error = expected_calibration_error(probabilities, np.array([0, 1, 1, 1]), bins=2)
    assert error == pytest.approx(0.5)


def test_complete_confidence_falls_into_the_last_bin():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_an_empty_bin_has_no_accuracy():
    found = reliability(np.array([0.95, 0.85]), np.array([True, False]), bins=10)
    np.testing.assert_allclose(found.edges, np.arange(11) / 10)
    assert found.counts.tolist() == [0] * 8 + [1, 1]
    assert np.isnan(found.accuracy[:8]).all() and np.isnan(found.confidence[:8]).all()
    assert found.accuracy[8:].tolist() == [0, 1]
    assert found.error == pytest.approx((0.85 + 0.05) / 2)


def test_no_images_have_no_calibration_error():
    assert isnan(reliability(np.zeros(0), np.zeros(0, bool)).error)


def test_a_temperature_worked_out_by_hand():
    # Sure of 0 by 3, and right in 4 of 5: log(4) = 3 / T. Other digits are impossible.
    logits = np.full((10, 5), -1e6)
    logits[0], logits[1] = 3, 0
    labels = np.array([0, 0, 0, 0, 1])
    assert fit_temperature(logits, labels) == pytest.approx(3 / np.log(4), rel=1e-12)


def test_temperatures_stay_between_two_ends():
    sure = 5 * np.eye(10, dtype=np.float32)
    assert fit_temperature(sure, np.arange(10)) == COLDEST  # always right
    assert fit_temperature(sure, (np.arange(10) + 1) % 10) == HOTTEST  # always wrong
    assert fit_temperature(np.zeros((10, 4)), np.arange(4)) == 1  # says nothing


@pytest.mark.parametrize("logits", [np.zeros((10, 0)), np.full((10, 1), np.nan)])
def test_no_temperature_without_finite_logits(logits):
    with pytest.raises(ValueError, match="finite logits of at least one image"):
        fit_temperature(logits, np.zeros(logits.shape[1], np.uint8))


def test_a_temperature_changes_confidence_and_no_prediction():
    rng = np.random.default_rng(2)
    answers = Answers(rng.normal(0, 3, (10, 50)).astype(np.float32), rng.integers(0, 10, 50))
    cooler = at_temperature(answers, 2.0)
    np.testing.assert_array_equal(cooler.predictions, answers.predictions)
    assert (cooler.confidence < answers.confidence).all()
    assert cooler.logits.dtype == np.float32
    for wrong in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="must be above 0"):
            at_temperature(answers, wrong)


def test_coverage_worked_out_by_hand():
    confidence = np.array([0.5, 0.9, 0.7, 0.9])
    curve = coverage_curve(confidence, np.array([False, True, True, False]))
    assert curve.threshold.tolist() == [0.9, 0.7, 0.5]
    assert curve.coverage.tolist() == [0.5, 0.75, 1]
    np.testing.assert_allclose(curve.accuracy, [1 / 2, 2 / 3, 2 / 4])


def test_a_long_coverage_curve_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(3)
    confidence = rng.random(10_000)
    right = rng.random(10_000) < confidence
    curve = coverage_curve(confidence, right)
    assert len(curve.coverage) == COVERAGE_PLACES
    assert (curve.threshold[0], curve.coverage[0]) == (confidence.max(), 1e-4)
    assert (curve.coverage[-1], curve.accuracy[-1]) == (1, right.mean())
    assert (np.diff(curve.coverage) > 0).all() and np.diff(curve.coverage).max() < 0.003


def test_no_images_have_no_coverage():
    curve = coverage_curve(np.zeros(0), np.zeros(0, bool))
    assert len(curve.threshold) == len(curve.coverage) == len(curve.accuracy) == 0
