"""Maps of several times of a training: in one plane, in an order, and from any of them on."""

from functools import partial

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.learning_map import before_training, learning_map, order_of_times
from mnist_core.evaluation.projection import fitted, projected

TIMES = [partial(before_training, "mlp"), partial(load_model, "mlp")]


@pytest.mark.parametrize(
    ("n", "order"), [(1, [0]), (2, [1, 0]), (3, [2, 0, 1]), (5, [4, 0, 2, 1, 3])]
)
def test_the_ends_come_first_and_then_the_widest_gaps(n: int, order: list[int]) -> None:
    assert order_of_times(n) == order


def test_all_times_lie_in_the_plane_of_the_last(small: Dataset) -> None:
    split = small.test
    trained, random = learning_map(TIMES, split, "logits")
    plane = fitted(load_model("mlp"), split.images, "logits")
    for seen, network in ((trained, load_model("mlp")), (random, before_training("mlp"))):
        expected = projected(network, split.images, "logits", plane)
        np.testing.assert_allclose(seen.xy, expected.xy, rtol=1e-4, atol=1e-4)
        assert (seen.predictions == expected.logits.argmax(axis=0)).all()
    assert (trained.predictions == split.labels).mean() > 0.9 > trained.confidence.min() > 0.1


def test_times_that_are_known_already_are_left_out(small: Dataset) -> None:
    _, second = learning_map(TIMES, small.test, "logits")
    (alone,) = learning_map(TIMES, small.test, "logits", done=1)
    assert (alone.xy == second.xy).all()
