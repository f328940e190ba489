import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Split
from mnist_core.evaluation.data_checks import (
    PIECES,
    class_means,
    duplicates,
    duplicates_in_pieces,
    label_doubts,
    pixel_statistics,
    samples_per_class,
    together,
)


def pairs(found):
    return sorted(zip(found.first.tolist(), found.second.tolist(), strict=True))


def test_the_mean_image_of_a_class_without_images_is_unknown(small):
    some = small.train[small.train.labels != 7]
    means = class_means(some)
    assert means.shape == (10, 28, 28) and means.dtype == np.float32
    assert np.isnan(means[7]).all()
    threes = some.images[some.labels == 3] / 255
    np.testing.assert_allclose(means[3], threes.mean(axis=0), rtol=1e-6)


def test_pixel_statistics_are_those_of_all_pixels_at_once(mnist):
    split = mnist.train[:5000]  # more than are looked at in one go
    found, pixels = pixel_statistics(split), split.images / 255
    assert found.images == 5000
    assert found.mean == pytest.approx(pixels.mean(), rel=1e-12)
    assert found.std == pytest.approx(pixels.std(), rel=1e-12)
    assert found.ink == pytest.approx((pixels > 0).mean(), rel=1e-12)
    assert found.images_per_class.tolist() == [(split.labels == d).sum() for d in range(10)]
    ones = pixels[split.labels == 1].mean()
    assert found.brightness_per_class[1] == pytest.approx(ones, rel=1e-6)


def test_blank_images_are_counted():
    images = np.zeros((4, 28, 28), np.uint8)
    images[1] = 255
    images[2, 5, 5] = 1
    found = pixel_statistics(Split(images, np.array([0, 0, 0, 2], np.uint8)))
    assert found.blank == 3
    assert found.brightness_per_class[2] == 0
    assert np.isnan(found.brightness_per_class[1])


