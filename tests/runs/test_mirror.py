"""A run's files elsewhere: what changes there is told in an order that loses nothing."""

from pathlib import Path

import pytest

from mnist_core.runs.folder import RunFolder
from mnist_core.runs.live_run import LOSSES, LiveRun
from mnist_core.runs.mirror import Changes, File, files_of, keep
from mnist_core.runs.protocol import ProtocolError
from mnist_core.runs.state import RunState
from tests.runs.tools import CONFIG


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with a file of each kind, and one that is none of a run."""
    folder = RunFolder(tmp_path / "run")
    folder.make()
    folder.snapshots.mkdir()
    for name in ("checkpoint.npz", "state.json", "given.npz", "snapshots/00000001-0.f32", "lock"):
        (folder.path / name).write_bytes(name.encode())
    return folder


def test_the_checkpoint_is_told_after_what_was_saved_before_it(run: RunFolder) -> None:
    names = [file.name for file in files_of(run)]
    assert names[-2:] == ["state.json", "checkpoint.npz"]
    assert sorted(names[:-2]) == ["given.npz", "snapshots/00000001-0.f32"]


def test_what_is_kept_elsewhere_follows_every_change(run: RunFolder, tmp_path: Path) -> None:
    there = RunFolder(tmp_path / "there")
    there.make()
    changes = Changes(run, known=False)
    for file in changes.look():
        keep(there, file)
    assert changes.look() == []
    run.given.unlink()
    (run.path / "new").write_bytes(b"another")
    (run.path / "new").replace(run.checkpoint)
    changed = changes.look()
    assert changed == [File("checkpoint.npz", b"another"), File("given.npz", None)]
    for file in changed:
        keep(there, file)
    assert files_of(there) == files_of(run)


@pytest.mark.parametrize("name", ["../state.json", "about.json", "lock", "snapshots/../lock", "/x"])
def test_a_machine_can_write_no_other_file_here(run: RunFolder, name: str) -> None:
    with pytest.raises(ProtocolError):
        keep(run, File(name, b""))


def test_a_run_that_costs_one_machine_after_the_other_is_not_begun_for_ever(
    run: RunFolder,
) -> None:
    state = RunState("run", CONFIG, status="running", saved_step=10)
    live = LiveRun("run", CONFIG, None, run, state, (), "", 0.0)
    assert [live.goes_on_elsewhere("machine") for _ in range(LOSSES)] == [True, True, False]
    assert live.goes_on_elsewhere("cluster") is False
    live.state.saved_step = 20  # it has come further since
    assert live.goes_on_elsewhere("machine") and live.goes_on_elsewhere("cluster")
    assert not live.goes_on_elsewhere("")
