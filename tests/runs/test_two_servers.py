"""Servers that share a folder: a run is in the hands of one, and every server says the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.runs.commands import Resume, Stop, TrainBatch
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from tests.runs.tools import CONFIG, ENDLESS, TIMEOUT, at, ended, wait_without_process


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[LocalPool, LocalPool]]:
    settings = PoolSettings(folder=tmp_path)
    with LocalPool(settings) as first, LocalPool(settings) as second:
        yield first, second


def test_a_run_that_ended_here_is_read_anew_when_another_server_takes_it_up(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(ENDLESS, data=folder, paused=True)
    ours.wait_for(at(0, "paused"), TIMEOUT)
    ours.send(Stop("Enough."))
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    theirs = second.get(ours.id)
    assert theirs is not None
    theirs.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    theirs.send(TrainBatch())
    theirs.wait_for(at(1, "paused"), TIMEOUT)
    assert ours.wait_for(lambda view: view.elsewhere, TIMEOUT).status != "stopped"
    theirs.send(Stop("Enough."))
    theirs.wait_for(ended, TIMEOUT)
    view = ours.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    assert (view.status, view.message, view.step) == ("stopped", "Enough.", 1)
    assert [snapshot.step for snapshot in ours.snapshots.all] == [0, 1]


def test_what_another_server_did_in_between_is_known_when_a_run_is_taken_up_again(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(CONFIG, data=folder, paused=True)
    ours.wait_for(at(0, "paused"), TIMEOUT)
    ours.send(Stop())
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    first._housekeeping.close()  # it stands still meanwhile, and sees nothing of this
    theirs = second.get(ours.id)
    assert theirs is not None
    theirs.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    theirs.send(Resume())
    finished = theirs.wait_for(ended, TIMEOUT)
    assert finished.status == "finished"
    wait_without_process(second, theirs)
    second.close()  # and with it, it has let go of the run
    ours.send(Resume())
    view = ours.peek()
    assert (view.status, view.results) == ("finished", finished.results)
