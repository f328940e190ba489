"""Why softmax is shifted: without it, large logits overflow."""

import numpy as np
import pytest

from mnist_core.inspection.naive_softmax import naive_softmax
from mnist_core.nn.functional import softmax


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("logits", [[1000, 999, 0], [-1000, -1001, -2000]])
def test_logits_of_a_thousand_need_the_shift(dtype, logits):
    column = np.array(logits, dtype)[:, None]
    naive = naive_softmax(column)
    assert naive.dtype == dtype
    assert np.isnan(naive[0, 0])
    # exp(0) and exp(-1), divided by their sum
    assert softmax(column)[:, 0] == pytest.approx([1 / (1 + 1 / np.e), 1 / (np.e + 1), 0])


def test_float32_overflows_above_88_and_float64_does_not_yet():
    assert np.isnan(naive_softmax(np.array([89, 0], np.float32))[0])
    assert naive_softmax(np.array([89.0, 0.0])).tolist() == [1, pytest.approx(np.exp(-89))]


def test_small_logits_give_the_same_either_way():
    logits = np.random.default_rng(0).normal(size=(10, 4))
    assert naive_softmax(logits) == pytest.approx(softmax(logits))
