"""Optimizers against their papers' formulas written down plainly, and schedules at known points."""

from math import sqrt

import numpy as np
import pytest

from mnist_core.nn.optimizers import OPTIMIZERS, SGD, Adam, Nesterov
from mnist_core.nn.schedules import SCHEDULES

STEPS = 30
START = np.array([3.0, -2.0, 0.5])
CURVATURE = np.array([1.0, 4.0, 0.3])


def gradient(parameters: np.ndarray) -> np.ndarray:
    """Of the bowl sum(curvature * p^2) / 2."""
    return CURVATURE * parameters


def path(optimizer, rate: float) -> np.ndarray:
    """Where the optimizer comes to in the bowl, step by step, (STEPS, 3)."""
    parameters = START.astype(np.float32)
    places = []
    for _ in range(STEPS):
        scaled = gradient(parameters) * optimizer.gradient_scale(rate)
        optimizer.step(parameters, scaled.astype(np.float32), rate)
        places.append(parameters.copy())
    return np.array(places)


def test_sgd_goes_down_the_gradient_by_the_learning_rate():
    # p <- p - rate c p = (1 - rate c) p
    expected = [START * (1 - 0.1 * CURVATURE) ** (t + 1) for t in range(STEPS)]
    np.testing.assert_allclose(path(SGD(3), 0.1), expected, rtol=1e-5)


def test_nesterov_is_the_look_ahead_of_the_paper():
    # Sutskever et al. 2013: v <- mu v - rate grad(theta + mu v), theta <- theta + v.
    # What we hold is the place where the gradient is taken, theta + mu v.
    mu, rate = 0.9, 0.05
    theta, v = START.copy(), np.zeros(3)
    expected = []
    for _ in range(STEPS):
        v = mu * v - rate * gradient(theta + mu * v)
        theta = theta + v
        expected.append(theta + mu * v)
    np.testing.assert_allclose(path(Nesterov(3, momentum=mu), rate), expected, atol=2e-6)


def test_nesterov_without_momentum_is_sgd():
    np.testing.assert_allclose(path(Nesterov(3, momentum=0.0), 0.1), path(SGD(3), 0.1), rtol=1e-6)


@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_adam_follows_the_algorithm_of_its_paper(momentum):
    # Kingma & Ba 2015, algorithm 1, one number at a time.
    beta2, epsilon, rate = 0.999, 1e-8, 0.1
    expected = np.empty((STEPS, 3))
    for i in range(3):
        p, m, v = float(START[i]), 0.0, 0.0
        for t in range(1, STEPS + 1):
            g = float(CURVATURE[i]) * p
            m = momentum * m + (1 - momentum) * g
            v = beta2 * v + (1 - beta2) * g * g
            m_hat = m / (1 - momentum**t)
            v_hat = v / (1 - beta2**t)
            p -= rate * m_hat / (sqrt(v_hat) + epsilon)
            expected[t - 1, i] = p
    np.testing.assert_allclose(path(Adam(3, momentum=momentum), rate), expected, atol=2e-5)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradients_size():
    parameters = np.zeros(3, np.float32)
    Adam(3).step(parameters, np.array([1e-3, -5.0, 1e4], np.float32), 0.01)
    np.testing.assert_allclose(parameters, [-0.01, 0.01, -0.01], rtol=1e-4)


def test_adam_stands_still_where_there_is_no_gradient():
    parameters = np.ones(2, np.float32)
    Adam(2).step(parameters, np.zeros(2, np.float32), 0.1)
    assert parameters.tolist() == [1, 1]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_with_another_ones_state_goes_on_like_it(name):
    first, second = OPTIMIZERS[name](3, momentum=0.9), OPTIMIZERS[name](3, momentum=0.9)
    path(first, 0.05)
    for key, value in first.state.items():
        second.state[key][...] = value
    assert np.array_equal(path(first, 0.05), path(second, 0.05))


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("constant", {0: 1, 0.5: 1, 1: 1}),
        # half a cosine: cos 0 = 1, cos 60 degrees = 1/2, cos 90 = 0
        ("cosine", {0: 1, 1 / 3: 0.75, 0.5: 0.5, 2 / 3: 0.25, 1: 0}),
        # a line from 0.1 to 1 over the first 30 %, then half a cosine over the other 70 %
        ("one-cycle", {0: 0.1, 0.15: 0.55, 0.3: 1, 0.65: 0.5, 1: 0}),
    ],
)
def test_schedules_at_points_worked_out_by_hand(name, points):
    for done, expected in points.items():
        assert SCHEDULES[name](done) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_schedule_leaves_the_range_from_zero_to_the_full_rate(name):
    factors = [SCHEDULES[name](step / 997) for step in range(998)]
    assert min(factors) >= 0
    assert max(factors) <= 1
