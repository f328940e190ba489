"""Convolution and max pooling for batches (C, H, W, N), in a readable and in a fast form.
Conv2D, MaxPool2D and PlainConvPool are for reading and for checking; ConvPool computes the same
several times as fast and is what `build_cnn` uses.

How ConvPool does it. Written as a matrix product, a convolution needs each window of the input
as a column of length C k k, and copying every value into the k k windows that hold it costs more
than multiplying. ConvPool copies along the width alone, where a value lies in k windows:

    input row h            its pieces of width k = 3, one per output column, as columns
    a b c d e f     ->     a b c d      <- v = 0
                           b c d e      <- v = 1
                           c d e f      <- v = 2

The pieces of the rows h, h + 1, .. h + k - 1 follow each other in memory. Read as one matrix of
C k k rows they ARE the windows of output row h, and the matrix for row h + 1 begins one row
further down. So the height's part of the windows is a view with overlapping rows:

    pieces of row 0  |
    pieces of row 1  |  |      output row 0 = kernels (F, k C k) @ rows 0..2
    pieces of row 2  |  |      output row 1 = kernels (F, k C k) @ rows 1..3
    pieces of row 3     |

Even output columns come first and odd ones after them. Then the four members of every pooling
window lie in four blocks of memory, and pooling takes the maximum of long runs of numbers.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mnist_core.arrays import Array
from mnist_core.nn.layers import Cache
from mnist_core.nn.workspace import NEW_ARRAYS, NewArrays

PADDINGS = ("valid", "same")


def windows_along(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int, int]:
    """How many windows fit along an axis of `size`, and the zeros to add before and after it.

    "valid" adds none and drops what is left over; "same" gives ceil(size / stride) windows, with
    the odd zero at the end.
    """
    if padding == "valid":
        return (size - kernel) // stride + 1, 0, 0
    windows = -(-size // stride)
    zeros = max((windows - 1) * stride + kernel - size, 0)
    return windows, zeros // 2, zeros - zeros // 2


class Conv2D:
    """y[f, i, j] = b[f] + the sum over c, u, v of W[f, c, u, v] x[c, i s + u, j s + v].

    x is (C, H, W, N) and y (F, H', W', N). Kernels are W (F, C, k_h, k_w) of any size, s is the
    stride; like everyone in the field we call this correlation a convolution.
    """

    def __init__(self, W: Array, b: Array, *, padding: str = "valid", stride: int = 1) -> None:
        if W.ndim != 4 or b.shape != (W.shape[0],):
            raise ValueError(f"W (F, C, k_h, k_w) and b (F,) expected, not {W.shape} and {b.shape}")
        if padding not in PADDINGS:
            raise ValueError(f"the padding must be {' or '.join(PADDINGS)}, not {padding!r}")
        if stride < 1:
            raise ValueError(f"the stride must be at least 1, not {stride}")
        self.W = W
        self.b = b
        self.padding = padding
        self.stride = stride

    def parameters(self) -> dict[str, Array]:
        """W (F, C, k_h, k_w) and b (F,)."""
        return {"W": self.W, "b": self.b}

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """The convolution, (F, H', W', N); the cache is every window as a column (im2col)."""
        F, _, k_h, k_w = self.W.shape
        padded, inside = with_zeros(self, x, (k_h, k_w), self.stride, self.padding, scratch)
        windows = sliding_window_view(padded, (k_h, k_w), axis=(1, 2))  # (C, ., ., N, k_h, k_w)
        windows = windows[:, :: self.stride, :: self.stride].transpose(0, 4, 5, 1, 2, 3)
        H, W, N = windows.shape[3:]
        columns = windows.reshape(-1, H * W * N)  # (C k_h k_w, H' W' N), a copy
        y = self.W.reshape(F, -1) @ columns + self.b[:, None]
        return y.reshape(F, H, W, N), (columns, padded.shape, inside)

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dW = dy columns^T; dx gathers for each value the gradients of all its copies."""
        columns, padded_shape, inside = cache
        F, C, k_h, k_w = self.W.shape
        _, H, W, N = dy.shape
        dy = dy.reshape(F, -1)  # (F, H' W' N)
        gradients["W"][...] = (dy @ columns.T).reshape(F, C, k_h, k_w)
        gradients["b"][...] = dy.sum(axis=1)
        if not input_gradient:
            return None
        dcolumns = (self.W.reshape(F, -1).T @ dy).reshape(C, k_h, k_w, H, W, N)
        dx = np.zeros(padded_shape, dy.dtype)
        s = self.stride
        for u in range(k_h):
            for v in range(k_w):
                dx[:, u : u + s * H : s, v : v + s * W : s] += dcolumns[:, u, v]
        return dx[inside]


