"""What tests of runs share: small settings, and conditions to wait for."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, sleep

import numpy as np

from mnist_core.runs.commands import Command, OwnerGone, Stop
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import ROOT
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Progress

TIMEOUT = 60.0  # seconds; only a failure takes so long
CONFIG = TrainConfig(
    hidden=(8,), optimizer="adam", learning_rate=0.01, dropout=0.1, ema_decay=0.9,
    batch_size=20, epochs=4, train_size=190, seed=3,
)  # fmt: skip
ENDLESS = replace(CONFIG, epochs=10_000)
STEPS_PER_EPOCH = 10


def at(step: int, status: str) -> Callable[[RunView], bool]:
    """Whether a run is at that step with that status."""
    return lambda view: view.step == step and view.status == status


def ended(view: RunView) -> bool:
    return view.ended


def wait_until(condition: Callable[[], object]) -> None:
    """Until it is true; it is looked at again and again."""
    deadline = monotonic() + TIMEOUT
    while not condition():
        assert monotonic() < deadline
        sleep(0.05)


def wait_unseen(pool: LocalPool, handle: RunHandle, status: str) -> None:
    """Until a run has that status, without looking at it."""
    with pool.changed:
        assert pool.changed.wait_for(lambda: handle.status == status, TIMEOUT), handle.status


def wait_without_process(pool: LocalPool, handle: RunHandle) -> None:
    with pool.changed:
        assert pool.changed.wait_for(lambda: handle.process_id is None, TIMEOUT)


SERVER = """
import json, sys
from pathlib import Path
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.config import TrainConfig

pool = LocalPool(PoolSettings(folder=Path(sys.argv[2])))
handle = pool.start(TrainConfig.from_dict(json.loads(sys.argv[1])), data=sys.argv[3])
handle.wait_for(lambda view: UNTIL, 60)
print(handle.id, flush=True)
sys.stdin.read()
"""


def run_of_a_killed_server(config: TrainConfig, runs: Path, data: Path, *, until: str) -> str:
    """The id of a run whose server was killed in the middle of it; its worker has ended, too.

    `until` is a condition of its `view`, as Python.
    """
    script = SERVER.replace("UNTIL", until)
    with subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(config.to_dict()), str(runs), str(data)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        id = server.stdout.readline().strip()
        server.kill()
        # The worker has inherited stderr: that ends only when the worker has ended too.
        server.communicate(timeout=TIMEOUT)
    return id


PROGRESS = Progress(
    step=7, steps=40, epoch=1, loss=0.1 + 0.2, accuracy=1 / 3, learning_rate=0.01, seconds=1.5,
    images=140, result=None, status="running",
)  # fmt: skip


def snapshot(step: int, size: int = 4) -> Snapshot:
    return Snapshot(step, step // 10, "running", np.full(size, step, np.float32), PROGRESS)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class StopWhen(SimpleQueue[Command | OwnerGone]):
    """A trainer's inbox into which Stop comes when the trainer looks and `condition` is true."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        super().__init__()
        self._condition = condition

    def empty(self) -> bool:
        if self._condition():
            self.put(Stop("Enough."))
        return super().empty()


def workers() -> list[str]:
    """The ids of runs that a living process works on, one for each process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            state = (path.parent / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"mnist_core.runs.worker" in words and state not in "ZX":
            found.append(words[words.index(b"mnist_core.runs.worker") + 1].decode())
    return found
