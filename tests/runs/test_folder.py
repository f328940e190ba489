"""Files of a run may be damaged or gone: it goes on from what is good, and says what is lost."""

import io
import json
import os
import signal
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.runs.commands import Resume, Rewind, Stop, TrainBatch, TrainEpoch
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import Order
from mnist_core.runs.state import RunState
from mnist_core.runs.trainer import Trainer
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.run import EpochResult
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    StopWhen,
    at,
    ended,
    wait_without_process,
)

STEP = STEPS_PER_EPOCH + 1


@pytest.fixture
def stopped(pool: LocalPool, folder: Path) -> RunHandle:
    """A run that was stopped, and saved, one step after its first epoch."""
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(TrainBatch())
    handle.wait_for(at(STEP, "paused"), TIMEOUT)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    return handle


def replaced(values: Any, keys: tuple[Any, ...], value: Any) -> None:
    """Put a value into nested dictionaries and lists."""
    for key in keys[:-1]:
        values = values[key]
    values[keys[-1]] = value


@pytest.mark.parametrize("value", ["x", None, {}, 10**400])
@pytest.mark.parametrize(
    "keys",
    [
        ("status",),
        ("message",),
        ("learning_rate",),
        ("rate_changes",),
        ("progress", "step"),
        ("results", 0, "validation_loss"),
        ("results", 0, "epoch"),
        ("reports_per_point",),
        ("batch_curve", 0, 0),
        ("batch_curve", 0, 2),
        ("batch_curve", 0),
        ("test_accuracy",),
        ("saved_step",),
        ("seconds",),
        ("parameters",),
        ("snapshots",),
        ("snapshots", 1, "step"),
        ("snapshots", 1, "token"),
        ("snapshots", 1, "file"),
        ("snapshots", 1),
    ],
    ids=str,
)
def test_a_state_of_wrong_types_never_keeps_a_run_from_going_on(
    saved_run: Path, data: Dataset, tmp_path: Path, keys: tuple[Any, ...], value: Any
) -> None:
    files = RunFolder(tmp_path / "run")
    files.make()
    for name in ("checkpoint.npz", "state.json"):
        (files.path / name).write_bytes((saved_run / name).read_bytes())
    files.snapshots.mkdir()
    for path in (saved_run / "snapshots").iterdir():
        (files.snapshots / path.name).write_bytes(path.read_bytes())
    values = json.loads(files.state.read_text())
    replaced(values, keys, value)
    files.state.write_text(json.dumps(values))
    state, _ = files.load_state(RunState("run", CONFIG))
    state.view()
    assert state.saved_step == STEP  # the checkpoint knows best
    order = Order(CONFIG, str(files.path), checkpoint=str(files.checkpoint))
    trainer = Trainer(order, data, SimpleQueue(), Outbox(io.BytesIO()))
    trainer.work()
    assert trainer.status == "finished"
    assert [result.epoch for result in trainer.state.results] == [1, 2, 3, 4]


@pytest.fixture(scope="module")
def saved_run(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> Path:
    """The folder of a run that was stopped, and saved, one step after its first epoch."""
    files = RunFolder(tmp_path_factory.mktemp("saved") / "run")
    files.make()
    inbox = StopWhen(lambda: trainer.run.step == STEP)
    trainer = Trainer(Order(CONFIG, str(files.path)), data, inbox, Outbox(io.BytesIO()))
    trainer.work()
    return files.path


def test_a_run_goes_on_from_its_checkpoint_when_its_state_cannot_be_read(
    pool: LocalPool, stopped: RunHandle, history: tuple[EpochResult, ...]
) -> None:
    state = stopped.folder / "state.json"
    values = json.loads(state.read_text())
    for about in values["snapshots"]:
        about["step"] = str(about["step"])
    state.write_text(json.dumps(values))
    stopped.send(Resume())
    view = stopped.wait_for(ended, TIMEOUT)
    assert (view.status, view.results) == ("finished", history)


@pytest.mark.parametrize("damage", ["gone", "unreadable"])
def test_a_run_that_lost_its_checkpoint_says_so_and_keeps_its_curves(
    pool: LocalPool, stopped: RunHandle, damage: str
) -> None:
    before = stopped.peek()
    checkpoint = stopped.folder / "checkpoint.npz"
    for again in (False, True):  # it is no other when it is asked for a second time
        checkpoint.unlink(missing_ok=True)
        if damage == "unreadable":
            checkpoint.write_bytes(b"PK\3\4 and nothing else")
        stopped.send(Resume())
        stopped.wait_for(lambda view: view.status == "failed" or view.step == 0, TIMEOUT)
        wait_without_process(pool, stopped)
        view = stopped.watch()
        expected = "checkpoint is gone" if damage == "gone" else "checkpoint can't be used"
        assert view.status == "failed" and expected in view.message, again
        assert "Rewind" in view.message and str(stopped.folder) not in view.message
        assert (view.step, view.results) == (before.step, before.results)
        assert (view.batch_line, view.progress) == (before.batch_line, before.progress)
    stopped.send(Rewind())
    assert stopped.wait_for(at(0, "paused"), TIMEOUT).results == ()


def test_a_killed_run_says_from_which_step_it_goes_on(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(ENDLESS, data=folder)
    saved = handle.wait_for(lambda view: view.saved_step is not None, TIMEOUT).saved_step
    assert saved is not None
    handle.wait_for(lambda view: view.step > saved, TIMEOUT)
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGKILL)
    view = handle.wait_for(ended, TIMEOUT)
    assert handle.checkpoint_path is not None
    step = load_checkpoint(handle.checkpoint_path).step
    assert view.saved_step == step < view.step
    assert f"It can go on from step {step:,}" in view.message
