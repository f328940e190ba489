"""How many images are still recognised when they are made harder to read.
The set is never distorted as a whole: a tile of it is made, shown to all networks, and dropped.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from mnist_core.arrays import Array
from mnist_core.data.mnist import Split
from mnist_core.evaluation.distortions import DISTORTIONS, TILE, distorted
from mnist_core.nn.network import Sequential

# Images that are distorted and shown to the networks at once. With fewer, a CNN spends a third of
# its time on getting memory; with more, the threads wait longer for the last one of a point.
AT_ONCE = 4 * TILE


@dataclass(frozen=True)
class RobustnessPoint:
    """How many of n images each network recognises at one strength of one distortion."""

    kind: str
    strength: float
    n: int
    right: dict[str, int]

    def accuracy(self, name: str) -> float:
        """The share that the network of that name recognises, 0..1; NaN of no images."""
        return self.right[name] / self.n if self.n else float("nan")


def robustness(
    networks: Mapping[str, Sequential],
    split: Split,
    *,
    kinds: Iterable[str] = tuple(DISTORTIONS),
    threads: int = 2,
    seed: int = 0,
    done: int = 0,
    before_tile: Callable[[], object] = lambda: None,
) -> Generator[RobustnessPoint, None, None]:
    """A point for every strength of every kind, in that order, each as soon as it is known.

    Between two points nothing is computed and no thread waits: not to ask for the next one is
    enough to stop it. ValueError for a kind that there is not.

    Args:
        networks: the networks to compare, each under a name.
        split: the images and labels to judge them by.
        kinds: names in DISTORTIONS.
        threads: how many tiles are worked on at a time.
        seed: 0 or more; it decides what is random in the distortions.
        done: how many of the points are known already, and left out.
        before_tile: called now and then, by any of the threads; to give up, it may raise what it
            likes.
    """
    kinds = tuple(kinds)
    for kind in kinds:
        if kind not in DISTORTIONS:
            raise ValueError(f"there is no distortion {kind!r}, only {', '.join(DISTORTIONS)}")
    count = partial(_count_right, networks, split, threads=threads, before_tile=before_tile)
    unchanged = count(lambda images, first: images)  # the same in every kind
    points = [(kind, strength) for kind in kinds for strength in DISTORTIONS[kind].strengths]
    for kind, strength in points[done:]:
        right = unchanged
        if strength != DISTORTIONS[kind].unchanged:
            right = count(partial(distorted, kind=kind, strength=strength, seed=seed))
        yield RobustnessPoint(kind, strength, len(split), right)


def _count_right(
    networks: Mapping[str, Sequential],
    split: Split,
    distort: Callable[..., Array],
    *,
    threads: int,
    before_tile: Callable[[], object],
) -> dict[str, int]:
    """How many images each network recognises when `distort(images, first=...)` changed them."""

    def right_in(first: int) -> dict[str, int]:
        before_tile()
        tile = split[first : first + AT_ONCE]
        images = distort(tile.images, first=first)
        return {
            name: int((network.predict(images) == tile.labels).sum())
            for name, network in networks.items()
        }

    with ThreadPoolExecutor(threads) as pool:  # if one raises, those not begun are dropped
        counts = list(pool.map(right_in, range(0, len(split), AT_ONCE)))
    return {name: sum(count[name] for count in counts) for name in networks}
