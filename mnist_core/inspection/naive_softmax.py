"""Softmax as the formula stands in a book, to show why nobody computes it like that."""

import numpy as np

from mnist_core.arrays import Array


def naive_softmax(logits: Array) -> Array:
    """exp(logits) / its sum, for logits (C,) or (C, N), in their own type of numbers.

    exp overflows to infinity above 88 in float32 and above 709 in float64, and infinity divided by
    infinity is NaN; if all logits are far below zero, it is 0 / 0. nn.functional.softmax subtracts
    the largest logit first, which changes nothing in the quotient.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exponentials = np.exp(logits)
        return exponentials / exponentials.sum(axis=0)
