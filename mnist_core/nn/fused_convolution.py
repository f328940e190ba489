"""Convolution and 2x2 max pooling in one, several times as fast as the plain layers.
It does with PlainConvPool's parameters what PlainConvPool does; convolution.py is for reading.

Written as a matrix product, a convolution needs each window of the input as a column of length
C k k, and copying every value into the k k windows that hold it costs more than multiplying.
ConvPool copies along the width alone, where a value lies in k windows:

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

from mnist_core.arrays import Array
from mnist_core.nn.convolution import PlainConvPool
from mnist_core.nn.workspace import Workspace

# A product reads its columns once for every dozen of its rows. They must stay in a core's
# second-level cache (256 KiB and more, other things in it), or it takes up to twice as long. But
# with few columns BLAS spends its time on getting ready.
PRODUCT_BYTES = 96 * 1024
PRODUCT_COLUMNS = 64


class ConvPool(PlainConvPool):
    """The same as PlainConvPool, fast: see the top of this module.

    An activation that never falls, as all of ours, gives the same before and after taking
    maximums. After it, it has a quarter of the values to work on: so it follows as a layer.
    """

    def forward(self, x, work):
        """Pooled maps (F, P, Q, N); the cache holds the pieces and the comparisons, or one image.

        Memory is laid out as (2, G, rows, channels, q, N): columns of even and of odd number,
        each in G groups of q columns next to each other; one product makes one group of one row.
        """
        F, C, k_h, k_w = self.W.shape
        padded, inside = self.with_zeros(x, work)
        _, H, W, N = padded.shape
        P, Q = (H - k_h + 1) // 2, (W - k_w + 1) // 2  # of the pooled maps
        if P < 1 or Q < 1:
            raise ValueError(f"maps of {H - k_h + 1}x{W - k_w + 1} are too small for 2x2 pooling")
        if N == 1:
            return self._of_one_image(padded, P, Q), (x,)
        q = columns_per_product(Q, N, k_h * k_w * C * x.itemsize)
        G = Q // q

        # Rows beyond these would be left out by the pooling.
        pieces = work.array(self, "pieces", (2, G, 2 * P + k_h - 1, k_w, C, q, N), x.dtype)
        of_c, of_h, of_w, of_n = padded.strides
        strides = (of_w, 2 * q * of_w, of_h, of_w, of_c, 2 * of_w, of_n)
        np.copyto(pieces, np.ndarray(pieces.shape, x.dtype, padded, strides=strides))
        maps = work.array(self, "maps", (2, G, P, 2, F, q, N), x.dtype)
        windows = overlapping(pieces.reshape(*pieces.shape[:3], -1, q * N), k_h)
        kernels = self.W.transpose(0, 2, 3, 1).reshape(F, -1)  # (F, k_h k_w C)
        np.matmul(kernels, windows, out=maps.reshape(2, G, 2 * P, F, q * N))

        left_wins = work.array(self, "left_wins", maps.shape[1:], np.bool_)
        np.greater_equal(maps[0], maps[1], out=left_wins)  # (G, P, 2, F, q, N)
        pairs = np.maximum(maps[0], maps[1], out=maps[0])
        upper, lower = pairs[:, :, 0], pairs[:, :, 1]  # (G, P, F, q, N)
        upper_wins = work.array(self, "upper_wins", upper.shape, np.bool_)
        np.greater_equal(upper, lower, out=upper_wins)
        y = work.array(self, "y", (F, P, Q, N), x.dtype)
        np.maximum(upper, lower, out=grouped(y, q))
        y += self.b[:, None, None, None]
        return y, (pieces, left_wins, upper_wins, padded.shape, inside)

    def backward(self, dy, cache, gradients, work):
        """Each gradient goes to the winner of its window; then two products for each row."""
        if len(cache) == 1:
            _, cache = super().forward(cache[0], work)
            return super().backward(dy, cache, gradients, work)
        pieces, left_wins, upper_wins, padded_shape, inside = cache
        dy = np.ascontiguousarray(dy)
        # A product with ones adds up in half the time that sum takes.
        flat_dy = dy.reshape(len(dy), -1)  # (F, P Q N)
        np.matmul(flat_dy, np.ones(flat_dy.shape[1], dy.dtype), out=gradients["b"])
        dmaps = self._map_gradients(dy, left_wins, upper_wins, work)
        gradients["W"][...] = self._kernel_gradients(pieces, dmaps, work)
        if not work.needs_dx:
            return None
        dpieces = self._piece_gradients(pieces, dmaps, work)
        return self._input_gradient(dpieces, padded_shape, work)[inside]

    def _map_gradients(
        self, dy: Array, left_wins: Array, upper_wins: Array, work: Workspace
    ) -> Array:
        """The gradients of the maps before pooling, (2, G, 2 P, F, q N), from dy (F, P, Q, N)."""
        G, P, _, F, q, N = left_wins.shape
        # A gradient times True or False, and what that leaves over for the other one: exact.
        dtops = grouped(dy, q)  # (G, P, F, q, N)
        dpairs = work.array(self, "dpairs", left_wins.shape, dy.dtype)
        np.multiply(dtops, upper_wins, out=dpairs[:, :, 0])
        np.subtract(dtops, dpairs[:, :, 0], out=dpairs[:, :, 1])
        dpairs = dpairs.reshape(G, 2 * P, F, q * N)
        left_wins = left_wins.reshape(dpairs.shape)
        dmaps = work.array(self, "dmaps", (2, *dpairs.shape), dy.dtype)
        np.multiply(dpairs, left_wins, out=dmaps[0])
        np.subtract(dpairs, dmaps[0], out=dmaps[1])
        return dmaps

    def _kernel_gradients(self, pieces: Array, dmaps: Array, work: Workspace) -> Array:
        """dW (F, C, k_h, k_w): the sum over all products of windows with the maps' gradients."""
        F, C, k_h, k_w = self.W.shape
        pieces = pieces.reshape(*pieces.shape[:3], k_w * C, -1)
        windows = overlapping(pieces, k_h)  # (2, G, 2 P, k_h k_w C, q N)
        # BLAS has less to rearrange for windows dmaps^T than for its transpose dmaps windows^T.
        products = work.array(self, "products", (*windows.shape[:-1], F), dmaps.dtype)
        np.matmul(windows, dmaps.swapaxes(-1, -2), out=products)
        products = products.reshape(-1, k_h * k_w * C * F)
        dW = np.ones(len(products), dmaps.dtype) @ products
        return dW.reshape(k_h, k_w, C, F).transpose(3, 2, 0, 1)

    def _piece_gradients(self, pieces: Array, dmaps: Array, work: Workspace) -> Array:
        """The gradients of the pieces, in their shape (2, G, rows, k_w, C, q, N).

        A row of pieces was used by the k_h rows of maps that end with its own number, or by as
        many of them as there are, each time with another row of the kernel.
        """
        F, C, k_h, k_w = self.W.shape
        _, G, rows, _, _, q, N = pieces.shape
        kernels = self.W[:, :, ::-1].transpose(3, 1, 2, 0).reshape(k_w * C, k_h * F)
        dpieces = work.array(self, "dpieces", (2, G, rows, k_w * C, q * N), dmaps.dtype)
        for row in range(rows):
            start, stop = max(0, row + 1 - k_h), min(row + 1, dmaps.shape[2])
            users = dmaps[:, :, start:stop].reshape(2, G, -1, q * N)  # (2, G, up to k_h F, q N)
            skipped = start + k_h - 1 - row
            theirs = kernels[:, skipped * F : (skipped + stop - start) * F]
            np.matmul(theirs, users, out=dpieces[:, :, row])
        return dpieces.reshape(pieces.shape)

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
        self, dpieces: Array, padded_shape: tuple[int, ...], work: Workspace
    ) -> Array:
        """Add up the gradients of the k_w copies of each value: (C, H, W, N) with the padding."""
        _, G, rows, k_w, C, q, N = dpieces.shape
        # Even columns first, odd ones after them, in the order of memory that the pieces have,
        # so that what is added are long runs of numbers.
        half = (padded_shape[2] + 1) // 2
        if q == 1:
            sums = work.array(self, "sums", (2, half, rows, C, N), dpieces.dtype)
            sums = sums.transpose(0, 2, 3, 1, 4)
        else:
            sums = work.array(self, "sums", (2, rows, C, half, N), dpieces.dtype)
        sums[...] = 0
        for v in range(k_w):
            for odd in range(2):
                first, parity = divmod(odd + v, 2)
                columns = sums[parity, :, :, first : first + G * q]  # (rows, C, Q, N)
                columns = columns.reshape(rows, C, G, q, N)
                columns += dpieces[odd, :, :, v].transpose(1, 2, 0, 3, 4)
        dx = work.array(self, "dx", padded_shape, dpieces.dtype)
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
