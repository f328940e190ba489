"""The random weights that a network begins with: Glorot's spread, He's, or one that is given."""

from collections.abc import Callable
from math import prod

import numpy as np

from mnist_core.arrays import Array

# How wide the initial weights of a layer spread, from its numbers of inputs and outputs.
INITIALISATIONS: dict[str, Callable[[int, int], float]] = {
    "glorot": lambda inputs, outputs: (2 / (inputs + outputs)) ** 0.5,  # Glorot & Bengio 2010
    "he": lambda inputs, outputs: (2 / inputs) ** 0.5,  # He et al. 2015
}


def initial_weights(shape: tuple[int, ...], initialisation: str, rng: np.random.Generator) -> Array:
    """Normal values of the named spread, or of the one in "normal(0.01)", float64.

    The shape is (units, inputs) or (F, C, k_h, k_w): each value of a map has C k_h k_w inputs,
    and each value of the input F k_h k_w outputs.
    """
    if initialisation in INITIALISATIONS:
        size = prod(shape[2:])  # of the kernel; 1 for a Dense layer
        sigma = INITIALISATIONS[initialisation](shape[1] * size, shape[0] * size)
    else:
        sigma = normal_sigma(initialisation)
    return rng.normal(0.0, sigma, shape)


def check_initialisation(initialisation: str) -> None:
    """ValueError for anything but the names above and "normal(SIGMA)"."""
    if initialisation not in INITIALISATIONS:
        normal_sigma(initialisation)


def normal_sigma(initialisation: str) -> float:
    """The number in "normal(0.01)"; ValueError for anything else."""
    inner = initialisation.removeprefix("normal(").removesuffix(")")
    try:
        sigma = float(inner) if initialisation == f"normal({inner})" else -1.0
    except ValueError:
        sigma = -1.0
    if not 0 <= sigma <= 10:
        raise ValueError(
            f"initialisation must be {', '.join(INITIALISATIONS)} or normal(SIGMA) with SIGMA "
            f"from 0 to 10, not {initialisation!r}"
        )
    return sigma
