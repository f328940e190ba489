import numpy as np
import pytest

from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import Answers, answers_of
from mnist_core.nn.builders import build_mlp

# Four images: right and sure, wrong and sure, wrong and unsure, right and unsure.
LOGITS = np.zeros((10, 4), np.float32)
LOGITS[3, 0], LOGITS[5, 1], LOGITS[7, 2], LOGITS[1, 3] = 9, 8, 1, 2
ANSWERS = Answers(LOGITS, np.array([3, 6, 6, 1], np.uint8))


def test_mistakes_come_with_the_most_confident_first():
    assert ANSWERS.worst_mistakes.tolist() == [1, 2]
    assert ANSWERS.least_sure_right.tolist() == [3, 0]
    assert ANSWERS.taken_for(6, 7).tolist() == [2]
    assert ANSWERS.accuracy == 0.5


def test_confidence_is_the_probability_of_the_prediction():
    assert ANSWERS.predictions.tolist() == [3, 5, 7, 1]
    np.testing.assert_allclose(ANSWERS.confidence[0], np.exp(9) / (np.exp(9) + 9), rtol=1e-6)
    np.testing.assert_allclose(ANSWERS.probabilities.sum(axis=1), 1, rtol=1e-6)


def test_answers_are_the_networks_own():
    rng = np.random.default_rng(0)
    network = build_mlp(hidden=(8,), rng=rng)
    images = rng.integers(0, 256, (30, 28, 28), np.uint8)
    split = Split(images, rng.integers(0, 10, 30).astype(np.uint8))
    answers = answers_of(network, split)
    np.testing.assert_array_equal(answers.predictions, network.predict(images))
    np.testing.assert_allclose(answers.probabilities, network.predict_proba(images), rtol=1e-6)


def test_labels_of_another_number_are_refused():
    with pytest.raises(ValueError, match="3 labels do not fit"):
        Answers(LOGITS, np.zeros(3, np.uint8))
