"""Runs as things to keep: listed, named, deleted, brought back, and found by an older index."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from mnist_core.runs.commands import Resume, Stop
from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.listing import summaries
from mnist_core.runs.local import LocalPool
from mnist_core.runs.rows import Origin
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.shelf import KEPT_RUNS, KEPT_SECONDS
from mnist_core.runs.state import RunState
from mnist_core.runs.status import NotAllowed
from mnist_core.runs.store import RunStore
from mnist_core.training.run import EpochResult
from tests.runs.tools import CONFIG, ENDLESS, TIMEOUT, Clock, ended, wait_without_process


def finished(pool: LocalPool, folder: Path, visitor: str = "anna") -> RunHandle:
    handle = pool.start(CONFIG, data=folder, visitor=visitor)
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    return handle


def filled(files: RunFolder) -> RunState:
    """The state of a run that was stopped after two epochs; the second was the worse one."""
    results = tuple(
        EpochResult(n + 1, 1.0, 0.5, 1.0, best, 0.1) for n, best in enumerate((0.9, 0.8))
    )
    return RunState(files.path.stem, CONFIG, "stopped", results=results, saved_step=20)


def enter(store: RunStore, visitor: str = "anna", seed: int = 3) -> str:
    row = store.new_row(replace(CONFIG, seed=seed), data=None, visitor=visitor)
    return store.shelf.take_in(row, filled).id


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[RunStore]:
    with closing(RunStore(tmp_path / "runs", now=clock)) as store:
        yield store


def test_a_list_has_name_settings_result_and_size_of_a_visitors_runs_the_newest_first(
    store: RunStore, clock: Clock
) -> None:
    first = enter(store, seed=1)
    clock.now += 1
    second = enter(store, seed=2)
    enter(store, visitor="bert")
    store.shelf.rename(first, "  My \n first one ")
    newest, oldest = summaries(store, "anna")
    assert (newest.id, oldest.id) == (second, first)
    assert oldest.name == "My first one"
    assert newest.name.startswith("quick-and-good, hidden 8") and newest.name.endswith("seed 2")
    assert (newest.epochs, newest.best_accuracy, newest.status) == (2, 0.9, "stopped")
    assert newest.curve == (0.9, 0.8)
    assert newest.size == store.files(second).size() > 0
    assert len(summaries(store)) == 3


def test_two_hundred_runs_are_listed_by_one_query(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(200):
        enter(store, seed=seed)
    queries: list[str] = []
    with store.index.reading() as database:
        database.set_trace_callback(queries.append)
    monkeypatch.setattr(RunFolder, "load_state", None)  # nor is any folder read
    assert len(summaries(store, "anna")) == 200
    with store.index.reading() as database:
        database.set_trace_callback(None)
    assert len(queries) == 1


def test_a_long_curve_is_listed_in_a_few_points_with_its_first_and_its_last(
    store: RunStore,
) -> None:
    accuracies = [n / 100 for n in range(100)]
    results = tuple(EpochResult(n + 1, 1, 0.5, 1, a, 0.1) for n, a in enumerate(accuracies))
    row = store.new_row(CONFIG, data=None, visitor="anna")
    store.shelf.take_in(row, lambda files: RunState(row.id, CONFIG, "stopped", results=results))
    (listed,) = summaries(store)
    assert len(listed.curve) == 24 and (listed.curve[0], listed.curve[-1]) == (0, 0.99)
    steps = {round(100 * (b - a)) for a, b in pairwise(listed.curve)}
    assert steps == {4, 5}  # evenly: 99 epochs in 23 steps


@pytest.mark.parametrize("curve", [None, 7, "0.5", [0.5, "<img>"], [2.0], [0.5] * 1000, [[0.5]]])
def test_a_row_without_a_curve_or_with_a_wrong_one_is_listed_without_it(
    store: RunStore, tmp_path: Path, curve: object
) -> None:
    id = enter(store)
    with closing(sqlite3.connect(tmp_path / "runs" / "runs.sqlite")) as database, database:
        results = json.dumps({"epoch": 2, "best_accuracy": 0.9, "curve": curve})
        database.execute("UPDATE runs SET results = ? WHERE id = ?", (results, id))
    (listed,) = summaries(store)
    assert (listed.curve, listed.best_accuracy) == ((), 0.9)


def test_a_run_that_goes_on_is_listed_with_the_epochs_that_it_has(
    pool: LocalPool, folder: Path, tmp_path: Path
) -> None:
    handle = pool.start(ENDLESS, data=folder, visitor="anna")
    handle.wait_for(lambda view: len(view.results) > 2, TIMEOUT)
    (summary,) = pool.listed("anna")
    assert (summary.status, summary.goes_on) == ("running", True)
    assert summary.epochs > 2 and summary.best_accuracy is not None
    with pool.changed:  # another process sees it, too, as soon as it is written
        pool.changed.wait_for(lambda: pool.store.rows()[0].results.get("epoch", 0) > 2, TIMEOUT)
    with closing(RunStore(tmp_path / "runs")) as other:
        (elsewhere,) = summaries(other)
    assert (elsewhere.status, elsewhere.goes_on) == ("running", True) and elsewhere.epochs > 2


def test_a_run_that_goes_on_is_not_deleted(pool: LocalPool, folder: Path, tmp_path: Path) -> None:
    handle = pool.start(ENDLESS, data=folder, visitor="anna")
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    with closing(RunStore(tmp_path / "runs")) as other:
        for delete in (pool.delete, other.shelf.delete):
            with pytest.raises(NotAllowed, match="stop it first"):
                delete(handle.id)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    pool.delete(handle.id, "anna")
    assert pool.listed() == [] and pool.get(handle.id) is None
    with pytest.raises(KeyError):
        handle.peek()


def test_a_deleted_run_comes_back_as_it_was(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = finished(pool, folder)
    pool.store.shelf.rename(handle.id, "keep me")
    (before,) = pool.listed()
    key = handle.command_key
    pool.delete(handle.id)
    assert [row.name for row in pool.store.shelf.deleted("anna")] == ["keep me"]
    assert pool.store.shelf.deleted("bert") == []
    pool.store.shelf.restore(handle.id, "anna")
    (after,) = pool.listed("anna")
    assert replace(after, size=before.size) == before
    found = pool.get(handle.id, visitor="anna")
    assert found is not None and found.watch().results == history
    assert found.command_key == key and pool.store.shelf.deleted() == []
    with pytest.raises(KeyError):
        pool.store.shelf.restore(handle.id)


def test_only_who_began_a_run_may_rename_delete_or_restore_it(
    pool: LocalPool, folder: Path
) -> None:
    handle = finished(pool, folder)
    assert pool.get(handle.id, visitor="bert", key=handle.command_key)
    shelf = pool.store.shelf
    for refused in (
        lambda: shelf.rename(handle.id, "mine", "bert"),
        lambda: pool.delete(handle.id, "bert"),
    ):
        with pytest.raises(NotAllowed, match="only who began"):
            refused()
    pool.delete(handle.id, "anna")
    with pytest.raises(NotAllowed, match="only who began"):
        shelf.restore(handle.id, "bert")
    nobodys = finished(pool, folder, visitor="")
    pool.delete(nobodys.id, "bert")


def test_a_deleted_run_is_removed_after_some_days_or_when_there_are_too_many(
    store: RunStore, clock: Clock
) -> None:
    old = enter(store)
    store.shelf.delete(old)
    clock.now += KEPT_SECONDS + 1
    for _ in range(KEPT_RUNS + 1):
        store.shelf.delete(enter(store))
        clock.now += 1
    store.shelf.tidy()
    assert len(kept := store.shelf.deleted()) == KEPT_RUNS
    assert old not in {row.id for row in kept}
    store.remove_oldest(runs=100, bytes_on_disk=kept[0].size or 0, in_use=set())
    assert [row.id for row in store.shelf.deleted()] == [kept[0].id]


def test_housekeeping_removes_what_was_deleted_long_ago(pool: LocalPool, clock: Clock) -> None:
    id = enter(pool.store)
    pool.store.shelf.delete(id)
    aside = pool.store.folder / "deleted" / id
    os.utime(aside, (0, 0))
    clock.now += 61
    pool.check()
    assert not aside.exists()


def test_a_run_that_a_process_holds_is_not_laid_aside(store: RunStore) -> None:
    id = enter(store)
    lock = Lock.take(store.files(id).lock)
    assert lock is not None
    with pytest.raises(NotAllowed, match="stop it first"):
        store.shelf.delete(id)
    lock.release()
    store.shelf.delete(id)


def test_a_folder_that_could_not_be_laid_aside_stays_in_the_index(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = enter(store)

    def fail(*paths: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", fail)
        with pytest.raises(OSError):
            store.shelf.delete(id)
    assert store.row(id) is not None


@pytest.mark.parametrize("name", ["x" * 81, "a\x1b[31mb"])
def test_a_name_is_short_and_can_be_seen(store: RunStore, name: str) -> None:
    id = enter(store)
    with pytest.raises(ValueError, match="a name"):
        store.shelf.rename(id, name)


def test_name_and_owner_survive_the_loss_of_the_index(store: RunStore, tmp_path: Path) -> None:
    id = enter(store)
    store.shelf.rename(id, "first")
    store.allow(id, "bert")
    store.close()
    (tmp_path / "runs" / "runs.sqlite").unlink()
    with closing(RunStore(tmp_path / "runs")) as later:
        row = later.row(id)
    assert row is not None and (row.name, row.owner) == ("first", "anna")
    assert row.size is not None


def test_an_index_of_the_version_before_gets_owners_sizes_and_best_accuracies(
    pool: LocalPool, folder: Path, tmp_path: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = finished(pool, folder)
    key = handle.command_key
    pool.close()
    root = tmp_path / "runs"
    database = sqlite3.connect(root / "runs.sqlite")
    for column in ("owner", "origin", "size"):
        database.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    database.execute("UPDATE runs SET results = json_remove(results, '$.best_accuracy')")
    before = database.execute(
        "SELECT id, name, config, data, created, visitors FROM runs"
    ).fetchall()
    database.commit()
    about = json.loads((root / handle.id / "about.json").read_text())
    for name in ("owner", "origin", "name"):
        about.pop(name)
    (root / handle.id / "about.json").write_text(json.dumps(about))
    with LocalPool(PoolSettings(folder=root)) as later:
        after = database.execute("SELECT id, name, config, data, created, visitors FROM runs")
        assert after.fetchall() == before
        (row,) = later.store.rows("anna")
        assert (row.owner, row.origin, row.command_key) == ("anna", Origin(), key)
        assert row.size == later.store.files(row.id).size()
        assert row.results["best_accuracy"] == max(one.validation_accuracy for one in history)
    database.close()


def test_a_paused_run_that_gave_its_place_can_be_deleted_and_goes_on_when_it_is_back(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path / "runs", trainings=1)) as pool:
        first = pool.start(CONFIG, data=folder, paused=True)
        second = pool.start(CONFIG, data=folder)
        second.wait_for(ended, TIMEOUT)
        wait_without_process(pool, first)
        pool.delete(first.id)
        pool.store.shelf.restore(first.id)
        first.send(Resume())
        assert first.wait_for(ended, TIMEOUT).status == "finished"
