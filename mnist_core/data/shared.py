"""One copy of the images for all processes that train: files that each of them maps into memory."""

import hashlib
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from time import time

import numpy as np

from mnist_core.data.idx import idx_sha256
from mnist_core.data.mnist import MNIST_DATA_SHA256, Dataset, Split, load_mnist

PARTS = ("train", "validation", "test")
KEPT = "mnist"  # the folder of MNIST's images beside the runs of a server, which stays there
ROOM = 64 * 2**20  # bytes of the disk that are left to the runs themselves
ABANDONED = 3600.0  # seconds after which nobody still writes what was begun


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
    data = Dataset(**splits, sha256=(folder / "sha256").read_text(encoding="utf-8"))
    object.__setattr__(data, "folder", folder)
    return data


def mnist_of_all(folder: Path | None, *, write: bool = False) -> Dataset:
    """MNIST from the files in a folder, of which all processes that read them share one copy in
    memory: the system's, which it may drop and read again. As load_mnist gives it, if there are no
    such files, or others than MNIST's by their SHA-256.

    `write` makes them, for this process and others, where they are missing or damaged and the disk
    has room.
    """
    if folder and write:
        _remove_abandoned(folder)
    data = _official(folder) if folder else None
    if data is None:
        data = load_mnist()
        if folder and write:
            with suppress(OSError):
                _put(data, folder)
                data = _official(folder) or data
    return data


def _remove_abandoned(folder: Path) -> None:
    """Remove what servers have begun to write that were killed meanwhile."""
    for begun in folder.parent.glob(f"{folder.name}.*.part"):
        with suppress(OSError):
            if time() - begun.stat().st_mtime > ABANDONED:
                shutil.rmtree(begun)


def _official(folder: Path) -> Dataset | None:
    """What the files hold if that is MNIST; else None."""
    try:
        data = read_shared(folder)
        learned_from = data.train, data.validation  # one file, as MNIST is shipped
        hashes = [
            idx_sha256(*(split.images for split in learned_from)),
            idx_sha256(*(split.labels for split in learned_from)),
            idx_sha256(data.test.images),
            idx_sha256(data.test.labels),
        ]
    except Exception:  # missing, cut short or damaged: NumPy's reader fails in many ways
        return None
    found = hashlib.sha256("".join(hashes).encode()).hexdigest()
    return data if found == data.sha256 == MNIST_DATA_SHA256 else None


def _put(data: Dataset, folder: Path) -> None:
    """Write a data set's folder in one step; OSError if that can't be done."""
    size = sum(getattr(data, part).images.nbytes for part in PARTS)
    if shutil.disk_usage(folder.parent).free < size + ROOM:
        raise OSError("there is no room for the images beside the runs")
    making = folder.with_name(f"{folder.name}.{secrets.token_hex(8)}.part")
    making.mkdir(mode=0o700)  # nobody else can change what this process has compared
    try:
        write_shared(data, making)
        shutil.rmtree(folder, ignore_errors=True)  # one that is damaged
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