def with_zeros(
    owner: object,
    x: Array,
    kernel: tuple[int, int],
    stride: int,
    padding: str,
    scratch: NewArrays,
) -> tuple[Array, tuple[slice, ...]]:
    """x (C, H, W, N) with the zeros around it that the padding asks for, contiguous in memory,
    and where in it x lies. ValueError if the kernel is larger than that."""
    C, H, W, N = x.shape
    windows_down, top, bottom = windows_along(H, kernel[0], stride, padding)
    windows_across, left, right = windows_along(W, kernel[1], stride, padding)
    if windows_down < 1 or windows_across < 1:
        raise ValueError(
            f"a kernel of {kernel[0]}x{kernel[1]} does not fit into an input of {H}x{W}"
        )
    inside = (slice(None), slice(top, top + H), slice(left, left + W))
    shape = (C, top + H + bottom, left + W + right, N)
    if shape == x.shape and x.flags.c_contiguous:
        return x, inside
    padded = scratch.array(owner, "padded", shape, x.dtype)
    padded[:, :top] = padded[:, top + H :] = 0
    padded[:, :, :left] = padded[:, :, left + W :] = 0
    padded[inside] = x
    return padded, inside


class MaxPool2D:
    """The largest value of each window of size x size, every `stride` rows and columns.

    Rows and columns that fill no window are left out. Of equal values the first one counts, row
    by row as one reads, and the whole gradient goes to it.
    """

    def __init__(self, size: int = 2, *, stride: int | None = None) -> None:
        self.size = size
        self.stride = stride or size
        if self.size < 1 or self.stride < 1:
            raise ValueError(f"size and stride must be at least 1, not {size} and {stride}")

    def parameters(self) -> dict[str, Array]:
        """None."""
        return {}

    def _members(self, x: Array) -> list[Array]:
        """Views (C, H', W', N) of x: the first value of every window, the second, and so on."""
        _, H, W, _ = x.shape
        if min(H, W) < self.size:
            raise ValueError(f"pooling by {self.size} does not fit into an input of {H}x{W}")
        size, s = self.size, self.stride
        down, across = (H - size) // s + 1, (W - size) // s + 1
        return [
            x[:, u : u + s * down : s, v : v + s * across : s]
            for u in range(size)
            for v in range(size)
        ]

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """Maximums (C, H', W', N); the cache is x and they."""
        members = self._members(x)
        y = members[0].copy()
        for member in members[1:]:
            np.maximum(y, member, out=y)
        return y, (x, y)

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """dy where the maximum was, 0 elsewhere; overlapping windows add up."""
        x, y = cache
        dx = np.zeros(x.shape, dy.dtype)
        free = np.ones(y.shape, np.bool_)  # windows whose first maximum has not been met yet
        for member, gradient in zip(self._members(x), self._members(dx), strict=True):
            chosen = free & (member == y)
            gradient += dy * chosen
            free &= ~chosen
        return dx


class PlainConvPool:
    """A convolution and the maximums of its 2x2 windows, one after the other: what ConvPool is."""

    def __init__(self, W: Array, b: Array, *, padding: str = "valid") -> None:
        Conv2D(W, b, padding=padding)  # refuses what does not go together
        self.W = W
        self.b = b
        self.padding = padding

    def parameters(self) -> dict[str, Array]:
        """W (F, C, k_h, k_w) and b (F,)."""
        return {"W": self.W, "b": self.b}

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """Pooled maps (F, H'/2, W'/2, N); the cache is that of both layers."""
        convolution, pool = Conv2D(self.W, self.b, padding=self.padding), MaxPool2D(2)
        maps, convolution_cache = convolution.forward(x, scratch=scratch)
        y, pool_cache = pool.forward(maps, scratch=scratch)
        return y, (convolution, convolution_cache, pool, pool_cache)

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """Back through the pooling, then through the convolution."""
        convolution, convolution_cache, pool, pool_cache = cache
        dmaps = pool.backward(dy, pool_cache, {})
        assert dmaps is not None
        return convolution.backward(
            dmaps, convolution_cache, gradients, input_gradient=input_gradient
        )
