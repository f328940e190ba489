"""The two families of networks that this project is about: MLPs and CNNs, built from settings.
A plan holds the settings of one network, refuses what makes no sense, and builds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from mnist_core.arrays import CLASSES, PIXELS, SIDE
from mnist_core.nn.convolution import PADDINGS, PlainConvPool, windows_along
from mnist_core.nn.fused_convolution import ConvPool
from mnist_core.nn.initialisation import check_initialisation, initial_weights
from mnist_core.nn.layers import ACTIVATIONS, Dense, Dropout, Flatten, Layer
from mnist_core.nn.network import MLP_TILE, Sequential

MAX_UNITS = 1024
MAX_HIDDEN_LAYERS = 3
MAX_CHANNELS = 128
MAX_CONVOLUTIONS = 3
# The one limit of size: what has no more parameters can be built, saved, loaded and resumed.
MAX_PARAMETERS = 2**25
# Images that a CNN computes at once: its activations are larger than an MLP's, and its layers
# need less than MLP_TILE images to be busy.
CNN_TILE = 64
# Images that a thread of its own is worth its while for, so that a batch is cut in two from
# twice as many on.
CNN_SHARE = 16


@dataclass(frozen=True, kw_only=True)
class MLPPlan:
    """784 pixels -> one to three hidden layers -> 10 logits: the report's W2 f(W1 x + b1) + b2.

    Dropout, a rate from 0 to below 1, goes after every hidden layer. Raises ValueError, with the
    reason, for settings that make no network.
    """

    hidden: Sequence[int] = (64,)
    activation: str = "sigmoid"
    initialisation: str = "glorot"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.hidden) <= MAX_HIDDEN_LAYERS:
            raise ValueError(f"one to {MAX_HIDDEN_LAYERS} hidden layers, not {len(self.hidden)}")
        _check_hidden(self.hidden, self.activation, self.dropout)
        check_initialisation(self.initialisation)

    def weight_shapes(self) -> list[tuple[int, ...]]:
        """The shape (units, inputs) of every layer's W."""
        return _dense_shapes((PIXELS, *self.hidden, CLASSES))

    def build(self, *, rng: np.random.Generator, dtype: Any = np.float32) -> Sequential:
        """The network with random weights and zero biases."""
        layers: list[Layer] = []
        for shape in self.weight_shapes():
            if layers:
                layers.append(ACTIVATIONS[self.activation]())
                if self.dropout:
                    layers.append(Dropout(self.dropout))
            W = initial_weights(shape, self.initialisation, rng)
            layers.append(Dense(W, np.zeros(len(W))))
        return Sequential(layers, tile=MLP_TILE, share=MLP_TILE, dtype=dtype)


@dataclass(frozen=True, kw_only=True)
class CNNPlan:
    """28x28 pixels -> blocks of convolution, 2x2 pooling, activation -> dense layers -> 10 logits.

    channels and kernel_sizes have an entry for each of the one to three blocks, dense one for
    each hidden layer after them; dropout goes before every dense layer. fast=False takes the
    readable layers instead, with the same parameters under the same names.

    Padding "valid" is the default: a digit's margin of four empty pixels is padding enough.
    Raises ValueError, with the reason, for what does not fit into 28x28 pixels.
    """

    channels: Sequence[int] = (8, 16)
    kernel_sizes: Sequence[int] = (5, 5)
    dense: Sequence[int] = ()
    activation: str = "relu"
    padding: str = "valid"
    initialisation: str = "he"
    dropout: float = 0.0
    fast: bool = True

    def __post_init__(self) -> None:
        blocks, sizes = len(self.channels), len(self.kernel_sizes)
        if not 1 <= blocks <= MAX_CONVOLUTIONS or blocks != sizes:
            raise ValueError(
                f"one to {MAX_CONVOLUTIONS} convolutions, each with its channels and its kernel "
                f"size, not {blocks} channels and {sizes} kernel sizes"
            )
        if len(self.dense) > MAX_HIDDEN_LAYERS:
            raise ValueError(
                f"at most {MAX_HIDDEN_LAYERS} hidden dense layers, not {len(self.dense)}"
            )
        if self.padding not in PADDINGS:
            raise ValueError(f"the padding must be {' or '.join(PADDINGS)}, not {self.padding!r}")
        _check_hidden(self.dense, self.activation, self.dropout)
        check_initialisation(self.initialisation)
        self.weight_shapes()  # refuses what does not fit into 28x28 pixels

    def weight_shapes(self) -> list[tuple[int, ...]]:
        """The shape of every layer's W: (F, C, k, k) of the blocks, then (units, inputs)."""
        shapes: list[tuple[int, ...]] = []
        maps, side = 1, SIDE
        for number, (channels, size) in enumerate(
            zip(self.channels, self.kernel_sizes, strict=True), start=1
        ):
            pooled_side = _pooled_side(number, side, channels, size, self.padding)
            shapes.append((channels, maps, size, size))
            maps, side = channels, pooled_side
        return shapes + _dense_shapes((maps * side * side, *self.dense, CLASSES))

    def build(self, *, rng: np.random.Generator, dtype: Any = np.float32) -> Sequential:
        """The network with random weights and zero biases."""
        conv_pool = ConvPool if self.fast else PlainConvPool
        activation = ACTIVATIONS[self.activation]
        blocks = len(self.channels)
        layers: list[Layer] = []
        for number, shape in enumerate(self.weight_shapes()):
            W = initial_weights(shape, self.initialisation, rng)
            b = np.zeros(len(W))
            if number < blocks:
                layers += [conv_pool(W, b, padding=self.padding), activation()]
                continue
            layers.append(Flatten() if number == blocks else activation())
            if self.dropout:
                layers.append(Dropout(self.dropout))
            layers.append(Dense(W, b))
        return Sequential(
            layers, input_shape=(1, SIDE, SIDE), tile=CNN_TILE, share=CNN_SHARE, dtype=dtype
        )


