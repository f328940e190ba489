"""Images with their labels, and what makes a pair of them of two arrays that others wrote."""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import CLASSES, SIDE, Array
from mnist_core.data.idx import DataError


@dataclass(frozen=True)
class Split:
    """Pictures with their labels: images uint8 (N, 28, 28), labels uint8 (N,)."""

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | Array) -> "Split":
        return Split(self.images[which], self.labels[which])


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
        raise DataError(_of_other_labels(labels, labels_name))
    return Split(images, labels)


def _of_other_labels(labels: Array, name: str) -> str:
    """What is said of labels above 9, and of the data sets that are known to have such."""
    where = int(np.argmax(labels >= CLASSES))
    least, most = int(labels.min()), int(labels.max())
    if (least, most) == (1, CLASSES):
        guess = ". They go from 1 to 10: write 0 for 10"
    elif most > CLASSES:
        guess = f". They go from {least} to {most}, as those of letters do: take a set of digits"
    else:
        guess = ""
    return (
        f"{name} has the label {labels[where]} at position {where:,}; "
        f"labels are digits from 0 to 9{guess}"
    )


def turned(split: Split) -> Split:
    """The same pictures with rows and columns exchanged, as EMNIST's need."""
    images = np.ascontiguousarray(split.images.transpose(0, 2, 1))
    images.flags.writeable = False  # a data set is shared by all that learn from it
    return Split(images, split.labels)
