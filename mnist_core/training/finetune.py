"""A copy of a network learns a few digits of one person, with MNIST's in between or without.
Its steps are plain gradient descent, without dropout, momentum or anything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from mnist_core.arrays import PIXELS
from mnist_core.data.mnist import Split
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.metrics import accuracy
from mnist_core.nn.network import Sequential, to_pixels
from mnist_core.nn.workspace import Workspace


@dataclass(frozen=True)
class FineTuneSettings:
    """How a network is tuned: plain gradient descent on a batch of the collection a step.

    With replay every batch has as many of MNIST's training images in it besides.
    """

    steps: int = 200
    batch_size: int = 16
    learning_rate: float = 0.02
    replay: bool = True
    seed: int = 0
    test_every: int = 20

    def __post_init__(self) -> None:
        if min(self.steps, self.batch_size, self.test_every) < 1 or self.learning_rate <= 0:
            raise ValueError("steps, batch size and learning rate must be above 0")


@dataclass
class FineTuned:
    """What the settings led to: accuracies 0..1 after each of `steps`, the first being 0."""

    network: Sequential
    steps: list[int] = field(default_factory=list)
    learned: list[float] = field(default_factory=list)  # digits of the collection it learned from
    held_out: list[float] = field(default_factory=list)  # those it has not seen; may be empty
    test: list[float] = field(default_factory=list)  # MNIST's test images

    def tested(self, step: int, learned: Split, held_out: Split, test: Split) -> Self:
        """With one more measurement."""
        self.steps.append(step)
        of_each = ((self.learned, learned), (self.held_out, held_out), (self.test, test))
        for values, split in of_each:
            if len(split):
                values.append(accuracy(self.network.predict(split.images), split.labels))
        return self


def divided(collection: Split) -> tuple[Split, Split]:
    """The digits to learn from, and those to judge by: every third of each label is held out.

    Equal pictures stay together, whatever their labels: none is judged by that was learned from.
    """
    flat = collection.images.reshape(len(collection), PIXELS)  # (N, 784)
    _, first, picture = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    turn = np.zeros(len(first), np.intp)  # of each picture among those of its label
    for digit in range(10):
        of_digit = np.flatnonzero(collection.labels[first] == digit)
        turn[of_digit[np.argsort(first[of_digit])]] = np.arange(len(of_digit))
    held_out = turn[picture] % 3 == 2  # (N,)
    return collection[~held_out], collection[held_out]


def fine_tune(
    network: Sequential, collection: Split, train: Split, test: Split, settings: FineTuneSettings
) -> Iterator[FineTuned]:
    """Fine-tune a network on a collection; yields one FineTuned, before the first step and later.

    `network` is changed, so pass one that nobody else uses: load_model gives a new one each time.
    Catastrophic forgetting: McCloskey & Cohen 1989; replay against it: Robins 1995.
    """
    learned, held_out = divided(collection)
    if not len(learned):
        raise ValueError("the collection is empty: keep a few drawings first")
    tuned = FineTuned(network)
    gradients, work = network.new_gradients(), Workspace(reuse=True)
    rng = np.random.default_rng(settings.seed)
    yield tuned.tested(0, learned, held_out, test)
    for step in range(1, settings.steps + 1):
        chosen = rng.integers(len(learned), size=settings.batch_size)
        images, labels = learned.images[chosen], learned.labels[chosen]
        if settings.replay:
            others = rng.integers(len(train), size=settings.batch_size)
            images = np.concatenate([images, train.images[others]])
            labels = np.concatenate([labels, train.labels[others]])
        x = network.input_batch(to_pixels(images, network.dtype))  # (*input_shape, n)
        logits, caches = network.forward(x, work)  # (10, n)
        _, dlogits = cross_entropy(logits, labels)  # (10, n)
        network.backward(dlogits / len(labels), caches, gradients, work)
        network.parameters.flat[...] -= settings.learning_rate * gradients.flat
        if step % settings.test_every == 0 or step == settings.steps:
            yield tuned.tested(step, learned, held_out, test)
