"""A run as a ZIP: written, handed on, repacked by other programs, and read with suspicion."""

import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.data.zip_files import ArchiveError
from mnist_core.runs.archive import write_archive
from mnist_core.runs.commands import Pause, Resume, Rewind, SetLearningRate, Stop
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.process import ONE_THREAD, ROOT
from mnist_core.runs.protocol import Order
from mnist_core.runs.rows import Origin, RunRow
from mnist_core.runs.trainer import Trainer
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.config import TrainConfig
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
RATE = 0.02  # from the first step on


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> RunFolder:
    """A run that was stopped one step after its first epoch."""
    files = RunFolder(tmp_path_factory.mktemp("stopped") / "run")
    files.make()
    inbox = StopWhen(lambda: trainer.run.step == STEP)
    order = Order(CONFIG, str(files.path))
    trainer = Trainer(order, data, inbox, Outbox(io.BytesIO()))
    inbox.put(SetLearningRate(RATE))
    trainer.work()
    return files


def exported(files: RunFolder, config: TrainConfig = CONFIG) -> bytes:
    content = io.BytesIO()
    write_archive(content, files, RunRow("0" * 16, config, None, 0.0, "stopped", name="mine"))
    return content.getvalue()


@pytest.fixture(scope="module")
def archive(stopped: RunFolder) -> bytes:
    return exported(stopped)


def of_pool(pool: LocalPool, id: str) -> bytes:
    content = io.BytesIO()
    pool.store.shelf.export(id, content)
    return content.getvalue()


def brought_in(pool: LocalPool, content: bytes, folder: Path | None) -> RunHandle:
    row, _ = pool.store.shelf.bring_in(content, "bert", folder)
    handle = pool.get(row.id, visitor="bert")
    assert handle is not None
    return handle


