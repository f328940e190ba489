"""Runs in processes of their own: the same numbers, obedient, and never left behind."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.runs import protocol
from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.local import ONE_THREAD, ROOT, LocalPool, PoolSettings, RunHandle
from mnist_core.runs.protocol import (
    BatchLine,
    BatchPoint,
    Message,
    Order,
    Report,
    RunView,
    Snapshot,
    command_message,
    order_message,
    read_command,
    read_message,
    read_order,
    read_report,
    report_message,
    write_message,
)
from mnist_core.runs.snapshots import SnapshotStore
from mnist_core.runs.worker import Outbox, Trainer
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Progress, Run
from mnist_core.training.train import train

TIMEOUT = 60.0  # seconds; only a failure takes so long
CONFIG = TrainConfig(
    hidden=(8,), optimizer="adam", learning_rate=0.01, dropout=0.1, ema_decay=0.9,
    batch_size=20, epochs=4, train_size=190, seed=3,
)  # fmt: skip
ENDLESS = replace(CONFIG, epochs=10_000)
STEPS_PER_EPOCH = 10


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in MNIST's form: a bar for each digit, on noise."""
    root = tmp_path_factory.mktemp("bars")
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 240), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = rng.integers(0, 200, (count, 28, 28), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 3 : 2 * label + 6] = 255
        header = b"\x00\x00\x08\x03" + np.array(images.shape, ">u4").tobytes()
        (root / f"{prefix}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = b"\x00\x00\x08\x01" + np.array(labels.shape, ">u4").tobytes()
        (root / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return root


@pytest.fixture(scope="session")
def data(folder: Path) -> Dataset:
    return load_mnist(folder)


@pytest.fixture(scope="session")
def history(folder: Path) -> tuple[EpochResult, ...]:
    """What CONFIG leads to without a process of its own.

    Python is started anew for it, since the number of BLAS threads may change a last bit.
    """
    script = (
        "import json, sys; from dataclasses import asdict\n"
        "from mnist_core import load_mnist\n"
        "from mnist_core.training.config import TrainConfig\n"
        "from mnist_core.training.run import Run\n"
        "from mnist_core.training.train import train\n"
        "run = Run(TrainConfig.from_dict(json.loads(sys.argv[1])), load_mnist(sys.argv[2]))\n"
        "print(json.dumps([asdict(p.result) for p in train(run) if p.result]))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, json.dumps(CONFIG.to_dict()), str(folder)],
        cwd=ROOT, env=os.environ | ONE_THREAD, check=True, capture_output=True,
    ).stdout  # fmt: skip
    return tuple(EpochResult(**result) for result in json.loads(output))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(tmp_path: Path, clock: Clock) -> Iterator[LocalPool]:
    with LocalPool(PoolSettings(folder=tmp_path / "runs"), clock=clock) as pool:
        yield pool


def at(step: int, status: str) -> Callable[[RunView], bool]:
    """Whether a run is at that step with that status."""
    return lambda view: view.step == step and view.status == status


def ended(view: RunView) -> bool:
    return view.ended


def wait_unseen(pool: LocalPool, handle: RunHandle, status: str) -> None:
    """Until a run has that status, without looking at it."""
    with pool.changed:
        assert pool.changed.wait_for(lambda: handle.status == status, TIMEOUT), handle.status


def wait_without_process(pool: LocalPool, handle: RunHandle) -> None:
    with pool.changed:
        assert pool.changed.wait_for(lambda: handle.process_id is None, TIMEOUT)


# A run and its commands.


def test_a_run_in_a_process_gives_the_history_of_the_same_run_here(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    view = pool.start(CONFIG, data=folder).wait_for(ended, TIMEOUT)
    assert view.status == "finished"
    assert view.results == history
    assert view.step == view.saved_step == 4 * STEPS_PER_EPOCH


def test_every_batch_is_counted_once_in_the_batch_line(pool: LocalPool, folder: Path) -> None:
    view = pool.start(CONFIG, data=folder).wait_for(ended, TIMEOUT)
    assert sum(point.batches for point in view.batch_line) == 4 * STEPS_PER_EPOCH
    assert view.batch_line[-1].step == 4 * STEPS_PER_EPOCH


def test_the_newest_snapshot_predicts_as_the_saved_run(
    pool: LocalPool, folder: Path, data: Dataset
) -> None:
    handle = pool.start(CONFIG, data=folder)
    network = handle.wait_for(ended, TIMEOUT).network()
    assert network is not None and handle.checkpoint_path is not None
    saved = Run.resume(checkpoint_of(handle), data).network()
    images = data.test.images
    np.testing.assert_array_equal(network.predict_proba(images), saved.predict_proba(images))


def checkpoint_of(handle: RunHandle):
    from mnist_core.training.checkpoint import load_checkpoint

    assert handle.checkpoint_path is not None
    return load_checkpoint(handle.checkpoint_path)


def test_a_paused_run_trains_one_batch_at_a_time(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.wait_for(at(0, "paused"), TIMEOUT)
    for step in (1, 2, 3):
        handle.send(TrainBatch())
        view = handle.wait_for(at(step, "paused"), TIMEOUT)
        assert view.progress is not None and view.progress.step == step
    assert [point.step for point in view.batch_line] == [1, 2, 3]


def test_one_epoch_trains_to_the_end_of_the_current_epoch(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainBatch())
    handle.wait_for(at(1, "paused"), TIMEOUT)
    handle.send(TrainEpoch())
    assert len(handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT).results) == 1
    handle.send(TrainEpoch())
    assert len(handle.wait_for(at(2 * STEPS_PER_EPOCH, "paused"), TIMEOUT).results) == 2


def test_a_running_run_pauses_and_goes_on(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    handle.send(Pause())
    step = handle.wait_for(lambda view: view.status == "paused", TIMEOUT).step
    handle.send(Resume())
    assert handle.wait_for(lambda view: view.step > step, TIMEOUT).status == "running"


def test_a_rewound_run_gives_the_same_history_again(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    first = handle.wait_for(at(0, "paused"), TIMEOUT).snapshot
    handle.send(SetLearningRate(0.5))
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(Rewind())
    view = handle.wait_for(at(0, "paused"), TIMEOUT)
    assert view.results == view.batch_line == view.rate_changes == ()
    assert view.learning_rate == CONFIG.learning_rate
    assert first is not None and view.snapshot is not None
    np.testing.assert_array_equal(view.snapshot.parameters, first.parameters)
    assert [snapshot.step for snapshot in handle.snapshots.all] == [0]
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).results == history


def test_a_finished_run_can_be_rewound(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder)
    handle.wait_for(ended, TIMEOUT)
    handle.send(Rewind())
    assert handle.wait_for(at(0, "paused"), TIMEOUT).results == ()
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).results == history


def test_a_finished_run_does_not_go_on(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(CONFIG, data=folder)
    version = handle.wait_for(ended, TIMEOUT).version
    for command in (Resume(), Pause(), TrainBatch(), TrainEpoch(), Stop()):
        handle.send(command)
    assert handle.watch().version == version


def test_a_new_learning_rate_applies_at_the_next_step_and_is_noted(
    pool: LocalPool, folder: Path, data: Dataset
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainBatch())
    handle.wait_for(at(1, "paused"), TIMEOUT)
    handle.send(SetLearningRate(0.003))
    view = handle.wait_for(lambda view: view.learning_rate == 0.003, TIMEOUT)
    assert view.rate_changes == ((1, 0.003),)
    handle.send(TrainBatch())
    snapshot = handle.wait_for(at(2, "paused"), TIMEOUT).snapshot

    run = Run(CONFIG, data)
    steps = train(run)
    next(steps)
    run.learning_rate = 0.003
    next(steps)
    assert snapshot is not None and run.ema is not None
    np.testing.assert_array_equal(snapshot.parameters, run.ema.flat)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf"), 1e9])
def test_a_senseless_learning_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="learning rate"):
        SetLearningRate(rate)


def test_a_stopped_run_keeps_its_weights_and_can_go_on(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainBatch())
    handle.wait_for(at(1, "paused"), TIMEOUT)
    handle.send(Stop("Enough."))
    view = handle.wait_for(ended, TIMEOUT)
    assert (view.status, view.message, view.step, view.saved_step) == ("stopped", "Enough.", 1, 1)
    assert view.network() is not None
    assert pool.resume(handle.id) is handle
    assert handle.wait_for(ended, TIMEOUT).results == history


def test_a_rate_set_on_a_stopped_run_holds_when_it_goes_on(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    handle.send(SetLearningRate(0.002))
    handle.send(TrainBatch())
    assert handle.wait_for(at(1, "paused"), TIMEOUT).rate_changes == ((0, 0.002),)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
def test_a_diverged_run_keeps_good_weights_and_can_go_on_more_slowly(
    pool: LocalPool, folder: Path, optimizer: str
) -> None:
    # Weights pulled to zero a hundred times too far grow in size at every step.
    wild = replace(CONFIG, optimizer=optimizer, learning_rate=100.0, weight_decay=1.0)
    handle = pool.start(replace(wild, schedule="constant", epochs=40), data=folder)
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "diverged" and "learning rate" in view.message
    assert view.snapshot is not None and np.isfinite(view.snapshot.parameters).all()
    handle.send(SetLearningRate(1e-4))
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).status == "finished"


def test_a_run_can_begin_at_the_checkpoint_of_another_with_other_settings(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    first = pool.start(CONFIG, data=folder)
    first.wait_for(ended, TIMEOUT)
    longer = replace(CONFIG, epochs=6)
    view = pool.start(longer, data=folder, checkpoint=first.checkpoint_path).wait_for(
        ended, TIMEOUT
    )
    assert view.status == "finished" and len(view.results) == 6
    assert view.results[:4] == history


@pytest.mark.parametrize(
    ("changes", "folder_name", "reason"),
    [({}, "nowhere", "no folder"), ({"train_size": 5000}, None, "training size")],
)
def test_a_run_that_cannot_begin_says_why(
    pool: LocalPool, folder: Path, changes: dict, folder_name: str | None, reason: str
) -> None:
    where = folder / folder_name if folder_name else folder
    view = pool.start(replace(CONFIG, **changes), data=where).wait_for(ended, TIMEOUT)
    assert view.status == "failed" and reason in view.message


# Processes that die, and those that must.


def test_a_killed_worker_shows_as_failed_and_resumes_to_the_same_history(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(TrainBatch())
    saved = handle.wait_for(lambda view: view.saved_step == STEPS_PER_EPOCH + 1, TIMEOUT)
    assert handle.process_id is not None and handle.checkpoint_path is not None
    os.kill(handle.process_id, signal.SIGKILL)
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "failed" and "signal 9" in view.message
    assert view.results == saved.results
    assert pool.resume(handle.id) is handle
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "finished" and view.results == history
    assert sum(point.batches for point in view.batch_line) == 4 * STEPS_PER_EPOCH


def test_a_worker_killed_in_full_run_resumes_where_it_was_saved(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    # A constant rate, so that the first epochs do not depend on how many follow.
    endless = replace(ENDLESS, schedule="constant")
    reference = pool.start(replace(CONFIG, schedule="constant"), data=folder)
    expected = reference.wait_for(ended, TIMEOUT).results
    handle = pool.start(endless, data=folder)
    handle.wait_for(lambda view: bool(view.saved_step), TIMEOUT)
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGKILL)
    assert handle.wait_for(ended, TIMEOUT).status == "failed"
    pool.resume(handle.id)
    view = handle.wait_for(lambda v: v.status == "running" and len(v.results) > 4, TIMEOUT)
    assert view.results[:4] == expected
    assert [result.epoch for result in view.results] == list(range(1, len(view.results) + 1))


def test_an_interrupt_meant_for_the_server_does_not_end_a_worker(
    pool: LocalPool, folder: Path
) -> None:
    handle = pool.start(ENDLESS, data=folder)
    step = handle.wait_for(lambda view: view.step > 0, TIMEOUT).step
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGINT)
    # Two more commands are obeyed, so it has had its chance to die in between.
    handle.send(Pause())
    step = handle.wait_for(lambda view: view.status == "paused", TIMEOUT).step
    handle.send(TrainBatch())
    handle.wait_for(at(step + 1, "paused"), TIMEOUT)


def test_a_full_disk_is_told_and_no_reason_to_end(tmp_path: Path, data: Dataset) -> None:
    stream = io.BytesIO()
    outbox = Outbox(stream)
    (tmp_path / "file").touch()
    order = Order(CONFIG, folder=str(tmp_path / "file"))  # no folder: nothing can be written there
    Trainer(order, data, SimpleQueue(), outbox).work()
    outbox.close()
    stream.seek(0)
    reports = []
    while message := read_message(stream):
        reports.append(read_report(message))
    assert reports[-1].status == "finished" and reports[-1].saved_step is None
    assert "No checkpoint could be saved" in reports[-1].message


def test_closing_the_pool_leaves_no_process_and_saves_the_runs(
    tmp_path: Path, folder: Path
) -> None:
    pool = LocalPool(PoolSettings(folder=tmp_path))
    handles = [pool.start(ENDLESS, data=folder) for _ in range(3)]
    for handle in handles[:2]:
        handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    processes = [handle.process_id for handle in handles]
    pool.close()
    assert processes[2] is None
    for process in processes[:2]:
        assert process is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert [handle.status for handle in handles] == ["stopped"] * 3
    assert all(handle.checkpoint_path for handle in handles[:2])
    with pytest.raises(RuntimeError, match="closed"):
        pool.start(CONFIG, data=folder)


def test_a_worker_ends_when_its_server_is_killed(tmp_path: Path, folder: Path) -> None:
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from mnist_core.runs.local import LocalPool, PoolSettings\n"
        "from mnist_core.training.config import TrainConfig\n"
        "pool = LocalPool(PoolSettings(folder=Path(sys.argv[2])))\n"
        "handle = pool.start(TrainConfig.from_dict(json.loads(sys.argv[1])), data=sys.argv[3])\n"
        "handle.wait_for(lambda view: view.step > 0, 60)\n"
        "print(handle.id, flush=True)\n"
        "sys.stdin.read()\n"
    )
    settings = json.dumps(ENDLESS.to_dict())
    with subprocess.Popen(
        [sys.executable, "-c", script, settings, str(tmp_path), str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        id = server.stdout.readline().strip()
        server.kill()
        # The worker has inherited stderr: that ends only when the worker has ended too.
        server.communicate(timeout=TIMEOUT)
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        handle = pool.get(id)
        assert handle is not None
        view = handle.watch()
        assert view.status == "stopped" and "can be resumed" in view.message
        assert view.step > 0 and view.step == view.saved_step
        pool.resume(id)
        handle.wait_for(lambda later: later.step > view.step, TIMEOUT)


# The queue.


def test_further_runs_wait_with_their_position(tmp_path: Path, folder: Path) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        first, second, third = (pool.start(ENDLESS, data=folder) for _ in range(3))
        positions = [handle.watch().queue_position for handle in (first, second, third)]
        assert positions == [None, 1, 2]
        second.send(Stop())
        assert second.watch().status == "stopped"
        assert third.watch().queue_position == 1
        first.send(Stop())
        assert third.wait_for(lambda view: view.step > 0, TIMEOUT).queue_position is None


def test_a_waiting_run_obeys_when_it_starts(tmp_path: Path, folder: Path) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        first, second = (pool.start(ENDLESS, data=folder) for _ in range(2))
        second.send(SetLearningRate(0.004))
        second.send(TrainBatch())
        first.send(Stop())
        view = second.wait_for(at(1, "paused"), TIMEOUT)
        assert view.rate_changes == ((0, 0.004),)


# The watchdog.


def test_a_run_that_nobody_looks_at_pauses_and_a_look_wakes_it(
    pool: LocalPool, clock: Clock, folder: Path
) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    clock.now += 119
    pool.check()
    handle.watch()
    clock.now += 119
    pool.check()
    assert handle.status == "running"
    clock.now += 1
    pool.check()
    wait_unseen(pool, handle, "paused")
    step = handle.watch().step
    handle.wait_for(lambda view: view.status == "running" and view.step > step, TIMEOUT)


def test_a_look_does_not_resume_what_a_person_has_paused(
    pool: LocalPool, clock: Clock, folder: Path
) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.send(Pause())
    wait_unseen(pool, handle, "paused")
    clock.now += 200
    pool.check()
    step = handle.watch().step
    # One batch, and nothing before or after it, shows that no other command was on its way.
    handle.send(TrainBatch())
    handle.wait_for(at(step + 1, "paused"), TIMEOUT)


def test_a_run_that_nobody_looks_at_for_long_ends_with_a_checkpoint(
    pool: LocalPool, clock: Clock, folder: Path
) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    clock.now += 120
    pool.check()
    wait_unseen(pool, handle, "paused")
    clock.now += 600
    pool.check()
    wait_unseen(pool, handle, "stopped")
    view = handle.watch()
    assert "nobody" in view.message
    assert handle.checkpoint_path is not None and view.saved_step == view.step


def test_a_forgotten_run_is_found_again_on_disk(
    pool: LocalPool, clock: Clock, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder)
    before = handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    clock.now += 1800
    pool.check()
    pool.close()  # and with it the writing of its files
    with LocalPool(pool.settings) as later:
        found = later.get(handle.id)
        assert found is not None and found is not handle
        view = found.watch()
        assert (view.status, view.results) == ("finished", history)
        assert view.batch_line == before.batch_line and view.progress == before.progress
        steps = [snapshot.step for snapshot in found.snapshots.all]
        assert steps == [snapshot.step for snapshot in handle.snapshots.all]


@pytest.mark.parametrize("id", ["", "unknown-run", "../../etc", "a" * 16])
def test_there_is_no_run_of_an_unknown_id(pool: LocalPool, id: str) -> None:
    assert pool.get(id) is None
    with pytest.raises(KeyError):
        pool.resume(id)


def test_old_runs_are_removed_from_disk(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "not-a-run").mkdir()
    with LocalPool(PoolSettings(folder=tmp_path, folders=2, ended_in_memory=0)) as pool:
        ids = []
        for _ in range(3):
            handle = pool.start(CONFIG, data=folder)
            handle.wait_for(ended, TIMEOUT)
            wait_without_process(pool, handle)
            pool.check()
            ids.append(handle.id)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"not-a-run", *ids[1:]}


def test_the_folder_of_runs_is_for_its_owner_alone(pool: LocalPool) -> None:
    assert pool.settings.folder.stat().st_mode & 0o777 == 0o700


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGIT_LAB_TRAININGS", "3")
    monkeypatch.setenv("DIGIT_LAB_PAUSE_AFTER", "7.5")
    monkeypatch.setenv("DIGIT_LAB_END_AFTER", "30")
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path))
    settings = PoolSettings.from_environment()
    assert (settings.trainings, settings.pause_after, settings.end_after) == (3, 7.5, 30)
    assert settings.folder == tmp_path
    monkeypatch.setenv("DIGIT_LAB_TRAININGS", "many")
    with pytest.raises(ValueError, match="DIGIT_LAB_TRAININGS"):
        PoolSettings.from_environment()


# Messages.


class StuckStream(io.BytesIO):
    """A stream that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, content) -> int:
        assert self.released.wait(TIMEOUT)
        return super().write(content)


def test_a_reader_that_does_not_read_never_holds_up_training(tmp_path: Path, data: Dataset) -> None:
    stream = StuckStream()
    outbox = Outbox(stream)
    inbox: SimpleQueue[Command | None] = SimpleQueue()
    Trainer(Order(CONFIG, folder=str(tmp_path)), data, inbox, outbox).work()
    stream.released.set()
    outbox.close()
    stream.seek(0)
    reports = []
    while message := read_message(stream):
        reports.append(read_report(message))
    # The first was on its way all the time, so there is nothing between it and the last.
    assert [report.status for report in reports] == ["running", "finished"]
    assert [result.epoch for result in reports[1].results] == [1, 2, 3, 4]


PROGRESS = Progress(
    step=7, steps=40, epoch=1, loss=0.1 + 0.2, accuracy=1 / 3, learning_rate=0.01, seconds=1.5,
    images=140, result=None, status="running",
)  # fmt: skip


def snapshot(step: int, size: int = 4) -> Snapshot:
    return Snapshot(step, step // 10, "running", np.full(size, step, np.float32), PROGRESS)


def test_a_report_arrives_as_it_was_sent() -> None:
    sent = Report(
        "paused", 0.01, "why", PROGRESS, 2.5, 1e5, 3.5, 7, 0, ((3, 0.1), (5, 0.2)),
        BatchPoint(7, 2, 0.5, 0.25), (EpochResult(1, 0.1, 0.2, 0.3, 0.4, 0.5),),
        (snapshot(4), snapshot(7)),
    )  # fmt: skip
    stream = io.BytesIO()
    write_message(stream, report_message(sent))
    stream.seek(0)
    message = read_message(stream)
    assert message is not None
    received = read_report(message)
    assert replace(received, snapshots=()) == replace(sent, snapshots=())
    for before, after in zip(sent.snapshots, received.snapshots, strict=True):
        np.testing.assert_array_equal(before.parameters, after.parameters)
        assert (before.step, before.progress) == (after.step, after.progress)


@pytest.mark.parametrize(
    "command",
    [Pause(), Resume(), TrainBatch(), TrainEpoch(), SetLearningRate(0.3), Stop("now"), Rewind()],
)
def test_a_command_arrives_as_it_was_sent(command: Command) -> None:
    assert read_command(command_message(command)) == command


def test_an_order_arrives_as_it_was_sent() -> None:
    order = Order(CONFIG, "/runs/a", "/data", "/runs/b/checkpoint.npz", (Pause(), TrainBatch()))
    header = json.loads(json.dumps(order_message(order).header))
    assert read_order(Message(header)) == order


@given(st.binary(max_size=40), st.data())
def test_a_message_that_is_cut_short_is_none(payload: bytes, draw: st.DataObject) -> None:
    stream = io.BytesIO()
    write_message(stream, Message({"a": 1}, payload))
    content = stream.getvalue()
    end = draw.draw(st.integers(0, len(content) - 1))
    assert read_message(io.BytesIO(content[:end])) is None
    assert read_message(io.BytesIO(content)) == Message({"a": 1}, payload)


# What is kept of a run.


@given(st.integers(0, 400))
def test_the_batch_line_stays_short_and_loses_no_batch(count: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "MAX_BATCH_POINTS", 16)
        line = BatchLine()
        for step in range(1, count + 1):
            line.append(BatchPoint(step, 1, float(step), 0.5))
    assert len(line.points) <= 16
    assert sum(point.batches for point in line.points) == count
    assert all(point.batches == line.reports_per_point for point in line.points[:-1])
    total = sum(point.loss * point.batches for point in line.points)
    assert total == pytest.approx(count * (count + 1) / 2)


@given(
    st.lists(st.integers(1, 50), max_size=300),
    st.integers(2, 20),
    st.integers(1, 30),
)
def test_kept_snapshots_are_few_and_hold_the_first_and_the_newest(
    gaps: list[int], most: int, size: int
) -> None:
    store = SnapshotStore(max_snapshots=most, max_bytes=40 * 4 * 10)
    steps = [0, *np.cumsum(gaps, dtype=int).tolist()]
    for step in steps:
        store.append(snapshot(step, size))
    kept = [s.step for s in store.all]
    assert kept[0] == 0 and kept[-1] == steps[-1]
    assert kept == sorted(set(kept)) and set(kept) <= set(steps)
    assert 2 <= len(kept) <= most or len(steps) == len(kept)
    assert sum(s.parameters.nbytes for s in store.all) <= 40 * 4 * 10
    assert len(kept) == min(len(steps), most, 40 * 10 // size)


@given(st.integers(20, 1000), st.integers(8, 40))
def test_snapshots_stay_dense_at_first_and_even_later(count: int, most: int) -> None:
    store = SnapshotStore(max_snapshots=most)
    for step in range(count):
        store.append(snapshot(step, 1))
    places = np.sqrt([s.step for s in store.all])
    gaps, pairs = np.diff(places), places[2:] - places[:-2]
    # A gap arose when it was the narrowest pair, and single steps can't be wider apart than 1.
    assert gaps.max() <= max(1.0, 2 * pairs.min())


def test_a_rewound_run_forgets_later_snapshots() -> None:
    store = SnapshotStore()
    for step in (0, 5, 9, 5, 6):
        store.append(snapshot(step))
    assert [s.step for s in store.all] == [0, 5, 6]


def test_the_snapshot_nearest_to_a_step_is_found() -> None:
    store = SnapshotStore()
    assert store.at(3) is None
    for step in (0, 10, 20):
        store.append(snapshot(step))
    found = [store.at(step) for step in (-1, 5, 6, 14, 16, 99)]
    assert [s.step for s in found if s] == [0, 0, 10, 10, 20, 20]


def test_snapshots_are_read_as_they_were_saved(tmp_path: Path) -> None:
    store = SnapshotStore()
    for step in (0, 5):
        store.append(snapshot(step))
    store.save(tmp_path / "snapshots.npz")
    loaded = SnapshotStore.load(tmp_path / "snapshots.npz")
    for before, after in zip(store.all, loaded.all, strict=True):
        np.testing.assert_array_equal(before.parameters, after.parameters)
        assert asdict(replace(before, parameters=None)) == asdict(replace(after, parameters=None))  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_a_broken_file_of_snapshots_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "snapshots.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"snapshots\.npz"):
        SnapshotStore.load(path)
