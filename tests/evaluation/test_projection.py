"""The map of images: principal components against scikit-learn, and layers of networks."""

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from mnist_core.evaluation import projection
from mnist_core.evaluation.projection import (
    fitted,
    layer_values,
    layers_to_project,
    pca,
    projected,
)
from mnist_core.nn.builders import build_cnn, build_mlp


def correlated(D: int, N: int, dtype: type = np.float64, seed: int = 0) -> np.ndarray:
    """Values (D, N) whose variances fall as those of activations do, far from zero."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(D, min(D, N))))[0]
    sizes = 10 * 0.8 ** np.arange(directions.shape[1])
    values = directions @ (sizes[:, None] * rng.normal(size=(directions.shape[1], N)))
    return (values + rng.normal(3, 1, (D, 1))).astype(dtype)


def by_sklearn(values: np.ndarray) -> Any:
    """scikit-learn's components of the same values."""
    return PCA(2, svd_solver="full").fit(values.T.astype(np.float64))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (150, 28, 28), np.uint8)


@pytest.mark.parametrize(("D", "N"), [(2, 5), (10, 700), (64, 1300), (300, 40)])
def test_few_values_have_the_components_of_scikit_learn(D, N):
    values = correlated(D, N)
    ours, theirs = pca(values), by_sklearn(values)
    np.testing.assert_allclose(ours.mean, values.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(ours.axes, theirs.components_, atol=1e-9)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(ours.of(values), theirs.transform(values.T).T, atol=1e-8)


def test_float32_is_enough_for_a_map():
    values = correlated(64, 1300, np.float32)
    ours, theirs = pca(values), by_sklearn(values)
    assert ours.axes.dtype == np.float32
    places = theirs.transform(values.T.astype(np.float64)).T
    np.testing.assert_allclose(ours.of(values), places, atol=1e-3 * np.ptp(places))


def test_many_values_have_the_components_of_scikit_learn_too():
    values = correlated(1200, 900, np.float32)
    ours, theirs = pca(values), by_sklearn(values)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=1e-4)
    np.testing.assert_allclose(ours.axes @ ours.axes.T, np.eye(2), atol=1e-5)
    places = theirs.transform(values.T.astype(np.float64)).T
    np.testing.assert_allclose(ours.of(values), places, atol=1e-3 * np.ptp(places))
    np.testing.assert_array_equal(ours.axes, pca(values).axes)


def test_the_largest_number_of_an_axis_is_positive():
    for seed in range(5):
        axes = pca(correlated(6, 50, seed=seed)).axes
        assert (axes.max(axis=1) == np.abs(axes).max(axis=1)).all()


@pytest.mark.parametrize("D", [1, 3, 1200])
def test_what_does_not_differ_lies_in_one_place(D):
    values = np.full((D, 4), 2.5)
    flat = pca(values)
    np.testing.assert_array_equal(flat.explained, [0, 0])
    np.testing.assert_allclose(flat.of(values), 0, atol=1e-12)


def test_one_value_has_one_axis():
    values = np.array([[1.0, 2.0, 6.0]])
    line = pca(values)
    np.testing.assert_allclose(line.of(values), [[-2, -1, 3], [0, 0, 0]])
    np.testing.assert_allclose(line.explained, [1, 0])


@pytest.mark.parametrize("shape", [(3,), (0, 4), (3, 1), (3, 0), (1200, 1)])
def test_too_few_values_are_refused(shape):
    with pytest.raises(ValueError, match="expected|at least two"):
        pca(np.zeros(shape))


@pytest.mark.parametrize("D", [3, 1200])
def test_values_that_are_not_finite_are_refused(D):
    values = correlated(D, 20)
    values[1, 7] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        pca(values)


def test_every_layer_of_a_network_has_its_values(images):
    mlp = build_mlp(hidden=(7, 5), rng=np.random.default_rng(0))
    cnn = build_cnn(rng=np.random.default_rng(0))
    assert layers_to_project(mlp) == ("pixels", "hidden 1", "hidden 2", "logits")
    shapes = [layer_values(mlp, images, name).shape for name in layers_to_project(mlp)]
    assert shapes == [(784, 150), (7, 150), (5, 150), (10, 150)]
    for network in (mlp, cnn):
        np.testing.assert_allclose(
            layer_values(network, images, "pixels"), images.reshape(150, -1).T / 255, atol=1e-6
        )
        np.testing.assert_allclose(
            layer_values(network, images, "logits"), network.logits(images), atol=1e-5
        )
    with pytest.raises(ValueError, match="no layer 'hidden 3'; there are pixels, hidden 1"):
        layer_values(mlp, images, "hidden 3")


@pytest.mark.parametrize("build", [build_mlp, build_cnn])
def test_places_in_blocks_are_those_of_the_whole_layer(build, images):
    network = build(rng=np.random.default_rng(0))
    for layer in layers_to_project(network):
        values = layer_values(network, images, layer)
        plane = fitted(network, images, layer)
        np.testing.assert_allclose(plane.explained, pca(values).explained, rtol=1e-3)
        seen = projected(network, images, layer, plane, threads=2)
        scale = np.ptp(seen.xy)
        np.testing.assert_allclose(seen.xy, plane.of(values), atol=1e-4 * scale)
        np.testing.assert_allclose(seen.logits, network.logits(images), atol=1e-4)


def test_values_of_a_convolution_are_never_in_memory_all_at_once(monkeypatch):
    """Blocks are a tile of images, however many there are."""
    network = build_cnn(rng=np.random.default_rng(0))
    images = np.zeros((300, 28, 28), np.uint8)
    sizes = []
    monkeypatch.setattr(projection, "forward_through", watched(projection.forward_through, sizes))
    fitted(network, images, "hidden 1")
    projected(network, images, "hidden 1", pca(layer_values(network, images[:2], "hidden 1")))
    assert max(sizes) == network.tile


def watched(forward, sizes):
    def watching(layers, x):
        sizes.append(x.shape[-1])
        return forward(layers, x)

    return watching


def test_one_can_stop_it_while_it_works(images):
    def stop():
        raise KeyboardInterrupt

    network = build_mlp(rng=np.random.default_rng(0))
    plane = fitted(network, images, "logits")
    with pytest.raises(KeyboardInterrupt):
        fitted(network, images, "logits", before_tile=stop)
    with pytest.raises(KeyboardInterrupt):
        projected(network, images, "logits", plane, before_tile=stop)
