"""The two families of networks that this project is about: MLPs and CNNs, built from settings."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mnist_core.arrays import CLASSES, PIXELS, SIDE, Array
from mnist_core.nn.convolution import PADDINGS, PlainConvPool, windows_along
from mnist_core.nn.fused_convolution import ConvPool
from mnist_core.nn.layers import ACTIVATIONS, Dense, Dropout, Flatten, Layer
from mnist_core.nn.network import Sequential

MAX_UNITS = 1024
MAX_HIDDEN_LAYERS = 3
MAX_CHANNELS = 128
MAX_CONVOLUTIONS = 3
CNN_TILE = 64
# A thread of its own is worth its while for so many images of a batch.
CNN_SHARE = 16
# How wide the initial weights of a layer spread, from its numbers of inputs and outputs.
INITIALISATIONS: dict[str, Callable[[int, int], float]] = {
    "glorot": lambda inputs, outputs: (2 / (inputs + outputs)) ** 0.5,  # Glorot & Bengio 2010
    "he": lambda inputs, outputs: (2 / inputs) ** 0.5,  # He et al. 2015
}


def initial_weights(
    shape: tuple[int, ...], inputs: int, outputs: int, initialisation: str, rng: np.random.Generator
) -> Array:
    """Normal values of the named spread, or of the one in "normal(0.01)"."""
    if initialisation in INITIALISATIONS:
        sigma = INITIALISATIONS[initialisation](inputs, outputs)
    else:
        sigma = normal_sigma(initialisation)
    return rng.normal(0.0, sigma, shape)


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


def dense_layer(inputs: int, units: int, initialisation: str, rng: np.random.Generator) -> Dense:
    """A Dense layer with random weights and zero biases."""
    W = initial_weights((units, inputs), inputs, units, initialisation, rng)  # (units, inputs)
    return Dense(W, np.zeros(units))


def build_mlp(
    *,
    hidden: Sequence[int] = (64,),
    activation: str = "sigmoid",
    initialisation: str = "glorot",
    dropout: float = 0.0,
    rng: np.random.Generator,
    dtype: Any = np.float32,
) -> Sequential:
    """784 pixels -> one to three hidden layers -> 10 logits: the report's W2 f(W1 x + b1) + b2."""
    if not 1 <= len(hidden) <= MAX_HIDDEN_LAYERS:
        raise ValueError(f"one to {MAX_HIDDEN_LAYERS} hidden layers, not {len(hidden)}")
    _check_units_and_activation(hidden, activation)
    layers: list[Layer] = []
    inputs = PIXELS
    for units in hidden:
        layers += [dense_layer(inputs, units, initialisation, rng), ACTIVATIONS[activation]()]
        if dropout:
            layers.append(Dropout(dropout))
        inputs = units
    layers.append(dense_layer(inputs, CLASSES, initialisation, rng))
    return Sequential(layers, dtype=dtype)


def _check_units_and_activation(units_of_layers: Sequence[int], activation: str) -> None:
    for units in units_of_layers:
        if not 1 <= units <= MAX_UNITS:
            raise ValueError(f"a hidden layer has 1 to {MAX_UNITS} units, not {units}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be {', '.join(ACTIVATIONS)}, not {activation!r}")


def build_cnn(
    *,
    channels: Sequence[int] = (8, 16),
    kernel_sizes: Sequence[int] = (5, 5),
    dense: Sequence[int] = (),
    activation: str = "relu",
    padding: str = "valid",
    initialisation: str = "he",
    dropout: float = 0.0,
    fast: bool = True,
    rng: np.random.Generator,
    dtype: Any = np.float32,
) -> Sequential:
    """28x28 pixels -> blocks of convolution, 2x2 pooling, activation -> dense layers -> 10 logits.

    channels and kernel_sizes have an entry for each of the one to three blocks, dense one for
    each hidden layer after them; dropout goes before every dense layer. fast=False takes the
    readable layers instead, with the same parameters under the same names.

    Padding "valid" is the default: a digit's margin of four empty pixels is padding enough.
    Raises ValueError, with the reason, for what does not fit into 28x28 pixels.
    """
    if not 1 <= len(channels) <= MAX_CONVOLUTIONS or len(channels) != len(kernel_sizes):
        raise ValueError(
            f"one to {MAX_CONVOLUTIONS} convolutions, each with its channels and its kernel "
            f"size, not {len(channels)} channels and {len(kernel_sizes)} kernel sizes"
        )
    if len(dense) > MAX_HIDDEN_LAYERS:
        raise ValueError(f"at most {MAX_HIDDEN_LAYERS} hidden dense layers, not {len(dense)}")
    _check_units_and_activation(dense, activation)
    if padding not in PADDINGS:
        raise ValueError(f"the padding must be {' or '.join(PADDINGS)}, not {padding!r}")
    conv_pool = ConvPool if fast else PlainConvPool
    layers: list[Layer] = []
    inputs, side = 1, SIDE
    for number, (maps, size) in enumerate(zip(channels, kernel_sizes, strict=True), start=1):
        pooled_side = _pooled_side(number, side, maps, size, padding)
        fan_in, fan_out = inputs * size * size, maps * size * size
        W = initial_weights((maps, inputs, size, size), fan_in, fan_out, initialisation, rng)
        layers += [conv_pool(W, np.zeros(maps), padding=padding), ACTIVATIONS[activation]()]
        inputs, side = maps, pooled_side
    layers.append(Flatten())
    units_in = inputs * side * side
    for units in dense:
        if dropout:
            layers.append(Dropout(dropout))
        layers += [dense_layer(units_in, units, initialisation, rng), ACTIVATIONS[activation]()]
        units_in = units
    if dropout:
        layers.append(Dropout(dropout))
    layers.append(dense_layer(units_in, CLASSES, initialisation, rng))
    return Sequential(
        layers, input_shape=(1, SIDE, SIDE), tile=CNN_TILE, share=CNN_SHARE, dtype=dtype
    )


def _pooled_side(number: int, side: int, maps: int, kernel_size: int, padding: str) -> int:
    """The side of a block's pooled maps; ValueError if the block is impossible."""
    if not 1 <= maps <= MAX_CHANNELS:
        raise ValueError(f"convolution {number} has 1 to {MAX_CHANNELS} channels, not {maps}")
    if not 1 <= kernel_size <= side:
        raise ValueError(
            f"convolution {number} has a kernel size of 1 to {side}, not {kernel_size}: its input "
            f"is {side}x{side}"
        )
    pooled = windows_along(side, kernel_size, 1, padding)[0] // 2
    if pooled < 1:
        raise ValueError(
            f"convolution {number} with kernel size {kernel_size} makes 1x1 of its {side}x{side} "
            "input, which leaves nothing for 2x2 pooling"
        )
    return pooled


# The networks that the benchmarks measure and the recipes train: arguments of build_cnn.
CNNS: dict[str, dict[str, Any]] = {
    "S": {"channels": (8, 16), "kernel_sizes": (5, 5), "dense": ()},
    "L": {"channels": (16, 32), "kernel_sizes": (3, 3), "dense": (64,)},
    "M": {"channels": (16, 32), "kernel_sizes": (5, 5), "dense": (128,)},
}
MODELS: dict[str, Callable[..., Sequential]] = {"mlp": build_mlp, "cnn": build_cnn}


def build_model(name: str, *, rng: np.random.Generator, **options: Any) -> Sequential:
    """The network called `name` in MODELS with that builder's options."""
    if name not in MODELS:
        raise ValueError(f"the network must be {', '.join(MODELS)}, not {name!r}")
    return MODELS[name](rng=rng, **options)
