"""Reads IDX files, the form that MNIST is distributed in: one array of bytes with its shape.
Files come from other people too, so nothing that a header says is believed unchecked.
"""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np

from mnist_core.arrays import Array

MAX_IDX_BYTES = 512 * 2**20
UINT8_MAGIC = b"\x00\x00\x08"  # two zeros and the type code; the number of axes follows


class DataError(ValueError):
    """A data file that can't be used; the message names the file and the reason."""


def read_idx(path: Path, axes: int) -> tuple[Array, str]:
    """The uint8 array in an IDX file (plain or gzip), and the SHA-256 of the unpacked file.

    Raises DataError unless the file is whole, of bytes, and has `axes` axes.
    """
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            content = file.read(MAX_IDX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} can't be read: {error or 'it is cut short'}") from error
    if len(content) > MAX_IDX_BYTES:
        raise DataError(f"{path.name} unpacks to more than {MAX_IDX_BYTES >> 20} MB")
    if content[:4] != UINT8_MAGIC + bytes([axes]):
        raise DataError(
            f"{path.name} starts with the bytes {content[:4].hex(' ') or '(none)'}, but an IDX "
            f"file of bytes with {axes} axes starts with {UINT8_MAGIC.hex(' ')} {axes:02x}"
        )
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{path.name} is cut short in its header")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=axes, offset=4))
    size = 1
    for n in shape:  # Python's integers: sizes in a hostile header must not wrap around
        size *= n
    if size != len(content) - start:
        raise DataError(
            f"{path.name} should hold {size:,} values after its header, but it holds "
            f"{len(content) - start:,}"
        )
    sha256 = hashlib.sha256(content).hexdigest()
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape), sha256
