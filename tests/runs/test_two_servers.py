"""Servers that share a folder: a run is in the hands of one, and every server says the same."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from mnist_core.runs.commands import (
    Resume,
    Rewind,
    Stop,
    TrainBatch,
)
from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.local import LocalPool
from mnist_core.runs.orphans import PATIENCE, WORKER_MODULE, push_orphan, sign
from mnist_core.runs.process import ROOT
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import NotAllowed
from mnist_core.runs.store import RunStore
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_without_process,
    workers,
)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[LocalPool, LocalPool]]:
    settings = PoolSettings(folder=tmp_path)
    with LocalPool(settings) as first, LocalPool(settings) as second:
        yield first, second


def test_a_live_run_of_another_server_can_be_watched_but_not_commanded(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(ENDLESS, data=folder)
    ours.wait_for(lambda view: bool(view.saved_step), TIMEOUT)
    theirs = second.get(ours.id)
    assert theirs is not None
    view = theirs.watch()
    assert view.elsewhere and not view.ended and not theirs.may_command
    assert "Another server" in view.message
    for command in (Resume(), Rewind(), Stop()):
        with pytest.raises(NotAllowed, match="Another server"):
            theirs.send(command)
    assert workers().count(ours.id) == 1
    ours.send(Stop("Enough."))
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    second.check()
    later = theirs.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    assert (later.status, later.message) == ("stopped", "Enough.")
    theirs.send(Resume())
    theirs.wait_for(lambda view: view.status == "running" and view.step > later.step, TIMEOUT)
    assert workers().count(ours.id) == 1


def test_two_servers_that_resume_one_run_at_once_start_one_process(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(ENDLESS, data=folder, paused=True)
    ours.wait_for(at(0, "paused"), TIMEOUT)
    ours.send(Stop())
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    theirs = second.get(ours.id)
    assert theirs is not None

    def resume(handle) -> None:
        with suppress(NotAllowed):
            handle.send(Resume())

    threads = [threading.Thread(target=resume, args=(handle,)) for handle in (ours, theirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pool, handle in ((first, ours), (second, theirs)):
        with pool.changed:
            pool.changed.wait_for(lambda h=handle: h.peek().step > 0 or h.peek().elsewhere, TIMEOUT)
    assert workers().count(ours.id) == 1


def test_a_server_that_lives_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    alive, other = RunStore(tmp_path), RunStore(tmp_path)
    row = alive.add(CONFIG, data=None, visitor="")
    assert other.elsewhere(row) and not other.lease(row.id)
    alive._alive.release()  # what the system does when a process ends, however it ends
    assert not other.elsewhere(row) and other.lease(row.id)
    assert not alive.lease(row.id)
    alive.close()
    other.close()


def test_a_lease_that_ran_out_is_free(tmp_path: Path) -> None:
    clock = Clock()
    one, other = RunStore(tmp_path, now=clock), RunStore(tmp_path, now=clock)
    row = one.add(CONFIG, data=None, visitor="")
    clock.now += 10
    one.renew()
    clock.now += 10
    assert not other.lease(row.id)
    clock.now += 10
    assert other.lease(row.id)
    one.close()
    other.close()


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


@pytest.mark.parametrize("by_itself", [False, True])
def test_a_run_that_is_taken_up_while_old_runs_are_removed_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_itself: bool
) -> None:
    cleaning, other = RunStore(tmp_path), RunStore(tmp_path)
    taking = cleaning if by_itself else other
    old, newest = (cleaning.add(CONFIG, data=None, visitor="") for _ in range(2))
    for row, age in ((old, 100), (newest, 0)):
        cleaning.record(row.id, "stopped", "", {}, in_hand=False)
        os.utime(cleaning.files(row.id).path, (1000 - age, 1000 - age))
    is_held = Lock.is_held

    def taken_up_after_the_look(path: Path) -> bool:
        held = is_held(path)
        if path == cleaning.files(old.id).lock:
            assert taking.lease(old.id)
        return held

    monkeypatch.setattr(Lock, "is_held", taken_up_after_the_look)
    cleaning.remove_oldest(runs=1, bytes_on_disk=10**9, in_use=set())
    monkeypatch.undo()
    assert cleaning.files(old.id).path.is_dir() and other.row(old.id) is not None
    cleaning.close()
    other.close()
    with closing(RunStore(tmp_path)) as later:
        later.remove_oldest(runs=1, bytes_on_disk=10**9, in_use=set())
        assert not later.files(old.id).path.exists() and later.row(old.id) is None
        assert later.files(newest.id).path.is_dir()


# Workers that a dead server has left.

SERVER = """
import json, sys
from pathlib import Path
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.config import TrainConfig

