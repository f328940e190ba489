"""The next mistake of a network among the test images."""

from typing import Any

import numpy as np

from mnist_core import load_model
from mnist_core.arrays import Array
from ui.networks import BLOCK, next_mistake
from ui.session import mnist


class Watched:
    """A network that notes how many images it has been shown; it reads each of them as `answer`."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.images = answer, 0

    def predict(self, images: Array) -> Array:
        self.images += len(images)
        return self.answer(images)


def test_mistakes_come_one_after_the_other_and_begin_again() -> None:
    test, mlp = mnist().test, load_model("mlp")
    numbers = np.flatnonzero(mlp.predict(test.images) != test.labels)
    for after, expected in zip([-1, *numbers], [*numbers, numbers[0]], strict=True):
        assert next_mistake(mlp, int(after)) == expected


def test_no_more_images_are_looked_at_than_it_takes() -> None:
    wrong: Any = Watched(lambda images: np.full(len(images), 10))
    assert next_mistake(wrong, 9_998) == 9_999
    assert wrong.images == BLOCK


def test_a_network_without_a_mistake_has_none() -> None:
    right: Any = Watched(lambda images: labels.pop())
    test = mnist().test
    labels = [test.labels[start : start + BLOCK] for start in range(0, len(test), BLOCK)][::-1]
    assert next_mistake(right, -1) is None
    assert right.images == len(test)
