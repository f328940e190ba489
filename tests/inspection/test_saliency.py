"""Each reason that is given for an answer agrees with what was put into the network."""

import numpy as np
import pytest

from mnist_core.inspection.contributions import unit_contributions
from mnist_core.inspection.neighbours import NeighbourIndex, first_of_each_class
from mnist_core.inspection.saliency import gradient_saliency, occlusion_map, smoothed_saliency
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.functional import softmax
from mnist_core.nn.layers import Dense
from mnist_core.nn.network import Sequential

NETWORKS = {
    "mlp": lambda dtype: build_mlp(
        hidden=(12, 8), activation="tanh", rng=np.random.default_rng(5), dtype=dtype
    ),
    "cnn": lambda dtype: build_cnn(rng=np.random.default_rng(5), dtype=dtype),
    "cnn with a dense layer": lambda dtype: build_cnn(
        channels=(4,), kernel_sizes=(3,), dense=(9,), rng=np.random.default_rng(5), dtype=dtype
    ),
}


def linear_network(W: np.ndarray) -> Sequential:
    """logits = W x."""
    return Sequential([Dense(W, np.zeros(10))], dtype=np.float64)


def corner_detector() -> Sequential:
    """A network whose only reason for a 7 is the ink in rows 2..5, columns 20..23."""
    W = np.zeros((10, 28, 28))
    W[7, 2:6, 20:24] = 0.5
    return linear_network(W.reshape(10, 784))


