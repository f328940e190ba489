"""Numbers in words: nothing is rounded to what it is not."""

import pytest

from mnist_core.inspection.doubt import Answer
from mnist_core.words import duration, percent, unbroken
from tests.ui.tools import with_plain_spaces
from ui import words as on_pages
from ui.draw.answers import several_in_words
from ui.html import changing_text
from ui.words import a_digit, ago, plain_number, points, probability


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
    shares = [(0.9996, 1), (1.0, 1), (0.999, 1), (0.0, 1), (0.996, 0), (0.31, 0)]
    words = [with_plain_spaces(probability(p, digits)) for p, digits in shares]
    assert words == [">99.9 %", ">99.9 %", "99.9 %", "0.0 %", ">99 %", "31 %"]


def test_a_difference_of_shares_is_in_points() -> None:
    assert with_plain_spaces(points(-0.123)) == "−12.3 points"


def test_on_a_page_a_number_and_its_unit_stay_on_one_line() -> None:
    kept = "0.3_% of 3 images in 2_h 5_min, 20_s at 50_images/s: 98 to 99_%, a 5 so far"
    assert unbroken(kept.replace("_", " ")) == kept.replace("_", "\N{NO-BREAK SPACE}")
    assert changing_text("**98.41 %** in 20 s") == (
        f'<p class="changing"><b>{on_pages.percent(0.9841)}</b> in {on_pages.duration(20)}</p>'
    )
    for said in (probability(0.3), on_pages.percent(0.3), on_pages.duration(7500), points(0.1)):
        assert "\N{NO-BREAK SPACE}" in said
    assert "\N{NO-BREAK SPACE}" not in percent(0.3) + duration(7500)


def test_several_digits_are_counted_and_named() -> None:
    sure = [Answer(digit, 9, unsure=False) for digit in (1, 2, 3)]
    assert several_in_words(sure[:2]) == "two digits: 1 and 2"
    assert several_in_words(sure) == "three digits: 1, 2 and 3"
    unsure = Answer(4, 9, unsure=True)
    assert several_in_words([sure[0], unsure]) == "two digits: 1 and 4 (or 9)"


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


@pytest.mark.parametrize(
    ("value", "words"), [(1.25, "1.2"), (-1.26, "−1.3"), (-0.04, "0.0"), (100.0, "100.0")]
)
def test_what_rounds_to_zero_has_no_sign(value: float, words: str) -> None:
    assert plain_number(value, 1) == words
