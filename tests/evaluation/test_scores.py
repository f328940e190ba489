"""Each measure against an example small enough to count on one's fingers."""

from math import log

import numpy as np
import pytest

from mnist_core.evaluation.calibration import expected_calibration_error
from mnist_core.evaluation.scores import confusion_matrix, wilson_interval
from mnist_core.nn.metrics import accuracy, loss_and_accuracy


def test_accuracy_is_the_share_that_is_right():
    assert accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 0], np.uint8)) == 0.5


def test_the_confusion_matrix_has_the_truth_in_rows():
    labels = np.array([0, 0, 9, 9, 9], np.uint8)
    predictions = np.array([0, 9, 9, 9, 4])
    matrix = confusion_matrix(predictions, labels)
    assert matrix.shape == (10, 10)
    assert matrix.sum() == 5
    assert (matrix[0, 0], matrix[0, 9], matrix[9, 9], matrix[9, 4]) == (1, 1, 2, 1)


def test_loss_and_accuracy_of_a_network_that_always_says_the_same():
    class Stubborn:
        def logits(self, images):
            scores = np.zeros((10, len(images)))
            scores[3] = log(91)  # probability 91 / (91 + 9) of a three, 0.01 of any other digit
            return scores

    labels = np.array([3, 3, 3, 5])
    loss, right = loss_and_accuracy(Stubborn(), np.zeros((4, 28, 28), np.uint8), labels)
    assert loss == pytest.approx((-3 * log(0.91) - log(0.01)) / 4)
    assert right == 0.75


def test_calibration_error_worked_out_by_hand():
    # Two bins. Two answers at 0.9, one of them right: |0.9 - 0.5| = 0.4, weight 2/4.
    # Two answers at 0.4 (bin 0), both right: |0.4 - 1| = 0.6, weight 2/4. Together 0.5.
    probabilities = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3]])
    error = expected_calibration_error(probabilities, np.array([0, 1, 1, 1]), bins=2)
    assert error == pytest.approx(0.5)


def test_complete_confidence_falls_into_the_last_bin():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [(9, 10, (0.5958, 0.9821)), (0, 10, (0, 0.2775)), (10, 10, (0.7225, 1)), (0, 0, (0, 1))],
)
def test_wilson_intervals_are_the_published_ones(right, total, expected):
    assert wilson_interval(right, total) == pytest.approx(expected, abs=5e-5)
