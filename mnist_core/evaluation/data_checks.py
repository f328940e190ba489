"""What a set of images holds, and what may be wrong with it: doubtful labels, images twice.
Numbers of images count from 0, in the order of the set.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from mnist_core.arrays import CLASSES, PIXELS, SIDE, Array
from mnist_core.data.mnist import Split
from mnist_core.nn.network import to_pixels

LEVELS = 256  # of a pixel
NEAR = 0.005  # mean difference of the pixels in 0..1: the same picture, saved or scaled again
BLOCK, COLUMNS = 256, 1024  # images compared at a time; with more, memory grows and no time is won
PIECES = 20  # of a search that may be stopped between them
PICTURES_AT_ONCE = 4096


@dataclass(frozen=True)
class PixelStatistics:
    """Numbers about a set; brightness runs from 0, black, to 1, white ink."""

    images: int
    mean: float  # brightness of all pixels; NaN of no images
    std: float  # and its standard deviation; NaN of no images
    ink: float  # the share of pixels that are not black; NaN of no images
    blank: int  # images whose pixels are all the same
    images_per_class: Array  # (10,)
    brightness_per_class: Array  # (10,): mean; NaN of a class without images


def class_means(split: Split) -> Array:
    """The mean image of each class in 0..1, float32 (10, 28, 28); NaN of a class without images."""
    means = np.full((CLASSES, SIDE, SIDE), np.nan, np.float32)
    for digit in np.unique(split.labels):
        of_class = split.images[split.labels == digit]
        means[digit] = of_class.mean(axis=0, dtype=np.float64) / (LEVELS - 1)
    return means


def pixel_statistics(split: Split) -> PixelStatistics:
    """How bright the images of a set are, and how many there are of each class."""
    n = len(split)
    histogram = np.zeros(LEVELS, np.int64)
    for start in range(0, n, PICTURES_AT_ONCE):
        pixels = split.images[start : start + PICTURES_AT_ONCE].reshape(-1)
        histogram += np.bincount(pixels, minlength=LEVELS)
    shares = histogram / (n * PIXELS) if n else np.full(LEVELS, np.nan)
    brightness = np.arange(LEVELS) / (LEVELS - 1)
    mean = float(shares @ brightness)
    rows = split.images.reshape(n, PIXELS)
    return PixelStatistics(
        images=n,
        mean=mean,
        std=float(np.sqrt(shares @ (brightness - mean) ** 2)),
        ink=float(shares[1:].sum()),
        blank=int((rows == rows[:, :1]).all(axis=1).sum()),
        images_per_class=np.bincount(split.labels, minlength=CLASSES),
        brightness_per_class=class_means(split).mean(axis=(1, 2), dtype=np.float64),
    )


def samples_per_class(split: Split, n: int, *, rng: np.random.Generator) -> list[Array]:
    """Numbers of `n` images of each class, chosen at random; of a class with fewer, all."""
    members = [np.flatnonzero(split.labels == digit) for digit in range(CLASSES)]
    return [rng.permutation(of_class)[:n] for of_class in members]


@dataclass(frozen=True)
class LabelDoubts:
    """Images whose given label is doubted, the most doubtful first: four arrays (K,)."""

    images: Array  # their numbers
    given: Array  # the label that they have
    suggested: Array  # the digit that the network takes for the most probable one
    doubt: Array  # how much more probable it is than the given label, above 0 up to 1


def label_doubts(probabilities: Array, labels: Array) -> LabelDoubts:
    """The images for which a network finds another digit more probable than the label.

    The order is that of the normalized margin, as in confident learning (Northcutt, Jiang and
    Chuang 2021, "Confident learning: estimating uncertainty in dataset labels"). Not every doubt
    is a wrong label: most are mistakes of the network. It doubts few of the images that it was
    trained on, since it has learned their labels, wrong ones too: ask one that has not seen them.

    Args:
        probabilities: (N, 10).
        labels: (N,).
    """
    numbers = np.arange(len(labels))
    suggested = probabilities.argmax(axis=1)
    margin = probabilities[numbers, suggested].astype(np.float64)
    margin -= probabilities[numbers, labels]  # 0 where the label is the most probable digit
    doubted = np.flatnonzero(margin > 0)
    order = doubted[np.argsort(-margin[doubted], kind="stable")]
    return LabelDoubts(order, labels[order], suggested[order], margin[order])


@dataclass(frozen=True)
class Duplicates:
    """Pairs of images that are the same or nearly so, the most alike first: arrays (K,).

    An image of the second set is in one pair at most, one of the first may be in several.
    """

    first: Array  # numbers in the first set
    second: Array  # numbers in the second set
    difference: Array  # mean absolute difference of their pixels, 0..1; 0 if they are the same

    @property
    def exact(self) -> int:
        """How many pairs, at the beginning, are the same in every pixel."""
        return int((self.difference == 0).sum())


def duplicates(
    first: Array,
    second: Array | None = None,
    *,
    near: float = NEAR,
    threads: int = 2,
    before_block: Callable[[], object] = lambda: None,
) -> Duplicates:
    """Images of a second set that are in the first one, too, or within one set, more than once.

    An image has a near duplicate if its pixels differ by `near` or less, on average, from those of
    the image that is nearest to it (in Euclidean distance, among those of about its brightness).
    Thin digits have few pixels that could differ: from 0.01 on, different 1s of MNIST are found.

    Args:
        first: uint8 (N, 28, 28), as a rule the training images.
        second: uint8 (M, 28, 28), as a rule the test images. Without them, the later images of
            the first set are compared with those before them.
        near: the largest mean absolute difference of the pixels, 0..1; 0 for exact ones alone.
        threads: on how many the near ones are looked for.
        before_block: called now and then; to give up, it may raise what it likes.
    """
    how = {"near": near, "threads": threads, "before_block": before_block}
    return together(list(duplicates_in_pieces(first, second, pieces=1, **how)))


def duplicates_in_pieces(
    first: Array,
    second: Array | None = None,
    *,
    pieces: int = PIECES,
    done: int = 0,
    near: float = NEAR,
    threads: int = 2,
    before_block: Callable[[], object] = lambda: None,
) -> Iterator[Duplicates]:
    """What `duplicates` finds, in so many pieces, which `together` puts together.

    They take about as long as each other, and may be without any pair. `done` of them are known
    already, and left out.
    """
    within = second is None
    second = first if second is None else second
    partner, difference = np.full(len(second), -1), np.full(len(second), np.inf)
    for number, earlier in _exact_copies(first, None if within else second):
        partner[number], difference[number] = earlier, 0
    exact, blocks = np.flatnonzero(partner >= 0), []
    if near > 0:
        search = _NearSearch(first, second, within, near, partner, difference)
        blocks = search.blocks()

    def compare(block: Array) -> None:
        before_block()
        search.compare(block)

    for piece in range(done, pieces):
        own = blocks[len(blocks) * piece // pieces : len(blocks) * (piece + 1) // pieces]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(compare, own))
        of_piece = np.concatenate([exact[: 0 if piece else None], *own])
        found = of_piece[difference[of_piece] <= near]
        yield Duplicates(partner[found], found, difference[found])


def together(pieces: Sequence[Duplicates]) -> Duplicates:
    """The pairs of all pieces, the most alike first."""
    first, second, difference = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("first", "second", "difference")
    )
    order = np.lexsort((second, difference))
    return Duplicates(first[order], second[order], difference[order])


def _exact_copies(first: Array, second: Array | None) -> list[tuple[int, int]]:
    """(number, number of the first image that is the same), of `second` or within `first`."""
    seen: dict[bytes, int] = {}
    numbers = [seen.setdefault(_digest(image), number) for number, image in enumerate(first)]
    if second is None:
        return [(number, other) for number, other in enumerate(numbers) if other < number]
    digests = map(_digest, second)
    return [(number, seen[key]) for number, key in enumerate(digests) if key in seen]


def _digest(image: Array) -> bytes:
    return blake2b(image.tobytes(), digest_size=16).digest()


class _NearSearch:
    """Finds the nearest of the first images for blocks of the second ones.

    Two bounds spare nearly all of the work: the mean difference d of two images is at least that
    of their brightness, and their squared distance is at most d times the number of pixels, since
    no pixel differs by more than 1.
    """

    def __init__(
        self,
        first: Array,
        second: Array,
        within: bool,
        near: float,
        partner: Array,
        difference: Array,
    ) -> None:
        self.first, self.second, self.within, self.near = first, second, within, near
        self.partner, self.difference = partner, difference  # (M,): to be filled
        ink = _brightness(first)
        self.second_ink = ink if within else _brightness(second)
        self.order = np.argsort(ink, kind="stable")
        self.sorted_ink = ink[self.order]

    def blocks(self) -> list[Array]:
        """The numbers of the second images that have no partner yet, so many at a time."""
        # Sorted by brightness, so that a block needs few of the first images.
        rest = np.flatnonzero(self.partner < 0)
        rest = rest[np.argsort(self.second_ink[rest], kind="stable")]
        return [rest[start : start + BLOCK] for start in range(0, len(rest), BLOCK)]

    def compare(self, block: Array) -> None:
        """Write down the near duplicates of the second images with these numbers."""
        ink = self.second_ink[block]
        reach = self.near + 1e-9  # for rounding
        low = np.searchsorted(self.sorted_ink, ink.min() - reach)
        high = np.searchsorted(self.sorted_ink, ink.max() + reach, side="right")
        rows = to_pixels(self.second[block])
        nearest, distance = np.full(len(block), -1), np.full(len(block), np.inf, np.float32)
        for start in range(low, high, COLUMNS):
            candidates = self.order[start : min(start + COLUMNS, high)]
            squares = _squared_distances(rows, to_pixels(self.first[candidates]))
            if self.within:
                squares[candidates >= block[:, None]] = np.inf
            best = squares.argmin(axis=1)
            squares = squares[np.arange(len(block)), best]
            better = squares < distance
            nearest[better], distance[better] = candidates[best[better]], squares[better]
        # Rounding in float32 is far below 0.01.
        close = np.flatnonzero(distance <= self.near * PIXELS + 0.01)
        pairs = self.first[nearest[close]].astype(np.int16) - self.second[block[close]]
        self.partner[block[close]] = nearest[close]
        self.difference[block[close]] = np.abs(pairs).mean(axis=(1, 2)) / (LEVELS - 1)


def _brightness(images: Array) -> Array:
    """The mean of each image's pixels, 0..1, (N,)."""
    return images.reshape(len(images), PIXELS).mean(axis=1) / (LEVELS - 1)


def _squared_distances(a: Array, b: Array) -> Array:
    """Squared Euclidean distances, (A, B), between rows of a (A, 784) and b (B, 784)."""
    squares = a @ b.T  # (A, B)
    squares *= -2
    squares += np.einsum("ij,ij->i", a, a)[:, None]
    squares += np.einsum("ij,ij->i", b, b)
    return squares
