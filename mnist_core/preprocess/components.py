"""Connected pieces of ink in a picture.
Everything is done on runs of ink (row, first column, column after the last), of which a page has a
few thousand, so that no step has to loop over its millions of pixels in Python.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Picture


@dataclass(frozen=True)
class Components:
    """The connected pieces of a mask, as runs of ink that carry the number of their piece.

    rows, starts, stops and labels have one entry per run, shape (R,); stops are exclusive, labels
    are 0..K-1. boxes is int (K, 4): left, top, right, bottom, the last two exclusive. areas is int
    (K,), in pixels.
    """

    shape: tuple[int, int]
    rows: NDArray[np.intp]
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    labels: NDArray[np.intp]
    boxes: NDArray[np.intp]
    areas: NDArray[np.intp]

    def sums(self, picture: Picture) -> NDArray[np.int64]:
        """The sum of `picture`, (H, W), over each piece: int64 (K,)."""
        running = np.concatenate([[0], np.cumsum(picture, dtype=np.int64)])
        line = self.rows * self.shape[1]
        in_runs = running[line + self.stops] - running[line + self.starts]  # (R,)
        return np.bincount(self.labels, in_runs, minlength=len(self.areas)).astype(np.int64)

    def peaks(self, picture: Picture) -> Picture:
        """The largest value of `picture`, (H, W), in each piece: uint8 (K,)."""
        peaks = np.zeros(len(self.areas), dtype=np.uint8)
        if len(self.rows):
            line = self.rows * self.shape[1]
            # reduceat gives the peak of a run, then that of the gap behind it, and so on. The 0
            # that is appended lets a run end where the picture does.
            edges = np.stack([line + self.starts, line + self.stops], axis=1).ravel()
            in_runs = np.maximum.reduceat(np.append(picture.ravel(), np.uint8(0)), edges)[::2]
            np.maximum.at(peaks, self.labels, in_runs)
        return peaks

    def edge_pixels(self) -> NDArray[np.intp]:
        """How many pixels of each piece lie on the edge of the picture: (K,)."""
        height, width = self.shape
        whole = (self.rows == 0) | (self.rows == height - 1)
        ends = (self.starts == 0).astype(np.intp) + (self.stops == width)
        on_edge = np.where(whole, self.stops - self.starts, np.minimum(ends, width))
        return np.bincount(self.labels, on_edge, minlength=len(self.areas)).astype(np.intp)

    def mask(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The mask (H, W) of the pieces for which `chosen`, bool (K,), is true."""
        height, width = self.shape
        kept = chosen[self.labels]
        # +1 where a run starts, -1 where it stops: the running sum is 1 inside of runs. Two runs
        # of a row never meet, so nothing is overwritten. The additional column holds the stop of
        # a run that reaches the right edge.
        edges = np.zeros((height, width + 1), dtype=np.int8)
        edges[self.rows[kept], self.starts[kept]] = 1
        edges[self.rows[kept], self.stops[kept]] = -1
        return np.cumsum(edges, axis=1, dtype=np.int8)[:, :width].view(np.bool_)  # (H, W)


def connected_components(mask: NDArray[np.bool_]) -> Components:
    """Labels the pieces of `mask`, bool (H, W); pixels that meet at a corner belong together.

    Pieces are numbered in the order of their first pixel, row by row.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    flat = np.diff(padded.ravel(), prepend=np.int8(0))  # +1 at starts, -1 at stops
    stride = width + 2
    start_keys = np.flatnonzero(flat == 1)  # row * stride + column + 1, ascending
    stop_keys = np.flatnonzero(flat == -1)
    rows, starts = np.divmod(start_keys, stride)
    stops = stop_keys - rows * stride

    # The runs of the next row that touch run i are neighbours in the list: from the first that
    # stops at or after i's start to the last that starts at or before i's stop.
    first = np.searchsorted(stop_keys, start_keys + stride, side="left")
    last = np.searchsorted(start_keys, stop_keys + stride, side="right")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(rows)), counts)
    offsets = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    lower = np.repeat(first, counts) + offsets

    roots = _roots(len(rows), upper, lower)
    _, labels = np.unique(roots, return_inverse=True)  # roots are first runs: the order stays
    count = int(labels.max()) + 1 if len(labels) else 0
    starts, stops = starts - 1, stops - 1  # without the padding
    boxes = np.empty((count, 4), dtype=np.intp)
    boxes[:, :2] = max(height, width)
    boxes[:, 2:] = 0
    np.minimum.at(boxes[:, 0], labels, starts)
    np.minimum.at(boxes[:, 1], labels, rows)
    np.maximum.at(boxes[:, 2], labels, stops)
    np.maximum.at(boxes[:, 3], labels, rows + 1)
    areas = np.bincount(labels, weights=stops - starts, minlength=count).astype(np.intp)
    return Components(mask.shape, rows, starts, stops, labels, boxes, areas)


def _roots(count: int, upper: NDArray[np.intp], lower: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first run of the piece that each of `count` runs belongs to, (count,).

    upper and lower, (pairs,), are the runs that touch. The method is that of Shiloach and Vishkin
    (1982): hang the larger root below the smaller one for every two runs that touch, halve the
    paths, repeat.
    """
    parents = np.arange(count)
    while True:
        above, below = parents[upper], parents[lower]
        apart = above != below
        if not apart.any():
            return parents
        upper, lower, above, below = upper[apart], lower[apart], above[apart], below[apart]
        np.minimum.at(parents, np.maximum(above, below), np.minimum(above, below))
        while True:
            grandparents = parents[parents]
            if np.array_equal(grandparents, parents):
                break
            parents = grandparents
