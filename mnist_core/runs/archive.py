"""A run as one ZIP file, to take along, to keep or to hand on: written here, and read here again.
A file may come from a stranger: nothing in it is trusted, executed or unpickled, and what is read
is checked as a checkpoint is before anything is kept.
"""

import platform
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mnist_core.data.zip_files import PIECE, Archive, ArchiveError
from mnist_core.files import open_plain
from mnist_core.nn.builders import parameter_count
from mnist_core.runs.archive_checks import (
    STRANGE,
    as_json,
    checked_run,
    checked_snapshots,
    checked_state,
    parsed,
    plain_progress,
    why,
)
from mnist_core.runs.archive_entries import (
    BEGINNING,
    CHECKPOINT,
    MANIFEST,
    SNAPSHOT,
    entries_of_run,
)
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.numbers import checked
from mnist_core.runs.receipt import SHA256
from mnist_core.runs.rows import Origin, RunRow, plain_name
from mnist_core.runs.snapshots import Snapshot, SnapshotGone, SnapshotList, unused_path
from mnist_core.runs.state import RunState
from mnist_core.training.checkpoint import (
    BYTES_A_PARAMETER,
    MAX_META_BYTES,
    Checkpoint,
    load_checkpoint,
    load_description,
)
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Run

FORMAT = 1
MAX_ENTRIES = 1000  # a run has at most 203, a Mac adds as many
MAX_MANIFEST = 8 * 2**20  # bytes; 10,000 epochs are 2 MB
# A checkpoint that is read takes 36 bytes a parameter with all that is checked by it. The largest
# MLP has 2.9 million.
MAX_PARAMETERS = 3_000_000
KEYS = {
    "format", "name", "config", "origin", "data_sha256", "python", "numpy", "state", "snapshots",
}  # fmt: skip


def write_archive(file: BinaryIO, files: RunFolder, row: RunRow) -> None:
    """Write a run as it was at its last checkpoint into an open file.

    The same run gives the same bytes. ValueError if there is no checkpoint, or one that can't be
    used, or if the network is too large to be read again.
    """
    refuse_large(row.config)
    try:
        with open_plain(files.checkpoint) as source:
            checkpoint = source.read()  # of one moment, whatever its process saves meanwhile
    except FileNotFoundError as error:
        raise ValueError("the run has no checkpoint yet: there is nothing to export") from error
    description = load_description(checkpoint)
    state, snapshots = _at_checkpoint(files, row, description)
    kept: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w") as archive:
        for snapshot in snapshots.all:
            try:
                weights = snapshot.parameters.tobytes()
            except SnapshotGone:  # its process has thinned them out meanwhile
                continue
            kept.append(_about(snapshot))
            archive.writestr(_entry(SNAPSHOT.format(snapshot.step)), weights)
        archive.writestr(_entry(CHECKPOINT), checkpoint)
        if files.beginning.is_file():
            archive.writestr(_entry(BEGINNING), files.beginning.read_bytes())
        manifest = {
            "format": FORMAT,
            "name": row.name,
            "config": row.config.to_dict(),
            "origin": row.origin.to_dict(),
            "data_sha256": description["data_sha256"],
            "python": platform.python_version(),
            "numpy": np.__version__,
            "state": state.to_dict(),
            "snapshots": kept,
        }
        archive.writestr(_entry(MANIFEST), as_json(manifest))


def _at_checkpoint(
    files: RunFolder, row: RunRow, description: dict[str, Any]
) -> tuple[RunState, SnapshotList]:
    """The state that belongs to a checkpoint; a run that goes on may be further already."""
    state, snapshots = files.load_state(RunState(row.id, row.config))
    step = description["step"]
    finished = step == row.config.steps_per_epoch * row.config.epochs
    if state.status != "diverged" and not (state.status == "finished" and finished):
        state.status, state.test_accuracy = "stopped", None
    state.restart(step, description["learning_rate"])
    state.results = tuple(checked(EpochResult, result) for result in description["history"])
    state.learning_rate = description["learning_rate"]
    state.message, state.saved_step = "", step
    state.progress = plain_progress(state.progress, step)
    snapshots.forget_after(step)
    return state, snapshots


def _about(snapshot: Snapshot) -> dict[str, Any]:
    """What the manifest says of a snapshot; its token stays here, as it is the key to a cache."""
    about = snapshot.about()
    del about["token"]
    progress = plain_progress(snapshot.progress, snapshot.step)
    return about | {"progress": asdict(progress) if progress else None}


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry without a clock's time; not packed, as weights hardly get smaller by it."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o600 << 16
    return entry


def refuse_large(config: TrainConfig) -> None:
    """ArchiveError for a network too large to be read from a ZIP within bounded memory."""
    if (parameters := parameter_count(**config.network)) > MAX_PARAMETERS:
        raise ArchiveError(
            f"a run in a ZIP has at most {MAX_PARAMETERS:,} parameters, and this one has "
            f"{parameters:,}: take its checkpoint along, and train --resume"
        )


