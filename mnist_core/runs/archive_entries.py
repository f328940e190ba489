"""Which entries of a run's ZIP are ours: the names under which a run's files are packed."""

import re

from mnist_core.data.zip_files import Archive, Entries, sorted_entries

MANIFEST, CHECKPOINT, BEGINNING = "manifest.json", "checkpoint.npz", "beginning.npz"
SNAPSHOT = "snapshots/{:08}.f32"
OURS = re.compile(r"manifest\.json|checkpoint\.npz|beginning\.npz|snapshots/[0-9]{8,20}\.f32")


def entries_of_run(archive: Archive) -> Entries:
    """Which entries are read; ArchiveError for one that is a danger, or if it is no run."""
    return sorted_entries(archive, MANIFEST, OURS, "choose a ZIP of one run, exported here")
