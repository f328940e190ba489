"""Opens ZIP files that strangers send. What is read bounds the memory, not what a file says of
itself: a directory that lies about sizes, numbers or places is refused at the first lie.
"""

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, Self

from mnist_core.files import open_plain

PIECE = 2**18  # bytes read at a time; an honest directory is far smaller
MAX_NAME = 100  # characters
PLAIN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # a bit of an entry's flags


class ArchiveError(ValueError):
    """A ZIP file that is refused; the message is the reason, in words about "it"."""


class Archive:
    """The entries of a ZIP file, of which each is read in pieces and no further than is asked for.

    Use it in a `with` statement. Raises ArchiveError for whatever is wrong with the file, and
    FileNotFoundError if there is none.
    """

    kind = "ZIP"  # what a damaged file is not, in words

    def __init__(self, source: str | Path | bytes, *, max_entries: int) -> None:
        self._file = _opened(source)
        try:
            with _refusals(self.kind):
                # zipfile leaves a file that was handed to it open: closing it is up to us.
                self._zip = zipfile.ZipFile(_InPieces(self._file))  # type: ignore[arg-type]
            self.entries = {entry.filename: entry for entry in self._zip.infolist()}
            _check_entries(self._zip.infolist(), max_entries)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @contextmanager
    def open(self, name: str) -> Iterator["Entry"]:
        """An entry to read from the beginning."""
        with _refusals(self.kind):
            file = self._zip.open(self.entries[name])
        with file:
            yield Entry(file, self.kind)

    def read(self, name: str, max_bytes: int) -> bytes:
        """All of an entry; ArchiveError if that is more than `max_bytes`."""
        with self.open(name) as entry:
            content = entry.read(max_bytes)
            if not entry.at_end():
                raise ArchiveError(f"{name!r} unpacks to more than {max_bytes:,} bytes")
        return bytes(content)


class Entry:
    """One entry of a ZIP file while it is unpacked."""

    def __init__(self, file: IO[bytes], kind: str) -> None:
        self._file = file
        self._kind = kind

    def read(self, size: int) -> bytearray:
        """The next `size` bytes, or as many as there are; memory grows with what has come."""
        content = bytearray()
        with _refusals(self._kind):
            while len(content) < size:
                piece = self._file.read(min(PIECE, size - len(content)))
                if not piece:
                    break
                content += piece
        return content

    def at_end(self) -> bool:
        """Whether nothing follows; only then has the entry's checksum been compared."""
        return not self.read(1)


class _InPieces:
    """A file for zipfile, which would read as many bytes at once as a directory tells it to."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= PIECE:
            content = self._file.read(PIECE + 1)
            if len(content) > PIECE:
                raise ArchiveError("its directory is too large")
            return content
        return self._file.read(size)


def _opened(source: str | Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return BytesIO(source)
    try:
        return open_plain(source)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArchiveError(f"it can't be opened: {error.strerror}") from error


@contextmanager
def _refusals(kind: str) -> Iterator[None]:
    """Whatever zipfile and zlib raise on broken bytes, as an ArchiveError.

    They have a dozen names for it (BadZipFile, zlib.error, EOFError, struct.error, ValueError for
    a negative place, UnicodeDecodeError, ...), and which of them it was tells nobody anything.
    """
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(f"it is not a whole {kind} file") from error


def _check_entries(entries: list[zipfile.ZipInfo], max_entries: int) -> None:
    """ArchiveError unless the directory is that of a plain file with few entries."""
    if len(entries) > max_entries:
        raise ArchiveError(f"it holds more than {max_entries:,} entries")
    if any(len(entry.filename) > MAX_NAME for entry in entries):
        raise ArchiveError("it has an entry with too long a name")
    for name, times in Counter(entry.filename for entry in entries).items():
        if times > 1:
            raise ArchiveError(f"it holds {name!r} {times} times")
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise ArchiveError("it is encrypted")
    if any(entry.compress_type not in PLAIN_PACKING for entry in entries):
        raise ArchiveError("it is packed in a way that can't be read here")