@pytest.mark.parametrize("of", ["logit", "log-probability"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradient_saliency_is_a_finite_difference(name, of):
    model = NETWORKS[name](np.float64)
    # On empty paper all members of a pooling window are equal, and no derivative exists.
    image = np.random.default_rng(2).integers(0, 256, (28, 28), np.uint8)
    step = 1e-5
    pixels = np.repeat(image.reshape(1, 784) / 255, 2 * 784, axis=0)
    pixels[:784] += step * np.eye(784)
    pixels[784:] -= step * np.eye(784)
    logits = model.forward(model.input_batch(pixels))[0]
    scores = logits[4] if of == "logit" else np.log(softmax(logits)[4])
    differences = (scores[:784] - scores[784:]) / (2 * step)
    saliency = gradient_saliency(model, image, 4, of=of)
    assert np.allclose(saliency.ravel(), differences, rtol=1e-5, atol=1e-7)


def test_gradient_times_input_of_a_linear_network_is_the_part_of_each_pixel(mnist):
    W = np.random.default_rng(0).normal(size=(10, 784))
    image = mnist.test.images[0]
    parts = gradient_saliency(linear_network(W), image, 7, of="logit", times_input=True)
    assert np.allclose(parts, (W[7] * image.ravel() / 255).reshape(28, 28))


def test_smoothing_changes_nothing_where_the_gradient_is_constant(mnist):
    W = np.random.default_rng(0).normal(size=(10, 784))
    rng = np.random.default_rng(1)
    smooth = smoothed_saliency(linear_network(W), mnist.test.images[0], 2, of="logit", rng=rng)
    assert np.allclose(smooth, W[2].reshape(28, 28))


def test_smoothing_with_the_same_seed_gives_the_same_picture(mnist):
    model, image = NETWORKS["mlp"](np.float32), mnist.test.images[0]
    first, second = (
        smoothed_saliency(model, image, 7, rng=np.random.default_rng(9)) for _ in range(2)
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_occlusion_finds_the_ink_that_matters(stride):
    image = np.full((28, 28), 255, np.uint8)
    falls = occlusion_map(corner_detector(), image, 7, patch=3, stride=stride)
    matters = np.zeros((28, 28), bool)
    matters[2:6, 20:24] = True
    assert falls[matters].min() > 0
    assert falls[matters].mean() > 5 * falls[2:6, 16:20].mean()  # its neighbours on the left
    assert matters[np.unravel_index(falls.argmax(), falls.shape)]
    # A patch of 3x3 that covers a pixel reaches at most 2 pixels further.
    far = np.ones((28, 28), bool)
    far[:8, 18:26] = False
    assert np.allclose(falls[far], 0, atol=1e-12)


def test_occlusion_in_logarithms_agrees_with_covering_by_hand():
    image = np.full((28, 28), 255, np.uint8)
    model = corner_detector()
    quarters = []
    for top in (0, 14):
        for left in (0, 14):
            covered = image.copy()
            covered[top : top + 14, left : left + 14] = 0
            quarters.append(np.log(softmax(model.logits(np.stack([image, covered])))[7]))
    by_hand = np.array([before - after for before, after in quarters]).reshape(2, 2)
    falls = occlusion_map(model, image, 7, of="log-probability", patch=14, stride=14)
    assert np.allclose(falls, np.kron(by_hand, np.ones((14, 14))))


def test_a_blank_drawing_loses_nothing_by_being_covered():
    falls = occlusion_map(NETWORKS["cnn"](np.float32), np.zeros((28, 28), np.uint8), 3)
    assert np.abs(falls).max() < 1e-6


@pytest.mark.parametrize("patch", [0, 29])
def test_an_impossible_patch_is_refused(patch):
    with pytest.raises(ValueError, match="patch"):
        occlusion_map(corner_detector(), np.zeros((28, 28), np.uint8), 0, patch=patch)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_image_from_the_index_is_its_own_nearest_neighbour(name, small):
    model = NETWORKS[name](np.float32)
    index = NeighbourIndex.build(model, small.train)
    found = index.nearest(model, small.train.images[123], k=5)
    assert found.indices[0] == 123
    assert found.labels[0] == small.train.labels[123]
    assert found.distances[0] == pytest.approx(0, abs=1e-4)
    assert (np.diff(found.distances) >= 0).all()


def test_neighbours_are_those_of_a_search_by_hand(small):
    model = NETWORKS["mlp"](np.float32)
    f = [small.train.images.reshape(-1, 784) / 255, small.test.images[:1].reshape(1, 784) / 255]
    weights = model.parameters.named()
    for layer in ("0", "2"):
        f = [np.tanh(x @ weights[f"{layer}.W"].T + weights[f"{layer}.b"]) for x in f]
    distances = np.linalg.norm(f[0] - f[1], axis=1)
    found = NeighbourIndex.build(model, small.train).nearest(model, small.test.images[0], k=7)
    assert np.array_equal(found.indices, np.argsort(distances)[:7])
    assert np.allclose(found.distances, np.sort(distances)[:7], rtol=1e-4)


def test_an_index_that_may_not_hold_all_images_has_each_class_alike(small):
    model = NETWORKS["mlp"](np.float32)  # 8 values an image
    index = NeighbourIndex.build(model, small.train, max_bytes=8 * 4 * 105)
    assert np.array_equal(np.bincount(index.labels), np.full(10, 10))
    assert np.array_equal(small.train.labels[index.indices], index.labels)
    found = index.nearest(model, small.train.images[index.indices[50]], k=1)
    assert found.indices[0] == index.indices[50]


def test_the_first_of_each_class_are_taken_in_their_order():
    labels = np.array([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1])
    assert np.array_equal(first_of_each_class(labels, 10), [0, *range(3, 12)])
    assert np.array_equal(first_of_each_class(labels, 14), np.arange(14))


@pytest.mark.parametrize("rival", [None, 8])
@pytest.mark.parametrize("with_baseline", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_contributions_sum_to_the_lead_in_logits(name, with_baseline, rival, mnist):
    model, image = NETWORKS[name](np.float32), mnist.test.images[3]
    model.parameters.layers[-1]["b"][...] = np.arange(10) / 10
    logits = model.logits(image[None])[:, 0]
    units = len(unit_contributions(model, image, 4).values)
    baseline = np.random.default_rng(0).random(units) if with_baseline else None
    found = unit_contributions(model, image, 4, rival=rival, baseline=baseline)
    strongest_other = max((d for d in range(10) if d != 4), key=lambda d: logits[d])
    assert found.rival == (strongest_other if rival is None else rival)
    assert found.difference == pytest.approx(logits[4] - logits[found.rival], abs=1e-4)
    assert found.values.sum() + found.bias == pytest.approx(found.difference)


def test_the_unit_that_carries_a_digit_contributes_all_of_its_lead():
    W1, W2 = np.zeros((3, 784)), np.zeros((10, 3))
    W1[1, 0] = 1  # unit 1 sees the first pixel
    W2[6, 1], W2[2, 1] = 4, 1  # and speaks for a 6, somewhat for a 2
    model = build_mlp(hidden=(3,), activation="relu", rng=np.random.default_rng(0))
    for name, array in {"0.W": W1, "2.W": W2}.items():
        model.parameters.named()[name][...] = array
    image = np.zeros((28, 28), np.uint8)
    image[0, 0] = 255
    found = unit_contributions(model, image, 6)
    assert (found.rival, found.bias, found.difference) == (2, 0, 3)
    assert np.array_equal(found.values, [0, 3, 0])
