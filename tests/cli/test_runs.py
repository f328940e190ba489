"""`runs`: what the app has kept, on the command line."""

import io
import json
import os
import pty
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.cli.runs import age
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.config import TrainConfig
from tests.cli.conftest import lines
from tests.runs.tools import wait_until

CONFIG = TrainConfig(hidden=(8,), batch_size=20, epochs=2, train_size=200)


@pytest.fixture(scope="module")
def kept(tmp_path_factory, small_folder) -> tuple[Path, str]:
    """A folder with a finished run, and the run's id."""
    folder = tmp_path_factory.mktemp("kept") / "runs"
    with LocalPool(PoolSettings(folder=folder)) as pool:
        handle = pool.start(CONFIG, data=small_folder)
        handle.wait_for(lambda view: view.ended, 60)
    return folder, handle.id


@pytest.fixture
def folder(kept, tmp_path, monkeypatch) -> Path:
    """A copy of it, where the app would look for it."""
    shutil.copytree(kept[0], tmp_path / "runs")
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def id(kept) -> str:
    return kept[1]


def test_list_has_a_line_for_each_run(run, folder, id):
    status, out, err = run("runs", "list")
    assert (status, err) == (0, "")
    header, line = out.splitlines()
    assert header.split() == ["id", "status", "epochs", "best", "age", "size", "name"]
    assert line.startswith(f"{id}  finished") and "%" in line and " MB" in line
    assert line.endswith("quick-and-good, hidden 8, batch size 20, epochs 2, train size 200")


def test_list_as_json(run, folder, id):
    for arguments in (("runs", "list", "--json"), ("runs", "--json", "list")):
        (values,) = lines(run(*arguments)[1])
        assert (values["id"], values["status"], values["epochs"]) == (id, "finished", 2)
        assert 0 < values["best_accuracy"] < 1 and values["size"] > 0
        assert TrainConfig.from_dict(values["config"]) == CONFIG


def test_an_empty_folder_and_one_that_is_not_there(run, tmp_path):
    (tmp_path / "empty").mkdir()
    status, out, _ = run("runs", "list", "--folder", str(tmp_path / "empty"))
    assert (status, out) == (0, f"no runs in {tmp_path / 'empty'}\n")
    status, _, err = run("runs", "list", "--folder", str(tmp_path / "nowhere"))
    assert status == 2 and "there is no folder of runs" in err
    assert not (tmp_path / "nowhere").exists()


def test_show_has_settings_curve_and_command(run, folder, id, small_folder):
    status, out, _ = run("runs", "show", id)
    assert status == 0 and "batch size: 20" in out and "test accuracy" in out
    assert "python -m mnist_core train --preset quick-and-good --hidden 8" in out
    (values,) = lines(run("runs", "show", id, "--json")[1])
    assert [result["epoch"] for result in values["results"]] == [1, 2]
    assert values["limits"] == [] and str(small_folder) in values["commands"][0]


def test_script_is_printed_alone(run, folder, id):
    _, out, _ = run("runs", "script", id)
    compile(out, "script", "exec")
    assert "TrainConfig(hidden=(8,)" in out


def test_a_run_is_exported_and_imported_under_a_new_id(run, folder, id, tmp_path, small_folder):
    path = str(tmp_path / "run.zip")
    status, out, _ = run("runs", "export", id, "--out", path)
    assert status == 0 and path in out
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("notes.txt", "Good one!")
    status, out, err = run("runs", "import", path, "--data", str(small_folder))
    assert status == 0 and "notes.txt" in err
    new = out.split()[-1]
    assert new != id
    (mine,) = [values for values in lines(run("runs", "list", "--json")[1]) if values["id"] == new]
    assert (mine["status"], mine["epochs"]) == ("finished", 2)


def test_what_is_no_run_is_refused_in_one_line(run, folder, tmp_path):
    (tmp_path / "song.zip").write_bytes(b"la la la")
    status, out, err = run("runs", "import", str(tmp_path / "song.zip"))
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert "song.zip can't be imported: it is not a whole ZIP file" in err
    status, _, err = run("runs", "import", str(tmp_path / "nowhere.zip"))
    assert status == 2 and "nowhere.zip" in err and err.count("\n") == 1


def test_a_deleted_run_is_listed_apart_and_restored(run, folder, id):
    assert run("runs", "restore", id)[0] == 2
    status, out, _ = run("runs", "delete", id, "--yes")
    assert status == 0 and f"runs restore {id}" in out
    assert lines(run("runs", "list", "--json")[1]) == []
    (values,) = lines(run("runs", "list", "--deleted", "--json")[1])
    assert values["id"] == id
    assert run("runs", "restore", id)[0] == 0
    assert [values["id"] for values in lines(run("runs", "list", "--json")[1])] == [id]


def test_without_a_terminal_nothing_is_deleted_unless_yes_says_so(run, folder, id, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    status, _, err = run("runs", "delete", id)
    assert status == 2 and "--yes" in err and (folder / id).is_dir()


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", True), ("y", False)])
def test_on_a_terminal_delete_asks(run, folder, id, monkeypatch, answer, stays):
    terminal, keyboard = pty.openpty()
    with os.fdopen(keyboard) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(terminal, f"{answer}\n".encode())
        status, out, err = run("runs", "delete", id, "--json")
    os.close(terminal)
    assert status == 0 and err.startswith("Delete quick-and-good")
    assert json.loads(out) == {"id": id, "deleted": not stays}
    assert (folder / id).is_dir() == stays


def test_a_run_that_goes_on_is_listed_shown_and_exported_but_not_deleted(
    run, tmp_path, small_folder
):
    runs = str(tmp_path / "runs")
    with LocalPool(PoolSettings(folder=Path(runs))) as pool:
        handle = pool.start(replace(CONFIG, epochs=10_000), data=small_folder)
        handle.wait_for(lambda view: view.saved_step is not None and view.saved_step > 0, 60)
        # The index, which others read, is written a little later.
        wait_until(lambda: pool.store.rows()[0].status == "running")
        (values,) = lines(run("runs", "list", "--json", "--folder", runs)[1])
        assert (values["status"], values["goes_on"]) == ("running", True)
        assert run("runs", "show", handle.id, "--folder", runs)[0] == 0
        out = str(tmp_path / "run.zip")
        assert run("runs", "export", handle.id, "--out", out, "--folder", runs)[0] == 0
        status, _, err = run("runs", "delete", handle.id, "--yes", "--folder", runs)
        assert status == 2
        assert err.endswith("this run is going on, so it can't be deleted: stop it first\n")


def test_a_run_gets_a_name_and_loses_it(run, folder, id):
    assert run("runs", "rename", id, "my first")[0] == 0
    assert run("runs", "list")[1].splitlines()[1].split("  ")[-1].startswith("my first (quick")
    assert "quick-and-good" in run("runs", "rename", id, "")[1]
    status, _, err = run("runs", "rename", id, "x" * 81)
    assert status == 2 and "at most 80 characters" in err


@pytest.mark.parametrize("action", ["show", "script", "delete"])
def test_an_unknown_run_is_said_in_one_line(run, folder, action):
    yes = ["--yes"] if action == "delete" else []
    status, out, err = run("runs", action, "../etc", *yes)
    assert (status, out) == (2, "")
    assert err == f"mnist_core runs: there is no run ../etc in {folder}\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (59, "59 s"), (120, "2 min"), (7200, "2 h"), (1e6, "12 days")],
)
def test_an_age_is_said_in_its_largest_unit(monkeypatch, seconds, words):
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert age(1e9 - seconds) == words
