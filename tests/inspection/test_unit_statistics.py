"""What is said of hidden units, on small networks whose units were given their tasks by hand."""

import numpy as np
import pytest

from mnist_core.inspection.ablation import pruning_curve, unit_importance, without_units
from mnist_core.inspection.activation_maximization import laplacian, maximize_activation
from mnist_core.inspection.activations import hidden_activations, hidden_layers, unit_responses
from mnist_core.inspection.unit_statistics import (
    class_histograms,
    extreme_images,
    logit_effects,
    similarity_order,
    spoken_digits,
    unit_activity,
)
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.metrics import accuracy_per_class
from mnist_core.nn.network import Sequential
from mnist_core.nn.workspace import Workspace

NETWORKS = {
    "mlp": lambda: build_mlp(
        hidden=(9, 7), activation="sigmoid", dropout=0.2, rng=np.random.default_rng(1)
    ),
    "cnn": lambda: build_cnn(channels=(3, 4), rng=np.random.default_rng(1)),
    "cnn with a dense layer": lambda: build_cnn(
        channels=(3,), kernel_sizes=(3,), dense=(6,), rng=np.random.default_rng(1)
    ),
}
PLACES = [
    ("mlp", 0),
    ("mlp", 1),
    ("cnn", 0),
    ("cnn", 1),
    ("cnn with a dense layer", 0),
    ("cnn with a dense layer", 1),
]
DEAD, USELESS, NINE, THREE = range(4)


def hand_made() -> Sequential:
    """Four ReLU units: one that is dead, one that nobody listens to, and one each for 9 and 3.

    Unit NINE answers to the first pixel, THREE to the second one. Without ink the answer is 0.
    """
    model = build_mlp(hidden=(4,), activation="relu", rng=np.random.default_rng(0))
    model.parameters.flat[...] = 0
    parameters = model.parameters.named()
    parameters["0.b"][DEAD] = -1
    parameters["0.W"][USELESS, 2] = 1
    parameters["0.W"][NINE, 0] = parameters["0.W"][THREE, 1] = 1
    parameters["2.W"][9, [DEAD, NINE]] = 5, 2
    parameters["2.W"][3, THREE] = 1
    parameters["2.b"][0] = 0.1
    return model


def hand_made_images() -> tuple[np.ndarray, np.ndarray]:
    """Six nines, three threes and one zero, all with random ink in the third pixel."""
    images = np.zeros((10, 28, 28), np.uint8)
    images[:6, 0, 0] = images[6:9, 0, 1] = 255
    images[:, 0, 2] = np.random.default_rng(0).integers(1, 256, 10)
    return images, np.array([9] * 6 + [3] * 3 + [0])


def last(generator):
    """What a generator of progress ends with."""
    *_, result = generator
    return result


def trained_a_little(name: str, mnist) -> tuple[Sequential, np.ndarray, np.ndarray]:
    """A network whose last layer was fitted to 600 images, so that its units do matter."""
    model = NETWORKS[name]()
    images, labels = mnist.train.images[:600], mnist.train.labels[:600]
    layer = hidden_layers(model)[-1]
    f = hidden_activations(model, images, layer).reshape(-1, 600)  # (values, N)
    f = np.concatenate([f, np.ones((1, 600))])
    targets = np.eye(10)[labels]
    W = np.linalg.solve(f @ f.T + 0.1 * np.eye(len(f)), f @ targets).T  # least squares
    parameters = model.parameters.layers[-1]
    parameters["W"][...], parameters["b"][...] = W[:, :-1], W[:, -1]
    return model, images, labels


