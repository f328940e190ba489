"""One copy of the images for all processes that train: files that each of them maps into memory."""

from pathlib import Path

import numpy as np

from mnist_core.data.mnist import Dataset, Split

PARTS = ("train", "validation", "test")


def write_shared(data: Dataset, folder: Path) -> None:
    """Write the arrays of a data set into an empty folder; OSError if there is no room."""
    for part in PARTS:
        split: Split = getattr(data, part)
        np.save(folder / f"{part}-images.npy", split.images)
        np.save(folder / f"{part}-labels.npy", split.labels)
    (folder / "sha256").write_text(data.sha256, encoding="utf-8")


def read_shared(folder: Path) -> Dataset:
    """The data set in a folder. Its arrays can't be written to, and lie in memory only once."""

    def array(name: str) -> np.ndarray:
        # As a plain array: every slice of a memmap would pay for being one.
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))

    splits = {part: Split(array(f"{part}-images"), array(f"{part}-labels")) for part in PARTS}
    return Dataset(**splits, sha256=(folder / "sha256").read_text(encoding="utf-8"))
