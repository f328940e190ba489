"""Numbers in words: nothing is rounded to what it is not."""

import pytest

from ui.words import duration, percent


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