def test_statistics_of_no_images_are_unknown():
    none = Split(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    found = pixel_statistics(none)
    assert (found.images, found.blank, found.images_per_class.sum()) == (0, 0, 0)
    assert np.isnan([found.mean, found.std, found.ink]).all()


def test_samples_are_of_their_class_and_the_same_for_the_same_seed(small):
    some = small.train[np.append(np.flatnonzero(small.train.labels != 4), [2])]  # a single 4
    assert small.train.labels[2] == 4
    chosen = samples_per_class(some, 5, rng=np.random.default_rng(1))
    again = samples_per_class(some, 5, rng=np.random.default_rng(1))
    for digit, (numbers, same) in enumerate(zip(chosen, again, strict=True)):
        assert len(set(numbers.tolist())) == (1 if digit == 4 else 5)
        assert (some.labels[numbers] == digit).all()
        np.testing.assert_array_equal(numbers, same)


def test_the_label_is_doubted_most_where_another_digit_is_most_probable():
    probabilities = np.zeros((4, 10))
    probabilities[0, [3, 5]] = 0.4, 0.6
    probabilities[1, [1, 7]] = 0.9, 0.1
    probabilities[2, [2, 8]] = 0.05, 0.95
    probabilities[3, [0, 6]] = 0.5, 0.5
    doubts = label_doubts(probabilities, np.array([3, 1, 2, 6], np.uint8))
    assert doubts.images.tolist() == [2, 0]  # as probable as another is no doubt
    assert doubts.given.tolist() == [2, 3]
    assert doubts.suggested.tolist() == [8, 5]
    np.testing.assert_allclose(doubts.doubt, [0.9, 0.2])


def test_labels_that_were_swapped_are_doubted_first(mnist):
    test = mnist.test[:1000]
    labels = test.labels.copy()
    swapped = np.arange(0, 1000, 100)
    labels[swapped] = (labels[swapped] + 5) % 10
    doubts = label_doubts(load_model("cnn").predict_proba(test.images), labels)
    assert set(swapped.tolist()) <= set(doubts.images[:15].tolist())


def noisy(images, levels, seed=0):
    """The same pictures, each pixel darker or lighter by so many levels at most."""
    noise = np.random.default_rng(seed).integers(-levels, levels + 1, images.shape)
    return np.clip(images.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("threads", [1, 2])
def test_planted_duplicates_are_found(mnist, threads):
    train, test = mnist.train.images[:9000].copy(), mnist.test.images[:600].copy()
    test[[5, 300]] = train[[8000, 17]]
    test[[7, 599]] = noisy(train[[4500, 3]], 1)
    test[[8]] = noisy(train[[4501]], 6)  # too different
    found = duplicates(train, test, threads=threads)
    assert pairs(found) == [(3, 599), (17, 300), (4500, 7), (8000, 5)]
    assert found.exact == 2 and found.second[:2].tolist() == [5, 300]
    difference = np.abs(train[found.first] / 255 - test[found.second] / 255).mean(axis=(1, 2))
    np.testing.assert_allclose(found.difference, difference, atol=1e-12)
    assert (np.diff(found.difference) >= 0).all()
    assert pairs(duplicates(train, test, near=0)) == [(17, 300), (8000, 5)]


def test_duplicates_within_a_set_are_paired_with_an_earlier_image(mnist):
    images = mnist.train.images[:2000].copy()
    images[[900, 1500]] = images[20]
    images[[1999]] = noisy(images[[1000]], 1)
    found = duplicates(images)
    assert pairs(found) == [(20, 900), (20, 1500), (1000, 1999)]
    assert found.exact == 2


def test_the_nearest_image_is_the_one_that_a_plain_search_finds(mnist):
    train, test = mnist.train.images[:5000], mnist.test.images[:40]
    found = duplicates(train, test, near=1)  # everything is near
    a, b = train.reshape(-1, 784) / 255, test.reshape(-1, 784) / 255
    nearest = [((a - row) ** 2).sum(axis=1).argmin() for row in b]
    assert dict(zip(found.second.tolist(), found.first.tolist(), strict=True)) == dict(
        enumerate(nearest)
    )


def test_a_difference_of_just_the_limit_is_near():
    dark, light = np.full((1, 28, 28), 10, np.uint8), np.full((1, 28, 28), 61, np.uint8)
    assert duplicates(dark, light, near=51 / 255).difference.tolist() == [pytest.approx(0.2)]
    assert not len(duplicates(dark, light, near=50.9 / 255).first)


def test_sets_of_the_same_image_over_and_over_are_no_trouble():
    images = np.zeros((3000, 28, 28), np.uint8)
    found = duplicates(images)
    assert found.exact == 2999 and not found.first.any()
    assert duplicates(images, images[:2]).second.tolist() == [0, 1]


def test_no_images_have_no_duplicates():
    none, one = np.zeros((0, 28, 28), np.uint8), np.zeros((1, 28, 28), np.uint8)
    assert not len(duplicates(none, one).first)
    assert not len(duplicates(one, none).first)
    assert not len(duplicates(none).first)


def test_the_search_in_pieces_finds_the_same_and_goes_on_where_it_was(mnist):
    train, test = mnist.train.images[:3000].copy(), mnist.test.images[:1500].copy()
    test[[5, 1400]] = train[[2000, 17]]
    test[[7, 1499]] = noisy(train[[2500, 3]], 1)
    compared = []
    how = {"pieces": 5, "before_block": lambda: compared.append(1)}
    pieces, blocks = [], []  # blocks of images that were compared for each piece
    for piece in duplicates_in_pieces(train, test, **how):
        pieces.append(piece)
        blocks.append(len(compared))
        compared.clear()
    assert blocks == [1, 1, 1, 1, 2]
    whole = duplicates(train, test)
    for found in (
        together(pieces),
        together([*pieces[:2], *duplicates_in_pieces(train, test, done=2, **how)]),
        together(list(duplicates_in_pieces(train, test, pieces=PIECES))),
    ):
        for name in ("first", "second", "difference"):
            mine, theirs = getattr(found, name), getattr(whole, name)
            assert mine.dtype == theirs.dtype and mine.tolist() == theirs.tolist()
    assert pairs(whole) == [(3, 1499), (17, 1400), (2000, 5), (2500, 7)]


def test_the_search_for_duplicates_can_be_given_up(small):
    class Stopped(Exception):
        pass

    def stop():
        raise Stopped

    with pytest.raises(Stopped):
        duplicates(small.train.images, small.test.images, before_block=stop)
