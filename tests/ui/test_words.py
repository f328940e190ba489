"""Numbers in words: nothing is rounded to what it is not."""

import numpy as np
import pytest

from mnist_core.nn.network import Sequential
from ui.draw.answers import headline, several_in_words
from ui.networks import Prediction, Predictor
from ui.words import a_digit, ago, duration, percent, points, probability


@pytest.mark.parametrize(
    ("fraction", "words"),
    [
        (0.9841, "98.41 %"),
        (1.0, "100 %"),
        (0.9996, "99.96 %"),
        (0.99996, "99.99 %"),
        (0.0, "0 %"),
        (-0.0, "0 %"),
        (-0.00001, "0 %"),
        (0.00001, "under 0.01 %"),
        (-0.0123, "-1.23 %"),
        (0.00006, "0.01 %"),
    ],
)
def test_a_share_is_told_in_percent(fraction: float, words: str) -> None:
    assert percent(fraction) == words


def test_a_share_of_few_examples_has_fewer_digits() -> None:
    assert percent(6 / 64, 1) == "9.4 %"
    assert percent(0.9996, 1) == "99.9 %"
    assert percent(0.999, 0) == "99 %"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-1e-9, "0 s"),
        (0.44, "0.4 s"),
        (0.99, "0.9 s"),
        (1.4, "1 s"),
        (45.2, "45 s"),
        (119.6, "2 min"),
        (1311, "22 min"),
        (7199, "2 h"),
        (7500, "2 h 5 min"),
        (35990, "10 h"),
        (100_000, "28 h"),
    ],
)
def test_a_time_is_told_as_precisely_as_one_wants_to_know_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_only_an_eight_is_an_eight() -> None:
    assert [a_digit(digit) for digit in (1, 7, 8)] == ["a 1", "a 7", "an 8"]


def test_what_is_almost_certain_is_not_called_certain() -> None:
    assert probability(0.9996) == probability(1.0) == ">99.9 %"
    assert probability(0.999) == "99.9 %" and probability(0.0) == "0.0 %"
    assert probability(0.996, 0) == ">99 %" and probability(0.31, 0) == "31 %"


def test_a_difference_of_shares_is_in_points() -> None:
    assert points(-0.123) == "-12.3 points"


def said(*shares: dict[int, float]) -> str:
    """The headline when each network gives these digits these probabilities."""
    predictions = []
    for share in shares:
        probabilities = np.full(10, (1 - sum(share.values())) / (10 - len(share)))
        probabilities[list(share)] = list(share.values())
        predictions.append(Prediction(Predictor("", Sequential([]), "", ""), probabilities))
    return headline(predictions)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([{3: 0.99}, {3: 0.9}], "a 3, surely"),
        ([{8: 0.97}], "an 8, surely"),
        ([{1: 0.6, 7: 0.4}, {1: 0.7, 7: 0.3}], "a 1, or a 7"),
        ([{1: 0.99}, {8: 0.98}], "a 1, or an 8"),  # they disagree
        ([{9: 0.7, 4: 0.1}], "a 9, probably"),
        ([{9: 0.5, 4: 0.2, 7: 0.2}], "perhaps a 9"),
    ],
)
def test_an_answer_is_as_sure_as_the_networks_are(
    shares: list[dict[int, float]], words: str
) -> None:
    assert said(*shares) == words


def test_several_digits_are_counted_and_named() -> None:
    assert several_in_words([4, 2]) == "two digits: 4 and 2"
    assert several_in_words([1, 2, 3]) == "three digits: 1, 2 and 3"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (3 * 3_600, "3 hours ago"),
        (86_400, "1 day ago"),
        (2_000 * 86_400, "2,000 days ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert ago(seconds) == words
