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

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mnist_core.functional import Array
from mnist_core.layers import NEW_ARRAYS, Cache, NewArrays

PADDINGS = ("valid", "same")

# A product reads its columns once for every dozen of its rows. They must stay in a core's
# second-level cache (256 KiB and more, other things in it), or it takes up to twice as long. But
# with few columns BLAS spends its time on getting ready.
PRODUCT_BYTES = 96 * 1024
PRODUCT_COLUMNS = 64


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


class ConvPool(PlainConvPool):
    """The same, fast: see the top of this module.

    An activation that never falls, as all of ours, gives the same before and after taking
    maximums. After it, it has a quarter of the values to work on: so it follows as a layer.
    """

    def forward(
        self, x: Array, *, scratch: NewArrays = NEW_ARRAYS, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """Pooled maps (F, P, Q, N); the cache holds the pieces and the comparisons, or one image.

        Memory is laid out as (2, G, rows, channels, q, N): columns of even and of odd number,
        each in G groups of q columns next to each other; one product makes one group of one row.
        """
        F, C, k_h, k_w = self.W.shape
        padded, inside = with_zeros(self, x, (k_h, k_w), 1, self.padding, scratch)
        _, H, W, N = padded.shape
        P, Q = (H - k_h + 1) // 2, (W - k_w + 1) // 2  # of the pooled maps
        if P < 1 or Q < 1:
            raise ValueError(f"maps of {H - k_h + 1}x{W - k_w + 1} are too small for 2x2 pooling")
        if N == 1:
            return self._of_one_image(padded, P, Q), (x,)
        q = columns_per_product(Q, N, k_h * k_w * C * x.itemsize)
        G = Q // q

        # Rows beyond these would be left out by the pooling.
        pieces = scratch.array(self, "pieces", (2, G, 2 * P + k_h - 1, k_w, C, q, N), x.dtype)
        of_c, of_h, of_w, of_n = padded.strides
        strides = (of_w, 2 * q * of_w, of_h, of_w, of_c, 2 * of_w, of_n)
        np.copyto(pieces, np.ndarray(pieces.shape, x.dtype, padded, strides=strides))
        maps = scratch.array(self, "maps", (2, G, P, 2, F, q, N), x.dtype)
        windows = overlapping(pieces.reshape(*pieces.shape[:3], -1, q * N), k_h)
        kernels = self.W.transpose(0, 2, 3, 1).reshape(F, -1)  # (F, k_h k_w C)
        np.matmul(kernels, windows, out=maps.reshape(2, G, 2 * P, F, q * N))

        left_wins = scratch.array(self, "left_wins", maps.shape[1:], np.bool_)
        np.greater_equal(maps[0], maps[1], out=left_wins)  # (G, P, 2, F, q, N)
        pairs = np.maximum(maps[0], maps[1], out=maps[0])
        upper, lower = pairs[:, :, 0], pairs[:, :, 1]  # (G, P, F, q, N)
        upper_wins = scratch.array(self, "upper_wins", upper.shape, np.bool_)
        np.greater_equal(upper, lower, out=upper_wins)
        y = scratch.array(self, "y", (F, P, Q, N), x.dtype)
        np.maximum(upper, lower, out=grouped(y, q))
        y += self.b[:, None, None, None]
        return y, (pieces, left_wins, upper_wins, padded.shape, inside)

    def backward(
        self,
        dy: Array,
        cache: Cache,
        gradients: dict[str, Array],
        *,
        scratch: NewArrays = NEW_ARRAYS,
        input_gradient: bool = True,
    ) -> Array | None:
        """Each gradient goes to the winner of its window; then two products for each row."""
        if len(cache) == 1:
            cache = super().forward(*cache)[1]
            return super().backward(dy, cache, gradients, input_gradient=input_gradient)
        pieces, left_wins, upper_wins, padded_shape, inside = cache
        F, C, k_h, k_w = self.W.shape
        G, P, _, _, q, N = left_wins.shape
        dy = np.ascontiguousarray(dy)
        # A product with ones adds up in half the time that sum takes.
        flat_dy = dy.reshape(F, -1)
        np.matmul(flat_dy, np.ones(flat_dy.shape[1], dy.dtype), out=gradients["b"])

        # A gradient times True or False, and what that leaves over for the other one: exact.
        dtops = grouped(dy, q)  # (G, P, F, q, N)
        dpairs = scratch.array(self, "dpairs", left_wins.shape, dy.dtype)
        np.multiply(dtops, upper_wins, out=dpairs[:, :, 0])
        np.subtract(dtops, dpairs[:, :, 0], out=dpairs[:, :, 1])
        dpairs = dpairs.reshape(G, 2 * P, F, q * N)
        left_wins = left_wins.reshape(dpairs.shape)
        dmaps = scratch.array(self, "dmaps", (2, *dpairs.shape), dy.dtype)
        np.multiply(dpairs, left_wins, out=dmaps[0])
        np.subtract(dpairs, dmaps[0], out=dmaps[1])

        pieces = pieces.reshape(2, G, 2 * P + k_h - 1, k_w * C, q * N)
        windows = overlapping(pieces, k_h)  # (2, G, 2P, k_h k_w C, q N)
        # BLAS has less to rearrange for windows dmaps^T than for its transpose dmaps windows^T.
        products = scratch.array(self, "products", (*windows.shape[:-1], F), dy.dtype)
        np.matmul(windows, dmaps.swapaxes(-1, -2), out=products)
        products = products.reshape(-1, k_h * k_w * C * F)
        dW = np.ones(len(products), dy.dtype) @ products
        dW = dW.reshape(k_h, k_w, C, F)
        gradients["W"][...] = dW.transpose(3, 2, 0, 1)
        if not input_gradient:
            return None

        # A row of pieces was used by the k_h rows of maps that end with its own number, or by as
        # many of them as there are, each time with another row of the kernel.
        kernels = self.W[:, :, ::-1].transpose(3, 1, 2, 0).reshape(k_w * C, k_h * F)
        dpieces = scratch.array(self, "dpieces", pieces.shape, dy.dtype)
        for row in range(pieces.shape[2]):
            start, stop = max(0, row + 1 - k_h), min(row + 1, 2 * P)
            users = dmaps[:, :, start:stop].reshape(2, G, -1, q * N)  # (2, G, up to k_h F, q N)
            skipped = start + k_h - 1 - row
            theirs = kernels[:, skipped * F : (skipped + stop - start) * F]
            np.matmul(theirs, users, out=dpieces[:, :, row])
        dpieces = dpieces.reshape(2, G, -1, k_w, C, q, N)
        return self._input_gradient(dpieces, padded_shape, scratch)[inside]

    def _of_one_image(self, padded: Array, P: int, Q: int) -> Array:
        """Pooled maps (F, P, Q, 1) with few calls: for one image they cost more than the copies.

        All windows are copied, those of the four members of the pooling windows one after another.
        """
        F, C, k_h, k_w = self.W.shape
        of_c, of_h, of_w, _ = padded.strides
        strides = (of_h, of_w, of_c, of_h, of_w, 2 * of_h, 2 * of_w)
        windows = np.ndarray((2, 2, C, k_h, k_w, P, Q), padded.dtype, padded, strides=strides)
        maps = self.W.reshape(F, -1) @ windows.reshape(4, C * k_h * k_w, P * Q)  # (4, F, P Q)
        y = np.maximum.reduce(maps, axis=0)
        y += self.b[:, None]
        return y.reshape(F, P, Q, 1)

    def _input_gradient(
        self, dpieces: Array, padded_shape: tuple[int, ...], scratch: NewArrays
    ) -> Array:
        """Add up the gradients of the k_w copies of each value."""
        _, G, rows, k_w, C, q, N = dpieces.shape
        # Even columns first, odd ones after them, in the order of memory that the pieces have,
        # so that what is added are long runs of numbers.
        half = (padded_shape[2] + 1) // 2
        if q == 1:
            sums = scratch.array(self, "sums", (2, half, rows, C, N), dpieces.dtype)
            sums = sums.transpose(0, 2, 3, 1, 4)
        else:
            sums = scratch.array(self, "sums", (2, rows, C, half, N), dpieces.dtype)
        sums[...] = 0
        for v in range(k_w):
            for odd in range(2):
                first, parity = divmod(odd + v, 2)
                columns = sums[parity, :, :, first : first + G * q]  # (rows, C, Q, N)
                columns = columns.reshape(rows, C, G, q, N)
                columns += dpieces[odd, :, :, v].transpose(1, 2, 0, 3, 4)
        dx = scratch.array(self, "dx", padded_shape, dpieces.dtype)
        dx[:, rows:] = 0
        for parity in range(2):
            columns = dx[:, :rows, parity::2]  # (C, rows, ., N)
            columns[...] = sums[parity].swapaxes(0, 1)[:, :, : columns.shape[2]]
        return dx


@cache
def columns_per_product(columns: int, images: int, window_bytes: int) -> int:
    """How many columns of a row of maps one product computes for all images: the most that
    PRODUCT_BYTES can hold, so many that PRODUCT_COLUMNS are reached, and equal groups of them."""
    sizes = [q for q in range(1, columns + 1) if columns % q == 0]
    fitting = [q for q in sizes if q * images * window_bytes <= PRODUCT_BYTES]
    enough = [q for q in sizes if q * images >= PRODUCT_COLUMNS or q == columns]
    return max([enough[0], *fitting])


def overlapping(rows: Array, height: int) -> Array:
    """View of (2, G, R, M, n) as (2, G, R - height + 1, height M, n): each matrix begins with its
    own row and goes on into the next ones, which follow it in memory."""
    two, G, R, M, n = rows.shape
    shape = (two, G, R - height + 1, height * M, n)
    return np.ndarray(shape, rows.dtype, rows, strides=rows.strides)


def grouped(y: Array, q: int) -> Array:
    """View of (F, P, Q, N) as (G, P, F, q, N), with the Q columns in G groups of q."""
    F, P, Q, N = y.shape
    return y.reshape(F, P, Q // q, q, N).transpose(2, 1, 0, 3, 4)