def test_importance_is_what_the_units_were_made_for():
    model, (images, labels) = hand_made(), hand_made_images()
    importance = last(unit_importance(model, hidden_layers(model)[0], images, labels))
    assert importance.accuracy == 1
    assert np.allclose(importance.loss, [0, 0, 0.6, 0.3])


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_importance_is_what_a_network_without_the_unit_loses(name, number, mnist):
    model, images, labels = trained_a_little(name, mnist)
    layer = hidden_layers(model)[number]
    whole = np.mean(model.predict(images) == labels)
    by_force = [
        whole - np.mean(without_units(model, layer, [unit]).predict(images) == labels)
        for unit in range(layer.units)
    ]
    steps = list(unit_importance(model, layer, images, labels))
    assert steps[-1].accuracy == pytest.approx(whole)
    assert np.allclose(steps[-1].loss, by_force)
    assert np.ptp(by_force) > 0.01  # or there was nothing to compare
    tile = steps[0].seen
    assert [step.seen for step in steps] == [*range(tile, 600, tile), 600]
    assert all(step.images == 600 for step in steps)


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_a_unit_can_be_replaced_by_its_mean(name, number, mnist):
    model, images, labels = trained_a_little(name, mnist)
    layer = hidden_layers(model)[number]
    f = hidden_activations(model, images, layer)
    means = f.reshape(layer.units, -1).mean(axis=1)
    found = last(unit_importance(model, layer, images, labels, replacements=means))
    for unit in range(layer.units):
        x = f.copy()
        x[unit] = means[unit]
        for part in model.layers[layer.output + 1 :]:
            x = part.forward(x, Workspace())[0]
        accuracy = np.mean(x.argmax(axis=0) == labels)
        assert found.loss[unit] == pytest.approx(found.accuracy - accuracy)


def test_equal_logits_are_judged_as_the_prediction_judges_them():
    model, (images, labels) = hand_made(), hand_made_images()
    model.parameters.named()["2.b"][...] = 0  # without ink all ten are equal, and the answer is 0
    importance = last(unit_importance(model, hidden_layers(model)[0], images, labels))
    assert importance.accuracy == np.mean(model.predict(images) == labels) == 1
    assert np.allclose(importance.loss, [0, 0, 0.6, 0.3])


def test_a_network_without_units_leaves_the_original_alone():
    model, (images, labels) = hand_made(), hand_made_images()
    before = model.parameters.flat.copy()
    masked = without_units(model, hidden_layers(model)[0], [NINE, THREE])
    assert np.array_equal(masked.predict(images), np.zeros(10))
    assert np.array_equal(model.predict(images), labels)
    assert np.array_equal(model.parameters.flat, before)


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_a_unit_that_is_off_makes_no_difference_any_more(name, number, mnist):
    model = NETWORKS[name]()
    layer = hidden_layers(model)[number]
    masked = without_units(model, layer, [1])
    x = hidden_activations(model, mnist.test.images[:20], layer)
    other = x.copy()
    x[1], other[1] = 0, 1e3
    for part, original in zip(
        masked.layers[layer.output + 1 :], model.layers[layer.output + 1 :], strict=True
    ):
        x = original.forward(x, Workspace())[0]
        other = part.forward(other, Workspace())[0]
    assert np.allclose(x, other, atol=1e-5)


def test_the_pruning_curve_of_units_with_known_tasks():
    model, (images, labels) = hand_made(), hand_made_images()
    order = np.array([NINE, THREE, USELESS, DEAD])
    curve = last(pruning_curve(model, hidden_layers(model)[0], images, labels, order))
    assert np.array_equal(curve.kept, [0, 1, 2, 3, 4])
    assert np.allclose(curve.accuracy, [0.1, 0.7, 1, 1, 1])


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_the_pruning_curve_is_that_of_networks_without_units(name, number, mnist):
    model, images, labels = trained_a_little(name, mnist)
    layer = hidden_layers(model)[number]
    order = np.random.default_rng(0).permutation(layer.units)
    curve = last(pruning_curve(model, layer, images, labels, order))
    by_force = [
        np.mean(without_units(model, layer, order[kept:]).predict(images) == labels)
        for kept in range(layer.units + 1)
    ]
    assert np.allclose(curve.accuracy, by_force)
    assert curve.accuracy[-1] == np.mean(model.predict(images) == labels)


def test_a_pruning_curve_of_few_points_still_has_both_ends(mnist):
    model = build_mlp(hidden=(200,), activation="relu", rng=np.random.default_rng(0))
    images, labels = mnist.test.images[:50], mnist.test.labels[:50]
    curve = last(
        pruning_curve(model, hidden_layers(model)[0], images, labels, np.arange(200), points=6)
    )
    assert np.array_equal(curve.kept, [0, 40, 80, 120, 160, 200])


