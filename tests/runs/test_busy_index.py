"""The index of runs is busy or can't be written: looks go on, and no run is what it is not."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mnist_core.runs import index
from mnist_core.runs.commands import Pause, Resume, Rewind, Stop
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.index import Index, StoreError
from mnist_core.runs.live_run import LiveRun
from mnist_core.runs.local import LocalPool
from mnist_core.runs.recorder import Recorder
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.store import RunStore
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_unseen,
    wait_without_process,
)


@contextmanager
def busy(folder: Path) -> Iterator[None]:
    """The index as a server leaves it that was stopped in the middle of a transaction."""
    other = sqlite3.connect(folder / "runs.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


def test_a_command_that_a_busy_index_refuses_leaves_the_run_as_it_was(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BUSY_SECONDS", 0.1)
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        handle = pool.start(CONFIG, data=folder)
        handle.wait_for(ended, TIMEOUT)
        wait_without_process(pool, handle)
        before = handle.peek()
        with busy(tmp_path):
            with pytest.raises(StoreError, match="can't be written"):
                handle.send(Rewind())
            assert handle.peek() == before and before.status == "finished"
        handle.send(Rewind())
        handle.wait_for(at(0, "paused"), TIMEOUT)


def test_a_new_run_that_a_busy_index_refuses_is_nowhere(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BUSY_SECONDS", 0.1)
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        with busy(tmp_path), pytest.raises(StoreError, match="can't be written"):
            pool.start(CONFIG, data=folder)
        assert pool.runs == {}


def test_a_sleeper_that_a_busy_index_keeps_from_waking_up_wakes_up_later(
    tmp_path: Path, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BUSY_SECONDS", 0.1)
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1), clock=clock) as pool:
        sleeper = pool.start(ENDLESS, data=folder)
        sleeper.wait_for(lambda view: view.step > 0, TIMEOUT)
        clock.now += 120
        pool.check()
        wait_unseen(pool, sleeper, "paused")
        pool.start(CONFIG, data=folder).wait_for(ended, TIMEOUT)
        wait_without_process(pool, sleeper)
        with busy(tmp_path):
            view = sleeper.watch()
            pool.check()
            assert sleeper.peek() == view and view.status == "paused"
        sleeper.wait_for(lambda later: later.step > view.step, TIMEOUT)


def test_a_note_that_a_busy_index_refuses_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BUSY_SECONDS", 0.1)
    store = RunStore(tmp_path)
    row = store.add(CONFIG, data=None, visitor="")
    refused, record = threading.Event(), store.record

    def recording(*arguments: Any, **options: Any) -> None:
        try:
            record(*arguments, **options)
        except StoreError:
            refused.set()
            raise

    monkeypatch.setattr(store, "record", recording)
    recorder = Recorder(store)
    run = LiveRun.new(row, store.files(row.id), 0.0)
    with busy(tmp_path):
        run.state.change("stopped", "Enough.")
        recorder.note(run)
        assert refused.wait(TIMEOUT)
    recorder.close()
    found = store.row(row.id)
    store.close()
    assert found is not None and (found.status, found.message) == ("stopped", "Enough.")


def test_a_look_does_not_wait_for_a_write_that_waits(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    row = store.add(CONFIG, data=None, visitor="")
    found = []
    with busy(tmp_path):
        write = threading.Thread(target=store.renew)
        write.start()
        while not store.index._lock.locked():
            pass
        look = threading.Thread(target=lambda: found.append((store.row(row.id), write.is_alive())))
        look.start()
        look.join(TIMEOUT)
    write.join(TIMEOUT)
    store.close()
    assert found == [(row, True)]


def test_index_and_files_are_used_while_nobody_waits_to_look(
    tmp_path: Path, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[LocalPool] = []
    used: dict[str, bool] = {}  # what was used, and whether the pool's lock was held meanwhile

    def watched(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def instead(*arguments, **named):
            held = any(pool.changed._is_owned() for pool in pools)  # type: ignore[attr-defined]
            used[name] = used.get(name, False) or held
            return method(*arguments, **named)

        monkeypatch.setattr(owner, name, instead)

    for owner, name in (
        (Index, "writing"),
        (Index, "reading"),
        (RunFolder, "load_state"),
        (RunFolder, "size"),
    ):
        watched(owner, name)
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1), clock=clock) as pool:
        pools.append(pool)
        first = pool.start(ENDLESS, data=folder)
        first.wait_for(lambda view: view.step > 0, TIMEOUT)
        clock.now += 120
        pool.check()
        wait_unseen(pool, first, "paused")
        second = pool.start(CONFIG, data=folder)  # the first gives its place
        second.wait_for(ended, TIMEOUT)
        second.send(Rewind())
        second.wait_for(at(0, "paused"), TIMEOUT)
        step = first.watch().step  # and is woken up by a look
        first.wait_for(lambda view: view.step > step, TIMEOUT)
        for command in (Pause(), Resume(), Stop(), Resume(), Stop()):
            first.send(command)
        first.wait_for(ended, TIMEOUT)
        wait_without_process(pool, first)
        clock.now += 1800
        pool.check()
        first.watch()
    assert used == {"writing": False, "reading": False, "load_state": False, "size": False}
