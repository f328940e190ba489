"""Where the runs of an experiment train: on the cores of this machine, or on those of a cluster."""

import logging
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from mnist_core.paths import ROOT
from mnist_core.runs.elsewhere import workforce
from mnist_core.runs.process import ONE_THREAD, Started
from mnist_core.runs.remote import RemoteProcess, Task
from mnist_core.runs.sessions import DATA
from mnist_core.runs.settings import PoolSettings

WORKER = [sys.executable, "-m", "mnist_core.experiments.worker"]
LOOK_EVERY = 0.1  # seconds between looks at whether the cluster has a place
ANSWER_WITHIN = 20.0  # seconds for it to say so

log = logging.getLogger(__name__)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def workplace(folder: Path, niceness: int) -> Iterator[tuple[int, Callable[[], Started]]]:
    """How many processes may train at a time, here or on the cluster, and what starts one.

    `folder` has the images. OSError if the cluster has no place.
    """

    def start_here() -> Started:
        return subprocess.Popen(
            [*WORKER, str(folder), str(niceness)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            # Ctrl-C in a terminal is for us alone, also while the process still reads NumPy.
            process_group=0 if os.name == "posix" else None,
        )

    settings = PoolSettings.wanted().with_cluster()
    for problem in settings.problems:
        log.warning(problem)
    cluster, _ = workforce(settings.scheduler)
    if cluster is None:
        yield cores(), start_here
        return
    task = Task("experiments", (DATA, str(niceness)), data=folder)
    with cluster:
        deadline = monotonic() + ANSWER_WITHIN
        while not cluster.places(task.kind) and monotonic() < deadline:
            sleep(LOOK_EVERY)
        if not cluster.places(task.kind):
            raise OSError(cluster.problem or "other servers have all places of the cluster now")
        yield cluster.places(task.kind), lambda: RemoteProcess(cluster, task, patience=math.inf)
