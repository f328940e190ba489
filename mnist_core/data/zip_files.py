"""Opens ZIP files that strangers send. What is read bounds the memory, not what a file says of
itself: a directory that lies about sizes, numbers or places is refused at the first lie.
"""

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, Self

from mnist_core.files import open_plain
from mnist_core.words import listed

PIECE = 2**18  # bytes read at a time
MAX_DIRECTORY = 400_000  # bytes; of 1,000 pictures, as a Mac packs them, 300,000
MAX_NAME = 100  # characters
PLAIN_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # a bit of an entry's flags
# What other programs pack by, where it has a name that people may have chosen.
OTHER_PACKING = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
SYSTEM_FOLDER = "__MACOSX"  # a Mac's copy of every file, under the same path
PROGRAM = re.compile(r".*\.(exe|com|scr|bat|cmd|msi|lnk|vbs|ps1)", re.IGNORECASE | re.ASCII)
FOLDER_ICON = "Icon\r"  # a file of a Mac's for a folder that has a picture of its own
SHOWN = 4  # names of what was left alone that are said


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
        if size is None or not 0 <= size <= MAX_DIRECTORY:
            content = self._file.read(MAX_DIRECTORY + 1)
            if len(content) > MAX_DIRECTORY:
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
    for entry in entries:
        if entry.compress_type not in PLAIN_PACKING:
            by = OTHER_PACKING.get(entry.compress_type, "a method")
            raise ArchiveError(f"it is packed by {by} that can't be read here: pack it by Deflate")


@dataclass(frozen=True)
class Entries:
    """The entries' names by our own paths, and the paths of what was left alone.

    A Mac, Windows or a person adds files to a ZIP when they pack it again. Nothing is ever written
    under an entry's name.
    """

    ours: dict[str, str]
    left: tuple[str, ...]


def plain_paths(archive: Archive) -> dict[str, str]:
    """The entries' names by their paths with plain slashes, without folders.

    ArchiveError for a path that could lead elsewhere, which is a sign of a file that was made to
    do harm, and for a link or a program.
    """
    paths = {}
    for name, entry in archive.entries.items():
        path = _safe_path(entry)
        if not path.endswith("/"):  # a folder has nothing to read
            if path in paths:
                raise ArchiveError(f"it holds {path!r} twice")
            paths[path] = name
    return paths


def sorted_entries(archive: Archive, landmark: str, ours: re.Pattern[str], hint: str) -> Entries:
    """Which entries are read: those that `ours` matches, beside the file called `landmark`.

    ArchiveError for one that is a danger, and if there is no such file or more than one; it ends
    with the hint what to choose instead.
    """
    paths = plain_paths(archive)
    found = [path for path in paths if path.split("/")[-1] == landmark and not is_of_a_system(path)]
    if len(found) != 1:
        has = f"holds {len(found)} files" if found else "has no file"
        raise ArchiveError(f"it {has} {landmark}: {hint}")
    place = found[0].removesuffix(landmark)
    own = {path.removeprefix(place): name for path, name in paths.items() if path.startswith(place)}
    read = {path: name for path, name in own.items() if ours.fullmatch(path)}
    return Entries(read, tuple(path for path, name in paths.items() if name not in read.values()))


def left_in_words(left: Sequence[str]) -> str:
    """What was left alone, in a line: a Mac's copies are counted, and so are more than a few."""
    copies = sum(map(is_of_a_system, left))
    names = [path for path in left if not is_of_a_system(path)]
    shown = [f"{SYSTEM_FOLDER} ({copies} {'file' if copies == 1 else 'files'})"] if copies else []
    shown += names[:SHOWN]
    shown += [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return f"left alone, as not needed: {listed(shown)}"


def is_of_a_system(path: str) -> bool:
    """Whether a path is that of a copy that a Mac adds for every file."""
    return path.startswith(f"{SYSTEM_FOLDER}/")


def _safe_path(entry: zipfile.ZipInfo) -> str:
    """The entry's path with plain slashes; ArchiveError for one that is a danger."""
    path = entry.orig_filename.replace("\\", "/")  # as older Windows programs write them
    parts = path.removesuffix("/").split("/")
    plain = path.removesuffix(FOLDER_ICON)
    if not plain.isprintable() or ":" in path or not {"", ".", ".."}.isdisjoint(parts):
        raise ArchiveError(f"it has an entry that leads elsewhere, {path[:60]!r}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveError(f"it has a link in it, {path[:60]!r}")
    if PROGRAM.fullmatch(path):
        raise ArchiveError(f"it has a program in it, {path[:60]!r}")
    return path
