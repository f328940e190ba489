"""Finite differences agree with back-propagation, find what is wrong, and take no kink for it."""

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.inspection.numerical_gradient import (
    CURVE_STEPS,
    TOLERANCE,
    by_parameter,
    check_weights,
    errors_over_steps,
)
from mnist_core.nn.builders import build_cnn, build_mlp
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.layers import Dense, Sigmoid
from mnist_core.nn.network import Sequential, to_pixels

BUILT = [
    ("mlp one layer", build_mlp, {"hidden": (64,)}),
    ("mlp three layers and dropout", build_mlp, {"hidden": (12, 8, 6), "dropout": 0.3}),
    ("cnn", build_cnn, {"channels": (3, 4)}),
    ("cnn for reading", build_cnn, {"channels": (3, 4), "fast": False}),
    ("cnn same", build_cnn, {"channels": (4,), "kernel_sizes": (3,), "padding": "same"}),
    ("cnn dense and dropout", build_cnn, {"channels": (2, 3), "dense": (9,), "dropout": 0.2}),
]


class WithoutBiasGradient(Dense):
    """Dense that forgets the gradient of its biases."""

    def backward(self, dy, cache, gradients, work):
        dx = super().backward(dy, cache, gradients, work)
        gradients["b"][...] = 0
        return dx


def built(build, options, *, trained: bool, seed: int) -> Sequential:
    """A new network, or one with weights and biases as far apart as after some training."""
    rng = np.random.default_rng(seed)
    model = build(rng=rng, **options)
    if trained:
        model.parameters.flat[...] += rng.normal(0, 0.1, model.parameters.flat.size)
    return model


def checked(model, split, number, **options):
    """The checks of 200 weights on a training image."""
    rng = np.random.default_rng(number)
    return check_weights(model, split.images[number], split.labels[number], rng=rng, **options)


def wrong(checks) -> list[str]:
    return [summary.path for summary in by_parameter(checks) if summary.wrong]


@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize(
    ("build", "options"), [row[1:] for row in BUILT], ids=[r[0] for r in BUILT]
)
def test_every_kind_of_layer_agrees_with_finite_differences(
    build, options, activation, trained, mnist
):
    options = options | {"activation": activation}
    model = built(build, options, trained=trained, seed=0)
    summaries = by_parameter(checked(model, mnist.train, 100))
    assert [summary.path for summary in summaries] == list(model.parameters.named())
    for summary in summaries:
        assert summary.relative_error is not None and summary.measured
        assert summary.relative_error < TOLERANCE


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_shipped_networks_agree_on_every_digit(name, mnist):
    model = load_model(name)
    for digit in range(10):
        number = int(np.argmax(mnist.train.labels == digit))
        summaries = by_parameter(checked(model, mnist.train, number, weights=80))
        assert len(summaries) == len(model.parameters.named())
        for summary in summaries:
            assert summary.relative_error is not None
            assert summary.relative_error < TOLERANCE


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_gradient_that_is_a_thousandth_too_large_is_found_and_named(name, mnist):
    model = load_model(name)
    paths = list(model.parameters.named())
    for path in paths:
        checks = checked(model, mnist.train, 5, weights=40, spoil=path)
        assert wrong(checks) == [path]
        errors = [check.relative_error for check in checks if check.path == path and check.measured]
        assert errors == pytest.approx([0.001 / 1.001] * len(errors), rel=1e-3)
    for layer in dict.fromkeys(path.partition(".")[0] for path in paths):
        checks = checked(model, mnist.train, 5, weights=40, spoil=layer)
        assert wrong(checks) == [f"{layer}.W", f"{layer}.b"]


def test_a_gradient_that_is_missing_is_found(mnist):
    rng = np.random.default_rng(0)
    layers = [
        WithoutBiasGradient(rng.normal(0, 0.05, (8, 784)), rng.normal(size=8)),
        Sigmoid(),
        Dense(rng.normal(size=(10, 8)), rng.normal(size=10)),
    ]
    assert wrong(checked(Sequential(layers), mnist.train, 0)) == ["0.b"]


