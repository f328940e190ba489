"""A real cluster for tests: Dask's scheduler and two workers, each a process of this machine."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from mnist_core.paths import ROOT
from tests.runs.tools import TIMEOUT

THREADS = 2  # of each worker, if not told otherwise


class Machines:
    """A scheduler on a port of its own, and its workers; close it when done."""

    def __init__(self, folder: Path, threads: int = THREADS) -> None:
        self._folder, self._threads = folder, threads
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int = 2) -> None:
        """Start what is not there."""
        if self.scheduler is None:
            self.scheduler = self._started("scheduler", "--port", str(self._port), "--no-show")
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < workers:
            self.workers.append(
                self._started(
                    "worker", self.address, "--nthreads", str(self._threads), "--no-nanny",
                    "--local-directory", str(self._folder),
                )
            )  # fmt: skip

    def worker_of(self, run: str) -> subprocess.Popen[bytes]:
        """The worker whose child trains a run."""
        (parent,) = [
            int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if run.encode() in _read(path).split(b"\0")
        ]
        return next(worker for worker in self.workers if worker.pid == parent)

    def kill_all(self) -> None:
        """End everything at once, as a power cut does."""
        for process in (self.scheduler, *self.workers):
            if process is not None:
                process.send_signal(signal.SIGKILL)
                process.wait(TIMEOUT)
        self.scheduler, self.workers = None, []

    def _started(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", what, *arguments, "--host", "127.0.0.1",
             "--no-dashboard"],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""