def test_accuracy_of_each_class():
    labels = np.array([0, 0, 0, 0, 7, 7], np.uint8)
    accuracies = accuracy_per_class(np.array([0, 0, 0, 1, 7, 7]), labels)
    assert accuracies[0] == 0.75
    assert accuracies[7] == 1
    assert np.isnan(np.delete(accuracies, [0, 7])).all()


def test_a_relu_unit_that_never_answers_is_dead():
    model, (images, _) = hand_made(), hand_made_images()
    activity = unit_activity(unit_responses(model, images, hidden_layers(model)[0]), "relu")
    assert np.array_equal(np.flatnonzero(activity.dead), [DEAD])
    assert np.allclose(activity.active, [0, 1, 0.6, 0.3])
    assert activity.mean[NINE] == pytest.approx(0.6)
    assert activity.spread[NINE] == pytest.approx((0.6 * 0.4) ** 0.5)
    assert not activity.saturated.any()


@pytest.mark.parametrize(("activation", "low"), [("sigmoid", 0.0), ("tanh", -1.0)])
def test_bounded_units_that_are_dead_or_saturated(activation, low):
    middle = (low + 1) / 2
    constant = np.full(100, middle)
    at_both_bounds = np.tile([low, 1.0], 50)
    stuck_at_a_bound = np.full(100, 1.0)
    mostly = np.where(np.arange(100) < 95, 1.0, middle)  # not MORE than 95 %
    healthy = np.linspace(low, 1, 100)
    responses = np.stack([constant, at_both_bounds, stuck_at_a_bound, mostly, healthy])
    activity = unit_activity(responses, activation)
    assert activity.dead.tolist() == [True, False, True, False, False]
    assert activity.saturated.tolist() == [False, True, True, False, False]
    assert activity.active.tolist() == [0, 0.5, 1, 0.95, 0.5]


