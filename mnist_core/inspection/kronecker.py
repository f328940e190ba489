"""The Jacobian of W x + b by the weights: far more zeros than numbers, in a pattern of blocks.
It is described by x alone; the whole matrix, or a window of it, is built when somebody asks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.jacobians import Order

# What may be built in full: 206 units on 784 pixels in float64.
MAX_BYTES = 2**28


@dataclass(frozen=True)
class KroneckerJacobian:
    """da/dW of a = W x + b, (units, units * inputs), one column for each weight.

    Sum i uses the weights of row i alone: d a[i] / d W[i, j] = x[j], and every other entry is 0.
    With W stacked column after column the matrix is the Kronecker product x^T (x) I, a block
    x[j] I for each input j. Row after row it is I (x) x^T, a block with x^T in its row i for
    each unit i.

    Args:
        x: the input, a column (inputs, 1).
        units: how many sums.
        order: how W is stacked.
    """

    x: Array
    units: int
    order: Order

    @property
    def shape(self) -> tuple[int, int]:
        """(units, units * inputs)."""
        return self.units, self.units * len(self.x)

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of a block; the blocks stand side by side."""
        return self.units, self.units if self.order == "columns" else len(self.x)

    @property
    def blocks(self) -> int:
        """How many blocks: one for each input, or one for each unit."""
        return self.shape[1] // self.block_shape[1]

    def column_of(self, row: int, column: int) -> int:
        """The number of the column that belongs to W[row, column]."""
        if row not in range(self.units) or column not in range(len(self.x)):
            raise ValueError(
                f"W is {self.units}x{len(self.x)}; it has no weight at ({row}, {column})"
            )
        if self.order == "columns":
            return column * self.units + row
        return row * len(self.x) + column

    def nbytes(self, dtype: Any = np.float64) -> int:
        """The memory that the whole matrix takes."""
        return self.shape[0] * self.shape[1] * np.dtype(dtype).itemsize

    def full(self, dtype: Any = np.float64) -> Array:
        """The whole matrix. ValueError if it is larger than MAX_BYTES."""
        if self.nbytes(dtype) > MAX_BYTES:
            raise ValueError(
                f"the whole matrix of {self.shape[0]:,} x {self.shape[1]:,} numbers takes "
                f"{self.nbytes(dtype) / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are built"
            )
        # Written into the zeros through a view, where np.kron would make several copies.
        matrix = np.zeros(self.shape, dtype)
        if self.order == "columns":
            by_weight = matrix.reshape(self.units, len(self.x), self.units)
            np.einsum("iji->ij", by_weight)[...] = self.x[:, 0]  # a[i] by W[i, j]
        else:
            by_weight = matrix.reshape(self.units, self.units, len(self.x))
            np.einsum("iij->ij", by_weight)[...] = self.x[:, 0]
        return matrix

    def window(self, rows: range, columns: range) -> Array:
        """The entries in these rows and columns, in x's dtype; nothing else is built.

        ValueError if they do not lie within the matrix.
        """
        sums, weights = np.array(rows, np.intp), np.array(columns, np.intp)
        for numbers, size in zip((sums, weights), self.shape, strict=True):
            if numbers.size and (numbers.min() < 0 or numbers.max() >= size):
                raise ValueError(f"{rows} and {columns} do not lie within {self.shape}")
        if self.order == "columns":
            j, i = np.divmod(weights, self.units)
        else:
            i, j = np.divmod(weights, len(self.x))
        used = sums[:, None] == i  # whether the sum uses the weight
        return np.where(used, self.x[j, 0], np.zeros((), self.x.dtype))
