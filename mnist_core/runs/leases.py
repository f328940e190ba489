"""Which server has a run in hand: leases are taken here, and what other servers do is read anew.
All of it is done off the pool's lock: the index may be busy, and nobody who looks waits for it.
"""

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from mnist_core.runs.index import StoreError
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.orphans import push_orphan
from mnist_core.runs.rows import RunRow

if TYPE_CHECKING:
    from mnist_core.runs.local import LocalPool

SEEN_WITHIN = 10.0  # seconds: runs of other servers that were watched so lately are read anew


class Leases:
    """The leases of a pool's runs."""

    def __init__(self, pool: "LocalPool") -> None:
        self._pool = pool
        # By run: since when its worker is known to have no server.
        self._orphans: dict[str, float] = {}

    def take(self, run: LiveRun) -> None:
        """Lease a run that has no process here, as another server has left it.

        One that another server has in hand is marked so. StoreError if the index can't be written,
        KeyError if the run has been removed; the run is then as it was.
        """
        pool, store = self._pool, self._pool.store
        before = store.row(run.id)
        if before is None:
            with pool.changed:
                pool.runs.pop(run.id, None)
            raise KeyError(run.id)
        ours = store.lease(run.id)
        loaded = self._loaded(run, before, elsewhere=not ours)
        with pool.changed:
            if run.in_hand:  # another thread was quicker
                return
            # What we noted ourselves may not be written yet; the row is then still ours.
            if not ours or (before.server != store.server and loaded.noted != run.noted):
                run.adopt(loaded)
            run.in_hand = ours

    def wake(self, run: LiveRun) -> None:
        """Let a run go on that slept, gave up its place, and was looked at again.

        The errors are those of `take`.
        """
        self.take(run)
        with self._pool.changed:
            if run.asleep and run.in_hand:
                self._pool.send_leased(run, run.going)

    def follow_others(self) -> None:
        """Read anew what other servers do with the runs that are known here."""
        pool = self._pool
        with pool.changed:
            now = pool.clock()
            others = [run for run in pool.runs.values() if not run.in_hand]
        with suppress(StoreError):
            notes = pool.store.notes_of_others() if others else {}
            for run in others:
                if run.elsewhere:
                    if now - run.watched_at < SEEN_WITHIN:
                        self._push_orphan(run)
                        self._look_again(run)
                elif notes.get(run.id, run.noted) != run.noted:
                    self._look_again(run)

    def _push_orphan(self, run: LiveRun) -> None:
        since = self._orphans.setdefault(run.id, monotonic())
        servers = self._pool.store.servers
        if not push_orphan(run.files, servers, known_for=monotonic() - since):
            del self._orphans[run.id]

    def _look_again(self, run: LiveRun) -> None:
        store = self._pool.store
        row = store.row(run.id)
        if row is None:
            return
        loaded = self._loaded(run, row, elsewhere=store.elsewhere(row))
        with self._pool.changed:
            if not run.in_hand:
                run.adopt(loaded)
                self._pool.changed.notify_all()

    def _loaded(self, run: LiveRun, row: RunRow, *, elsewhere: bool) -> LiveRun:
        return LiveRun.loaded(row, run.files, run.watched_at, elsewhere=elsewhere)
