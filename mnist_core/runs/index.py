"""The file in SQLite in which a store keeps its rows: opened, mended, read and written.
A look never waits for a write: each of the two has a connection of its own.
"""

import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

BUSY_SECONDS = 5.0  # how long another server may write before that is an error
COLUMNS = {
    "id": "TEXT PRIMARY KEY",
    "name": "TEXT NOT NULL DEFAULT ''",
    "config": "TEXT NOT NULL DEFAULT ''",  # JSON
    "data": "TEXT",  # a folder of IDX files, NULL for MNIST as shipped
    "created": "REAL NOT NULL DEFAULT 0",  # seconds since 1970
    "changed": "REAL NOT NULL DEFAULT 0",
    "status": "TEXT NOT NULL DEFAULT ''",
    "message": "TEXT NOT NULL DEFAULT ''",
    "results": "TEXT NOT NULL DEFAULT '{}'",  # JSON: see rows.results_of
    "visitors": "TEXT NOT NULL DEFAULT '[]'",  # JSON: who may command the run; nobody: everybody
    "command_key": "TEXT NOT NULL DEFAULT ''",  # whoever shows this may command it too
    "owner": "TEXT NOT NULL DEFAULT ''",  # who began it, one of the visitors; '': not known
    "origin": "TEXT NOT NULL DEFAULT '{}'",  # JSON: what it began with, see rows.Origin
    "size": "INTEGER",  # bytes on the disk, NULL for a row of an older version
    "server": "TEXT",  # the server that has the run in hand, NULL if none has
    "lease_until": "REAL NOT NULL DEFAULT 0",
}

log = logging.getLogger(__name__)


class StoreError(OSError):
    """The store can't be read or written; the message says why."""


class Index:
    """The table `runs`, with the columns COLUMNS. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if there is none; OSError or sqlite3.Error if that fails.

        One that is damaged is put aside, and an empty one begun.
        """
        # SQLite's connections are for all threads. That to read has a lock of its own: a look does
        # not wait for a write that waits for another server.
        self._lock, self._read_lock = threading.Lock(), threading.Lock()
        self._database = _open(path)
        self._reader = _connected(path)

    def close(self) -> None:
        """Close both connections."""
        with self._lock, self._read_lock, suppress(sqlite3.Error):
            self._database.close()
            self._reader.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, written at its end; StoreError if that can't be done."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                except BaseException:
                    self._database.rollback()
                    raise
                self._database.commit()
            except sqlite3.Error as error:
                raise StoreError(f"the index of runs can't be written: {error}") from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries; StoreError if one fails."""
        with self._read_lock:
            try:
                yield self._reader
            except sqlite3.Error as error:
                raise StoreError(f"the index of runs can't be read: {error}") from error


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions are begun in Index.writing, and nowhere else
        check_same_thread=False,
    )
    database.row_factory = sqlite3.Row
    database.text_factory = partial(str, encoding="utf-8", errors="replace")
    return database


def _open(path: Path) -> sqlite3.Connection:
    """The file with its table; one that is damaged is put aside, and an empty one begun."""
    database = _connected(path)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _make_table(database)
        if (state := database.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.OperationalError:  # busy, full, or read-only, but not damaged
        raise
    except sqlite3.DatabaseError as error:
        database.close()
        log.warning("%s is damaged (%s): it is put aside, a new one begun", path, error)
        os.replace(path, path.with_name(f"{path.name}.{secrets.token_hex(4)}.damaged"))
        return _open(path)
    return database


def _make_table(database: sqlite3.Connection) -> None:
    """Make the table of runs, or add what a table of an older version lacks."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    database.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns})")
    there = {found["name"] for found in database.execute("PRAGMA table_info(runs)")}
    if "id" not in there:
        raise sqlite3.DatabaseError("its table is not one of runs")
    for name in COLUMNS.keys() - there:
        database.execute(f"ALTER TABLE runs ADD COLUMN {name} {COLUMNS[name]}")
        if name == "command_key":
            database.execute("UPDATE runs SET command_key = lower(hex(randomblob(16)))")