class RunArchive:
    """A run in a ZIP file. Use it in a `with` statement.

    `config`, `name`, `origin` and `data_sha256` are the run's; `left` are entries that are none of
    ours, as a system or a person adds them, and were not read. Raises ArchiveError, with the reason
    in words about "it", for whatever is wrong with the file; FileNotFoundError if there is none.
    """

    def __init__(self, source: str | Path | bytes) -> None:
        self._archive = Archive(source, max_entries=MAX_ENTRIES)
        try:
            entries = entries_of_run(self._archive)
            self._ours, self.left = entries.ours, entries.left
            self._read_manifest(parsed(self._archive.read(self._ours[MANIFEST], MAX_MANIFEST)))
        except BaseException:
            self._archive.__exit__()
            raise

    def __enter__(self) -> "RunArchive":
        return self

    def __exit__(self, *error: object) -> None:
        self._archive.__exit__(*error)

    def _read_manifest(self, manifest: Any) -> None:
        if not isinstance(manifest, dict) or "format" not in manifest:
            raise ArchiveError(f"its {MANIFEST} is not one of a run")
        if type(manifest["format"]) is not int or manifest["format"] != FORMAT:
            raise ArchiveError("it was written by another version of this program")
        if manifest.keys() != KEYS:
            raise ArchiveError(f"its {MANIFEST} has missing or unknown keys")
        for name in ("name", "data_sha256", "python", "numpy"):
            if not isinstance(manifest[name], str):
                raise ArchiveError(f"its {name} is no text")
        if not SHA256.fullmatch(manifest["data_sha256"]):  # it will stand in the receipt's script
            raise ArchiveError("its data_sha256 is no SHA-256")
        try:
            self.config = TrainConfig.from_dict(manifest["config"])
            self.origin = Origin.from_dict(manifest["origin"])
            self.name = plain_name(manifest["name"])
        except STRANGE as error:
            raise ArchiveError(f"its settings can't be used: {why(error)}") from error
        refuse_large(self.config)
        self.data_sha256: str = manifest["data_sha256"]
        self._manifest: dict[str, Any] = manifest

    def unpack(self, files: RunFolder) -> RunState:
        """Write the run into its folder, all of it checked; the state that it is in."""
        run = self._checkpoint(CHECKPOINT, files.checkpoint)
        state = checked_state(files.path.stem, self._manifest["state"], run)
        if BEGINNING in self._ours and self._checkpoint(BEGINNING, files.beginning).step:
            raise ArchiveError(f"its {BEGINNING} is not of the first step")
        snapshots = self._snapshots(files, run)
        state.snapshot = snapshots.all[-1]
        files.save_state(state, snapshots)
        return state

    def _checkpoint(self, name: str, path: Path) -> Run:
        """Copy a checkpoint; the run that it is of."""
        if name not in self._ours:
            raise ArchiveError(f"it has no {name}")
        limit = BYTES_A_PARAMETER * parameter_count(**self.config.network) + 2 * MAX_META_BYTES
        self._copy(name, path, limit)
        try:
            checkpoint: Checkpoint = load_checkpoint(path)
            return checked_run(checkpoint, self.config, self.data_sha256)
        except ValueError as error:
            raise ArchiveError(f"its {name} can't be used: {why(error)}") from error

    def _snapshots(self, files: RunFolder, run: Run) -> SnapshotList:
        """Copy the snapshots, and make one of the checkpoint if there is none of its step."""
        files.snapshots.mkdir(mode=0o700)
        size = run.model.parameters.flat.nbytes
        kept = []
        for snapshot in checked_snapshots(self._manifest["snapshots"], run):
            name = SNAPSHOT.format(snapshot.step)
            if name not in self._ours:
                raise ArchiveError(f"it has no {name}")
            path = unused_path(files.snapshots, snapshot.step)
            if self._copy(name, path, size, numbers=True) != size:
                raise ArchiveError(f"{name!r} does not hold the network's parameters")
            kept.append(replace(snapshot, weights=path))
        snapshots = SnapshotList(tuple(kept))
        if not kept or kept[-1].step != run.step:
            epoch, weights = run.step // run.steps_per_epoch, run.network().parameters.flat.copy()
            snapshots.append(Snapshot(run.step, epoch, "stopped", weights, None))
        return snapshots

    def _copy(self, name: str, path: Path, limit: int, *, numbers: bool = False) -> int:
        """Write an entry to a file, piece by piece; its size. `numbers` have to be finite."""
        size = 0
        with self._archive.open(self._ours[name]) as entry, open(path, "xb") as file:
            while piece := entry.read(min(PIECE, limit - size)):
                size += len(piece)
                values = np.frombuffer(piece, "<f4", len(piece) // 4) if numbers else 0
                if not np.isfinite(values).all():
                    raise ArchiveError(f"{name!r} holds values that are not finite numbers")
                file.write(piece)
            if not entry.at_end():
                raise ArchiveError(f"{name!r} unpacks to more than {limit:,} bytes")
        return size
