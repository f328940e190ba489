"""A map of what a network takes to be alike: images as points in the plane, by PCA of a layer.
Images that lie close together have much the same values in that layer.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.activations import forward_through, hidden_layers, input_tiles
from mnist_core.nn.network import Sequential

MOST_EXACT = 1_000  # values, up to which the covariance matrix is computed as a whole
SUBSPACE = 12  # directions that are followed for the first two beyond that ...
PASSES = 6  # ... and how often they go through the values
BLOCK = 512  # values of so many images are in memory at once, those of a CNN's tile at least
Blocks = Callable[[], Iterable[Array]]


@dataclass(frozen=True)
class Projection:
    """The plane through D values in which examples differ most: their principal components.

    `explained` is the share, 0..1, of the whole variance that lies along each of the two axes.
    """

    mean: Array  # (D,)
    axes: Array  # (2, D): of length 1, at right angles; the second is zero if D is 1
    explained: Array  # (2,)

    def of(self, values: Array) -> Array:
        """Places (2, N) in the plane for values (D, N)."""
        return self.axes @ (values - self.mean[:, None])


def pca(values: Array) -> Projection:
    """The first two principal components of values (D, N), N at least 2.

    Of up to MOST_EXACT values a column they are exact; of more they are found by subspace
    iteration (Halko, Martinsson and Tropp 2011), with the same result every time. The largest
    number of each axis is positive, so that no axis points the other way another time.

    Raises ValueError for another shape, or for numbers that are not finite.
    """
    if values.ndim != 2 or len(values) < 1:
        raise ValueError(f"values (D, N) expected, not {values.shape}")
    N = values.shape[1]
    return pca_of_blocks(lambda: (values[:, at : at + BLOCK] for at in range(0, N, BLOCK)))


def pca_of_blocks(blocks: Blocks) -> Projection:
    """As `pca`, of values that come in blocks (D, n) and are never in memory all at once.

    `blocks()` begins anew with each call: once for few values, PASSES times for many.
    """
    shift = _mean_of_first(blocks)
    if len(shift) <= MOST_EXACT:
        mean, axes, variances, total = _exact(blocks, shift)
    else:
        mean, axes, variances, total = _by_subspace(blocks, shift)
    if not np.isfinite(total):
        raise ValueError("values that are not finite have no map")
    largest = axes[[0, 1], np.abs(axes).argmax(axis=1)]
    axes *= np.where(largest < 0, -1, 1)[:, None]
    explained = np.maximum(variances, 0) / total if total > 0 else np.zeros(2)
    dtype = shift.dtype
    return Projection(mean.astype(dtype), axes.astype(dtype), explained)


def _mean_of_first(blocks: Blocks) -> Array:
    """The mean (D,) of the first block: numbers that lie around zero lose no digits in squares."""
    for block in blocks():
        return block.mean(axis=1)
    raise ValueError("a map needs at least two images")


def _exact(blocks: Blocks, shift: Array) -> tuple[Array, Array, Array, float]:
    """Mean (D,), axes (2, D), their variances (2,) and the whole one, from the covariance."""
    D, N = len(shift), 0
    squares, total = np.zeros((D, D)), np.zeros(D)
    for block in blocks():
        x = block - shift[:, None]  # (D, n)
        squares += x @ x.T
        total += x.sum(axis=1)
        N += x.shape[1]
    _check_number(N)
    offset = total / N
    covariance = squares / N - np.outer(offset, offset)
    if not np.isfinite(covariance).all():
        return shift, np.zeros((2, D)), np.zeros(2), float("nan")
    variances, vectors = np.linalg.eigh(covariance)  # ascending
    axes, found = np.zeros((2, D)), np.zeros(2)
    count = min(2, D)
    axes[:count] = vectors.T[::-1][:count]
    found[:count] = variances[::-1][:count]
    return shift + offset, axes, found, float(np.trace(covariance))


def _by_subspace(blocks: Blocks, shift: Array) -> tuple[Array, Array, Array, float]:
    """As `_exact`, of values too many for their covariance."""
    D = len(shift)
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(D, SUBSPACE)))[0].astype(shift.dtype)
    offset, image, whole = np.zeros(D), np.zeros((D, SUBSPACE)), 0.0
    for last in [False] * (PASSES - 1) + [True]:
        image, total, whole, N = np.zeros((D, SUBSPACE)), np.zeros(D), 0.0, 0
        for block in blocks():
            x = block - shift[:, None]  # (D, n)
            image += x @ (x.T @ basis)
            total += x.sum(axis=1)
            whole += float(np.vdot(x, x))
            N += x.shape[1]
        _check_number(N)
        offset = total / N
        image = image / N - np.outer(offset, offset @ basis)  # covariance times basis
        whole = whole / N - float(offset @ offset)
        if not np.isfinite(whole):
            return shift, np.zeros((2, D)), np.zeros(2), whole
        if not last:
            basis = np.linalg.qr(image)[0].astype(shift.dtype)
    # The best two directions within the subspace (Rayleigh and Ritz).
    within = basis.T @ image  # (k, k)
    variances, vectors = np.linalg.eigh((within + within.T) / 2)
    axes = np.linalg.qr(basis @ vectors[:, ::-1][:, :2])[0].T
    return shift + offset, axes, variances[::-1][:2], whole


def _check_number(N: int) -> None:
    if N < 2:
        raise ValueError(f"a map needs at least two images, not {N}")


# ---- layers of a network -------------------------------------------------------------------


def layers_to_project(network: Sequential) -> tuple[str, ...]:
    """What a map can be drawn of: "pixels", "hidden 1" and so on, "logits"."""
    count = len(hidden_layers(network))
    return ("pixels", *(f"hidden {number}" for number in range(1, count + 1)), "logits")


def layer_values(network: Sequential, images: Array, layer: str) -> Array:
    """The values (D, N) of one of `layers_to_project` for uint8 images (N, 28, 28).

    A convolution has thousands of them: `fitted` and `projected` take them in blocks.
    """
    return np.concatenate([block for _, block in _layer_blocks(network, images, layer)], axis=1)


def fitted(
    network: Sequential,
    images: Array,
    layer: str,
    *,
    before_tile: Callable[[], object] = lambda: None,
) -> Projection:
    """The plane in which uint8 images (N, 28, 28) differ most, by the values of a layer.

    To see a network learn, fit it once on the newest weights and use it for all snapshots: the
    points move then, and the axes stay. `before_tile` is called now and then; to give up, it may
    raise what it likes. ValueError for another layer and as `pca`.
    """

    def blocks() -> Iterator[Array]:
        for _, block in _layer_blocks(network, images, layer):
            before_tile()
            yield block

    return pca_of_blocks(blocks)


@dataclass(frozen=True)
class Projected:
    """Images on a map: their places (2, N), and what the network says of them, logits (10, N)."""

    xy: Array
    logits: Array


def projected(
    network: Sequential,
    images: Array,
    layer: str,
    projection: Projection,
    *,
    threads: int = 1,
    before_tile: Callable[[], object] = lambda: None,
) -> Projected:
    """Places of uint8 images (N, 28, 28) by the values of a layer, and logits in the same pass.

    `before_tile` as for `fitted`, on so many threads. ValueError for another layer.
    """
    N = len(images)
    seen = Projected(np.empty((2, N), np.float32), np.empty((CLASSES, N), network.dtype))
    end = _end(network, layer)
    # What is far smaller than the values: their mean's place is subtracted, not their mean.
    centre = (projection.axes @ projection.mean)[:, None]  # (2, 1)

    def fill(share: slice) -> None:
        xy, logits = seen.xy[:, share], seen.logits[:, share]
        for place, x in input_tiles(network, images[share]):
            before_tile()
            values = forward_through(network.layers[:end], x)[0]
            xy[:, place] = projection.axes @ values.reshape(-1, x.shape[-1]) - centre
            logits[:, place] = forward_through(network.layers[end:], values)[0]

    shares = [slice(N * at // threads, N * (at + 1) // threads) for at in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, shares))
    return seen


def _layer_blocks(network: Sequential, images: Array, layer: str) -> Iterator[tuple[slice, Array]]:
    """Values (D, n) of a layer, each with its place among the images."""
    end = _end(network, layer)
    for place, x in input_tiles(network, images, None if end else BLOCK):
        yield place, forward_through(network.layers[:end], x)[0].reshape(-1, x.shape[-1])


def _end(network: Sequential, layer: str) -> int:
    """How many of the network's layers compute the values; ValueError for another name."""
    names = layers_to_project(network)
    if layer not in names:
        raise ValueError(f"there is no layer {layer!r}; there are {', '.join(names)}")
    outputs = [hidden.output + 1 for hidden in hidden_layers(network)]
    return (0, *outputs, len(network.layers))[names.index(layer)]
