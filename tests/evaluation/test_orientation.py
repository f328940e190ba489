"""Digits that lie on their side are told from upright ones, and from what is no digit."""

import numpy as np

from mnist_core.data.mnist import Dataset
from mnist_core.data.split import Split, turned
from mnist_core.evaluation.orientation import orientation


def test_digits_on_their_side_are_told_from_upright_ones(mnist: Dataset) -> None:
    upright, sideways = orientation(mnist.test), orientation(turned(mnist.test))
    assert not upright.is_sideways and sideways.is_sideways
    assert (upright.as_they_are, upright.turned) == (sideways.turned, sideways.as_they_are)
    assert upright.n == 1_000 and upright.as_they_are > 0.95
    assert sideways.in_words.startswith(
        "of 1,000 images, a network that reads MNIST's digits reads"
    )


def test_neither_noise_nor_a_handful_of_digits_lies_on_its_side(mnist: Dataset) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    assert not orientation(Split(noise, mnist.test.labels[:100])).is_sideways
    assert not orientation(turned(mnist.test[:6])).is_sideways


def test_of_a_set_that_is_sorted_by_digit_all_digits_are_looked_at(mnist: Dataset) -> None:
    some = mnist.test[np.argsort(mnist.test.labels, kind="stable")]
    assert orientation(turned(some)).is_sideways
    assert 0.05 < orientation(turned(some)).as_they_are < 0.5