def _dense_shapes(widths: Sequence[int]) -> list[tuple[int, ...]]:
    """(units, inputs) of the Dense layers that lead from each width to the next."""
    return [(units, inputs) for inputs, units in zip(widths, widths[1:], strict=False)]


def _check_hidden(units_of_layers: Sequence[int], activation: str, dropout: float) -> None:
    for units in units_of_layers:
        if units not in range(1, MAX_UNITS + 1):
            raise ValueError(f"a hidden layer has 1 to {MAX_UNITS} units, not {units}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be {', '.join(ACTIVATIONS)}, not {activation!r}")
    Dropout(dropout)  # refuses what is no rate


def _pooled_side(number: int, side: int, channels: int, kernel_size: int, padding: str) -> int:
    """The side of a block's pooled maps; ValueError if the block is impossible."""
    if channels not in range(1, MAX_CHANNELS + 1):
        raise ValueError(f"convolution {number} has 1 to {MAX_CHANNELS} channels, not {channels}")
    if kernel_size not in range(1, side + 1):
        raise ValueError(
            f"convolution {number} has a kernel size of 1 to {side}, not {kernel_size}: its input "
            f"is {side}x{side}"
        )
    pooled = windows_along(side, kernel_size, padding)[0] // 2
    if pooled < 1:
        raise ValueError(
            f"convolution {number} with kernel size {kernel_size} makes 1x1 of its {side}x{side} "
            "input, which leaves nothing for 2x2 pooling"
        )
    return pooled


# The networks that the benchmarks measure and the recipes train: settings of a CNNPlan.
CNNS: dict[str, dict[str, Any]] = {
    "S": {"channels": (8, 16), "kernel_sizes": (5, 5), "dense": ()},
    "L": {"channels": (16, 32), "kernel_sizes": (3, 3), "dense": (64,)},
    "M": {"channels": (16, 32), "kernel_sizes": (5, 5), "dense": (128,)},
}
MODELS: dict[str, type[MLPPlan] | type[CNNPlan]] = {"mlp": MLPPlan, "cnn": CNNPlan}


def _plan(name: str, options: dict[str, Any]) -> MLPPlan | CNNPlan:
    if name not in MODELS:
        raise ValueError(f"the network must be {', '.join(MODELS)}, not {name!r}")
    return MODELS[name](**options)


def parameter_count(name: str, **options: Any) -> int:
    """How many weights and biases the network called `name` in MODELS has; nothing is built.

    Raises ValueError for options that make no network.
    """
    return sum(prod(shape) + shape[0] for shape in _plan(name, options).weight_shapes())


def check_model(name: str, **options: Any) -> None:
    """Raise the ValueError that build_model would, within microseconds: nothing is built."""
    parameters = parameter_count(name, **options)
    if parameters > MAX_PARAMETERS:
        raise ValueError(
            f"a network has at most {MAX_PARAMETERS:,} parameters, and this one would have "
            f"{parameters:,}"
        )


def build_model(
    name: str, *, rng: np.random.Generator, dtype: Any = np.float32, **options: Any
) -> Sequential:
    """The network called `name` in MODELS, with the fields of its plan as options.

    Raises ValueError, with the reason, for options that make no network or one that is too large.
    """
    check_model(name, **options)
    return _plan(name, options).build(rng=rng, dtype=dtype)


def build_mlp(*, rng: np.random.Generator, dtype: Any = np.float32, **options: Any) -> Sequential:
    """A multi-layer perceptron with the settings of an MLPPlan, or its defaults."""
    return build_model("mlp", rng=rng, dtype=dtype, **options)


def build_cnn(*, rng: np.random.Generator, dtype: Any = np.float32, **options: Any) -> Sequential:
    """A convolutional network with the settings of a CNNPlan, or its defaults."""
    return build_model("cnn", rng=rng, dtype=dtype, **options)
