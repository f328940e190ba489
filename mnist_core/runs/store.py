"""All runs: one row of the index a run (index.py), its arrays in files beside it (folder.py).
Several servers on one machine may share it; a lease says which of them a run belongs to for now.
"""

import json
import logging
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnist_core.runs.fair import KeptRun, first_to_go
from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.index import Index, StoreError
from mnist_core.runs.rows import UNUSABLE, Origin, RunRow, results_of
from mnist_core.runs.shelf import Shelf
from mnist_core.runs.state import RunState
from mnist_core.runs.status import RunStatus
from mnist_core.training.config import TrainConfig

# Of secrets.token_hex(16): no path, and not guessed. Earlier versions had half as many.
ID = re.compile(r"([0-9a-f]{16}){1,2}")
LEASE_SECONDS = 15.0

log = logging.getLogger(__name__)


class RunStore:
    """The index and the files of runs in one folder. Safe to use from any thread.

    `server` names this user of the store. As long as it is open it holds a lock, by which others
    see that it lives; so what a server that was killed had in hand is free at once.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        """Open the store, and make it if there is none; StoreError if that can't be done."""
        self.folder = folder
        self.server = secrets.token_hex(8)
        self.now = now
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.servers = folder / "servers"
            self.servers.mkdir(mode=0o700, exist_ok=True)
            alive = Lock.take(self.servers / self.server)
            assert alive is not None, "a new name is nobody else's"
            self._alive = alive
            self.index = Index(folder / "runs.sqlite")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"runs can't be kept in {folder}: {error}") from error
        self.shelf = Shelf(self)
        self._forget_dead_servers()
        self._enter_lost_runs()
        self._complete_old_rows()

    def close(self) -> None:
        """Let go of everything that this server has in hand."""
        with suppress(StoreError), self.index.writing() as database:
            database.execute("UPDATE runs SET server = NULL WHERE server = ?", (self.server,))
        self.index.close()
        self._alive.release()
        with suppress(OSError):
            (self.servers / self.server).unlink()

    def files(self, id: str) -> RunFolder:
        """Where the files of a run lie."""
        return RunFolder(self.folder / id)

    def new_row(self, config: TrainConfig, *, data: str | None, visitor: str) -> RunRow:
        """What a run that this visitor begins now has in the index."""
        return RunRow(
            secrets.token_hex(16), config, data, self.now(), "queued", owner=visitor, size=0,
            visitors=(visitor,) if visitor else (), command_key=secrets.token_urlsafe(16),
        )  # fmt: skip

    def add(
        self, config: TrainConfig, *, data: str | None, visitor: str, weights: bool = False
    ) -> RunRow:
        """A new run with its folder, in this server's hand; StoreError if the disk is full.

        `weights`: it goes on with those of another run, or of a file.
        """
        row = replace(
            self.new_row(config, data=data, visitor=visitor),
            origin=Origin(weights), server=self.server, lease_until=self.now() + LEASE_SECONDS,
        )  # fmt: skip
        try:
            self.files(row.id).make()
            with self._discarding(row.id):
                self.files(row.id).save_about(row.about())
                self.insert(row)
        except StoreError:
            raise
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StoreError(f"the run can't be kept: {reason}") from error
        return row

    def insert(self, row: RunRow) -> None:
        """Write a row, whatever stands there for its run."""
        values = row.values() | {"changed": self.now()}
        columns, places = ", ".join(values), ", ".join("?" for _ in values)
        with self.index.writing() as database:
            database.execute(
                f"INSERT OR REPLACE INTO runs ({columns}) VALUES ({places})",
                tuple(values.values()),
            )

    def _enter_lost_runs(self) -> None:
        """Enter the runs that have a folder but no row, as the index was damaged or removed."""
        with self.index.reading() as database:
            known = {found["id"] for found in database.execute("SELECT id FROM runs")}
        for path in self.folder.iterdir():
            if ID.fullmatch(path.name) and path.name not in known and path.is_dir():
                with suppress(StoreError):
                    self._restore(path.name)

    def _complete_old_rows(self) -> None:
        """Give the rows that an older version has written what they lack: size, owner, accuracy."""
        with self.index.reading() as database:
            found = database.execute("SELECT id FROM runs WHERE size IS NULL").fetchall()
        for (id,) in found:
            row = self.row(id) if isinstance(id, str) else None
            if row is None:
                continue
            state, _ = self.files(id).load_state(RunState(id, row.config))
            results = results_of(state) | row.results
            values = (row.owner, json.dumps(results), self.files(id).size(), id)
            with suppress(StoreError), self.index.writing() as database:
                database.execute(
                    "UPDATE runs SET owner = ?, results = ?, size = ? WHERE id = ?", values
                )

    def _restore(self, id: str) -> RunRow | None:
        """Enter a run into the index as its folder has it; None, and no row, if that fails."""
        try:
            row = RunRow.of_folder(self.files(id))
        except UNUSABLE as error:
            log.warning("run %s is left out of the index: its folder is of no use (%r)", id, error)
            with self.index.writing() as database:
                database.execute("DELETE FROM runs WHERE id = ?", (id,))
            return None
        log.warning("run %s was entered into the index as its folder has it", id)
        self.insert(row)
        return row

    def discard(self, id: str) -> None:
        """Remove a run and its files."""
        with self.index.writing() as database:
            database.execute("DELETE FROM runs WHERE id = ?", (id,))
        self.files(id).remove()

    @contextmanager
    def _discarding(self, id: str) -> Iterator[None]:
        """Leave no folder behind if what follows fails."""
        try:
            yield
        except BaseException:
            self.files(id).remove()
            raise

    def row(self, id: str) -> RunRow | None:
        """What is known of a run; None if there is none of that id, or none that can be used."""
        if not ID.fullmatch(id):
            return None
        with self.index.reading() as database:
            found = database.execute("SELECT * FROM runs WHERE id = ?", (id,)).fetchone()
        if found is None or not self.files(id).path.is_dir():
            return None
        try:
            return RunRow.of_index(found)
        except UNUSABLE:
            return self._restore(id)

    def rows(self, visitor: str | None = None) -> list[RunRow]:
        """All runs, or those that a visitor began, newest first: one query for all of them."""
        with self.index.reading() as database:
            found = database.execute("SELECT * FROM runs ORDER BY created DESC, id").fetchall()
        there = {path.name for path in self.folder.iterdir()}
        rows = []
        for values in found:
            try:
                row = RunRow.of_index(values) if values["id"] in there else None
            except UNUSABLE:
                row = self._restore(values["id"])
            if row is not None and (visitor is None or row.belongs_to(visitor)):
                rows.append(row)
        return rows

    def record(
        self, id: str, status: RunStatus, message: str, results: dict[str, Any], *, in_hand: bool
    ) -> None:
        """Note how a run stands, and whether this server still has it in hand.

        Nothing is noted of a run that another server has taken in hand in the meantime.
        """
        now, size = self.now(), self.files(id).size()
        server, until = (self.server, now + LEASE_SECONDS) if in_hand else (None, 0.0)
        with self.index.writing() as database:
            database.execute(
                "UPDATE runs SET status = ?, message = ?, results = ?, changed = ?, size = ?,"
                " server = ?, lease_until = ? WHERE id = ? AND (server IS NULL OR server = ?)",
                (status, message, json.dumps(results), now, size, server, until, id, self.server),
            )

    def notes_of_others(self) -> dict[str, tuple[str, str, str]]:
        """Status, message and results (as text) of the runs that this server has not in hand."""
        with self.index.reading() as database:
            found = database.execute(
                "SELECT id, status, message, results FROM runs WHERE server IS NOT ?",
                (self.server,),
            ).fetchall()
        return {id: (status, message, results) for id, status, message, results in found}

    def allow(self, id: str, visitor: str) -> None:
        """Let a visitor command a run from now on."""
        if self.row(id) is None:  # which also mends what could not be read
            return
        with self.index.writing() as database:
            found = database.execute("SELECT visitors FROM runs WHERE id = ?", (id,)).fetchone()
            if found is None:  # removed by another server just now
                return
            visitors = sorted({*json.loads(found["visitors"]), visitor})
            values = (json.dumps(visitors), id)
            database.execute("UPDATE runs SET visitors = ? WHERE id = ?", values)
        if (row := self.row(id)) is not None:
            with suppress(OSError):  # the index has it
                self.files(id).save_about(row.about())

    # Who has a run in hand.

    def renew(self) -> None:
        """Renew the leases of all runs that this server has in hand."""
        with self.index.writing() as database:
            database.execute(
                "UPDATE runs SET lease_until = ? WHERE server = ?",
                (self.now() + LEASE_SECONDS, self.server),
            )

    def lease(self, id: str) -> bool:
        """Take a run in hand; False if another server that lives has it.

        KeyError if the run is not in the index any more.
        """
        if self.row(id) is None:  # which also mends what could not be read
            raise KeyError(id)
        with self.index.writing() as database:
            found = database.execute(
                "SELECT server, lease_until FROM runs WHERE id = ?", (id,)
            ).fetchone()
            if found is None:  # removed by another server just now
                raise KeyError(id)
            if self._holds(found["server"], found["lease_until"]):
                return False
            database.execute(
                "UPDATE runs SET server = ?, lease_until = ? WHERE id = ?",
                (self.server, self.now() + LEASE_SECONDS, id),
            )
        return True

    def elsewhere(self, row: RunRow) -> bool:
        """Whether another server has the run in hand, or a process that is none of ours works."""
        ours = row.server == self.server
        return self._holds(row.server, row.lease_until) or (
            not ours and Lock.is_held(self.files(row.id).lock)
        )

    def _holds(self, server: str | None, lease_until: float) -> bool:
        """Whether that is another server, alive, whose lease has not run out."""
        if server is None or server == self.server or lease_until < self.now():
            return False
        return Lock.is_held(self.servers / Path(server).name)

    def _forget_dead_servers(self) -> None:
        for path in self.servers.iterdir():
            if path.name != self.server and not Lock.is_held(path):
                with suppress(OSError):
                    path.unlink()

    # What is removed.

    def remove_oldest(self, *, runs: int, bytes_on_disk: int, in_use: set[str]) -> None:
        """Keep at most so many runs and bytes, but all that are in use anywhere.

        Whoever has most loses the oldest first, so that nobody pushes out what others have.
        """
        kept = self._aged()
        # The newest stays, however large it is: it is what somebody has just trained.
        stay = in_use | {one.id for one in kept[-1:]}
        while (one := first_to_go(kept, stay, runs=runs, size=bytes_on_disk)) is not None:
            if self._removed(self.files(one.id)):
                kept.remove(one)
            else:
                stay = stay | {one.id}
        total = sum(one.size for one in kept)
        self.shelf.tidy(bytes_on_disk=max(bytes_on_disk - total, 0))

    def _aged(self) -> list[KeptRun]:
        """All runs on the disk, the one that was written last at the end."""
        with self.index.reading() as database:
            found = database.execute("SELECT id, owner FROM runs").fetchall()
        owners = {id: owner for id, owner in found}
        aged = []
        for path in self.folder.iterdir():
            if ID.fullmatch(path.name) and path.is_dir():
                with suppress(OSError):
                    files = RunFolder(path)
                    written = files.state if files.state.exists() else path
                    owner = str(owners.get(path.name, ""))
                    aged.append(KeptRun(written.stat().st_mtime, path.name, owner, files.size()))
        return sorted(aged)

    def _removed(self, files: RunFolder) -> bool:
        """Remove a run that nobody has in hand, this server included, and whether it was one.

        Whoever would take it in hand meanwhile finds it no longer in the index.
        """
        if Lock.is_held(files.lock):  # without a lease: the worker of a server that died
            return False
        with self.index.writing() as database:
            if not self.takes_out(database, files.path.name):
                return False
        files.remove()
        return True

    def takes_out(self, database: sqlite3.Connection, id: str, *, ours: bool = False) -> bool:
        """Take a run out of the index, and whether that may be: nobody has it in hand.

        `ours`: the row may still say that this server has, as what it knows better is not yet
        written.
        """
        found = database.execute("SELECT server, lease_until FROM runs WHERE id = ?", (id,))
        server, until = found.fetchone() or (None, 0.0)
        if (server == self.server and not ours) or self._holds(server, until):
            return False
        database.execute("DELETE FROM runs WHERE id = ?", (id,))
        return True
