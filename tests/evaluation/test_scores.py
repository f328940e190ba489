"""Each measure against an example small enough to count on one's fingers."""

from fractions import Fraction
from math import comb, isnan, log

import numpy as np
import pytest

from mnist_core.evaluation.scores import (
    McNemar,
    class_scores,
    confusion_matrix,
    mcnemar,
    wilson_interval,
)
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


@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [(9, 10, (0.5958, 0.9821)), (0, 10, (0, 0.2775)), (10, 10, (0.7225, 1)), (0, 0, (0, 1))],
)
def test_wilson_intervals_are_the_published_ones(right, total, expected):
    assert wilson_interval(right, total) == pytest.approx(expected, abs=5e-5)


def test_a_share_of_nothing_is_0_and_the_counts_tell_why():
    scores = class_scores(confusion_matrix(np.array([3, 3, 5]), np.array([3, 4, 4])))
    assert (scores.precision[4], scores.predicted[4], scores.support[4]) == (0, 0, 2)
    assert (scores.recall[5], scores.predicted[5], scores.support[5]) == (0, 1, 0)
    assert (scores.f1[7], scores.predicted[7], scores.support[7]) == (0, 0, 0)
    assert (scores.precision[3], scores.recall[3], scores.f1[3]) == (0.5, 1, pytest.approx(2 / 3))
    assert scores.macro_recall == pytest.approx(1 / 3)  # of 3, 4 and 5 alone


def test_scores_of_no_images_have_no_average():
    scores = class_scores(np.zeros((10, 10), int))
    assert not scores.f1.any()
    assert isnan(scores.macro_precision) and isnan(scores.macro_recall) and isnan(scores.macro_f1)


def test_mcnemars_exact_test_keeps_its_digits_where_it_is_tiny():
    exact = Fraction(2 * sum(comb(5000, i) for i in range(2001)), 2**5000)
    p_value = McNemar(0, 2000, 3000, 0).p_value
    assert p_value == pytest.approx(float(exact), rel=1e-13, abs=0)
    assert 0 < p_value < 1e-40


def test_two_networks_are_compared_image_by_image():
    first = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    second = np.array([1, 1, 0, 1, 1, 1, 1, 0], bool)
    compared = mcnemar(first, second)
    assert compared == McNemar(both=2, only_first=1, only_second=4, neither=1)
    assert compared.difference == 3 / 8
    assert compared.p_value == pytest.approx(2 * (1 + 5) / 32)  # C(5, 0) + C(5, 1), both sides
    assert mcnemar(second, first).difference == -3 / 8


def test_networks_that_never_disagree_do_not_differ():
    same = mcnemar(np.ones(4, bool), np.ones(4, bool))
    assert (same.p_value, same.difference) == (1, 0)
    nothing = mcnemar(np.ones(0, bool), np.ones(0, bool))
    assert (nothing.p_value, nothing.interval()) == (1, (-1, 1))
    assert isnan(nothing.difference)


def test_answers_to_other_images_are_not_compared():
    with pytest.raises(ValueError, match="the same images, not 3 and 4"):
        mcnemar(np.ones(3, bool), np.ones(4, bool))


def test_the_interval_of_a_difference_is_the_published_one():
    # Bentur et al. 2009: 1 child of 21 both before and after, 1 only before, 7 only after.
    # Fagerland, Lydersen and Laake 2014 give Newcombe's interval of before minus after.
    low, high = McNemar(1, 7, 1, 12).interval()
    assert (low, high) == pytest.approx((-0.507, -0.026), abs=5e-4)


def test_the_interval_of_a_difference_holds_the_true_one_about_as_often_as_it_says():
    # 400 images; the second network is 2 % better, and both find the same images hard.
    rng = np.random.default_rng(0)
    tables = rng.multinomial(400, [0.90, 0.02, 0.04, 0.04], size=2000)
    intervals = np.array([McNemar(*map(int, table)).interval() for table in tables])
    holds = (intervals[:, 0] <= 0.02) & (intervals[:, 1] >= 0.02)
    assert 0.94 < holds.mean() < 0.975
