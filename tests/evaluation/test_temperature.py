"""A temperature never comes from the images that it is judged by, nor from images learned."""

import numpy as np
import pytest

from mnist_core.arrays import CLASSES
from mnist_core.evaluation.answers import Answers, disagreements
from mnist_core.evaluation.calibration import cross_fitted, fit_temperature
from mnist_core.evaluation.sentences import calibration_in_words
from mnist_core.evaluation.temperature import FEWEST, calibrated


def random_answers(n: int, seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    logits = 2 * rng.standard_normal((CLASSES, n))
    logits[labels, np.arange(n)] += 2
    return Answers(logits, labels)


def not_to_be_asked() -> Answers:
    raise AssertionError("the validation images must not be used")


def test_the_temperature_comes_from_the_validation_images() -> None:
    answers, validation = random_answers(30, 0), random_answers(200, 1)
    found = calibrated(answers, lambda: validation, has_learned_validation=False)
    temperature = fit_temperature(validation.logits, validation.labels)
    assert found.temperatures == (temperature,)
    assert found.after is not None
    np.testing.assert_allclose(found.after.logits, answers.logits / temperature)
    assert "from the validation images" in calibration_in_words("MLP", found)


@pytest.mark.parametrize("learned", [True, False])
def test_without_images_left_each_half_has_the_others_temperature(learned: bool) -> None:
    answers = random_answers(2 * FEWEST, 0)
    validation = not_to_be_asked if learned else None
    found = calibrated(answers, validation, has_learned_validation=learned)
    assert found.temperatures == cross_fitted(answers)[1]
    assert "each half of the images has the T that suits the other half" in calibration_in_words(
        "MLP", found
    )


def test_a_few_images_have_no_temperature() -> None:
    found = calibrated(random_answers(99, 0), None, has_learned_validation=True)
    assert found.after is None and found.reliability_after is None
    assert calibration_in_words("MLP", found).endswith("(too few images to fit a temperature to).")


def test_a_few_validation_images_say_nothing_either() -> None:
    validation = random_answers(FEWEST - 1, 1)
    found = calibrated(random_answers(200, 0), lambda: validation, has_learned_validation=False)
    assert len(found.temperatures) == 2


def test_disagreements_begin_with_what_both_are_sure_of() -> None:
    first = Answers(np.eye(CLASSES)[:, [0, 1, 2]] * np.array([3, 5, 1]), np.array([0, 1, 2]))
    second = Answers(np.eye(CLASSES)[:, [1, 2, 2]] * np.array([3, 4, 1]), np.array([0, 1, 2]))
    assert disagreements(first, second).tolist() == [1, 0]
