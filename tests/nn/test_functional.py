"""softmax, cross-entropy and sigmoid against numbers worked out by hand."""

from math import e, log

import numpy as np
import pytest

from mnist_core.nn.functional import cross_entropy, sigmoid, softmax


def test_softmax_of_large_logits_is_right():
    # softmax depends on differences alone: 1 / (1 + e) and e / (1 + e).
    expected = [[1 / (1 + e)], [e / (1 + e)]]
    for large in (1000, 1e6, -1e6):
        np.testing.assert_allclose(softmax(np.array([[large], [large + 1]])), expected, rtol=1e-12)
    assert softmax(np.array([[1e30], [-1e30]])).tolist() == [[1], [0]]


def test_softmax_of_a_batch_sums_to_one_in_every_column():
    logits = np.random.default_rng(0).normal(0, 50, (10, 7)).astype(np.float32)
    probabilities = softmax(logits)
    assert probabilities.shape == (10, 7)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, rtol=1e-6)


def test_softmax_leaves_its_argument_alone():
    logits = np.array([[1.0], [2.0]])
    softmax(logits)
    assert logits.tolist() == [[1], [2]]


def test_cross_entropy_of_a_batch_worked_out_by_hand():
    # Probabilities: first column 1/4, 3/4; second column 1/2, 1/2. Labels 1 and 0.
    # Losses: -log 3/4 and -log 1/2. Gradient: probabilities minus one at the label.
    logits = np.array([[0, 5], [log(3), 5]])
    loss, gradient = cross_entropy(logits, np.array([1, 0]))
    assert loss == pytest.approx((log(4 / 3) + log(2)) / 2, rel=1e-12)
    np.testing.assert_allclose(gradient, [[1 / 4, -1 / 2], [-1 / 4, 1 / 2]], rtol=1e-12)


def test_cross_entropy_of_one_example():
    loss, gradient = cross_entropy(np.zeros((10, 1)), np.array([3]))
    assert loss == pytest.approx(log(10), rel=1e-12)
    assert gradient[3, 0] == pytest.approx(-0.9)
    assert gradient[4, 0] == pytest.approx(0.1)


def test_cross_entropy_of_an_impossible_class_is_large_but_finite():
    loss, gradient = cross_entropy(np.array([[0.0], [1000.0]]), np.array([0]))
    assert loss == 1000
    assert gradient.tolist() == [[-1], [1]]


@pytest.mark.parametrize("labels_type", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_cross_entropy_takes_labels_of_any_integer_type_and_logits_of_any_layout(
    labels_type, order
):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(10, 300))
    labels = rng.integers(0, 10, 300)
    loss, gradient = cross_entropy(np.array(logits, order=order), labels.astype(labels_type))
    # The definition, written out: p = exp(logit) / sum of exp, L = -log p[label].
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=0)
    assert loss == pytest.approx(np.mean(-np.log(probabilities[labels, range(300)])), rel=1e-12)
    np.testing.assert_allclose(gradient, probabilities - np.eye(10)[:, labels], atol=1e-12)


def test_cross_entropy_says_so_when_a_logit_is_no_number():
    with np.errstate(invalid="ignore"):
        assert np.isnan(cross_entropy(np.array([[np.nan], [0.0]]), np.array([1]))[0])


def test_sigmoid_worked_out_by_hand_and_far_out():
    values = sigmoid(np.array([0.0, log(3), -log(3), 1e6, -1e6]))
    np.testing.assert_allclose(values, [0.5, 0.75, 0.25, 1, 0], atol=1e-30, rtol=1e-12)
    assert sigmoid(np.array([-1e30, 1e30], np.float32)).tolist() == pytest.approx([0, 1])


def test_sigmoid_can_write_over_its_argument():
    a = np.array([0.0, log(3)])
    assert sigmoid(a, out=a) is a
    np.testing.assert_allclose(a, [0.5, 0.75])
