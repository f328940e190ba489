"""What is done with runs that nobody works on: named, deleted and brought back, taken in whole.
A deleted run lies aside for some time; its folder has all that the index needs to have it back.
"""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mnist_core.data.mnist import load_mnist
from mnist_core.data.zip_files import ArchiveError
from mnist_core.runs.archive import RunArchive, write_archive
from mnist_core.runs.fair import KeptRun, first_to_go
from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.index import StoreError
from mnist_core.runs.receipt import Receipt, receipt_of
from mnist_core.runs.rows import UNUSABLE, RunRow, plain_name, results_of
from mnist_core.runs.state import RunState
from mnist_core.runs.status import GOES_ON, NotAllowed
from mnist_core.training.checkpoint import load_description

if TYPE_CHECKING:
    from mnist_core.runs.store import RunStore

KEPT_SECONDS = 7 * 24 * 3600.0  # that a deleted run can be restored
KEPT_RUNS = 20
UNFINISHED_SECONDS = 3600.0  # after which a folder that nobody has finished is a dead process's
UNFINISHED = ".unfinished"


class Shelf:
    """The runs of a store as things to keep. Safe to use from any thread.

    `visitor` is who asks; None for whoever has the disk in hand, who may do anything. KeyError
    for a run that is not there, NotAllowed for another's.
    """

    def __init__(self, store: "RunStore") -> None:
        self._store = store
        self._deleted = store.folder / "deleted"

    def rename(self, id: str, name: str, visitor: str | None = None) -> None:
        """Give a run a name, "" for that of its settings; ValueError for one that can be none."""
        row, name = self._row(id, visitor), plain_name(name)
        with self._store.index.writing() as database:
            database.execute("UPDATE runs SET name = ? WHERE id = ?", (name, id))
        with suppress(OSError):  # the index has it
            self._store.files(id).save_about(replace(row, name=name).about())

    def delete(self, id: str, visitor: str | None = None, *, ours: bool = False) -> None:
        """Lay a run aside, from where `restore` has it back for some days.

        NotAllowed if somebody works on it; `ours` says that this server surely does not.
        """
        self._row(id, visitor)
        files = self._store.files(id)
        lock = Lock.take(files.lock)  # so nobody begins to work on it now
        if lock is None:
            raise NotAllowed(GOES_ON)
        try:
            self._deleted.mkdir(mode=0o700, exist_ok=True)
            with self._store.index.writing() as database:
                if not self._store.takes_out(database, id, ours=ours):
                    raise NotAllowed(GOES_ON)
                os.rename(files.path, self._deleted / id)
            now = self._store.now()
            os.utime(self._deleted / id, (now, now))  # when it was deleted
        finally:
            lock.release()

    def restore(self, id: str, visitor: str | None = None) -> None:
        """Bring a deleted run back, as it was."""
        row = next((row for row in self.deleted() if row.id == id), None)
        if row is None:
            raise KeyError(id)
        row.refuse_others(visitor)
        try:
            os.rename(self._deleted / id, self._store.files(id).path)
        except FileNotFoundError as error:  # another server was quicker, or has cleaned up
            raise KeyError(id) from error
        self._store.insert(row)

    def deleted(self, visitor: str | None = None) -> list[RunRow]:
        """The deleted runs that can be restored, or a visitor's, the last deleted first."""
        rows = []
        for _, files in self._aside():
            with suppress(*UNUSABLE):
                rows.append(RunRow.of_folder(files))
        return [row for row in rows if visitor is None or row.belongs_to(visitor)]

    def take_in(self, row: RunRow, fill: Callable[[RunFolder], RunState]) -> RunRow:
        """Enter a run whose files `fill` writes, giving its state; nobody sees it half done."""
        files = RunFolder(self._store.folder / f"{row.id}{UNFINISHED}")
        try:
            files.make()
            state = fill(files)
            row = replace(
                row, status=state.status, message=state.message, results=results_of(state)
            )
            files.save_about(row.about())
            row = replace(row, size=files.size())
            os.rename(files.path, self._store.files(row.id).path)
            self._store.insert(row)
        except BaseException as error:
            files.remove()
            self._store.files(row.id).remove()
            if isinstance(error, OSError) and error.errno:  # as of a full disk
                reason = f"the run can't be kept: {os.strerror(error.errno)}"
                raise StoreError(reason) from error
            raise
        return row

    def receipt(self, id: str) -> Receipt:
        """How to have a run again; ValueError if it has no checkpoint yet."""
        row, files = self._row(id, None), self._store.files(id)
        try:
            data_sha256 = load_description(files.checkpoint)["data_sha256"]
        except FileNotFoundError as error:
            raise ValueError("the run has no checkpoint yet") from error
        if files.beginning.is_file():  # of a version that did not note it
            row = replace(row, origin=replace(row.origin, weights=True))
        state, _ = files.load_state(RunState(id, row.config))
        return receipt_of(row, state, data_sha256=data_sha256)

    def export(self, id: str, file: BinaryIO) -> None:
        """Write a run as one ZIP, as it was at its last checkpoint: see write_archive."""
        row = self._row(id, None)  # whoever may watch a run has all of it already
        write_archive(file, self._store.files(id), row)

    def bring_in(
        self, source: str | Path | bytes, visitor: str, data: Path | None = None
    ) -> tuple[RunRow, tuple[str, ...]]:
        """Take in a run from a ZIP, under a new id, as the visitor's own.

        `data` is the folder that it was trained on, None for MNIST. Returns the run and the names
        of entries that are none of ours and were left alone. Raises ArchiveError with the reason,
        FileNotFoundError if there is no such file, StoreError if the disk is full.
        """
        with RunArchive(source) as archive:
            if data is not None and load_mnist(data).sha256 != archive.data_sha256:
                raise ArchiveError(f"it was trained on other data than {data}")
            folder = str(data.resolve()) if data is not None else None
            row = self._store.new_row(archive.config, data=folder, visitor=visitor)
            row = replace(row, name=archive.name, origin=archive.origin)
            return self.take_in(row, archive.unpack), archive.left

    def longer(self, id: str, epochs: int, visitor: str) -> RunRow:
        """A copy of a finished run that has so many epochs to go on with, as the visitor's own.

        It is a new run, since a run's settings never change under its id: what was finished, and
        has been judged by the test images, stays as it is. A schedule other than constant spans the
        new length from where the run goes on. ValueError if it is not finished, or for a length
        that can be none.
        """
        row, source = self._row(id, None), self._store.files(id)
        # The index may not have heard of the end yet.
        if source.load_state(RunState(id, row.config))[0].status != "finished":
            raise ValueError("only a finished run can be given more epochs")
        if epochs < 1:
            raise ValueError(f"at least one more epoch is needed, not {epochs}")
        config = replace(row.config, epochs=row.config.epochs + epochs)
        origin = replace(row.origin, lengths=(*row.origin.lengths, row.config.epochs))
        new = self._store.new_row(config, data=row.data, visitor=visitor)
        return self.take_in(
            replace(new, name=row.name, origin=origin), lambda files: files.lengthen(source, config)
        )

    def tidy(self, *, bytes_on_disk: int | None = None) -> None:
        """Remove for good what was deleted too long ago, or is too much, and what is unfinished."""
        now = self._store.now()
        aside = self._aside()
        for deleted_at, files in aside:
            if now - deleted_at > KEPT_SECONDS:
                files.remove()
        owners = {row.id: row.owner for row in self.deleted()}
        kept = sorted(
            KeptRun(deleted_at, files.path.name, owners.get(files.path.name, ""), files.size())
            for deleted_at, files in aside
            if files.path.exists()
        )
        most = sum(one.size for one in kept) if bytes_on_disk is None else bytes_on_disk
        while (one := first_to_go(kept, set(), runs=KEPT_RUNS, size=most)) is not None:
            RunFolder(self._deleted / one.id).remove()
            kept.remove(one)
        for path in self._store.folder.glob(f"*{UNFINISHED}"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                    shutil.rmtree(path)

    def _row(self, id: str, visitor: str | None) -> RunRow:
        row = self._store.row(id)
        if row is None:
            raise KeyError(id)
        row.refuse_others(visitor)
        return row

    def _aside(self) -> list[tuple[float, RunFolder]]:
        """The folders of deleted runs and when each was deleted, the last one first."""
        found: list[tuple[float, Path]] = []
        with suppress(OSError):  # nothing was ever deleted
            for path in self._deleted.iterdir():
                with suppress(OSError):
                    found.append((path.stat().st_mtime, path))
        return [(when, RunFolder(path)) for when, path in sorted(found, reverse=True)]