def test_units_speak_for_the_digits_that_they_were_made_for():
    model, (images, _) = hand_made(), hand_made_images()
    effects = logit_effects(model, hidden_layers(model)[0], images)
    assert np.array_equal(spoken_digits(effects), [-1, -1, 9, 3])
    # The weight 2 less the mean of the ten weights, times the spread of six ones in ten.
    assert effects[9, NINE] == pytest.approx((2 - 0.2) * (0.6 * 0.4) ** 0.5)
    assert np.allclose(effects.sum(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_effects_on_logits_agree_with_raising_the_unit(name, number, mnist):
    model = NETWORKS[name]()
    layer, images = hidden_layers(model)[number], mnist.test.images[:100]
    f = hidden_activations(model, images, layer).astype(np.float64)
    unit, step = 1, 1e-6
    spread = f[unit].reshape(-1, 100).mean(axis=0).std()
    logits = []
    for sign in (1, -1):
        x = f.copy()
        x[unit] += sign * step
        for part in model.layers[layer.output + 1 :]:
            x = part.forward(x, Workspace())[0]
        logits.append(x.astype(np.float64).mean(axis=1))
    slope = (logits[0] - logits[1]) / (2 * step)
    expected = (slope - slope.mean()) * spread
    assert np.allclose(logit_effects(model, layer, images)[:, unit], expected, atol=1e-4)


def test_histograms_of_classes_share_their_bins():
    responses = np.array([0.0, 0.1, 0.9, 1.0, 0.5])
    labels = np.array([0, 0, 1, 1, 9])
    histograms = class_histograms(responses, labels, bins=2)
    assert np.allclose(histograms.edges, [0, 0.5, 1])
    assert histograms.counts[[0, 1, 9]].tolist() == [[2, 0], [0, 2], [0, 1]]
    assert histograms.counts.sum() == 5


def test_a_unit_that_always_says_the_same_has_a_histogram_too():
    histograms = class_histograms(np.zeros(10), np.arange(10), bins=4)
    assert np.array_equal(histograms.counts.sum(axis=1), np.ones(10))


def test_the_images_that_excite_a_unit_most_and_least():
    responses = np.array([0.3, 0.9, -0.2, 0.5, 0.1])
    most, least = extreme_images(responses, count=2)
    assert most.tolist() == [1, 3]
    assert least.tolist() == [2, 4]


@pytest.mark.parametrize("seed", range(5))
def test_copies_of_a_unit_come_next_to_each_other(seed):
    rng = np.random.default_rng(seed)
    originals = rng.normal(size=(7, 28, 28))
    shuffled = rng.permutation(21)
    weights = np.concatenate([originals, 2 * originals, 0.5 * originals])[shuffled]
    order = similarity_order(weights)
    assert sorted(order) == list(range(21))
    original = shuffled[order] % 7
    assert np.array_equal(original.reshape(7, 3), np.repeat(original[::3], 3).reshape(7, 3))


def test_pictures_that_turn_slowly_are_put_in_the_order_of_their_angle():
    angles = np.random.default_rng(0).permutation(12) * np.pi / 24
    order = similarity_order(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    turns = np.diff(angles[order])
    assert (turns > 0).all() or (turns < 0).all()


@pytest.mark.parametrize("units", [1, 2])
def test_the_smallest_layers_have_an_order(units):
    assert sorted(similarity_order(np.zeros((units, 784)))) == list(range(units))


@pytest.mark.parametrize(("name", "number"), PLACES)
@pytest.mark.parametrize("of_map", ["centre", "mean"])
def test_a_climbed_picture_excites_its_unit_more_than_the_noise_did(name, number, of_map):
    model = NETWORKS[name]()
    layer = hidden_layers(model)[number]
    rng = np.random.default_rng(0)
    steps = list(maximize_activation(model, layer, [2, 0], of_map=of_map, steps=25, rng=rng))
    assert [step.step for step in steps] == list(range(26))
    assert (steps[-1].responses > steps[0].responses).all()
    for step in steps:
        assert step.pictures.shape == (2, 28, 28)
        assert step.pictures.min() >= 0
        assert step.pictures.max() <= 1


def test_a_unit_of_the_first_layer_wants_ink_just_where_its_weights_are_positive():
    model = build_mlp(hidden=(3,), activation="sigmoid", rng=np.random.default_rng(0))
    layer = hidden_layers(model)[0]
    rng = np.random.default_rng(0)
    climb = maximize_activation(model, layer, [1], steps=300, smoothness=0, ink_cost=0, rng=rng)
    W = model.parameters.named()["0.W"][1].reshape(28, 28)
    clear = np.abs(W) > 0.1 * np.abs(W).max()
    assert np.array_equal(last(climb).pictures[0][clear], (W > 0)[clear])


def test_smoothness_makes_the_picture_smoother():
    model = build_mlp(hidden=(3,), activation="sigmoid", rng=np.random.default_rng(0))
    layer = hidden_layers(model)[0]
    roughness = []
    for smoothness in (0, 1, 2):
        rng = np.random.default_rng(0)
        climb = maximize_activation(model, layer, [0, 1, 2], smoothness=smoothness, rng=rng)
        roughness.append(np.abs(laplacian(last(climb).pictures)).mean())
    assert roughness[0] > roughness[1] > roughness[2]


def test_the_same_seed_gives_the_same_picture():
    model = NETWORKS["cnn"]()
    layer = hidden_layers(model)[1]
    first, second = (
        last(maximize_activation(model, layer, [0, 3], steps=5, rng=np.random.default_rng(4)))
        for _ in range(2)
    )
    assert np.array_equal(first.pictures, second.pictures)


def test_a_unit_that_no_pixel_moves_has_no_picture():
    model = hand_made()
    rng = np.random.default_rng(0)
    climb = last(maximize_activation(model, hidden_layers(model)[0], [DEAD], rng=rng))
    assert climb.responses.tolist() == [-1]
    assert climb.pictures.max() < 1e-6


def test_the_laplacian_by_hand():
    picture = np.array([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]])
    assert laplacian(picture).tolist() == [[[0, 1, 0], [1, -4, 3], [0, 3, -4]]]