def test_a_wrong_gradient_of_the_loss_itself_is_found_in_every_parameter(mnist, monkeypatch):
    def too_large_for_the_true_class(logits, labels):
        loss, gradient = cross_entropy(logits, labels)
        gradient[labels, np.arange(labels.size)] *= 1.001
        return loss, gradient

    place = "mnist_core.inspection.finite_differences.cross_entropy"
    monkeypatch.setattr(place, too_large_for_the_true_class)
    model = built(build_mlp, {}, trained=True, seed=0)
    assert wrong(checked(model, mnist.train, 0)) == ["0.W", "0.b", "2.W", "2.b"]


def test_what_can_not_be_spoiled_is_answered_with_what_can(mnist):
    with pytest.raises(ValueError, match=r"'1': .* are 0, 2; parameters are 0.W, 0.b, 2.W, 2.b"):
        checked(load_model("mlp"), mnist.train, 0, spoil="1")


def test_weights_of_black_pixels_are_no_error_and_no_evidence(mnist):
    image = mnist.train.images[0].ravel()
    checks = checked(built(build_mlp, {}, trained=True, seed=0), mnist.train, 0)
    black = [check for check in checks if check.path == "0.W" and not image[check.index[1]]]
    assert black
    for check in black:
        assert (check.analytic, check.numerical) == (0, 0)
        assert check.zero and not check.measured
    [first] = [summary for summary in by_parameter(checks) if summary.path == "0.W"]
    assert (first.zero, first.unclear) == (len(black), 0)


def test_a_blank_image_leaves_nothing_to_measure_in_the_first_weights():
    blank = np.zeros((28, 28), np.uint8)
    model = built(build_mlp, {}, trained=True, seed=0)
    summaries = by_parameter(check_weights(model, blank, 3, rng=np.random.default_rng(0)))
    assert summaries[0].relative_error is None
    assert summaries[0].zero == 3
    assert sum(summary.measured for summary in summaries) > 100  # the share goes to the others


def test_at_a_kink_the_gradient_is_the_slope_of_one_side(mnist):
    # Biases are zero in a new network: where the paper is empty each ReLU is at its kink.
    model = built(build_cnn, {"channels": (3, 4), "activation": "relu"}, trained=False, seed=1)
    biases = [c for c in checked(model, mnist.train, 101) if c.path == "0.b" and c.measured]
    assert any(check.kink for check in biases)
    assert max(check.relative_error for check in biases) < TOLERANCE
    assert wrong(checked(model, mnist.train, 101, spoil="0.b")) == ["0.b"]


def test_an_answer_that_is_all_but_certain_can_be_measured(mnist):
    model = load_model("mlp")
    model.parameters.named()["2.W"][...] *= 4
    assert model.predict_proba(mnist.train.images[:1]).max() == 1  # in float32
    for summary in by_parameter(checked(model, mnist.train, 0)):
        assert summary.relative_error is not None
        assert summary.relative_error < TOLERANCE


def test_a_gradient_that_rounding_hides_is_unclear_and_no_error(mnist):
    # Sums W x + b of some hundreds: sigmoid is 0 or 1 there to the last digit.
    model = built(build_mlp, {"initialisation": "normal(10)"}, trained=False, seed=0)
    checks = checked(model, mnist.train, 0)
    assert wrong(checks) == []
    hidden = [check for check in checks if check.path == "0.W" and 0 < abs(check.analytic) < 1e-15]
    assert len(hidden) > 20
    for check in hidden:
        assert not check.measured and not check.zero


def test_a_sigmoid_that_is_cut_off_is_no_error(mnist):
    # Its slope is taken as 2e-35 from a = -80 on, where nothing changes any more.
    model = built(build_mlp, {"hidden": (1,)}, trained=False, seed=0)
    model.parameters.named()["0.b"][...] = -200
    checks = checked(model, mnist.train, 0)
    assert wrong(checks) == []
    [bias] = [check for check in checks if check.path == "0.b"]
    assert bias.analytic != 0 and not bias.measured


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_steps_after_which_the_loss_is_infinite_are_left_out(activation, mnist):
    options = {"channels": (3, 4), "activation": activation, "initialisation": "normal(10)"}
    model = built(build_cnn, options, trained=False, seed=0)
    checks = checked(model, mnist.train, 0)
    assert wrong(checks) == []
    assert all(np.isfinite(check.numerical) for check in checks if check.measured)


