"""The gradient of a batch, computed in parts that one or two threads work on.
How a batch is cut does not depend on the threads, so the result is the same to the bit.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from math import ceil

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.network import ParameterVector, Sequential
from mnist_core.nn.workspace import Workspace


@lru_cache
def parts(images: int, *, tile: int, share: int) -> tuple[slice, ...]:
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


class BatchGradient:
    """Computes gradients of a network's loss, with all the memory that this takes.

    The parts of a batch go into two lanes by turns. A lane adds up its parts in their order, and
    at the end the second lane is added to the first. With one thread the lanes are run one after
    the other; with two, side by side: NumPy lets other Python threads run while it computes, and
    with BLAS on one thread each this is faster than two BLAS threads are for small products.
    """

    def __init__(self, model: Sequential, *, threads: int = 1) -> None:
        if threads not in (1, 2):
            raise ValueError(f"one or two threads, not {threads}")
        self.model = model
        self.gradients = model.new_gradients()  # the result
        self._lane_sums = (self.gradients, model.new_gradients())
        self._part = (model.new_gradients(), model.new_gradients())
        work = Workspace(training=True)
        self._workspaces = (work, work if threads == 1 else Workspace(training=True))
        self._second_thread = ThreadPoolExecutor(1) if threads == 2 else None
        if self._second_thread is not None:
            self._second_thread.submit(touch_blas_memory)  # it packs into memory of its own
        touch_blas_memory()

    def __call__(
        self,
        pixels: Array,
        labels: Array,
        *,
        scale: float = 1.0,
        dropout: Callable[[int], np.random.Generator] | None = None,
    ) -> tuple[float, float]:
        """Set `gradients` to `scale` times the gradient of the summed loss.

        Arguments: pixels (N, 784) in 0..1, labels (N,); `dropout` gives the generator for each
        part by its number, if the network has randomness.
        Returns: mean loss in nats, and the share of the batch that was classified right.
        """
        model = self.model
        cut = list(enumerate(parts(len(labels), tile=model.tile, share=model.share)))
        if len(cut) == 1:  # no lanes to fill and to add up: for a small batch they are dear
            rng = dropout(0) if dropout is not None else None
            loss, right = self._part_gradient(
                self.gradients, self._workspaces[0], pixels, labels, scale, rng
            )
            return loss / len(labels), right / len(labels)

        def run(lane: int) -> tuple[float, int]:
            return self._run_lane(lane, cut[lane::2], pixels, labels, scale, dropout)

        if self._second_thread is None:
            results = [run(0), run(1)]
        else:
            # The copied context carries the caller's np.errstate into the other thread.
            other = self._second_thread.submit(copy_context().run, run, 1)
            results = [run(0), other.result()]
        self.gradients.flat[...] += self._lane_sums[1].flat
        loss, right = (sum(values) for values in zip(*results, strict=True))
        return loss / len(labels), right / len(labels)

    def _run_lane(
        self,
        lane: int,
        cut: list[tuple[int, slice]],
        pixels: Array,
        labels: Array,
        scale: float,
        dropout: Callable[[int], np.random.Generator] | None,
    ) -> tuple[float, int]:
        """Add up the gradients of some parts in the lane's sum; their summed loss, and how many
        images are right."""
        sums, loss, right = self._lane_sums[lane], 0.0, 0
        for place, (number, part) in enumerate(cut):
            gradients = self._part[lane] if place else sums
            rng = dropout(number) if dropout is not None else None
            part_loss, part_right = self._part_gradient(
                gradients, self._workspaces[lane], pixels[part], labels[part], scale, rng
            )
            if place:
                sums.flat[...] += gradients.flat
            loss += part_loss
            right += part_right
        return loss, right

    def _part_gradient(
        self,
        gradients: ParameterVector,
        work: Workspace,
        pixels: Array,
        labels: Array,
        scale: float,
        rng: np.random.Generator | None,
    ) -> tuple[float, int]:
        """One way forward and back; summed loss, and how many images are right."""
        model, work.rng = self.model, rng
        logits, caches = model.forward(model.input_batch(pixels), work)
        right = np.count_nonzero(logits.argmax(axis=0) == labels)
        loss, dlogits = cross_entropy(logits, labels)  # (10, N)
        dlogits *= scale
        model.backward(dlogits, caches, gradients, work)
        return loss * len(labels), int(right)
