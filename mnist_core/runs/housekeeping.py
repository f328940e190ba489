"""What is done for the runs of a server every second, whether or not anybody looks.
Silent processes are ended; runs that nobody looks at pause, end, and are left to the store.
"""

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mnist_core.runs.commands import Pause, Stop
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.status import ENDED

if TYPE_CHECKING:
    from mnist_core.runs.local import LocalPool

CHECK_EVERY = 1.0  # seconds
TIDY_EVERY = 60.0  # seconds between two looks at what was deleted
OVERSLEPT = 3.0  # seconds between two checks: we stood still ourselves, and heard nobody
UNSEEN = "It was ended since nobody had looked at it for long. It can go on."

log = logging.getLogger(__name__)


class Housekeeping:
    """A thread that checks on a pool's runs until it is closed."""

    def __init__(self, pool: "LocalPool") -> None:
        self._pool = pool
        self._closing = threading.Event()
        self._tidied_at = float("-inf")
        self._thread = threading.Thread(target=self._check_all, name="housekeeping", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def check(self) -> None:
        """End what is silent; pause, end and forget what nobody looks at."""
        pool = self._pool
        with pool.changed:
            now = pool.clock()
            for run in list(pool.runs.values()):
                if run.process:
                    run.process.check()
                if run.state.status not in ENDED and not run.elsewhere:
                    self._check_unseen(run, now - run.watched_at)
            pool.places.start_waiting()  # a cluster may have grown
            self._forget(now)
            seen_within = min(pool.settings.pause_after, pool.settings.yield_after)
            woken = [
                run
                for run in pool.runs.values()
                if run.asleep and not run.in_hand and now - run.watched_at < seen_within
            ]
        pool.leases.follow_others()
        for run in woken:
            with suppress(OSError, KeyError):  # the next check tries it again
                pool.leases.wake(run)
        if now - self._tidied_at >= TIDY_EVERY:
            self._tidied_at = now
            pool.store.shelf.tidy()

    def remove_old_runs(self) -> None:
        """Keep the newest runs on disk, up to a number and a size (off the pool's lock)."""
        pool = self._pool
        with pool.changed:
            in_use = {
                run.id
                for run in pool.runs.values()
                if run.process or pool.places.is_queued(run) or run.state.status == "paused"
            }
        with suppress(OSError):  # another server may be cleaning up too
            pool.store.remove_oldest(
                runs=pool.settings.runs_on_disk,
                bytes_on_disk=pool.settings.bytes_on_disk,
                in_use=in_use,
            )

    def _check_all(self) -> None:
        checked = time.monotonic()
        while not self._closing.wait(CHECK_EVERY):
            now = time.monotonic()
            if now - checked > OVERSLEPT:
                with self._pool.changed:
                    for run in self._pool.runs.values():
                        if run.process:
                            run.process.excuse_silence()
            checked = now
            try:
                self.check()
            except Exception:  # whatever happens to one check, the next one must come
                log.exception("a check of the training runs failed")

    def _check_unseen(self, run: LiveRun, unseen: float) -> None:
        """Pause or end a run that nobody has looked at for so many seconds."""
        settings = self._pool.settings
        if unseen >= settings.pause_after + settings.end_after:
            self._end_unseen(run)
        elif unseen >= settings.pause_after and run.awake:
            run.asleep = True
            run.deliver(Pause())

    def _end_unseen(self, run: LiveRun) -> None:
        if self._pool.places.is_queued(run):
            self._pool.places.withdraw(run, "stopped", UNSEEN)
        elif run.process is not None and not run.ending:  # without one it holds nothing scarce
            run.deliver(Stop(UNSEEN))

    def _forget(self, now: float) -> None:
        """Leave runs without a process to the store, those first that were unseen for longest."""
        pool = self._pool
        idle = [
            run for run in pool.runs.values() if not run.process and not pool.places.is_queued(run)
        ]
        idle.sort(key=lambda run: run.watched_at, reverse=True)
        for place, run in enumerate(idle):
            unseen = now - run.watched_at
            if place >= pool.settings.ended_in_memory or unseen >= pool.settings.forget_after:
                del pool.runs[run.id]
