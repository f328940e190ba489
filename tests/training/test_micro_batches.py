"""Micro-batches: their sum is the whole batch's gradient, the same to the bit on any threads."""

import numpy as np
import pytest

from mnist_core.arrays import Array
from mnist_core.nn.builders import CNNS, build_cnn, build_mlp
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import Sequential
from mnist_core.training.micro_batches import MicroBatches, Pass, cut_batch


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch(N: int) -> tuple[Array, Array]:
    """Random pixels (N, 784) and labels (N,)."""
    return rng(N).random((N, 784), np.float32), rng(N).integers(0, 10, N)


def whole_gradient(model: Sequential, pixels: Array, labels: Array) -> tuple[float, Array]:
    logits, caches = model.forward(model.input_batch(pixels))
    loss, dlogits = cross_entropy(logits, labels)
    gradients = model.new_gradients()
    model.backward(dlogits, caches, gradients)
    return loss, gradients.flat


def there_and_back(model: Sequential, scale: float = 1.0) -> Pass:
    """A pass that computes `scale` times the gradient of the summed loss."""

    def one_pass(x, labels, gradients, work):
        logits, caches = model.forward(x, work)
        loss, dlogits = cross_entropy(logits, labels)
        model.backward(scale * dlogits, caches, gradients, work)
        return loss * len(labels), int((logits.argmax(axis=0) == labels).sum())

    return one_pass


@pytest.mark.parametrize(
    ("images", "sizes"),
    [(1, [1]), (31, [31]), (32, [16, 16]), (33, [16, 17]), (128, [64, 64]), (129, [43, 43, 43])],
)
def test_a_batch_is_cut_into_equal_micro_batches(images, sizes):
    cut = cut_batch(images, tile=64, share=16)
    assert [part.stop - part.start for part in cut] == sizes
    assert np.array_equal(np.concatenate([np.arange(images)[part] for part in cut]),
                          np.arange(images))  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("N", [1, 33, 130, 300])
def test_micro_batches_add_up_to_the_gradient_of_the_whole_batch(N, threads):
    model = build_cnn(**CNNS["S"], rng=rng())
    pixels, labels = batch(N)
    loss, expected = whole_gradient(model, pixels, labels)
    adder = MicroBatches(model, threads=threads)
    for _ in range(2):  # the second time in used memory
        found_loss, right = adder.add_up(there_and_back(model, scale=0.5), pixels, labels)
        assert found_loss / N == pytest.approx(loss, rel=1e-5)
        images = np.rint(pixels * 255).astype(np.uint8).reshape(-1, 28, 28)
        assert right == pytest.approx((model.predict(images) == labels).sum(), abs=2.5)
        error = np.abs(adder.gradients.flat - 0.5 * expected).max()
        assert error < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("N", [1, 64, 100, 300])
def test_one_and_two_threads_give_the_same_to_the_bit_again_and_again(N):
    model = build_cnn(channels=(8, 16), kernel_sizes=(5, 5), dropout=0.3, rng=rng())
    pixels, labels = batch(N)

    def dropout(number: int) -> np.random.Generator:
        return np.random.default_rng([7, number])

    first = None
    for threads in (1, 2, 2, 2, 2):
        adder = MicroBatches(model, threads=threads)
        for _ in range(3):
            loss, right = adder.add_up(there_and_back(model), pixels, labels, dropout)
            result = (loss, right, adder.gradients.flat.tobytes())
            first = first or result
            assert result == first


def test_each_micro_batch_is_given_its_own_generator_for_dropout():
    model = build_cnn(channels=(2,), kernel_sizes=(5,), dropout=0.5, rng=rng())
    asked = []

    def dropout(number: int) -> np.random.Generator:
        asked.append(number)
        return np.random.default_rng(number)

    MicroBatches(model).add_up(there_and_back(model), *batch(200), dropout)
    assert sorted(asked) == [0, 1, 2, 3]


def test_dropout_in_training_without_a_generator_is_an_error():
    model = build_cnn(channels=(2,), kernel_sizes=(5,), dropout=0.5, rng=rng())
    with pytest.raises(ValueError, match="dropout needs a generator in training"):
        MicroBatches(model).add_up(there_and_back(model), *batch(2))


def test_a_perceptron_goes_through_a_usual_batch_at_once():
    model = build_mlp(rng=rng())
    pixels, labels = batch(256)
    adder = MicroBatches(model)
    loss, _ = adder.add_up(there_and_back(model), pixels, labels)
    expected_loss, expected = whole_gradient(model, pixels, labels)
    assert loss / 256 == pytest.approx(expected_loss, rel=1e-12)
    assert np.array_equal(adder.gradients.flat, expected)


def test_the_callers_floating_point_settings_hold_on_both_threads():
    model = build_mlp(rng=rng())
    model.parameters.flat[...] = 3e38
    pixels, labels = np.ones((1100, 784), np.float32), np.zeros(1100, np.intp)
    with np.errstate(all="ignore"):  # a warning would fail the test
        loss, _ = MicroBatches(model, threads=2).add_up(there_and_back(model), pixels, labels)
    assert not np.isfinite(loss)


def test_an_error_on_the_second_thread_reaches_the_caller():
    model = build_cnn(**CNNS["S"], rng=rng())
    pixels, labels = batch(64)
    labels[63] = 10
    with pytest.raises(IndexError):
        MicroBatches(model, threads=2).add_up(there_and_back(model), pixels, labels)


def test_more_than_two_threads_are_refused():
    with pytest.raises(ValueError, match="one or two threads, not 3"):
        MicroBatches(build_mlp(rng=rng()), threads=3)


@pytest.mark.parametrize("N", [0, 1, 64, 65, 300])
def test_predictions_do_not_depend_on_the_threads(N):
    model = build_cnn(**CNNS["S"], rng=rng())
    images = rng().integers(0, 256, (N, 28, 28), dtype=np.uint8)
    alone = model.predict_proba(images)
    assert alone.shape == (N, 10)
    assert np.array_equal(alone, model.predict_proba(images, threads=2))
    for number in range(min(N, 3)):
        single = model.predict_proba(images[number : number + 1])
        np.testing.assert_allclose(single[0], alone[number], atol=1e-6)
