"""The training images that a network's last hidden layer takes to be most alike."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.data.mnist import Split
from mnist_core.inspection.activations import (
    hidden_activations,
    hidden_layers,
)
from mnist_core.nn.network import Sequential

INDEX_BYTES = 26_000_000  # 50,000 images with 128 values each in float32


@dataclass(frozen=True)
class Neighbours:
    """Training images that the network sees as nearest to an image, the nearest first.

    `indices` (k,) point into the split that the index was built from; distances are Euclidean.
    """

    indices: Array
    labels: Array
    distances: Array


@dataclass(frozen=True)
class NeighbourIndex:
    """The training images as the network's last hidden layer sees them, ready to be searched.

    Distances are Euclidean, because the answer is W f + b of this layer's activations f: images
    at distance d have logits that differ by at most |W| d. The cosine would call a faint and a
    strong activation equal, which the last layer does not; and the activations of sigmoids, all
    positive, have nearly the same direction.
    """

    activations: Array  # float32 (M, values)
    half_squares: Array  # (M,): half of each row's squared length
    indices: Array  # (M,): which of the training images
    labels: Array  # (M,)

    @classmethod
    def build(cls, model: Sequential, train: Split, *, max_bytes: int = INDEX_BYTES) -> Self:
        """Compute the activations of the training images, or of as many as fit into max_bytes.

        If they don't all fit, the first ones of each class are taken, as many of each as of any
        other.
        """
        layer = hidden_layers(model)[-1]
        values = int(np.prod(layer.shape))
        indices = first_of_each_class(train.labels, max_bytes // (4 * values))
        activations = np.empty((len(indices), values), np.float32)
        for start in range(0, len(indices), 1024):
            f = hidden_activations(model, train.images[indices[start : start + 1024]], layer)
            activations[start : start + f.shape[-1]] = f.reshape(values, -1).T
        half_squares = 0.5 * np.einsum("mv,mv->m", activations, activations)
        return cls(activations, half_squares, indices, train.labels[indices])

    def nearest(self, model: Sequential, image: Array, k: int = 5) -> Neighbours:
        """The k nearest training images to an image, as seen by the network of `build`."""
        layer = hidden_layers(model)[-1]
        f = hidden_activations(model, image[None], layer).reshape(-1).astype(np.float32)
        # |a - f|^2 / 2 without what is the same for all: a product instead of M differences.
        order = self.half_squares - self.activations @ f  # (M,)
        k = min(k, len(order))
        chosen = np.argpartition(order, k - 1)[:k]
        # Rounding in that shorter form is of the size of |a|^2; among the chosen we do it fully.
        distances = np.linalg.norm(self.activations[chosen] - f, axis=1)
        by_distance = np.lexsort((chosen, distances))
        chosen = chosen[by_distance]
        return Neighbours(self.indices[chosen], self.labels[chosen], distances[by_distance])


def first_of_each_class(labels: Array, count: int) -> Array:
    """Indices, rising, of about `count` examples with equally many of each class; all if they fit.

    A class with fewer examples than its share gives all of them; the others give no more for that.
    """
    if count >= len(labels):
        return np.arange(len(labels))
    share = max(count // CLASSES, 1)
    return np.sort(
        np.concatenate([np.flatnonzero(labels == digit)[:share] for digit in range(CLASSES)])
    )
