"""Where the files of a data set lie: in a folder, in a ZIP file, or handed over one by one.
Each place lists its files from the outside inwards, and opens one, unpacked if it is gzip.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path

from mnist_core.arrays import Array
from mnist_core.data.idx import (
    DataError,
    Readable,
    opened_file,
    read_idx,
    read_idx_from,
    refusing_damage,
    unpacked,
)
from mnist_core.data.npz import Npz
from mnist_core.data.zip_files import Archive, ArchiveError, is_of_a_system, plain_paths

MAX_LISTED = 3_000  # files that are looked at: somebody may name a whole disk
DEEPEST = 3  # folders in folders, as in data/MNIST/raw
MAX_NPZ_BYTES = 128 * 2**20  # of an .npz file that lies in a ZIP file


class Listing:
    """The files in one place. `most_bytes` is what a file may hold, the core's limit without it."""

    def __init__(self, name: str, most_bytes: int | None = None) -> None:
        self.name, self.most_bytes = name, most_bytes

    def levels(self) -> Iterator[list[str]]:
        """The paths of files, with slashes: those outside first, then those in folders."""
        raise NotImplementedError

    def open(self, path: str) -> AbstractContextManager[Readable]:
        """A file's bytes, unpacked; DataError for damage while it is read."""
        raise NotImplementedError

    def idx(self, path: str, axes: int) -> tuple[Array, str]:
        """The array in an IDX file, and its SHA-256."""
        with self.open(path) as file:
            return read_idx_from(file, axes, base_name(path), most_bytes=self.most_bytes)

    def npz(self, path: str) -> Npz:
        """An .npz file, to be closed by the caller; ArchiveError for what is none."""
        with self.open(path) as file:
            content = file.read(MAX_NPZ_BYTES + 1)
        if len(content) > MAX_NPZ_BYTES:
            raise ArchiveError(f"it is larger than {MAX_NPZ_BYTES >> 20} MB")
        return Npz(bytes(content))


class Folder(Listing):
    """The files in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.root = root

    def levels(self) -> Iterator[list[str]]:
        folders, listed = [""], 0
        for _ in range(DEEPEST + 1):
            files: list[str] = []
            inner: list[str] = []
            for folder in folders:
                for entry in self._entries(folder):
                    (inner if entry.is_dir() else files).append(folder + entry.name)
            yield sorted(files)
            listed += len(files) + len(inner)
            if listed > MAX_LISTED:
                return
            folders = [f"{name}/" for name in sorted(inner)]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return [entry for entry in entries if not is_hidden(entry.name)]
        except OSError as error:
            if folder:  # one of another's among many
                return []
            raise DataError(f"{self.name} can't be read: {error.strerror}") from error

    def open(self, path: str) -> AbstractContextManager[Readable]:
        return opened_file(self.root / path)

    def idx(self, path: str, axes: int) -> tuple[Array, str]:
        return read_idx(self.root / path, axes)

    def npz(self, path: str) -> Npz:
        return Npz(self.root / path)


class Zip(Listing):
    """The files in a ZIP file, of which nothing is written to a disk."""

    def __init__(self, name: str, archive: Archive, most_bytes: int | None = None) -> None:
        super().__init__(name, most_bytes)
        self._archive, self.paths = archive, plain_paths(archive)

    def levels(self) -> Iterator[list[str]]:
        seen = [path for path in self.paths if not is_hidden(base_name(path))]
        seen = sorted(path for path in seen if not is_of_a_system(path))
        for depth in sorted({path.count("/") for path in seen}):
            yield [path for path in seen if path.count("/") == depth]

    @contextmanager
    def open(self, path: str) -> Iterator[Readable]:
        with self._archive.open(self.paths[path]) as entry, refusing_damage(base_name(path)):
            yield unpacked(entry)


class Handed(Listing):
    """Files that somebody hands over: {name: content}."""

    def __init__(self, files: Mapping[str, bytes], most_bytes: int | None = None) -> None:
        super().__init__("the choice", most_bytes)
        self._files = files

    def levels(self) -> Iterator[list[str]]:
        yield sorted(self._files)

    @contextmanager
    def open(self, path: str) -> Iterator[Readable]:
        with refusing_damage(path):
            yield unpacked(BytesIO(self._files[path]))


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def is_hidden(name: str) -> bool:
    """Whether a file is a system's own, as .DS_Store and a Mac's ._copies are."""
    return name.startswith(".")
