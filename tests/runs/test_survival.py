"""What was kept survives: the worker, the server or the system may end at any moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.runs.commands import (
    Pause,
    Resume,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import ONE_THREAD, ROOT
from mnist_core.runs.protocol import (
    ALIVE,
    Order,
    order_message,
    read_message,
    write_message,
)
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.run import EpochResult
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    at,
    ended,
    run_of_a_killed_server,
    workers,
)


def test_a_worker_that_the_system_ends_saves_at_once(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(TrainBatch())
    handle.wait_for(at(STEPS_PER_EPOCH + 1, "paused"), TIMEOUT)
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGTERM)
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "stopped" and view.saved_step == STEPS_PER_EPOCH + 1
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).results == history


SLOW_TO_SAVE = """
import sys, threading, time
from mnist_core.runs import trainer, worker

save = trainer.save_checkpoint

def save_slowly(path, checkpoint):
    while not leaving:
        time.sleep(0.001)  # until the worker is about to end
    time.sleep(0.2)
    save(path, checkpoint)

class Noted(threading.Timer):
    def __init__(self, *how):
        super().__init__(*how)
        leaving.append(self)

leaving = []
worker.GRACE = 0
worker.threading.Timer = Noted
trainer.save_checkpoint = save_slowly
sys.exit(worker.main())
"""


def test_a_worker_whose_server_is_gone_does_not_end_in_the_middle_of_a_save(
    tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "a").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_TO_SAVE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | ONE_THREAD,
    ) as worker:  # fmt: skip
        assert worker.stdin is not None and worker.stdout is not None
        order = Order(ENDLESS, str(tmp_path / "a"), str(folder), commands=(Pause(),))
        write_message(worker.stdin, order_message(order))
        message = read_message(worker.stdout)  # it has begun
        while message is not None and message.header == ALIVE.header:
            message = read_message(worker.stdout)
        worker.stdin.close()
        while read_message(worker.stdout) is not None:
            pass
        worker.wait(TIMEOUT)
    assert load_checkpoint(tmp_path / "a" / "checkpoint.npz").step == 0


@pytest.fixture
def killed(tmp_path: Path, folder: Path) -> Iterator[str]:
    """The id of a run whose server was killed in the middle of it."""
    until = "len(view.results) >= 3 and view.saved_step is not None"
    config = replace(ENDLESS, schedule="constant")
    id = run_of_a_killed_server(config, tmp_path, folder, until=until)
    assert workers().count(id) == 0
    yield id


def test_after_the_server_was_killed_a_run_is_interrupted_and_goes_on_to_the_same_numbers(
    killed: str, tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        handle = pool.get(killed)
        assert handle is not None
        view = handle.watch()
        assert view.status == "interrupted" and "can go on" in view.message
        assert len(view.results) >= 3 and view.saved_step is not None
        # The curve of the batches and the snapshots are there, up to the last save.
        assert sum(point.batches for point in view.batch_line) == view.batch_line[-1].step
        assert view.batch_line[-1].step >= view.saved_step
        assert handle.snapshots.all[0].step == 0 and len(handle.snapshots) > 3
        handle.send(Resume())
        later = handle.wait_for(lambda v: len(v.results) > len(view.results), TIMEOUT)
        whole = pool.start(
            replace(CONFIG, schedule="constant", epochs=len(later.results)), data=folder
        ).wait_for(ended, TIMEOUT)
        assert whole.results == later.results
