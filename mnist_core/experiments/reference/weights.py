"""What the pictures of a first layer's weights show: what was learned, or how it began.
A weight that learned nothing is still the random number that it was made of.
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import PIXELS, Array
from mnist_core.data.mnist import Split, balanced_subset
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.training.config import TrainConfig
from mnist_core.training.random_streams import INITIAL, SUBSET, random_stream


@dataclass(frozen=True)
class WeightPictures:
    """The weights of one network's first layer, and how much of them is chance.

    Args:
        name: of the run.
        pictures: (units, 28, 28).
        initial_share: of the weights' variance, what their initial values explain, 0..1.
        blank_pixels: how many of the 784 pixels have no ink on any training image: no step moves
            their weights, unless weight decay does.
        blank_share: of all squared weights, those at such pixels, 0..1.
        smoothness: the correlation of neighbouring weights, -1..1: of random ones it is 0.
    """

    name: str
    pictures: Array
    initial_share: float
    blank_pixels: int
    blank_share: float
    smoothness: float


def weight_pictures(
    name: str, config: TrainConfig, network: Sequential, train: Split
) -> WeightPictures:
    """Measure the first layer of a network that was trained with these settings."""
    new = build_model(**config.network, rng=random_stream(config.seed, INITIAL))
    learned_from = balanced_subset(train, config.train_size, rng=random_stream(config.seed, SUBSET))
    inked = learned_from.images.reshape(-1, PIXELS).any(axis=0)  # (784,)
    pictures, initial = first_layer_pictures(network), first_layer_pictures(new)
    squares = pictures.reshape(-1, PIXELS).astype(np.float64) ** 2
    return WeightPictures(
        name,
        pictures,
        initial_share=correlation(pictures, initial) ** 2,
        blank_pixels=int((~inked).sum()),
        blank_share=float(squares[:, ~inked].sum() / squares.sum()),
        smoothness=smoothness(pictures),
    )


def smoothness(pictures: Array) -> float:
    """The correlation of neighbours, (units, 28, 28): those beside and below one another."""
    beside = pictures[:, :, :-1].ravel(), pictures[:, :, 1:].ravel()
    below = pictures[:, :-1].ravel(), pictures[:, 1:].ravel()
    return correlation(*(np.concatenate(both) for both in zip(beside, below, strict=True)))


def correlation(one: Array, other: Array) -> float:
    """Pearson's, -1..1; 0 where one of them is constant."""
    one, other = one.ravel().astype(np.float64), other.ravel().astype(np.float64)
    one, other = one - one.mean(), other - other.mean()
    length = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / length) if length else 0.0


def in_a_grid(pictures: Array, columns: int = 8, gap: int = 2) -> Array:
    """Square pictures (units, S, S) in rows of 8, NaN between them: one picture (H, W)."""
    rows, side = -(-len(pictures) // columns), pictures.shape[1]
    step = side + gap
    grid = np.full((rows * step - gap, columns * step - gap), np.nan, np.float32)
    for number, picture in enumerate(pictures):
        top, left = step * (number // columns), step * (number % columns)
        grid[top : top + side, left : left + side] = picture
    return grid
