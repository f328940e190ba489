"""Which entries of a run's ZIP are ours, which a Mac, Windows or a person has added, and which are
a danger. Nothing is ever written under an entry's name; one that tries to lead elsewhere is still
a sign of a file that was made to do harm.
"""

import re
import stat
from dataclasses import dataclass
from zipfile import ZipInfo

from mnist_core.data.zip_files import Archive, ArchiveError

MANIFEST, CHECKPOINT, BEGINNING = "manifest.json", "checkpoint.npz", "beginning.npz"
SNAPSHOT = "snapshots/{:08}.f32"
OURS = re.compile(r"manifest\.json|checkpoint\.npz|beginning\.npz|snapshots/[0-9]{8,20}\.f32")
SYSTEM_FOLDER = "__MACOSX"  # a Mac's copy of every file, under the same path


@dataclass(frozen=True)
class Entries:
    """The entries' names by our own paths, and the paths of what was left alone."""

    ours: dict[str, str]
    left: tuple[str, ...]


def sorted_entries(archive: Archive) -> Entries:
    """Which entries are read; ArchiveError for one that is a danger, or if it is no run."""
    paths = {}
    for name, entry in archive.entries.items():
        path = _safe_path(entry)
        if not path.endswith("/"):  # a folder has nothing to read
            if path in paths:
                raise ArchiveError(f"it holds {path!r} twice")
            paths[path] = name
    prefix = _place_of_manifest(list(paths))
    ours, left = {}, []
    for path, name in paths.items():
        own = path.removeprefix(prefix)
        if path.startswith(prefix) and OURS.fullmatch(own):
            ours[own] = name
        else:
            left.append(path)
    return Entries(ours, tuple(left))


def _safe_path(entry: ZipInfo) -> str:
    """The entry's path with plain slashes; ArchiveError for one that could lead elsewhere."""
    path = entry.orig_filename.replace("\\", "/")  # as older Windows programs write them
    parts = path.removesuffix("/").split("/")
    if not path.isprintable() or ":" in path or not {"", ".", ".."}.isdisjoint(parts):
        raise ArchiveError(f"it has an entry that leads elsewhere, {path[:60]!r}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveError(f"it has a link in it, {path[:60]!r}")
    return path


def _place_of_manifest(paths: list[str]) -> str:
    """The folder that the run lies in, "" or with a slash at its end."""
    found = [
        path.removesuffix(MANIFEST)
        for path in paths
        if path.split("/")[-1] == MANIFEST and path.split("/")[0] != SYSTEM_FOLDER
    ]
    if not found:
        raise ArchiveError(f"it has no {MANIFEST}: choose a run that was exported here")
    if len(found) > 1:
        raise ArchiveError(f"it holds {len(found)} files {MANIFEST}: choose a ZIP of one run")
    return found[0]
