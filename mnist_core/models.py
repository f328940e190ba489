"""Networks as a sequence of layers, and the two families of them that this project is about.
All parameters of a network lie in one flat vector, so an optimizer takes a few array operations.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from mnist_core.convolution import PADDINGS, ConvPool, PlainConvPool, windows_along
from mnist_core.functional import Array, softmax
from mnist_core.layers import (
    ACTIVATIONS,
    NEW_ARRAYS,
    Cache,
    Dense,
    Dropout,
    Flatten,
    Layer,
    NewArrays,
    Scratch,
)

CLASSES = 10
SIDE = 28
PIXELS = SIDE * SIDE
MAX_UNITS = 1024
MAX_HIDDEN_LAYERS = 3
MAX_CHANNELS = 128
MAX_CONVOLUTIONS = 3
# Images that go through a network at once: more, and activations fall out of the processor's
# cache; fewer, and the number of calls costs more than what is computed in them.
MLP_TILE = 512
CNN_TILE = 64
# A thread of its own is worth its while for so many images of a batch.
CNN_SHARE = 16

# How wide the initial weights of a layer spread, from its numbers of inputs and outputs.
INITIALISATIONS: dict[str, Callable[[int, int], float]] = {
    "glorot": lambda inputs, outputs: (2 / (inputs + outputs)) ** 0.5,  # Glorot & Bengio 2010
    "he": lambda inputs, outputs: (2 / inputs) ** 0.5,  # He et al. 2015
}


@dataclass(frozen=True)
class ParameterVector:
    """One flat vector, and the parameters of each layer as views into it."""

    flat: Array  # (P,)
    layers: tuple[dict[str, Array], ...]

    @classmethod
    def shaped_like(cls, parameters: Sequence[dict[str, Array]], dtype: Any) -> Self:
        """Zeros with a view for every array in `parameters`, one dictionary a layer."""
        arrays = [array for layer in parameters for array in layer.values()]
        flat = np.zeros(sum(array.size for array in arrays), dtype)
        ends = np.cumsum([array.size for array in arrays]).tolist()
        pieces = iter(zip([0, *ends], ends, strict=False))
        views = []
        for layer in parameters:
            views.append({})
            for name, array in layer.items():
                start, end = next(pieces)
                views[-1][name] = flat[start:end].reshape(array.shape)
        return cls(flat, tuple(views))

    def named(self) -> dict[str, Array]:
        """Every parameter by its path: the layer's number and the name, as in "0.W"."""
        return {
            f"{number}.{name}": array
            for number, layer in enumerate(self.layers)
            for name, array in layer.items()
        }


class Sequential:
    """Layers one after the other, from a batch of images to logits.

    `input_shape` is (784,) or (1, 28, 28): what the first layer expects before the batch axis.
    `tile` is how many images are best computed at once, `share` how many are worth a thread.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        input_shape: tuple[int, ...] = (PIXELS,),
        tile: int = MLP_TILE,
        share: int = MLP_TILE,
        dtype: Any = np.float32,
    ) -> None:
        self.layers = tuple(layers)
        self.input_shape = input_shape
        self.tile = tile
        self.share = share
        own = [layer.parameters() for layer in self.layers]
        self.parameters = ParameterVector.shaped_like(own, dtype)
        for layer, before, views in zip(self.layers, own, self.parameters.layers, strict=True):
            for name, view in views.items():
                view[...] = before[name]
                setattr(layer, name, view)

    @property
    def dtype(self) -> np.dtype:
        """The type of the parameters, and so of everything computed from them."""
        return self.parameters.flat.dtype

    @property
    def has_randomness(self) -> bool:
        """Whether forward needs a generator in training."""
        return any(isinstance(layer, Dropout) for layer in self.layers)

    def new_gradients(self) -> ParameterVector:
        """Zeros of the parameters' shapes, for backward to write into."""
        return ParameterVector.shaped_like(self.parameters.layers, self.dtype)

    def input_batch(self, pixels: Array) -> Array:
        """Pixel rows (N, 784) in 0..1 as the network's input (*input_shape, N), a view.

        The columns stay rows in memory: a Dense layer's products take the transpose as a flag.
        """
        return pixels.T.reshape(*self.input_shape, -1)

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, list[Cache]]:
        """Logits (10, N) of a batch x (*input_shape, N), and each layer's cache."""
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, scratch=scratch, rng=rng)
            caches.append(cache)
        return x, caches

    def backward(
        self,
        dlogits: Array,
        caches: list[Cache],
        gradients: ParameterVector,
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = False,
    ) -> Array | None:
        """Write the gradient of every parameter; return that of the input if it is asked for."""
        dy: Array | None = dlogits
        for number in range(len(self.layers) - 1, -1, -1):
            assert dy is not None
            dy = self.layers[number].backward(
                dy,
                caches[number],
                gradients.layers[number],
                scratch=scratch,
                input_gradient=input_gradient or number > 0,
            )
        return dy

    def logits(self, images: Array, *, threads: int = 1) -> Array:
        """Logits (10, N) of uint8 images (N, 28, 28), computed on that many threads."""
        if 0 < len(images) <= self.tile:  # nothing to share, nor to put together
            return self.forward(self.input_batch(to_pixels(images, self.dtype)))[0]
        logits = np.empty((CLASSES, len(images)), self.dtype)
        tiles = range(0, len(images), self.tile)
        if threads == 1:
            self._fill_tiles(logits, images, tiles)
        else:
            with ThreadPoolExecutor(threads) as pool:
                fill = partial(self._fill_tiles, logits, images)
                list(pool.map(fill, [tiles[first::threads] for first in range(threads)]))
        return logits

    def _fill_tiles(self, logits: Array, images: Array, tiles: range) -> None:
        """Write the columns (10, tile) of the tiles that begin at the given images."""
        scratch = Scratch()
        for start in tiles:
            images_of_tile = images[start : start + self.tile]
            pixels = scratch.array(self, "pixels", (len(images_of_tile), PIXELS), self.dtype)
            x = self.input_batch(to_pixels(images_of_tile, self.dtype, out=pixels))
            logits[:, start : start + self.tile] = self.forward(x, scratch=scratch)[0]

    def predict_proba(self, images: Array, *, threads: int = 1) -> Array:
        """Probability of each digit, float32 (N, 10), for uint8 images (N, 28, 28)."""
        if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8:
            raise ValueError(
                f"uint8 images (N, 28, 28) expected, not {images.dtype} {images.shape}"
            )
        return np.ascontiguousarray(softmax(self.logits(images, threads=threads)).T, np.float32)

    def predict(self, images: Array, *, threads: int = 1) -> Array:
        """The most probable digit of each image, (N,)."""
        return self.logits(images, threads=threads).argmax(axis=0)


def to_pixels(images: Array, dtype: Any = np.float32, out: Array | None = None) -> Array:
    """uint8 images (N, 28, 28) as rows of pixels in 0..1, (N, 784)."""
    rows = images.reshape(-1, PIXELS)
    if out is None:
        out = np.empty(rows.shape, dtype)
    out[...] = rows  # two passes, since one that converts and multiplies takes longer
    out *= 1 / 255
    return out


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
