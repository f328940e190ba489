"""What a search varies: values, ranges, combinations, and how they are written."""

import numpy as np
import pytest

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.experiments.space import (
    Choices,
    Range,
    as_number,
    as_text,
    grid,
    in_text,
    random_draws,
)


def test_a_range_has_both_ends_and_equal_steps_between_them() -> None:
    assert Range("dropout", 0, 0.5).points(6).values == (0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert Range("learning_rate", 1e-4, 1, log=True).points(5).values == (1e-4, 1e-3, 0.01, 0.1, 1)
    # 10 ** -0.5 with four digits.
    assert Range("learning_rate", 0.1, 1, log=True).points(3).values == (0.1, 0.3162, 1)


def test_whole_numbers_of_a_range_are_rounded_and_stand_there_once() -> None:
    assert Range("batch_size", 1, 3).points(5).values == (1, 2, 3)
    assert Range("hidden", 16, 64, log=True).points(3).values == ((16,), (32,), (64,))


@pytest.mark.parametrize(
    ("low", "high", "log", "said"),
    [
        (1, 1, False, "the learning rate: 1..1 is no range"),
        (2, 1, False, "2..1 is no range"),
        (0, 1, True, "begins above 0, not at 0"),
        (0, float("inf"), False, "no range"),
        (float("nan"), 1, False, "no range"),
    ],
)
def test_what_is_no_range_is_refused(low: float, high: float, log: bool, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Range("learning_rate", low, high, log=log)


def test_a_grid_is_every_combination_once() -> None:
    varied = [Choices("hidden", ((8,), (16,))), Choices("seed", (1, 2, 1))]
    assert grid(varied) == [
        {"hidden": (8,), "seed": 1},
        {"hidden": (8,), "seed": 2},
        {"hidden": (16,), "seed": 1},
        {"hidden": (16,), "seed": 2},
    ]


def test_a_longer_random_search_begins_with_the_shorter_one() -> None:
    varied = [Range("learning_rate", 1e-4, 1, log=True), Choices("activation", ("relu", "tanh"))]
    assert random_draws(varied, 20)[:5] == random_draws(varied, 5)


def test_random_values_spread_over_the_whole_range() -> None:
    drawn = random_draws([Range("learning_rate", 1e-4, 1, log=True)], 400)
    decades = np.floor(np.log10([one["learning_rate"] for one in drawn]))
    # 100 are expected of each of the four decades, with a standard deviation of 8.7.
    assert np.bincount((decades + 4).astype(int)).tolist() == pytest.approx([100] * 4, abs=35)
    even = [one["dropout"] for one in random_draws([Range("dropout", 0, 0.5)], 400)]
    assert np.mean(even) == pytest.approx(0.25, abs=0.03)


def test_what_was_drawn_before_is_drawn_anew() -> None:
    varied = [Choices("hidden", ((8,), (9,))), Choices("seed", (1, 2))]
    everything = {tuple(one.values()) for one in grid(varied)}
    for count, found in ((3, 3), (4, 4), (50, 4)):
        drawn = [tuple(one.values()) for one in random_draws(varied, count)]
        assert len(drawn) == found and set(drawn) <= everything


def test_values_are_written_as_they_are_typed() -> None:
    settings = {
        "hidden": (128, 64),
        "dense": (),
        "learning_rate": 1e-6,
        "augmentation": AUGMENTATIONS["mild"],
        "activation": "relu",
    }
    assert in_text(settings) == (
        "hidden=128+64 dense=none learning_rate=1e-06 augmentation=mild activation=relu"
    )
    assert as_text("learning_rate", 0.123456789) == "0.123456789"


def test_only_numbers_have_a_place_on_an_axis() -> None:
    assert [as_number(value) for value in (0.5, 3, (64,), (64, 32), (), "relu")] == [
        0.5, 3, 64, None, None, None,
    ]  # fmt: skip