pool = LocalPool(PoolSettings(folder=Path(sys.argv[2])))
handle = pool.start(TrainConfig.from_dict(json.loads(sys.argv[1])), data=sys.argv[3])
handle.wait_for(lambda view: view.saved_step is not None, 60)
print(handle.id, handle.process_id, flush=True)
sys.stdin.read()
"""


def test_a_stopped_worker_of_a_killed_server_is_ended_and_its_run_goes_on(
    tmp_path: Path, folder: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(ENDLESS.to_dict()), str(tmp_path), str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        id, worker = server.stdout.readline().split()
        os.kill(int(worker), signal.SIGSTOP)
        server.kill()
    try:
        with LocalPool(PoolSettings(folder=tmp_path)) as pool:
            handle = pool.get(id)
            assert handle is not None and handle.watch().elsewhere
            view = handle.wait_for(lambda view: not view.elsewhere, TIMEOUT)
            assert view.status == "interrupted" and view.saved_step
            handle.send(Resume())
            handle.wait_for(lambda later: later.step > view.step, TIMEOUT)
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(worker), signal.SIGKILL)


@contextmanager
def sleeper(run: RunFolder, server: str, *words: str) -> Iterator[subprocess.Popen]:
    """A process that holds the run's lock for that server, and does nothing else."""
    lock = Lock.take(run.lock)
    assert lock is not None
    script = "import time; print(flush=True); time.sleep(1000)"
    with subprocess.Popen(
        [sys.executable, "-c", script, *words], pass_fds=[lock.descriptor], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # a process that is just beginning has no command line yet
            sign(lock, process.pid, server)
            lock.release()
            yield process
        finally:
            process.kill()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """The folder of a run, in the folder of servers of which "alive" lives."""
    (tmp_path / "servers").mkdir()
    run = RunFolder(tmp_path / ("a" * 16))
    run.make()
    return run


def test_a_worker_without_a_server_is_given_time_to_save_and_then_killed(run: RunFolder) -> None:
    servers = run.path.parent / "servers"
    with sleeper(run, "dead", WORKER_MODULE, run.path.name) as worker:
        assert push_orphan(run, servers, known_for=PATIENCE)
        assert worker.poll() is None
        assert push_orphan(run, servers, known_for=PATIENCE + 1)
        assert worker.wait(TIMEOUT) == -signal.SIGKILL
    assert not push_orphan(run, servers, known_for=PATIENCE + 1)


def test_the_worker_of_a_server_that_lives_is_not_touched(run: RunFolder) -> None:
    servers = run.path.parent / "servers"
    alive = Lock.take(servers / "alive")
    assert alive is not None
    with sleeper(run, "alive", WORKER_MODULE, run.path.name) as worker:
        assert not push_orphan(run, servers, known_for=1e9)
        assert worker.poll() is None
        alive.release()
        assert push_orphan(run, servers, known_for=1e9)


@pytest.mark.parametrize("words", [(), (WORKER_MODULE, "b" * 16), ("other.module", "a" * 16)])
def test_a_process_that_is_no_worker_on_this_run_is_not_touched(
    run: RunFolder, words: tuple[str, ...]
) -> None:
    with sleeper(run, "dead", *words) as process:
        assert not push_orphan(run, run.path.parent / "servers", known_for=1e9)
        assert process.poll() is None


def test_a_worker_that_does_not_hold_the_lock_is_not_touched(run: RunFolder) -> None:
    script = "import time; time.sleep(1000)"
    with (
        sleeper(run, "dead"),
        subprocess.Popen([sys.executable, "-c", script, WORKER_MODULE, run.path.name]) as innocent,
    ):
        try:
            run.lock.write_text(f"{innocent.pid} dead")  # a number that was another's before
            assert not push_orphan(run, run.path.parent / "servers", known_for=1e9)
            assert innocent.poll() is None
        finally:
            innocent.kill()
