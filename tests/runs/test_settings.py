"""What an administrator sets wrongly is said, and does no harm."""

import os
import tempfile
from pathlib import Path

import pytest

from mnist_core.runs.index import StoreError
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGIT_LAB_TRAININGS", "3")
    monkeypatch.setenv("DIGIT_LAB_TURN", "20")
    monkeypatch.setenv("DIGIT_LAB_PAUSE_AFTER", "7.5")
    monkeypatch.setenv("DIGIT_LAB_END_AFTER", "30")
    monkeypatch.setenv("DIGIT_LAB_DISK_MB", "2")
    monkeypatch.setenv("DIGIT_LAB_MEMORY_MB", "1")
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path))
    settings = PoolSettings.from_environment()
    assert (settings.trainings, settings.pause_after, settings.end_after) == (3, 7.5, 30)
    assert settings.turn == 20
    assert (settings.bytes_on_disk, settings.bytes_in_memory) == (2 << 20, 1 << 20)
    assert settings.folder == tmp_path and settings.problems == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DIGIT_LAB_TRAININGS", "two"),
        ("DIGIT_LAB_TRAININGS", "0"),
        ("DIGIT_LAB_TURN", "0"),
        ("DIGIT_LAB_PAUSE_AFTER", "-1"),
        ("DIGIT_LAB_PAUSE_AFTER", "nan"),
        ("DIGIT_LAB_END_AFTER", "soon"),
        ("DIGIT_LAB_DISK_MB", "inf"),
        ("DIGIT_LAB_MEMORY_MB", "-5"),
        ("DIGIT_LAB_SCHEDULER", "localhost"),
    ],
)
def test_a_senseless_setting_is_said_and_the_usual_one_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path))
    settings = PoolSettings.from_environment()
    (problem,) = settings.problems
    assert variable in problem and value in problem and "instead" in problem
    assert settings == PoolSettings(folder=tmp_path, problems=settings.problems)


def test_a_cluster_without_dask_is_said_and_runs_train_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", "tcp://localhost:8786")
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path))
    monkeypatch.setattr("mnist_core.runs.settings.find_spec", lambda name: None)
    settings = PoolSettings.from_environment()
    (problem,) = settings.problems
    assert "pip install -r requirements-cluster.txt" in problem
    assert settings == PoolSettings(folder=tmp_path, problems=settings.problems)


def test_a_folder_that_cannot_be_written_is_said_and_another_one_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path / "file" / "runs"))
    with LocalPool() as pool:
        assert os.access(pool.settings.folder, os.W_OK)
        assert pool.settings.folder != tmp_path / "file" / "runs"
    (warning,) = caplog.messages
    assert str(tmp_path / "file") in warning and "DIGIT_LAB_RUNS" in warning


@pytest.fixture
def no_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose disk can't be written but where it is said."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])


@pytest.mark.usefixtures("no_temporary_files")
def test_where_temporary_files_have_no_place_the_runs_folder_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path))
    with LocalPool() as pool:
        assert (pool.settings.folder, pool.settings.problems) == (tmp_path, ())
        with tempfile.NamedTemporaryFile() as file:
            assert Path(file.name).parent == tmp_path / "temporary"
        assert pool.listed() == []


@pytest.mark.usefixtures("no_temporary_files")
def test_where_nothing_can_be_written_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIGIT_LAB_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(StoreError, match="set DIGIT_LAB_RUNS to a folder that can be written"):
        LocalPool()


def test_a_user_without_a_home_has_the_folder_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert PoolSettings().folder == Path("/.cache/digit-lab/runs")
