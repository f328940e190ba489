"""Reads MNIST, or any data set in the same IDX form, and splits it for training and judging.
Pixels stay uint8 in memory; whoever computes with them turns a batch at a time into floats.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from mnist_core.data.idx import DataError, read_idx
from mnist_core.paths import MNIST_FOLDER

# SHA-256 of the four official files, unpacked.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
VALIDATION_SIZE = 10_000
MIN_TRAIN_SIZE = 100


@dataclass(frozen=True)
class Split:
    """Pictures with their labels: images uint8 (N, 28, 28), labels uint8 (N,)."""

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | Array) -> "Split":
        return Split(self.images[which], self.labels[which])


@dataclass(frozen=True)
class Dataset:
    """Images to learn from, to choose settings with, and to test the chosen ones with, once."""

    train: Split
    validation: Split
    test: Split
    sha256: str  # of the four unpacked files, in the order of MNIST_SHA256


def _find(root: Path, name: str) -> Path:
    """The file of that name in `root`, plain or with .gz; some sets write a dot before idx."""
    for candidate in (name, name + ".gz", name.replace("-idx", ".idx")):
        if (root / candidate).is_file():
            return root / candidate
    raise DataError(f"{root} has no file {name} or {name}.gz")


def _read_split(root: Path, prefix: str) -> tuple[Split, list[str]]:
    """Images and labels of "train" or "t10k", checked against each other, and their hashes."""
    images_file = _find(root, f"{prefix}-images-idx3-ubyte")
    labels_file = _find(root, f"{prefix}-labels-idx1-ubyte")
    images, images_sha256 = read_idx(images_file, axes=3)
    labels, labels_sha256 = read_idx(labels_file, axes=1)
    if images.shape[1:] != (SIDE, SIDE):
        height, width = images.shape[1:]
        raise DataError(
            f"{images_file.name} holds pictures of {height}x{width}, not {SIDE}x{SIDE} pixels"
        )
    if len(images) != len(labels):
        raise DataError(
            f"{images_file.name} holds {len(images):,} pictures, but {labels_file.name} "
            f"holds {len(labels):,} labels"
        )
    if not len(labels):
        raise DataError(f"{images_file.name} holds no pictures")
    if labels.max() >= CLASSES:
        where = int(np.argmax(labels >= CLASSES))
        raise DataError(
            f"{labels_file.name} has the label {labels[where]} at position {where:,}; "
            "labels are digits from 0 to 9"
        )
    return Split(images, labels), [images_sha256, labels_sha256]


def load_mnist(root: str | Path | None = None) -> Dataset:
    """MNIST as shipped, or the data set of the same form in the folder `root`.

    The last 10,000 pictures of the training file are for validation (the last sixth of a
    training file of fewer than 20,000). MNIST's own files must have their official SHA-256.
    """
    folder = MNIST_FOLDER if root is None else Path(root)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    training, training_hashes = _read_split(folder, "train")
    test, test_hashes = _read_split(folder, "t10k")
    hashes = training_hashes + test_hashes
    if root is None:
        for (name, official), found in zip(MNIST_SHA256.items(), hashes, strict=True):
            if found != official:
                raise DataError(f"{name} is not MNIST's official file: its SHA-256 is {found}")
    held_out = VALIDATION_SIZE if len(training) >= 2 * VALIDATION_SIZE else len(training) // 6
    if not held_out:
        raise DataError("the training file needs at least 6 pictures")
    return Dataset(
        train=training[:-held_out],
        validation=training[-held_out:],
        test=test,
        sha256=hashlib.sha256("".join(hashes).encode()).hexdigest(),
    )


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
    train, more = data.train, data.validation
    both = Split(
        np.concatenate([train.images, more.images]), np.concatenate([train.labels, more.labels])
    )
    return replace(data, train=both)
