"""Training processes on the machines of a cluster as a pool sees them, and who starts a process."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.process import SILENT, WorkerProcess
from mnist_core.runs.protocol import Order
from mnist_core.runs.remote import Line, RemoteProcess, Task
from mnist_core.runs.sessions import DATA
from mnist_core.runs.state import Report

if TYPE_CHECKING:
    from mnist_core.runs.cluster import Cluster

# Seconds until a run whose place was taken by another server waits again: by then that is known.
PLACE_WITHIN = 2.0


class ClusterProcess(WorkerProcess):
    """A training process on another machine, as its owner sees it."""

    def __init__(
        self,
        line: Line,
        order: Order,
        lock: Lock,
        *,
        server: str,
        on_report: Callable[[WorkerProcess, Report], None],
        on_end: Callable[[WorkerProcess, str], None],
    ) -> None:
        run = RunFolder(Path(order.folder))
        data = Path(order.data) if order.data else None
        task = Task("runs", (run.path.name,), run, data)
        remote = RemoteProcess(line, task, patience=PLACE_WITHIN, lock=lock)
        self._process: RemoteProcess
        there = replace(
            order,
            folder=run.path.name,
            data=f"{DATA}/{data.name}" if data and data.is_file() else data and DATA,
            checkpoint=order.checkpoint and f"{run.path.name}/{Path(order.checkpoint).name}",
        )
        super().__init__(
            there, lock, server=server, on_report=on_report, on_end=on_end,
            start=lambda *_: remote,
        )  # fmt: skip

    def check(self) -> None:
        """As for any process; but it is not to blame for a slow way, or for what it waits for."""
        if self._process.is_out_of_earshot:
            self.excuse_silence()
        super().check()

    def _kill(self, why: str) -> None:
        if why == SILENT:
            self.lost = "machine"
        super()._kill(why)

    def _how_it_ended(self) -> str:
        how = super()._how_it_ended()
        if self._process.lost is None:
            return how
        self.lost = "cluster" if self._process.lost.cluster else "machine"
        return (
            f"The machine that trained this run can't be reached any more ({self._process.lost})."
        )


def workforce(scheduler: str) -> "tuple[Cluster | None, Callable[..., WorkerProcess]]":
    """The cluster of a scheduler, "" for none, and what starts a training process there, or here.

    ImportError if what speaks to a cluster is not installed.
    """
    if not scheduler:
        return None, WorkerProcess
    from mnist_core.runs.cluster import Cluster

    cluster = Cluster(scheduler)
    return cluster, partial(ClusterProcess, cluster)