def test_an_imported_run_is_the_importers_and_looks_as_it_did(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    original = pool.start(CONFIG, data=folder, visitor="anna")
    before = original.wait_for(ended, TIMEOUT)
    wait_without_process(pool, original)
    handle = brought_in(pool, of_pool(pool, original.id), folder)
    view = handle.peek()
    assert handle.id != original.id and handle.may_command
    assert handle.command_key not in ("", original.command_key)
    assert (view.config, view.results, view.status) == (CONFIG, history, "finished")
    assert (view.batch_line, view.test_accuracy) == (before.batch_line, before.test_accuracy)
    (row,) = pool.store.rows("bert")
    assert row.id == handle.id and row.owner == "bert"
    kept, copies = original.snapshots.all, handle.snapshots.all
    assert [one.step for one in copies] == [one.step for one in kept]
    for one, other in zip(kept, copies, strict=True):
        assert np.array_equal(one.parameters, other.parameters) and one.progress == other.progress
        assert one.token != other.token  # a token is the key of a network in memory


def test_an_imported_run_goes_on_to_the_very_numbers_that_it_would_have_had(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    original = pool.start(CONFIG, data=folder)
    original.send(Pause())
    original.wait_for(lambda view: view.status == "paused" and view.saved_step is not None, TIMEOUT)
    handle = brought_in(pool, of_pool(pool, original.id), folder)
    for run in (original, handle):
        run.send(Resume())
        assert run.wait_for(ended, TIMEOUT).results == history
        wait_without_process(pool, run)
    one, other = (load_checkpoint(run.folder / "checkpoint.npz") for run in (original, handle))
    for name, array in (one.parameters | one.ema | one.optimizer).items():
        assert np.array_equal(array, (other.parameters | other.ema | other.optimizer)[name])


def test_a_run_that_goes_on_is_exported_as_it_was_at_its_last_checkpoint(
    pool: LocalPool, folder: Path
) -> None:
    original = pool.start(ENDLESS, data=folder)
    original.wait_for(lambda view: view.saved_step is not None and view.saved_step > 0, TIMEOUT)
    handle = brought_in(pool, of_pool(pool, original.id), folder)
    view = handle.peek()
    assert original.status == "running" and view.status == "stopped"
    assert view.saved_step == view.step > 0
    assert len(view.results) == view.step // STEPS_PER_EPOCH
    assert max(point.step for point in view.batch_line) <= view.step


def test_a_run_without_a_checkpoint_cannot_be_exported(pool: LocalPool, tmp_path: Path) -> None:
    row = pool.store.add(CONFIG, data=None, visitor="")
    with pytest.raises(ValueError, match="no checkpoint yet"):
        pool.store.shelf.export(row.id, io.BytesIO())


def test_the_same_run_gives_the_same_bytes(stopped: RunFolder, archive: bytes) -> None:
    os.utime(stopped.checkpoint, (0, 0))
    assert exported(stopped) == archive


def test_the_manifest_says_what_the_run_was(archive: bytes, data: Dataset) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        manifest = json.loads(file.read("manifest.json"))
        names = file.namelist()
    assert (manifest["format"], manifest["name"]) == (1, "mine")
    assert TrainConfig.from_dict(manifest["config"]) == CONFIG
    assert manifest["data_sha256"] == data.sha256
    assert manifest["numpy"] == np.__version__
    assert [result["epoch"] for result in manifest["state"]["results"]] == [1]
    assert manifest["state"]["rate_changes"] == [[0, RATE]]
    assert {"manifest.json", "checkpoint.npz", f"snapshots/{STEP:08}.f32"} <= set(names)
    assert str(Path.home()) not in json.dumps(manifest)


def test_weights_that_a_run_was_given_come_along_so_that_it_can_be_rewound(
    pool: LocalPool, folder: Path, stopped: RunFolder
) -> None:
    first = load_checkpoint(stopped.checkpoint)
    given = replace(
        first, step=0, history=[], optimizer={n: 0 * a for n, a in first.optimizer.items()}
    )
    original = pool.start(CONFIG, data=folder, checkpoint=given)
    original.wait_for(ended, TIMEOUT)
    wait_without_process(pool, original)
    handle = brought_in(pool, of_pool(pool, original.id), folder)
    row = pool.store.row(handle.id)
    assert row is not None and row.origin == Origin(weights=True)
    handle.send(Rewind())
    view = handle.wait_for(at(0, "paused"), TIMEOUT)
    assert view.snapshot is not None and first.ema
    flat = np.concatenate([array.ravel() for array in first.parameters.values()])
    assert np.array_equal(np.sort(view.snapshot.parameters), np.sort(flat))


def test_a_run_on_other_data_can_be_looked_at_but_needs_its_data_to_go_on(
    pool: LocalPool, folder: Path, small_folder: Path, archive: bytes
) -> None:
    with pytest.raises(ArchiveError, match="other data"):
        pool.store.shelf.bring_in(archive, "bert", small_folder)
    handle = brought_in(pool, archive, None)
    assert handle.peek().step == STEP
    handle.send(Resume())
    assert "other data" in handle.wait_for(ended, TIMEOUT).message


def repacked(archive: bytes, how: str) -> bytes:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as file,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        if how != "windows":
            for name in ("run/", "run/snapshots/"):
                new.writestr(name, b"")
        for name in file.namelist():
            path = name.replace("/", "\\") if how == "windows" else f"run/{name}"
            new.writestr(path, file.read(name))
            if how == "mac":
                new.writestr(f"__MACOSX/run/{name.replace('/', '/._')}", b"\0\5\x16\7")
        if how == "mac":
            new.writestr("run/.DS_Store", b"\0\0\0\1Bud1")
        elif how == "windows":
            new.writestr("Thumbs.db", b"\xd0\xcf\x11\xe0")
        else:
            new.writestr("run/my notes.txt", b"Good one!")
    return content.getvalue()


@pytest.mark.parametrize(
    ("how", "left"),
    [("mac", "run/.DS_Store"), ("windows", "Thumbs.db"), ("person", "run/my notes.txt")],
)
def test_what_other_programs_add_to_a_run_is_left_and_named(
    pool: LocalPool, folder: Path, archive: bytes, how: str, left: str
) -> None:
    row, named = pool.store.shelf.bring_in(repacked(archive, how), "", folder)
    assert left in named
    assert all("MACOSX" in name for name in set(named) - {left})
    assert row.results["epoch"] == 1


def test_nothing_is_left_of_a_run_that_is_refused(pool: LocalPool, archive: bytes) -> None:
    with pytest.raises(ArchiveError):
        pool.store.shelf.bring_in(archive[:-1000] + bytes(1000), "bert")
    with pytest.raises(ArchiveError):
        pool.store.shelf.bring_in(archive.replace(b'"seed": 3', b'"seed": 4', 1), "bert")
    assert pool.listed() == []
    assert sorted(path.name for path in pool.store.folder.iterdir() if path.is_dir()) == ["servers"]


def test_hostile_archives_are_refused_in_a_sentence_within_bounded_memory(
    archive: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(archive)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.runs.hostile_archives", str(path)],
        cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *said, memory = map(json.loads, done.stdout.splitlines())
    assert len(said) >= 500
    assert [name for name, refused, reason in said if refused and not reason] == []
    for name, _, reason in said:
        assert len(reason) < 300 and "\n" not in reason and "Traceback" not in reason, name
    assert memory["megabytes"] < 200


def test_a_finished_run_goes_on_for_more_epochs_as_a_new_run(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    constant = replace(CONFIG, schedule="constant")
    whole = pool.start(constant, data=folder)
    expected = whole.wait_for(ended, TIMEOUT).results
    short = pool.start(replace(constant, epochs=2), data=folder, visitor="anna")
    before = short.wait_for(ended, TIMEOUT)
    wait_without_process(pool, short)
    longer = pool.longer(short.id, 2, visitor="bert")
    view = longer.wait_for(ended, TIMEOUT)
    assert (view.status, view.results, view.config) == ("finished", expected, constant)
    # The curve begins in the first part: on a busy machine that may have had one report.
    assert view.batch_line[0].step <= 2 * STEPS_PER_EPOCH
    after = short.peek()
    assert replace(after, snapshot=before.snapshot) == before  # and what was finished stays so
    (row,) = pool.store.rows("bert")
    assert (row.id, row.origin) == (longer.id, Origin(lengths=(2,)))


def test_only_a_finished_run_is_given_more_epochs(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    with pytest.raises(ValueError, match="only a finished run"):
        pool.longer(handle.id, 2)
