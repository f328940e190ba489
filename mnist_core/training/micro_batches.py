"""Cuts a batch into micro-batches, which one or two threads work on, and adds up their gradients.
How a batch is cut does not depend on the threads, so the result is the same to the bit.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from math import ceil

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.network import ParameterVector, Sequential
from mnist_core.nn.workspace import Workspace

# Called with x (*input_shape, n), labels (n,), gradients to write into and a workspace; returns
# the summed loss and how many of the images are right.
Pass = Callable[[Array, Array, ParameterVector, Workspace], tuple[float, int]]
# The generator for the dropout of a micro-batch by its number; None if there is no dropout.
Dropout = Callable[[int], np.random.Generator | None]


@lru_cache
def cut_batch(images: int, *, tile: int, share: int) -> tuple[slice, ...]:
    """Cut a batch into equal parts of at most `tile` images, two at least if each has `share`."""
    count = max(ceil(images / tile), min(2, images // share), 1)
    ends = [images * number // count for number in range(count + 1)]
    return tuple(slice(start, end) for start, end in zip(ends, ends[1:], strict=False))


def touch_blas_memory() -> None:
    """Multiply something large, so that small products are fast from the first one on.

    OpenBLAS packs operands into memory that it took from the system untouched, and it seems to
    look ahead there into pages that are not present yet. Until a large product has touched them
    all, the two large products of a batch of 64 took 1.5 times as long (measured on Zen 1).
    """
    large = np.ones((512, 512), np.float32)
    np.dot(large, large)


class MicroBatches:
    """Computes gradients of batches, with all the memory and the threads that this takes.

    The micro-batches of a batch go into two lanes by turns. A lane adds up its gradients in their
    order, and at the end the second lane's sum is added to the first's. With one thread the lanes
    are run one after the other; with two, side by side: NumPy lets other Python threads run while
    it computes, and with BLAS on one thread each this is faster than two BLAS threads are for
    small products.
    """

    def __init__(self, model: Sequential, *, threads: int = 1) -> None:
        if threads not in (1, 2):
            raise ValueError(f"one or two threads, not {threads}")
        self.model = model
        self.gradients = model.new_gradients()  # the result
        self._lane_sums = (self.gradients, model.new_gradients())
        self._addends = (model.new_gradients(), model.new_gradients())
        work = Workspace(training=True, reuse=True)
        self._workspaces = (work, work if threads == 1 else Workspace(training=True, reuse=True))
        self._second_thread = ThreadPoolExecutor(1) if threads == 2 else None
        if self._second_thread is not None:
            self._second_thread.submit(touch_blas_memory)  # it packs into memory of its own
        touch_blas_memory()

    def add_up(
        self, one_pass: Pass, pixels: Array, labels: Array, dropout: Dropout = lambda number: None
    ) -> tuple[float, int]:
        """Call `one_pass` for every micro-batch, and set `gradients` to the sum of the gradients.

        Args:
            one_pass: goes through the network and back; the gradients it is given need not be 0.
            pixels: (N, 784) in 0..1.
            labels: (N,).
            dropout: gives the generator for each micro-batch.

        Returns the sums over the batch of what one_pass returned: loss, and images that are right.
        """
        model = self.model
        cut = cut_batch(len(labels), tile=model.tile, share=model.share)
        if len(cut) == 1:  # no lanes to fill and to add up: for a small batch that takes long
            work = self._workspaces[0]
            work.rng = dropout(0)
            return one_pass(model.input_batch(pixels), labels, self.gradients, work)

        numbered = list(enumerate(cut))
        lanes = [
            partial(self._run_lane, lane, numbered[lane::2], one_pass, pixels, labels, dropout)
            for lane in (0, 1)
        ]
        if self._second_thread is None:
            results = [lanes[0](), lanes[1]()]
        else:
            # The copied context carries the caller's np.errstate into the other thread.
            other = self._second_thread.submit(copy_context().run, lanes[1])
            results = [lanes[0](), other.result()]
        self.gradients.flat[...] += self._lane_sums[1].flat
        (loss, right), (other_loss, other_right) = results
        return loss + other_loss, right + other_right

    def _run_lane(
        self,
        lane: int,
        numbered: list[tuple[int, slice]],
        one_pass: Pass,
        pixels: Array,
        labels: Array,
        dropout: Dropout,
    ) -> tuple[float, int]:
        """Set a lane's sum to that of its micro-batches' gradients; their loss and right images."""
        sums, work, loss, right = self._lane_sums[lane], self._workspaces[lane], 0.0, 0
        for place, (number, part) in enumerate(numbered):
            gradients = self._addends[lane] if place else sums
            work.rng = dropout(number)
            x = self.model.input_batch(pixels[part])  # (*input_shape, n)
            part_loss, part_right = one_pass(x, labels[part], gradients, work)
            if place:
                sums.flat[...] += gradients.flat
            loss += part_loss
            right += part_right
        return loss, right
