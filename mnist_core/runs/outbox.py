"""Sends a worker's reports from a thread of its own, so that a slow reader holds up no training."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Queue
from time import thread_time
from typing import BinaryIO

from mnist_core.runs.protocol import ALIVE, report_message, write_message
from mnist_core.runs.state import Report

ALIVE_EVERY = 0.5  # seconds, when there is nothing to report


class Outbox:
    """A queue of reports, and the thread that writes them to a stream."""

    def __init__(
        self, stream: BinaryIO, *, after_first_step: Callable[[], object] | None = None
    ) -> None:
        """`after_first_step` is called once, when the first report of a step has been sent."""
        self.cost = 0.0  # seconds of processor time that the last report took to send
        self._stream = stream
        self._after_first_step = after_first_step
        self._queue: Queue[Report | None] = Queue()
        self._thread = threading.Thread(target=self._send_all, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether everything has been sent."""
        return self._queue.unfinished_tasks == 0

    def send(self, report: Report) -> None:
        """Hand over a report whose arrays nobody changes any more."""
        self._queue.put(report)

    def close(self) -> None:
        """Send the rest and end."""
        self._queue.put(None)
        self._thread.join()

    def _send_all(self) -> None:
        while True:
            with suppress(OSError):  # the owner is gone: the closed stdin will say so too
                try:
                    report = self._queue.get(timeout=ALIVE_EVERY)
                except Empty:
                    write_message(self._stream, ALIVE)
                    continue
                if report is None:
                    return
                started = thread_time()
                try:
                    write_message(self._stream, report_message(report))
                finally:
                    self.cost = thread_time() - started
                    self._queue.task_done()
                if report.progress is not None and self._after_first_step is not None:
                    self._after_first_step()
                    self._after_first_step = None