def test_several_images_have_the_mean_of_their_gradients(mnist):
    model, images, labels = load_model("cnn"), mnist.train.images[:3], mnist.train.labels[:3]
    checks = check_weights(model, images, labels, rng=np.random.default_rng(0), weights=40)
    assert wrong(checks) == []
    exact = model.in_float64()
    logits, caches = exact.forward(exact.input_batch(to_pixels(images, exact.dtype)))
    gradients = exact.new_gradients()
    exact.backward(cross_entropy(logits, labels)[1], caches, gradients)
    sums = gradients.named()
    for check in checks:
        largest = float(np.abs(sums[check.path]).max())
        expected = float(sums[check.path][check.index]) / 3
        assert check.analytic == pytest.approx(expected, rel=1e-3, abs=1e-4 * largest)
    with pytest.raises(ValueError, match="3 images need as many labels, not 2"):
        check_weights(model, images, labels[:2], rng=np.random.default_rng(0))


def test_the_weights_are_spread_over_all_arrays(mnist):
    checks = checked(built(build_mlp, {}, trained=True, seed=0), mnist.train, 0)
    counts = {s.path: s.measured + s.zero + s.unclear for s in by_parameter(checks)}
    # 10 biases at the end, and an equal share of the other 190 for each of the three
    assert counts == {"0.W": 63, "0.b": 64, "2.W": 63, "2.b": 10}
    assert len({(check.path, check.index) for check in checks}) == 200
    few = checked(load_model("mlp"), mnist.train, 0, weights=1)
    assert [s.measured + s.zero + s.unclear for s in by_parameter(few)] == [3, 3, 3, 3]
    with pytest.raises(ValueError, match="at least one weight"):
        checked(load_model("mlp"), mnist.train, 0, weights=0)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_network_stays_as_it_is_and_the_same_seed_draws_the_same(name, dtype, mnist):
    model = load_model(name)
    before = model.parameters.flat.tobytes()
    first = checked(model, mnist.train, 7, weights=20, dtype=dtype, spoil="0")
    assert checked(model, mnist.train, 7, weights=20, dtype=dtype, spoil="0") == first
    weights = [(check.path, check.index) for check in first[:2]]
    errors_over_steps(model, mnist.train.images[7], mnist.train.labels[7], weights, dtype=dtype)
    assert model.parameters.flat.tobytes() == before


def test_float32_is_far_too_coarse_to_tell_right_from_wrong(mnist):
    errors = [
        summary.relative_error
        for summary in by_parameter(checked(load_model("mlp"), mnist.train, 0, dtype=np.float32))
        if summary.path != "2.b" and summary.relative_error is not None
    ]
    assert errors and min(errors) > 10 * TOLERANCE


def slope(steps, errors, low: float, high: float) -> float:
    """That of the straight line through log(error) over log(step), from one step to another."""
    inside = (steps >= low) & (steps <= high)
    return np.polyfit(np.log(steps[inside]), np.log(errors[inside]), 1)[0]


@pytest.mark.parametrize(
    ("model", "large", "small"),
    [
        (lambda: built(build_mlp, {}, trained=False, seed=0), (1e-3, 1e-1), (1e-11, 1e-6)),
        (lambda: load_model("mlp"), (1e-2, 1e-0), (1e-9, 1e-5)),
    ],
    ids=["new sigmoid", "shipped"],
)
def test_the_error_over_the_step_is_a_v_of_truncation_and_rounding(model, large, small, mnist):
    model, image, label = model(), mnist.train.images[3], mnist.train.labels[3]
    checks = check_weights(model, image, label, rng=np.random.default_rng(0))
    weights = [(c.path, c.index) for c in checks if c.path == "0.W" and c.measured][:20]
    errors = errors_over_steps(model, image, label, weights)
    assert errors.shape == (20, len(CURVE_STEPS))
    curve = np.median(errors, axis=0)
    assert slope(CURVE_STEPS, curve, *large) == pytest.approx(2, abs=0.25)
    assert slope(CURVE_STEPS, curve, *small) == pytest.approx(-1, abs=0.15)
    coarse = np.median(errors_over_steps(model, image, label, weights, dtype=np.float32), axis=0)
    assert coarse.min() > 1000 * curve.min()
    assert CURVE_STEPS[coarse.argmin()] > CURVE_STEPS[curve.argmin()]  # it turns at a larger step
