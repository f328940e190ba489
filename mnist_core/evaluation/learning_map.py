"""What a network sees as alike at several times of its training: a map for each, in one plane."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import Answers
from mnist_core.evaluation.projection import fitted, projected
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from mnist_core.training.checkpoint import load_checkpoint

SEED = 0  # of the weights before the training of a network that nobody has watched


@dataclass(frozen=True)
class Seen:
    """Images at one time: places xy (2, N), predictions uint8 (N,), confidence float32 (N,)."""

    xy: Array
    predictions: Array
    confidence: Array


def learning_map(
    times: Sequence[Callable[[], Sequential]], split: Split, layer: str, *, done: int = 0
) -> Iterator[Seen]:
    """Where the images lie, first at the last time, in whose plane all others are shown.

    Args:
        times: what builds the network of each time.
        split: the images.
        layer: one of projection.layers_to_project.
        done: how many of the times, in their order_of_times, are known already, and left out.

    ValueError as for projection.fitted.
    """
    plane = fitted(times[-1](), split.images, layer)
    for place in order_of_times(len(times))[done:]:
        seen = projected(times[place](), split.images, layer, plane, threads=2)
        answers = Answers(seen.logits, split.labels)
        predictions = answers.predictions.astype(np.uint8)
        yield Seen(seen.xy, predictions, answers.confidence.astype(np.float32))


def order_of_times(n: int) -> list[int]:
    """The last, the first, and then always the middle of the widest gap."""
    order, gaps = [n - 1], [(0, n - 1)]
    if n > 1:
        order.append(0)
    while gaps:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(middle)
            gaps += [(low, middle), (middle, high)]
    return order


def before_training(name: str) -> Sequential:
    """A network like the shipped one of that name, with weights that have learned nothing yet."""
    options = load_checkpoint(MODELS_FOLDER / f"{name}.npz").model
    return build_model(**options, rng=np.random.default_rng(SEED))
