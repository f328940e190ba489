"""Data sets that travel to other machines: their files, told from each other by a SHA-256."""

import hashlib
from pathlib import Path

from mnist_core.files import open_plain

MOST_BYTES = 2**30
PIECE = 8 * 2**20  # bytes of a file that are read at a time


def files_below(data: Path) -> dict[str, Path]:
    """The files of a data set by their names in it, or the one; OSError if they are too large."""
    if data.is_file():
        return {data.name: data}
    found = {path.relative_to(data).as_posix(): path for path in data.rglob("*") if path.is_file()}
    if sum(path.stat().st_size for path in found.values()) > MOST_BYTES:
        raise OSError(f"the data set is larger than {MOST_BYTES >> 20:,} MB")
    return dict(sorted(found.items()))


def sha256_of(files: dict[str, Path]) -> str:
    """Of all names and contents."""
    total = hashlib.sha256()
    for name, path in files.items():
        content = hashlib.sha256()
        with open_plain(path) as file:
            while piece := file.read(PIECE):
                content.update(piece)
        total.update(f"{name}\n{content.hexdigest()}\n".encode())
    return total.hexdigest()
