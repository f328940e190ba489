"""The files of a run that trains on another machine: what changes there is written here, too.
Only the files of a run travel, by their names; whatever else is in a folder stays where it is.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mnist_core.files import atomic_write, make_folder, open_plain
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.protocol import ProtocolError

NAME = re.compile(
    r"(checkpoint|beginning|given)\.npz|state\.json|snapshots/[0-9]{1,12}-[0-9]+\.f32"
)


@dataclass(frozen=True)
class File:
    """A file as it is now, by its name in the run's folder; None if it is there no more."""

    name: str
    content: bytes | None


def files_of(folder: RunFolder) -> list[File]:
    """Everything that another machine needs to go on with a run."""
    return Changes(folder, known=False).look()


def keep(folder: RunFolder, file: File) -> None:
    """Write what has changed elsewhere; OSError if that fails, ProtocolError for strange names."""
    if not NAME.fullmatch(file.name):
        raise ProtocolError(f"no file of a run is called {file.name!r}")
    path, content = folder.path / file.name, file.content
    if content is None:
        path.unlink(missing_ok=True)
        return
    make_folder(path.parent)
    # The state comes before its checkpoint: as on one machine, the last one must not be half.
    atomic_write(path, lambda out: out.write(content), durable=path == folder.checkpoint)


class Changes:
    """What has changed in a run's folder since the last look."""

    def __init__(self, folder: RunFolder, *, known: bool) -> None:
        """`known` says that what is there now is known already."""
        self._folder = folder
        self._seen: dict[str, tuple[int, int, int]] = {}
        if known:
            self.look()

    def look(self) -> list[File]:
        """The files that are new or others, the checkpoint last, and the names of those gone.

        A save writes the state before its checkpoint. So the checkpoint is read first: the state
        that is read after it is never the older one.
        """
        files = self._folder
        checkpoint = self._changed(files.checkpoint)
        state = self._changed(files.state)
        others = [files.beginning, files.given, *sorted(files.snapshots.glob("*.f32"))]
        changed = [self._changed(path) for path in others]
        gone = [name for name in self._seen if not (files.path / name).exists()]
        for name in gone:
            del self._seen[name]
        found = [file for file in (*changed, state, checkpoint) if file is not None]
        return found + [File(name, None) for name in gone]

    def _changed(self, path: Path) -> File | None:
        name = path.relative_to(self._folder.path).as_posix()
        with suppress(OSError):  # it is not there, or no longer
            # Files are replaced and never changed, so the open one is whole.
            if self._seen.get(name) == _signature(os.stat(path)):
                return None
            with open_plain(path) as file:
                signature, content = _signature(os.fstat(file.fileno())), file.read()
            self._seen[name] = signature
            return File(name, content)
        return None


def _signature(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_ino, about.st_mtime_ns, about.st_size
