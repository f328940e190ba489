"""The batches of an epoch, in an order that the seed and the epoch's number decide.
Images are chosen, varied and scaled in tiles of some batches, ahead of their use.
"""

from collections.abc import Iterator
from math import ceil

import numpy as np

from mnist_core.arrays import PIXELS, Array
from mnist_core.data.augment import augment
from mnist_core.nn.network import to_pixels
from mnist_core.training.random_streams import AUGMENT, ORDER, random_stream
from mnist_core.training.run import Run

TILE = 256  # images that are gathered, varied and scaled at once


def batches(run: Run) -> Iterator[tuple[Array, Array]]:
    """Pixels (N, 784) in 0..1 and labels (N,) of each step from run.step to its epoch's end.

    The pixels are valid until the next batch is asked for.
    """
    config, size = run.config, run.config.batch_size
    epoch, batch = divmod(run.step, run.steps_per_epoch)
    source = run.lessons
    order = random_stream(config.seed, ORDER, epoch).permutation(len(source))
    labels = source.labels[order].astype(np.intp)
    # Gathering, varying and scaling are done for a tile of batches, to share the calls' cost.
    batches_in_tile = max(1, TILE // size)
    tile_size = batches_in_tile * size
    gathered = np.empty((tile_size, *source.images.shape[1:]), np.uint8)  # (N, 28, 28)
    scaled = np.empty((tile_size, PIXELS), np.float32)
    for tile in range(batch // batches_in_tile, ceil(len(order) / tile_size)):
        start = tile * tile_size
        chosen = order[start : start + tile_size]
        images = gathered[: len(chosen)]
        # With "clip", NumPy does not check every index first, which would cost a hidden copy.
        np.take(source.images, chosen, axis=0, out=images, mode="clip")
        if config.augmentation:
            rng = random_stream(config.seed, AUGMENT, epoch, tile)
            images = augment(images, config.augmentation, rng=rng)
        pixels = to_pixels(images, out=scaled[: len(chosen)])
        first = max(batch * size - start, 0)  # a resumed run may begin within a tile
        for at in range(first, len(chosen), size):
            yield pixels[at : at + size], labels[start + at : start + at + size]
