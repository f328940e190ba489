"""What the tests of exports share: networks of every kind of layer, none with a zero bias."""

from typing import Any

import numpy as np

from mnist_core.nn.builders import build_model
from mnist_core.nn.layers import ACTIVATIONS
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import Checkpoint

MLPS: list[dict[str, Any]] = [
    {"name": "mlp", "hidden": hidden, "activation": activation, "dropout": dropout}
    for hidden, dropout in [((1,), 0.0), ((30, 20), 0.2), ((33, 17, 9), 0.0)]
    for activation in ACTIVATIONS
]
CNNS: list[dict[str, Any]] = [
    {"name": "cnn"},
    {"name": "cnn", "channels": (1,), "kernel_sizes": (28,), "padding": "same"},
    {"name": "cnn", "channels": (3,), "kernel_sizes": (4,), "padding": "same", "dense": (12,)},
    {
        "name": "cnn",
        "channels": (4, 5, 6),
        "kernel_sizes": (1, 2, 3),
        "dense": (9, 8, 7),
        "activation": "tanh",
        "dropout": 0.3,
    },
    {
        "name": "cnn",
        "channels": (5, 4),
        "kernel_sizes": (3, 6),
        "padding": "same",
        "activation": "sigmoid",
    },
]
ALL = MLPS + CNNS


def words(options: dict[str, Any]) -> str:
    """The name of a test of a network."""
    return "-".join(str(value) for value in options.values())


def network_of(options: dict[str, Any]) -> tuple[Checkpoint, Sequential]:
    """A network with weights and biases that are drawn, and a checkpoint with it."""
    rng = np.random.default_rng(5)
    model = build_model(**options, rng=rng)
    for name, array in model.parameters.named().items():
        if name.endswith(".b"):
            array[...] = rng.normal(0, 0.5, array.shape)
    return Checkpoint(options, model.parameters.named()), model
