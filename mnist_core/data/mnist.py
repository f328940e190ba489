"""Reads MNIST, or any data set of the same form, and splits it for training and judging.
Pixels stay uint8 in memory; whoever computes with them turns a batch at a time into floats.
"""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mnist_core.arrays import CLASSES
from mnist_core.data.idx import DataError
from mnist_core.data.sources import TEST, TRAIN, Notice, Source, opened_source, unheard
from mnist_core.data.split import Split, turned
from mnist_core.paths import MNIST_FOLDER

# SHA-256 of the four official files, unpacked.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MNIST_DATA_SHA256 = hashlib.sha256("".join(MNIST_SHA256.values()).encode()).hexdigest()
VALIDATION_SIZE = 10_000
MIN_TRAIN_SIZE = 100


@dataclass(frozen=True)
class Dataset:
    """Images to learn from, to choose settings with, and to test the chosen ones with, once."""

    train: Split
    validation: Split
    test: Split
    sha256: str  # of all unpacked files, in the order of MNIST_SHA256
    # Where others find the same arrays (shared.py). Not an argument, so that replace() forgets it.
    folder: Path | None = field(default=None, init=False, compare=False)


def load_mnist(
    root: str | Path | None = None, turn: bool = False, notice: Notice = unheard
) -> Dataset:
    """MNIST as shipped, or another data set: `root` is a folder, a ZIP, an .npz or a CSV file.

    The last 10,000 pictures of the training file are for validation (the last sixth of a
    training file of fewer than 20,000). Without test files, every sixth picture of the training
    file is for testing. MNIST's own files must have their official SHA-256.

    Args:
        root: where the data set lies; see opened_source for its forms.
        turn: whether rows and columns of every picture are exchanged, as EMNIST's need.
        notice: is told in a line what was left alone.

    DataError says what is missing or wrong.
    """
    with opened_source(MNIST_FOLDER if root is None else Path(root), notice) as source:
        if not source.has(TRAIN):
            raise DataError(
                f"{source.name} can be evaluated on, but there is nothing to train on: "
                f"{source.missing(TRAIN)}"
            )
        training, hashes = source.read(TRAIN)
        test = None
        if root is None or source.has(TEST):
            test, test_hashes = source.read(TEST)
            hashes += test_hashes
    if root is None:
        for (name, official), found in zip(MNIST_SHA256.items(), hashes, strict=True):
            if found != official:
                raise DataError(f"{name} is not MNIST's official file: its SHA-256 is {found}")
    if turn:
        training, test = turned(training), turned(test) if test else None
        hashes.append("turned")
    if test is None:
        turns = np.arange(len(training)) % 6 == 5
        training, test = training[~turns], training[turns]
    held_out = VALIDATION_SIZE if len(training) >= 2 * VALIDATION_SIZE else len(training) // 6
    if not held_out or not len(test):
        raise DataError(f"the training file needs at least {6 if len(test) else 8} pictures")
    return Dataset(
        train=training[:-held_out],
        validation=training[-held_out:],
        test=test,
        sha256=hashlib.sha256("".join(hashes).encode()).hexdigest(),
    )


def load_test(
    root: str | Path | None = None, turn: bool = False, notice: Notice = unheard
) -> Split:
    """The pictures to judge a network by: the test images of a data set, as load_mnist has it.

    Where there are only training images, as of one person's own digits, all of those. DataError
    says what is missing or wrong.
    """
    if root is None:
        return load_mnist(turn=turn).test
    with opened_source(Path(root), notice) as source:
        split = images_to_judge_by(source)
    return turned(split) if turn else split


def load_to_judge(
    root: str | Path | None = None, turn: bool = False, notice: Notice = unheard
) -> tuple[Split, Dataset | None]:
    """The same pictures, and the data set that they belong to if it has others besides."""
    if root is not None:
        with opened_source(Path(root), notice) as source:
            if not (source.has(TRAIN) and source.has(TEST)):
                split = images_to_judge_by(source)
                return turned(split) if turn else split, None
    data = load_mnist(root, turn=turn, notice=notice)
    return data.test, data


def images_to_judge_by(source: Source) -> Split:
    """The test images of a data set; those to train on where it has no others."""
    return source.read(TRAIN if source.has(TRAIN) and not source.has(TEST) else TEST)[0]


def balanced_subset(split: Split, size: int, *, rng: np.random.Generator) -> Split:
    """`size` examples with every class as often as any other, as far as there are enough.

    The examples stay in the order that they have in `split`. Raises ValueError for a size that
    is not from 100 to the split's own.
    """
    if not min(MIN_TRAIN_SIZE, len(split)) <= size <= len(split):
        raise ValueError(
            f"the training size must be from {MIN_TRAIN_SIZE} to {len(split):,}, not {size:,}"
        )
    if size == len(split):
        return split
    members = [rng.permutation(np.flatnonzero(split.labels == digit)) for digit in range(CLASSES)]
    shares = [0] * CLASSES
    for _ in range(size):  # one example at a time to the class with the fewest
        digit = min(
            (d for d in range(CLASSES) if shares[d] < len(members[d])), key=shares.__getitem__
        )
        shares[digit] += 1
    chosen = np.concatenate([members[d][: shares[d]] for d in range(CLASSES)])
    return split[np.sort(chosen)]


def with_validation_images(data: Dataset) -> Dataset:
    """The same data with the validation images among those to learn from, too.

    For the last run of a recipe that was chosen before: its validation accuracy means nothing.
    """
    return replace(data, train=joined(data.train, data.validation))


def joined(first: Split, second: Split) -> Split:
    """The pictures of two splits, those of the first before those of the second."""
    return Split(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.labels, second.labels]),
    )
