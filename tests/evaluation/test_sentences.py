"""What is said of scores: in plain words, and never more precisely than it is known."""

import numpy as np
import pytest

from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.scores import mcnemar, wilson_interval
from mnist_core.evaluation.sentences import (
    difference_in_words,
    interval_in_words,
    turned_away_in_words,
)

LOGITS = np.zeros((10, 4), np.float32)
LOGITS[3, :3] = [9, 2, 1]
ANSWERS = Answers(LOGITS, np.array([3, 3, 6, 6], np.uint8))  # of the last, all are as probable


@pytest.mark.parametrize(
    ("right", "n", "words"),
    [
        (9_861, 10_000, "98.36 to 98.82 %"),
        (96, 100, "90.2 to 98.4 %"),
        (2, 2, "34 to 100 %"),
        (0, 2, "0 to 66 %"),
    ],
)
def test_an_interval_has_the_digits_that_its_width_allows(right, n, words):
    assert interval_in_words(*wilson_interval(right, n)) == words


@pytest.mark.parametrize(
    ("only_first", "found", "p"),
    [(10, "**A reads better:** ", "0.2 %"), (3, "**The difference could be chance:** ", "25 %")],
)
def test_a_difference_comes_with_the_probability_that_equals_would_differ_so(only_first, found, p):
    first = np.ones(20, bool)
    second = np.arange(20) >= only_first
    words = difference_in_words("A", "B", mcnemar(first, second))
    assert words.startswith(found)
    assert (
        "If both were equally good, a difference as large or larger would come by chance with a "
        f"probability of {p} (" in words
    )


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0, "**A** turns none of the 4 images away; 50.00 % are right."),
        (0.4, "**A** turns 2 of 4 images away, 2 of which it would get wrong; of the others 100 %"),
        (1, "**A** turns all 4 images away: it is never that sure."),
    ],
)
def test_all_and_none_are_turned_away_in_words_of_their_own(threshold, words):
    assert turned_away_in_words("A", ANSWERS, threshold).startswith(words)
