"""Reads IDX files, the form that MNIST is distributed in: one array of bytes with its shape.
Files come from other people too, so nothing that a header says is believed unchecked.
"""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Protocol

import numpy as np

from mnist_core.arrays import Array
from mnist_core.files import open_plain

MAX_IDX_BYTES = 512 * 2**20
UINT8_MAGIC = b"\x00\x00\x08"  # two zeros and the type code; the number of axes follows
GZIP_MAGIC = b"\x1f\x8b"
PIECE = 2**20  # bytes read at a time


class DataError(ValueError):
    """A data file that can't be used; the message names the file and the reason."""


class Readable(Protocol):
    """What bytes are read from, piece by piece."""

    def read(self, size: int, /) -> bytes | bytearray: ...


def read_idx(path: Path, axes: int) -> tuple[Array, str]:
    """The uint8 array in an IDX file (plain or gzip), and the SHA-256 of the unpacked file.

    Raises DataError unless the file is whole, of bytes, and has `axes` axes.
    """
    with opened_file(path) as file:
        return read_idx_from(file, axes, path.name)


@contextmanager
def opened_file(path: Path) -> Iterator[Readable]:
    """A file (plain or gzip) to read what is in it; DataError for damage while it is read."""
    with refusing_damage(path.name), open_plain(path) as file:
        yield unpacked(file)


@contextmanager
def refusing_damage(name: str) -> Iterator[None]:
    """What reading and unpacking raise, as a DataError that names the file."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error or "it is cut short"
        raise DataError(f"{name} can't be read: {reason}") from error


def unpacked(file: Readable) -> Readable:
    """The bytes of a file, unpacked if it is a gzip file, whatever it is called."""
    start = bytes(file.read(len(GZIP_MAGIC)))
    whole = _Begun(start, file)
    if start != GZIP_MAGIC:
        return whole
    return gzip.GzipFile(fileobj=whole)  # type: ignore[arg-type]


class _Begun:
    """A file of which the first bytes have been read already."""

    def __init__(self, start: bytes, file: Readable) -> None:
        self._start, self._file = start, file

    def read(self, size: int, /) -> bytes:
        start, self._start = self._start[:size], self._start[size:]
        return start + self._file.read(size - len(start)) if len(start) < size else start


def idx_header(shape: tuple[int, ...]) -> bytes:
    """What stands before the values: zeros, type 8, the number of axes, their sizes."""
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def idx_sha256(*arrays: Array) -> str:
    """The SHA-256 of the unpacked IDX file that uint8 arrays, one after the other, would be."""
    sha256 = hashlib.sha256(idx_header((sum(map(len, arrays)), *arrays[0].shape[1:])))
    for array in arrays:
        sha256.update(np.ascontiguousarray(array).data)
    return sha256.hexdigest()


def idx_from_bytes(content: bytes, axes: int, name: str) -> Array:
    """The uint8 array in the bytes of an IDX file that is not packed; DataError names it `name`."""
    return read_idx_from(BytesIO(content), axes, name)[0]


def read_idx_from(
    file: Readable, axes: int, name: str, *, most_bytes: int | None = None
) -> tuple[Array, str]:
    """The array in an unpacked IDX file, and its SHA-256; DataError calls the file `name`.

    Memory grows with what has been read, and reading ends one byte behind what the header claims:
    neither a header that claims too much nor a file that goes on for ever takes more. `most_bytes`
    is what a header may claim, MAX_IDX_BYTES without it.
    """
    most_bytes = most_bytes or MAX_IDX_BYTES
    magic = file.read(4)
    if magic != UINT8_MAGIC + bytes([axes]):
        raise DataError(
            f"{name} starts with the bytes {magic.hex(' ') or '(none)'}, but an IDX "
            f"file of bytes with {axes} axes starts with {UINT8_MAGIC.hex(' ')} {axes:02x}"
        )
    sizes = file.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError(f"{name} is cut short in its header")
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    size = prod(shape)  # Python's integers: sizes in a hostile header must not wrap around
    if size > most_bytes:
        raise DataError(f"{name} should hold {size:,} values, more than {most_bytes >> 20} MB")
    sha256 = hashlib.sha256(magic + sizes)
    values = bytearray()
    while piece := file.read(min(PIECE, size + 1 - len(values))):
        values += piece
        sha256.update(piece)
    if len(values) != size:
        found = f"{len(values):,}" if len(values) < size else "more"
        raise DataError(
            f"{name} should hold {size:,} values after its header, but it holds {found}"
        )
    try:
        array = np.frombuffer(values, np.uint8).reshape(shape)
    except ValueError as error:  # no values, but sizes whose product no array can have
        raise DataError(f"{name} has the impossible shape {shape}") from error
    array.flags.writeable = False  # a data set is shared by all that learn from it
    return array, sha256.hexdigest()
