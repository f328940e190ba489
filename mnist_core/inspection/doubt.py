"""Says when an answer is unsure, and which digit it could be instead: "a 1, or a 7".
A network's confidence alone hides it: on other people's writing many wrong answers have over 90 %.

The rule is one number: an answer is unsure unless its digit is RATIO times as probable as the
second, in the geometric mean of the networks that answer. This mean is what counts disagreement: a
network that holds a digit for hardly possible pulls it down, whatever the other one says.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.words import a_digit

# At least half of the wrong answers are to be marked, and at most 5 % of the right ones. With this
# number both shares are about equally far from these bars, on average over varied validation images
# and held-out styles: `python benchmarks/doubt.py choose`. Alone, the CNN would have 8, the MLP 4.
RATIO = 6.0
# No network calls a digit less probable than this, so that none overrules all others by itself.
LEAST = 1e-3
# The same for guesses. Cut digits are read less well, and the networks are surer of them than they
# should be: with RATIO fewer than half of the wrong answers on them are marked.
RATIO_OF_GUESSES = 20.0


@dataclass(frozen=True)
class Answer:
    """The digit that was read, the one that it could be instead, and whether that is to be said.

    label:   the most probable digit
    second:  the next one
    unsure:  whether the first is too little more probable than the second
    guessed: whether what was seen may be but a part of a digit, or more than one
    """

    label: int
    second: int
    unsure: bool
    guessed: bool = False

    @property
    def words(self) -> str:
        """As one would say it: "a 3", "a 1, or a 7", "perhaps a 3, or an 8"."""
        first = f"perhaps {a_digit(self.label)}" if self.guessed else a_digit(self.label)
        return f"{first}, or {a_digit(self.second)}" if self.unsure else first

    @property
    def figures(self) -> str:
        """The same where there is little room: "3", "1 (or 7)", "3?", "3? (or 8)"."""
        first = f"{self.label}?" if self.guessed else f"{self.label}"
        return f"{first} (or {self.second})" if self.unsure else first


def answer_of(probabilities: Array, *, guessed: bool = False) -> Answer:
    """What one or several networks say of an image, and whether they are sure of it.

    Args:
        probabilities: of the ten digits, (10,) or (K, 10) for K networks. A network that has
            diverged, and says NaN, has no opinion.
        guessed: whether the image may show but a part of a digit, or more than one.
    """
    likely = np.log(np.fmax(np.atleast_2d(probabilities), LEAST)).mean(axis=0)  # (10,)
    second, label = np.argsort(likely, kind="stable")[-2:].tolist()
    ratio = RATIO_OF_GUESSES if guessed else RATIO
    unsure = bool(likely[label] - likely[second] < np.log(ratio))
    return Answer(label, second, unsure, guessed)
