"""Where the runs of an experiment train: on the cores of this machine, or on those of a cluster."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnist_core.runs.elsewhere import PLACE_WITHIN, workforce
from mnist_core.runs.process import Started, start_process
from mnist_core.runs.remote import RemoteProcess, Task
from mnist_core.runs.sessions import DATA
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import Problem

WORKER = [sys.executable, "-m", "mnist_core.experiments.worker"]
MANY = 10**6

log = logging.getLogger(__name__)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Workplace:
    """Where processes train: how many may now, what starts one, and why there is no place."""

    places: Callable[[], int]
    start: Callable[[], Started]
    why_no_place: Callable[[], Problem | None] = lambda: None


@contextmanager
def workplace(folder: Path, niceness: int, most: int | None) -> Iterator[Workplace]:
    """This machine, or the cluster that the environment names.

    `folder` has the images. `most` is how many processes may train on this machine instead of one
    on each core, and at most on a cluster; None sets no limit.
    """

    def start_here() -> Started:
        return start_process([*WORKER, str(folder), str(niceness)], apart=True)

    settings = PoolSettings.wanted().with_cluster()
    for problem in settings.problems:
        log.warning(problem)
    cluster, _ = workforce(settings.scheduler)
    if cluster is None:
        yield Workplace(lambda: most or cores(), start_here)
        return
    task = Task("experiments", (DATA, str(niceness)), data=folder)
    with cluster:
        yield Workplace(
            lambda: min(most or MANY, cluster.places(task.kind)),
            lambda: RemoteProcess(cluster, task, patience=PLACE_WITHIN),
            cluster.why_no_place,
        )
