"""The index of runs may be damaged, older or gone: what the runs' folders hold brings it back."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_core.runs.commands import Resume
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.store import RunStore
from mnist_core.training.run import EpochResult
from tests.runs.tools import CONFIG, TIMEOUT, ended, wait_without_process


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def trained(root: Path, folder: Path) -> tuple[str, str]:
    """The id and the command key of a run that a teacher began and a helper may command too."""
    with LocalPool(PoolSettings(folder=root)) as pool:
        handle = pool.start(CONFIG, data=folder, visitor="teacher")
        key = handle.command_key
        assert pool.get(handle.id, visitor="helper", key=key)
        handle.wait_for(ended, TIMEOUT)
        wait_without_process(pool, handle)
    return handle.id, key


def execute(root: Path, *statement: Any) -> None:
    """Change the index by hand."""
    database = sqlite3.connect(root / "runs.sqlite")
    database.execute(*statement)
    database.commit()
    database.close()


def may_command(pool: LocalPool, id: str, visitor: str) -> bool:
    handle = pool.get(id, visitor=visitor)
    assert handle is not None
    return handle.may_command


def check_all_is_there(
    root: Path, trained: tuple[str, str], folder: Path, history: tuple[EpochResult, ...]
) -> None:
    id, key = trained
    with LocalPool(PoolSettings(folder=root)) as pool:
        handle = pool.get(id, visitor="teacher")
        assert handle is not None
        view = handle.watch()
        assert (view.status, view.results, view.config) == ("finished", history, CONFIG)
        allowed = {name: may_command(pool, id, name) for name in ("teacher", "helper", "pupil")}
        assert allowed == {"teacher": True, "helper": True, "pupil": False}
        assert handle.command_key == key
        row = pool.store.row(id)
        assert row is not None and row.data == str(folder)
        assert pool.store.lease(id)
        pool.store.renew()
        other = pool.start(CONFIG, data=folder)
        assert other.wait_for(ended, TIMEOUT).status == "finished"


@pytest.mark.parametrize("damage", ["overwritten", "removed", "another table"])
def test_an_index_that_is_lost_is_made_anew_of_the_folders_of_its_runs(
    root: Path,
    trained: tuple[str, str],
    folder: Path,
    history: tuple[EpochResult, ...],
    damage: str,
) -> None:
    index = root / "runs.sqlite"
    if damage == "another table":
        execute(root, "DROP TABLE runs")
        execute(root, "CREATE TABLE runs (songs TEXT)")
    else:
        index.unlink()
    if damage == "overwritten":
        index.write_bytes(b"no database " * 1000)
    check_all_is_there(root, trained, folder, history)
    assert len(list(root.glob("*.damaged"))) == (damage != "removed")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lease_until", "abc"),
        ("created", b"\xff"),
        ("visitors", "[1]"),
        ("visitors", "{"),
        ("results", "[]"),
        ("status", "dancing"),
        ("config", "[]"),
        ("config", '{"model": "oracle"}'),
        ("data", b"\0"),
        ("server", b"\0"),
        ("message", b"\0"),
    ],
)
def test_a_row_of_wrong_types_is_mended_from_the_folder_of_its_run(
    root: Path,
    trained: tuple[str, str],
    folder: Path,
    history: tuple[EpochResult, ...],
    column: str,
    value: Any,
) -> None:
    execute(root, "UPDATE runs SET server = 'killed', lease_until = 1e12")
    execute(root, f"UPDATE runs SET {column} = ?", (value,))
    check_all_is_there(root, trained, folder, history)
    with LocalPool(PoolSettings(folder=root)) as pool:  # and for good
        row = pool.store.row(trained[0])
        assert row is not None and getattr(row, column) != value


@pytest.mark.parametrize("column", ["name", "lease_until", "server", "results", "message"])
def test_an_index_of_an_older_version_is_given_the_columns_that_it_lacks(
    root: Path,
    trained: tuple[str, str],
    folder: Path,
    history: tuple[EpochResult, ...],
    column: str,
) -> None:
    execute(root, f"ALTER TABLE runs DROP COLUMN {column}")
    check_all_is_there(root, trained, folder, history)
    assert not list(root.glob("*.damaged"))


def test_a_run_of_an_older_version_is_found_again_by_its_checkpoint(
    root: Path, trained: tuple[str, str], history: tuple[EpochResult, ...]
) -> None:
    id, _ = trained
    (root / id / "about.json").unlink()
    (root / "runs.sqlite").unlink()
    with LocalPool(PoolSettings(folder=root)) as pool:
        handle = pool.get(id)
        assert handle is not None and handle.may_command and handle.command_key
        assert (handle.config, handle.watch().results) == (CONFIG, history)


def test_a_row_that_nothing_can_mend_is_left_out_and_said_in_the_log(
    root: Path, trained: tuple[str, str], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = RunStore(root)
    lost = store.add(replace(CONFIG, seed=5), data=str(folder), visitor="")
    store.close()
    (root / lost.id / "about.json").write_text("[]")
    execute(root, "UPDATE runs SET created = 'x' WHERE id = ?", (lost.id,))
    with LocalPool(PoolSettings(folder=root)) as pool:
        assert pool.get(lost.id) is None
        assert pool.get(trained[0]) is not None
        with pytest.raises(KeyError):
            pool.store.lease(lost.id)
    assert f"run {lost.id} is left out" in caplog.text


def test_an_interrupted_run_goes_on_after_the_index_was_lost(root: Path, folder: Path) -> None:
    with LocalPool(PoolSettings(folder=root)) as pool:
        handle = pool.start(replace(CONFIG, epochs=10_000), data=folder)
        handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    (root / "runs.sqlite").write_bytes(b"nonsense" * 100)
    with LocalPool(PoolSettings(folder=root)) as pool:
        found = pool.get(handle.id)
        assert found is not None
        view = found.watch()
        assert view.status == "interrupted" and view.saved_step == view.step > 0
        found.send(Resume())
        found.wait_for(lambda later: later.step > view.step, TIMEOUT)
