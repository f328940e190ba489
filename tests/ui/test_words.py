"""Numbers, digits and answers as one would say them."""

import numpy as np
import pytest

from mnist_core.nn.network import Sequential
from ui.draw.answers import headline, several_in_words
from ui.networks import Prediction, Predictor
from ui.words import a_digit, percent, points


def test_only_an_eight_is_an_eight() -> None:
    assert [a_digit(digit) for digit in (1, 7, 8)] == ["a 1", "a 7", "an 8"]


def test_what_is_almost_certain_is_not_called_certain() -> None:
    assert percent(0.9996) == percent(1.0) == ">99.9%"
    assert percent(0.999) == "99.9%" and percent(0.0) == "0.0%"
    assert percent(0.996, 0) == ">99%" and percent(0.31, 0) == "31%"


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
