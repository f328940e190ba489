"""Reads MNIST, or any data set in the same IDX form, and splits it for training and judging.
Pixels stay uint8 in memory; whoever computes with them turns a batch at a time into floats.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from mnist_core.data.idx import DataError, read_idx, read_idx_from
from mnist_core.data.zip_files import Archive, ArchiveError
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
MAX_ZIP_ENTRIES = 2_000  # a ZIP of own digits has a picture for each besides
TRAIN, TEST = "train", "t10k"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


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
    sha256: str  # of all unpacked files, in the order of MNIST_SHA256


class _Folder:
    """A folder of IDX files, each plain or packed."""

    def __init__(self, root: Path) -> None:
        self.root, self.name = root, str(root)

    def find(self, prefix: str, kind: str) -> str | None:
        """The name of a file, if there is one; some sets write a dot before idx."""
        name = f"{prefix}-{kind}"
        for candidate in (name, name + ".gz", name.replace("-idx", ".idx")):
            if self._holds(candidate):
                return candidate
        return None

    def has(self, prefix: str) -> bool:
        """Whether there is any file of "train" or "t10k"."""
        return any(self.find(prefix, kind) for kind in (IMAGES, LABELS))

    def missing(self, prefix: str, kind: str) -> str:
        """What is said of a file that isn't there."""
        return f"{self.name} has no file {prefix}-{kind} or {prefix}-{kind}.gz"

    def _holds(self, name: str) -> bool:
        return (self.root / name).is_file()

    def read(self, name: str, axes: int) -> tuple[Array, str]:
        """The array in a file, and its SHA-256."""
        return read_idx(self.root / name, axes)


class _Zip(_Folder):
    """The same in a ZIP file, whose files are packed already."""

    def __init__(self, root: Path, archive: Archive, most_bytes: int | None = None) -> None:
        super().__init__(root)
        self.archive, self.most_bytes = archive, most_bytes

    def _holds(self, name: str) -> bool:
        return name in self.archive.entries and not name.endswith(".gz")

    def read(self, name: str, axes: int) -> tuple[Array, str]:
        with self.archive.open(name) as entry:
            return read_idx_from(entry, axes, name, most_bytes=self.most_bytes)


@contextmanager
def _opened(root: Path) -> Iterator[_Folder]:
    """The folder or ZIP file at `root`; DataError if there is none."""
    if root.is_dir():
        yield _Folder(root)
        return
    if not root.exists():
        raise DataError(f"there is no folder {root}")
    try:
        with Archive(root, max_entries=MAX_ZIP_ENTRIES) as archive:
            yield _Zip(root, archive)
    except (ArchiveError, OSError) as error:
        raise DataError(f"{root} is no folder and no ZIP file that can be read: {error}") from error


def _read_split(source: _Folder, prefix: str) -> tuple[Split, list[str]]:
    """Images and labels of "train" or "t10k", checked against each other, and their hashes."""
    names = {kind: source.find(prefix, kind) for kind in (IMAGES, LABELS)}
    for kind, name in names.items():
        if name is None:
            raise DataError(source.missing(prefix, kind))
    images_name, labels_name = map(str, names.values())
    images, images_sha256 = source.read(images_name, 3)
    labels, labels_sha256 = source.read(labels_name, 1)
    split = checked_split(images, labels, images_name, labels_name)
    return split, [images_sha256, labels_sha256]


def checked_split(images: Array, labels: Array, images_name: str, labels_name: str) -> Split:
    """Arrays of two files as images with their labels; DataError if they are none."""
    if images.shape[1:] != (SIDE, SIDE):
        height, width = images.shape[1:]
        raise DataError(
            f"{images_name} holds pictures of {height}x{width}, not {SIDE}x{SIDE} pixels"
        )
    if len(images) != len(labels):
        raise DataError(
            f"{images_name} holds {len(images):,} pictures, but {labels_name} "
            f"holds {len(labels):,} labels"
        )
    if not len(labels):
        raise DataError(f"{images_name} holds no pictures")
    if labels.max() >= CLASSES:
        where = int(np.argmax(labels >= CLASSES))
        raise DataError(
            f"{labels_name} has the label {labels[where]} at position {where:,}; "
            "labels are digits from 0 to 9"
        )
    return Split(images, labels)


def load_mnist(root: str | Path | None = None) -> Dataset:
    """MNIST as shipped, or the data set of the same form in `root`, a folder or a ZIP file.

    The last 10,000 pictures of the training file are for validation (the last sixth of a
    training file of fewer than 20,000). Without test files, every sixth picture of the training
    file is for testing. MNIST's own files must have their official SHA-256. DataError says what
    is missing or wrong.
    """
    with _opened(MNIST_FOLDER if root is None else Path(root)) as source:
        if not source.has(TRAIN):
            raise DataError(
                f"{source.find(TEST, IMAGES)} can be evaluated on, but there is nothing to train "
                f"on: {source.name} has no file {TRAIN}-{IMAGES}"
                if source.has(TEST)
                else source.missing(TRAIN, IMAGES)
            )
        training, hashes = _read_split(source, TRAIN)
        test = None
        if root is None or source.has(TEST):
            test, test_hashes = _read_split(source, TEST)
            hashes += test_hashes
    if root is None:
        for (name, official), found in zip(MNIST_SHA256.items(), hashes, strict=True):
            if found != official:
                raise DataError(f"{name} is not MNIST's official file: its SHA-256 is {found}")
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


def load_test(root: str | Path | None = None) -> Split:
    """The pictures to judge a network by: those of the test files in `root`, a folder or a ZIP.

    Where it has only training files, as one person's own digits have, all of those. DataError
    says what is missing or wrong.
    """
    if root is None:
        return load_mnist().test
    with _opened(Path(root)) as source:
        return _images_to_judge_by(source)


def load_to_judge(root: str | Path | None = None) -> tuple[Split, Dataset | None]:
    """The same pictures, and the data set that they belong to if it has others besides."""
    if root is not None:
        with _opened(Path(root)) as source:
            if not (source.has(TRAIN) and source.has(TEST)):
                return _images_to_judge_by(source), None
    data = load_mnist(root)
    return data.test, data


def judged_by_zip(content: bytes, name: str, *, most_bytes: int | None = None) -> Split:
    """The same of the bytes of a ZIP called `name`, no file of which may hold more values."""
    try:
        with Archive(content, max_entries=MAX_ZIP_ENTRIES) as archive:
            return _images_to_judge_by(_Zip(Path(name), archive, most_bytes))
    except ArchiveError as error:
        raise DataError(f"{name} can't be read: {error}") from error


def _images_to_judge_by(source: _Folder) -> Split:
    return _read_split(source, TRAIN if source.has(TRAIN) and not source.has(TEST) else TEST)[0]


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
