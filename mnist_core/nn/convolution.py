"""Convolution and max pooling for batches (C, H, W, N), written to be read.
They also check fused_convolution.py, which computes the same several times as fast.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mnist_core.arrays import Array
from mnist_core.nn.layers import Layer
from mnist_core.nn.workspace import Workspace

PADDINGS = ("valid", "same")


def windows_along(size: int, kernel: int, padding: str) -> tuple[int, int, int]:
    """How many windows fit along an axis of `size`, and the zeros to add before and after it.

    "valid" adds none; "same" gives `size` windows, with the odd zero at the end.
    """
    if padding == "valid":
        return size - kernel + 1, 0, 0
    zeros = kernel - 1
    return size, zeros // 2, zeros - zeros // 2


class Conv2D(Layer):
    """y[f, i, j] = b[f] + the sum over c, u, v of W[f, c, u, v] x[c, i + u, j + v].

    x is (C, H, W, N) and y (F, H', W', N). Kernels are W (F, C, k_h, k_w) of any size; like
    everyone in the field we call this correlation a convolution.
    """

    def __init__(self, W: Array, b: Array, *, padding: str = "valid") -> None:
        if W.ndim != 4 or b.shape != (W.shape[0],):
            raise ValueError(f"W (F, C, k_h, k_w) and b (F,) expected, not {W.shape} and {b.shape}")
        if padding not in PADDINGS:
            raise ValueError(f"the padding must be {' or '.join(PADDINGS)}, not {padding!r}")
        self.W, self.b = W, b
        self.padding = padding

    def parameters(self):
        return {"W": self.W, "b": self.b}

    def forward(self, x, work):
        """The windows as columns (im2col), so that the convolution is one product."""
        F, _, k_h, k_w = self.W.shape
        padded, inside = self.with_zeros(x, work)
        windows = sliding_window_view(padded, (k_h, k_w), axis=(1, 2))  # (C, H', W', N, k_h, k_w)
        _, H, W, N, _, _ = windows.shape
        columns = windows.transpose(0, 4, 5, 1, 2, 3).reshape(-1, H * W * N)  # (C k_h k_w, H' W' N)
        y = self.W.reshape(F, -1) @ columns + self.b[:, None]  # (F, H' W' N)
        return y.reshape(F, H, W, N), (columns, padded.shape, inside)

    def backward(self, dy, cache, gradients, work):
        """dW = dy columns^T; dx gathers for each value the gradients of all its copies."""
        columns, padded_shape, inside = cache
        F, C, k_h, k_w = self.W.shape
        _, H, W, N = dy.shape
        dy = dy.reshape(F, -1)  # (F, H' W' N)
        gradients["W"][...] = (dy @ columns.T).reshape(F, C, k_h, k_w)
        gradients["b"][...] = dy.sum(axis=1)
        if not work.needs_dx:
            return None
        dcolumns = (self.W.reshape(F, -1).T @ dy).reshape(C, k_h, k_w, H, W, N)
        dx = np.zeros(padded_shape, dy.dtype)
        for u in range(k_h):
            for v in range(k_w):
                dx[:, u : u + H, v : v + W] += dcolumns[:, u, v]
        return dx[inside]

    def with_zeros(self, x: Array, work: Workspace) -> tuple[Array, tuple[slice, ...]]:
        """x (C, H, W, N) in the zeros that the padding asks for, and where in them it lies.

        The result is contiguous in memory. ValueError if the kernel is larger than it.
        """
        C, H, W, N = x.shape
        k_h, k_w = self.W.shape[2:]
        windows_down, top, bottom = windows_along(H, k_h, self.padding)
        windows_across, left, right = windows_along(W, k_w, self.padding)
        if windows_down < 1 or windows_across < 1:
            raise ValueError(f"a kernel of {k_h}x{k_w} does not fit into an input of {H}x{W}")
        inside = (slice(None), slice(top, top + H), slice(left, left + W))
        shape = (C, top + H + bottom, left + W + right, N)
        if shape == x.shape and x.flags.c_contiguous:
            return x, inside
        padded = work.array(self, "padded", shape, x.dtype)
        padded[:, :top] = padded[:, top + H :] = 0
        padded[:, :, :left] = padded[:, :, left + W :] = 0
        padded[inside] = x
        return padded, inside


class MaxPool2D(Layer):
    """The largest value of each window of size x size, window beside window.

    x is (C, H, W, N) and y (C, H / size, W / size, N); rows and columns that fill no window are
    left out. Of equal values the first one counts, row by row as one reads, and the whole
    gradient goes to it.
    """

    def __init__(self, size: int = 2) -> None:
        if size < 1:
            raise ValueError(f"the size must be at least 1, not {size}")
        self.size = size

    def _members(self, x: Array) -> list[Array]:
        """Views (C, H', W', N) of x: the first value of every window, the second, and so on."""
        _, H, W, _ = x.shape
        size = self.size
        if min(H, W) < size:
            raise ValueError(f"pooling by {size} does not fit into an input of {H}x{W}")
        down, across = H // size * size, W // size * size
        return [x[:, u:down:size, v:across:size] for u in range(size) for v in range(size)]

    def forward(self, x, work):
        members = self._members(x)
        y = members[0].copy()
        for member in members[1:]:
            np.maximum(y, member, out=y)
        return y, (x, y)

    def backward(self, dy, cache, gradients, work):
        """dy where the maximum was, 0 elsewhere."""
        x, y = cache
        dx = np.zeros(x.shape, dy.dtype)
        free = np.ones(y.shape, np.bool_)  # windows whose first maximum has not been met yet
        for member, gradient in zip(self._members(x), self._members(dx), strict=True):
            chosen = free & (member == y)
            gradient[...] = dy * chosen
            free &= ~chosen
        return dx


class PlainConvPool(Conv2D):
    """A convolution and the maximums of its 2x2 windows, one after the other: what ConvPool is.

    x is (C, H, W, N) and y (F, H' / 2, W' / 2, N), with H' and W' those of Conv2D.
    """

    pool = MaxPool2D(2)

    def forward(self, x, work):
        maps, conv_cache = super().forward(x, work)
        y, pool_cache = self.pool.forward(maps, work)
        return y, (conv_cache, pool_cache)

    def backward(self, dy, cache, gradients, work):
        conv_cache, pool_cache = cache
        dmaps = self.pool.backward(dy, pool_cache, {}, work)
        return super().backward(dmaps, conv_cache, gradients, work)
