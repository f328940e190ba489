"""Runs in processes of their own: the same numbers, obedient, and never left behind."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.runs.commands import (
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.worker import NICENESS
from mnist_core.training.run import EpochResult, Run
from mnist_core.training.train import train
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_without_process,
)

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


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="the system has no priorities")
def test_a_worker_is_in_a_hurry_until_its_first_step_has_been_seen(
    pool: LocalPool, folder: Path
) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, handle.process_id or 0)

    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.wait_for(at(0, "paused"), TIMEOUT)
    assert priority() == os.getpriority(os.PRIO_PROCESS, 0)
    for step in (1, 2):
        handle.send(TrainBatch())
        handle.wait_for(at(step, "paused"), TIMEOUT)
    assert priority() == min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)


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
    before = handle.wait_for(ended, TIMEOUT)
    for command in (Resume(), Pause(), TrainBatch(), TrainEpoch(), Stop()):
        handle.send(command)
    assert handle.watch() == before


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
    assert pool.resume(handle.id) == handle
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


def test_a_forgotten_run_is_found_again_on_disk(
    pool: LocalPool, clock: Clock, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder)
    before = handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    kept = [snapshot.step for snapshot in handle.snapshots.all]
    clock.now += 1800
    pool.check()
    pool.close()  # and with it the writing of its files
    with LocalPool(pool.settings) as later:
        found = later.get(handle.id)
        assert found is not None
        view = found.watch()
        assert (view.status, view.results) == ("finished", history)
        assert view.batch_line == before.batch_line and view.progress == before.progress
        assert [snapshot.step for snapshot in found.snapshots.all] == kept
        assert found.snapshots.all[-1].network(CONFIG).parameters.flat.tobytes()


@pytest.mark.parametrize("id", ["", "unknown-run", "../../etc", "a" * 16])
def test_there_is_no_run_of_an_unknown_id(pool: LocalPool, id: str) -> None:
    assert pool.get(id) is None
    with pytest.raises(KeyError):
        pool.resume(id)


def test_old_runs_are_removed_from_disk(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "not-a-run").mkdir()
    with LocalPool(PoolSettings(folder=tmp_path, runs_on_disk=2, ended_in_memory=0)) as pool:
        ids = []
        for _ in range(3):
            handle = pool.start(CONFIG, data=folder)
            handle.wait_for(ended, TIMEOUT)
            wait_without_process(pool, handle)
            pool.check()
            ids.append(handle.id)
    kept = {path.name for path in tmp_path.iterdir() if path.is_dir()} - {"servers"}
    assert kept == {"not-a-run", *ids[1:]}


def test_the_folder_of_runs_is_for_its_owner_alone(pool: LocalPool) -> None:
    assert pool.settings.folder.stat().st_mode & 0o777 == 0o700
