"""Writes how runs stand into the store, from a thread of its own: a slow disk stalls nobody."""

import json
import logging
import threading
from typing import Any

from mnist_core.runs.index import StoreError
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.rows import results_of
from mnist_core.runs.status import ENDED, RunStatus
from mnist_core.runs.store import RunStore

RENEW_EVERY = 4.0  # seconds; a lease lasts several of these

log = logging.getLogger(__name__)


class Recorder:
    """Keeps the newest note of each run until it is written; renews this server's leases."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._notes: dict[str, tuple[RunStatus, str, dict[str, Any], bool]] = {}
        self._changed = threading.Condition()
        self._closing = self._refused = False
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    def note(self, run: LiveRun) -> None:
        """Have written how a run stands now."""
        state, results = run.state, results_of(run.state)
        # One that ended, or gave up its place, is free for any server.
        works = run.process is not None or state.status not in (*ENDED, "paused")
        run.in_hand = works and not run.elsewhere
        run.noted = state.status, state.message, json.dumps(results)
        with self._changed:
            self._notes[run.id] = (state.status, state.message, results, run.in_hand)
            self._changed.notify()

    def close(self) -> None:
        """Write what is left and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, RENEW_EVERY)
                notes, self._notes = self._notes, {}
                closing = self._closing
            try:
                while notes:
                    id, (status, message, results, in_hand) = next(iter(notes.items()))
                    self._store.record(id, status, message, results, in_hand=in_hand)
                    del notes[id]
                self._store.renew()
                self._refused = False
            except StoreError as error:
                log.warning("%s", error)
                self._refused = True
                with self._changed:
                    self._notes = notes | self._notes  # one that was made meanwhile is newer
            if closing:  # what could not be written then is lost: the runs' files have what matters
                return

    def _is_due(self) -> bool:
        """Whether to write now; what was refused is tried again when leases are to be renewed."""
        return self._closing or (bool(self._notes) and not self._refused)
