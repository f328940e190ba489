"""The processes of runs: how they die, wait for their turn, and pause when nobody looks."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.runs.commands import Pause, SetLearningRate, Stop, TrainBatch, TrainEpoch
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.run import EpochResult
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    Clock,
    at,
    ended,
    run_of_a_killed_server,
    wait_unseen,
)

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
    assert pool.resume(handle.id) == handle
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
    assert [handle.status for handle in handles] == ["interrupted"] * 3
    assert all(handle.checkpoint_path for handle in handles[:2])
    with pytest.raises(RuntimeError, match="closed"):
        pool.start(CONFIG, data=folder)


def test_a_worker_ends_when_its_server_is_killed(tmp_path: Path, folder: Path) -> None:
    id = run_of_a_killed_server(ENDLESS, tmp_path, folder, until="view.step > 0")
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        handle = pool.get(id)
        assert handle is not None
        view = handle.watch()
        assert view.status == "interrupted" and "can go on" in view.message
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
