"""Networks as a sequence of layers, from a batch of images to logits and back.
All parameters of a network lie in one flat vector, so an optimizer takes a few array operations.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Self

import numpy as np

from mnist_core.arrays import CLASSES, PIXELS, SIDE, Array
from mnist_core.nn.functional import softmax
from mnist_core.nn.layers import Cache, Dropout, Layer
from mnist_core.nn.workspace import Workspace

# Images that an MLP computes at once: with more, activations fall out of the processor's cache;
# with fewer, the number of calls costs more than what is computed in them.
MLP_TILE = 512


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

    Nothing of a pass stays here: several threads may use one network at the same time, each with
    a workspace of its own.

    Args:
        input_shape: what the first layer expects before the batch axis, (784,) or (1, 28, 28).
        tile: how many images are best computed at once; a larger batch is cut.
        share: how many images are worth a thread of their own in training.
        dtype: that of the parameters, and so of everything computed from them.
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
        self._batch_shape = (*input_shape, -1)
        self.tile = tile
        self.share = share
        own = [layer.parameters() for layer in self.layers]
        self.parameters = ParameterVector.shaped_like(own, dtype)
        for layer, before, views in zip(self.layers, own, self.parameters.layers, strict=True):
            for name, view in views.items():
                view[...] = before[name]
                setattr(layer, name, view)
        # Whether forward needs a generator in training.
        self.has_randomness = any(isinstance(layer, Dropout) for layer in self.layers)

    @property
    def dtype(self) -> np.dtype:
        """The type of the parameters, and so of everything computed from them."""
        return self.parameters.flat.dtype

    def copied(self, dtype: Any = None) -> "Sequential":
        """The same network with parameters of its own, in another dtype if one is given."""
        return Sequential([copy(layer) for layer in self.layers], **self._form(dtype))

    def __reduce__(self) -> tuple[Callable[..., "Sequential"], tuple[Any, ...]]:
        """For pickle and deepcopy: the layers alone, which have the values of the flat vector."""
        return partial(Sequential, **self._form()), (self.layers,)

    def _form(self, dtype: Any = None) -> dict[str, Any]:
        """What __init__ takes besides the layers."""
        return {
            "input_shape": self.input_shape,
            "tile": self.tile,
            "share": self.share,
            "dtype": dtype or self.dtype,
        }

    def in_float64(self) -> "Sequential":
        """A copy in float64, whose numbers can be checked to twelve digits."""
        return self.copied(np.float64)

    def new_gradients(self) -> ParameterVector:
        """Zeros of the parameters' shapes, for backward to write into."""
        return ParameterVector.shaped_like(self.parameters.layers, self.dtype)

    def input_batch(self, pixels: Array) -> Array:
        """Pixel rows (N, 784) in 0..1 as the network's input (*input_shape, N), a view.

        The columns stay rows in memory: a Dense layer's products take the transpose as a flag.
        """
        return pixels.T.reshape(self._batch_shape)

    def forward(self, x: Array, work: Workspace | None = None) -> tuple[Array, list[Cache]]:
        """Logits (10, N) of a batch x (*input_shape, N), and each layer's cache.

        Without a workspace it is a prediction in new arrays.
        """
        work = work or Workspace()
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, work)
            caches.append(cache)
        return x, caches

    def backward(
        self,
        dlogits: Array,
        caches: list[Cache],
        gradients: ParameterVector,
        work: Workspace | None = None,
        *,
        input_gradient: bool = False,
    ) -> Array | None:
        """Write the gradient of every parameter; return dx, that of the input, if it is asked for.

        Args:
            dlogits: the gradient of the logits (10, N); it may be overwritten.
            caches: those that forward returned.
            gradients: what new_gradients gave; every value is replaced.
            work: where forward had one it may be the same.
            input_gradient: whether to return dx (*input_shape, N), and not None.
        """
        work = work or Workspace()
        dy: Any = dlogits
        for number in range(len(self.layers) - 1, -1, -1):
            work.needs_dx = number > 0 or input_gradient
            dy = self.layers[number].backward(dy, caches[number], gradients.layers[number], work)
        work.needs_dx = True
        return dy if input_gradient else None

    def logits(
        self, images: Array, *, threads: int = 1, before_tile: Callable[[], object] = lambda: None
    ) -> Array:
        """Logits (10, N) of uint8 images (N, 28, 28), computed on that many threads.

        `before_tile` is called now and then; to give up, it may raise what it likes.
        """
        if 0 < len(images) <= self.tile:  # nothing to share, nor to put together
            before_tile()
            return self.forward(self.input_batch(to_pixels(images, self.dtype)))[0]
        logits = np.empty((CLASSES, len(images)), self.dtype)
        tiles = range(0, len(images), self.tile)
        fill = partial(self._fill_tiles, logits, images, before_tile)
        if threads == 1:
            fill(tiles)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(fill, [tiles[first::threads] for first in range(threads)]))
        return logits

    def _fill_tiles(
        self, logits: Array, images: Array, before_tile: Callable[[], object], tiles: range
    ) -> None:
        """Write the columns (10, tile) of the tiles that begin at the given images."""
        work = Workspace(reuse=True)
        for start in tiles:
            before_tile()
            images_of_tile = images[start : start + self.tile]
            pixels = work.array(self, "pixels", (len(images_of_tile), PIXELS), self.dtype)
            x = self.input_batch(to_pixels(images_of_tile, self.dtype, out=pixels))
            logits[:, start : start + self.tile] = self.forward(x, work)[0]

    def predict_proba(self, images: Array, *, threads: int = 1) -> Array:
        """Probability of each digit, float32 (N, 10), for uint8 images (N, 28, 28)."""
        if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
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
    out *= _one_level(out.dtype)
    return out


@cache
def _one_level(dtype: np.dtype) -> Array:
    """1 / 255, (): as an array it spares NumPy the conversion of a Python number in every call."""
    return np.full((), 1 / 255, dtype)
