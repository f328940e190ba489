"""Unsure answers: what is said for given probabilities, and how many wrong ones are marked."""

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.arrays import Array
from mnist_core.data.augment import AUGMENTATIONS, augment
from mnist_core.handwriting.digits import handwritten
from mnist_core.inspection.doubt import RATIO, answer_of


def probabilities(*shares: dict[int, float]) -> Array:
    """(K, 10): these digits have these probabilities, and the others what is left."""
    rows = []
    for share in shares:
        row = np.full(10, (1 - sum(share.values())) / (10 - len(share)))
        row[list(share)] = list(share.values())
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([{3: 0.99}], "a 3"),
        ([{8: 0.99}, {8: 0.97}], "an 8"),
        ([{1: 0.6, 7: 0.4}], "a 1, or a 7"),
        ([{1: 0.99, 7: 0.01}, {1: 0.4, 7: 0.6}], "a 1"),  # one doubts, the other is very sure
        ([{1: 0.8, 7: 0.2}, {1: 0.4, 7: 0.6}], "a 1, or a 7"),
        ([{1: 0.99}, {8: 0.98}], "a 1, or an 8"),  # they disagree, and both are sure
    ],
)
def test_an_answer_names_a_second_digit_where_the_networks_are_unsure(
    shares: list[dict[int, float]], words: str
) -> None:
    assert answer_of(probabilities(*shares)).words == words


def test_an_answer_is_sure_from_a_ratio_of_the_best_two_on() -> None:
    second = 0.9 / (RATIO + 1)
    below, above = {3: 0.899 - second, 5: second}, {3: 0.901 - second, 5: second}
    assert answer_of(probabilities(below)).unsure
    assert not answer_of(probabilities(above)).unsure
    assert answer_of(probabilities(above)[0]) == answer_of(probabilities(above))  # (10,) too


def test_one_network_that_is_quite_sure_does_not_overrule_two() -> None:
    certain = np.eye(10, dtype=np.float32)[[4]]  # probabilities of exactly 0 and 1
    others = probabilities({9: 0.999}, {9: 0.999})
    assert answer_of(np.concatenate([certain, others])).label == 9


def test_a_network_that_has_diverged_has_no_opinion() -> None:
    diverged = np.full((1, 10), np.nan)
    answer = answer_of(np.concatenate([diverged, probabilities({2: 0.99}, {2: 0.99})]))
    assert (answer.label, answer.unsure) == (2, False)
    assert answer_of(diverged).unsure


def test_what_was_seen_in_part_is_a_guess_and_sooner_unsure() -> None:
    seen = probabilities({3: 0.93, 8: 0.06})
    whole, part = answer_of(seen), answer_of(seen, guessed=True)
    assert (whole.words, whole.figures) == ("a 3", "3")
    assert (part.words, part.figures) == ("perhaps a 3, or an 8", "3? (or 8)")
    assert answer_of(probabilities({3: 0.999}), guessed=True).words == "perhaps a 3"


@pytest.mark.parametrize("names", [("cnn",), ("mlp", "cnn")])
def test_most_wrong_answers_on_strangers_writing_are_marked_and_hardly_any_right_one(
    names: tuple[str, ...],
) -> None:
    drawn = handwritten(1_500, rng=np.random.default_rng(11), writers="held-out")
    images = augment(drawn.images, AUGMENTATIONS["handwriting"], rng=np.random.default_rng(12))
    said = np.stack([load_model(name).predict_proba(images) for name in names], axis=1)
    answers = [answer_of(of_one) for of_one in said]
    wrong = np.array([answer.label for answer in answers]) != drawn.labels
    unsure = np.array([answer.unsure for answer in answers])
    assert wrong.sum() >= 15
    assert unsure[wrong].mean() >= 0.5
    assert unsure[~wrong].mean() <= 0.05
