"""Reads .npz files, NumPy's form for several arrays, when they come from strangers.
Only plain numbers in C order are read, never objects, and never more than the reader allows.
"""

from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from mnist_core.arrays import Array
from mnist_core.data.zip_files import Archive, ArchiveError, Entry

MAX_ENTRIES = 64
MAX_HEADER = 1000  # characters
# What NumPy writes into a header of numbers. NumPy reads one as a Python literal, which for other
# text could give warnings, nested structures or objects.
HEADER_LETTERS = b"{}'(),:<>|_ \nabcdefghijklmnopqrstuvwxyzTF0123456789"


@dataclass(frozen=True)
class ArrayHeader:
    """What the first `size` bytes of an array's entry say about the numbers that follow."""

    size: int
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers; Python's integers, since sizes that lie must not wrap around."""
        return prod(self.shape) * self.dtype.itemsize


class Npz(Archive):
    """An .npz file: its arrays' headers, known before any of their numbers are read.

    Use it in a `with` statement. Raises ArchiveError for what is no .npz file of plain numbers.
    """

    kind = ".npz"

    def __init__(self, source: str | Path | bytes, *, max_entries: int = MAX_ENTRIES) -> None:
        super().__init__(source, max_entries=max_entries)
        try:
            self.headers = {_array_name(name): self._header(name) for name in self.entries}
        except BaseException:
            self.__exit__()
            raise

    def _header(self, name: str) -> ArrayHeader:
        with self.open(name) as entry:
            return _read_header(entry, name)

    def array(self, name: str) -> Array:
        """One array; check the size in its header first."""
        header, entry_name = self.headers[name], f"{name}.npy"
        with self.open(entry_name) as entry:
            entry.read(header.size)
            content = entry.read(header.nbytes)
            if len(content) < header.nbytes or not entry.at_end():
                raise ArchiveError(f"{entry_name!r} is cut short or has a wrong shape")
        return np.frombuffer(content, header.dtype).reshape(header.shape)


def read_npz(
    source: str | Path | bytes, *, max_bytes: int, max_entries: int = MAX_ENTRIES
) -> dict[str, Array]:
    """All arrays of an .npz file by name.

    Args:
        source: the file's path, or its content.
        max_bytes: what the arrays may take together, in bytes of numbers.
        max_entries: how many arrays there may be.

    Raises ArchiveError, with the reason, for anything that is not such a file or holds more;
    FileNotFoundError if there is none.
    """
    with Npz(source, max_entries=max_entries) as file:
        if sum(header.nbytes for header in file.headers.values()) > max_bytes:
            raise ArchiveError(f"it would unpack to more than {max_bytes:,} bytes")
        return {name: file.array(name) for name in file.headers}


def _array_name(entry_name: str) -> str:
    name = entry_name.removesuffix(".npy")
    if name == entry_name:
        raise ArchiveError(f"it has an unknown entry {name!r}")
    return name


def _read_header(entry: Entry, name: str) -> ArrayHeader:
    """The header of an .npy entry of version 1.0, the one that NumPy writes for plain numbers."""
    start = bytes(entry.read(npy_format.MAGIC_LEN + 2))
    magic, length = start[:-2], start[-2:]
    text = bytes(entry.read(min(int.from_bytes(length, "little"), MAX_HEADER)))
    if magic != npy_format.magic(1, 0) or text.translate(None, HEADER_LETTERS):
        raise ArchiveError(f"{name!r} is no array of plain numbers")
    try:
        shape, columns_first, dtype = npy_format.read_array_header_1_0(
            BytesIO(length + text), max_header_size=MAX_HEADER
        )
        if columns_first or dtype.kind not in "fiu" or dtype.itemsize > 8 or dtype.subdtype:
            raise ValueError("not plain numbers in C order")
        # An array of that shape without any memory: refuses sizes that no array can have.
        np.broadcast_to(np.empty((), dtype), shape)
    except Exception as error:  # NumPy's parser is Python's own, which fails in many ways
        raise ArchiveError(f"{name!r} is no array of plain numbers") from error
    return ArrayHeader(len(start + text), tuple(int(n) for n in shape), dtype)
