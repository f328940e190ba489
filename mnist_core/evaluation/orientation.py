"""Recognises digits that lie on their side, rows and columns exchanged, as EMNIST's are handed out.
A network that reads upright digits reads hardly any of them, and nearly all when they are turned.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.data.split import Split, turned
from mnist_core.nn.metrics import accuracy
from mnist_core.training.checkpoint import load_model
from mnist_core.words import percent

LEAST, MOST = 20, 1_000  # images that are looked at: fewer could be chance
GAIN = 0.3  # by which more are read right if they lie on their side; of EMNIST it is 0.8
READ = 0.5  # of digits, more are read right; of ten kinds of anything else, about a tenth


@dataclass(frozen=True)
class Orientation:
    """Which share (0..1) of `n` images the shipped MLP reads right, as they are and turned."""

    n: int
    as_they_are: float
    turned: float

    @property
    def is_sideways(self) -> bool:
        """Whether the images lie on their side."""
        return self.n >= LEAST and self.turned - self.as_they_are >= GAIN

    @property
    def shows_digits(self) -> bool:
        """Whether the images may be digits at all, however they lie."""
        return self.n < LEAST or max(self.as_they_are, self.turned) >= READ

    @property
    def in_words(self) -> str:
        """What was found, without a full stop."""
        return (
            f"of {self.n:,} images, a network that reads MNIST's digits reads "
            f"{percent(self.as_they_are, 0)} right as they are, and {percent(self.turned, 0)} with "
            "rows and columns exchanged"
        )


def orientation(split: Split) -> Orientation:
    """How the digits lie, by at most 1,000 of them from the whole of the split."""
    some = split[np.linspace(0, len(split) - 1, min(len(split), MOST)).astype(np.intp)]
    network = load_model("mlp")
    as_they_are, on_their_side = (
        accuracy(network.predict(one.images), one.labels) for one in (some, turned(some))
    )
    return Orientation(len(some), as_they_are, on_their_side)
