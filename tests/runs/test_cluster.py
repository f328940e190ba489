"""Runs on a cluster: a real scheduler, two workers, and what may happen to each of them."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments import runner
from mnist_core.experiments.experiment import Order
from mnist_core.experiments.queue import Experiments
from mnist_core.experiments.runner import Standing, run_all
from mnist_core.paths import ROOT
from mnist_core.runs import remote
from mnist_core.runs.commands import Resume, SetLearningRate, Stop, TrainEpoch
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import BY_ITSELF, NO_ANSWER, OTHER_VERSION
from mnist_core.training.run import EpochResult
from tests.runs.machines import Machines
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    at,
    ended,
    wait_until,
    workers,
)

distributed = pytest.importorskip("distributed", reason="a cluster needs requirements-cluster.txt")

from mnist_core.runs import cluster as clusters  # noqa: E402
from mnist_core.runs.cluster import MOST_NEWS, Cluster  # noqa: E402

LONG = replace(CONFIG, epochs=500, schedule="constant")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    try:
        yield machines
    finally:
        machines.kill_all()


@pytest.fixture
def pool(tmp_path: Path, machines: Machines) -> Iterator[LocalPool]:
    """A pool on the cluster, with both machines there."""
    machines.start()
    settings = PoolSettings(folder=tmp_path / "runs", scheduler=machines.address, trainings=8)
    with LocalPool(settings) as pool:
        assert pool.cluster is not None
        wait_until(lambda: pool.cluster.places("runs") == 4)  # type: ignore[union-attr]
        yield pool


@pytest.fixture(scope="module")
def long_history(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[EpochResult, ...]:
    """What LONG leads to on this machine."""
    with LocalPool(PoolSettings(folder=tmp_path_factory.mktemp("here"))) as pool:
        return pool.start(LONG, data=folder).wait_for(ended, TIMEOUT).results


def test_a_run_has_the_same_numbers_there_to_the_bit_and_its_data_travels_once_to_each_machine(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handles = [pool.start(CONFIG, data=folder) for _ in range(4)]
    for handle in handles:
        view = handle.wait_for(ended, TIMEOUT)
        assert (view.status, view.message) == ("finished", "")
        assert view.results == history and view.saved_step == view.step
        assert handle.checkpoint_path is not None and handle.snapshots.all[0].step == 0
    assert pool.cluster is not None
    assert len(pool.cluster.sent) == 2 and set(pool.cluster.sent.values()) == {1}


def test_commands_are_obeyed_there_and_an_ended_run_goes_on(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(ENDLESS, data=folder, paused=True)
    handle.wait_for(at(0, "paused"), TIMEOUT)
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(SetLearningRate(0.005))
    view = handle.wait_for(lambda view: view.learning_rate == 0.005, TIMEOUT)
    assert view.rate_changes == ((STEPS_PER_EPOCH, 0.005),)
    handle.send(Resume())
    handle.wait_for(lambda view: view.step > 2 * STEPS_PER_EPOCH, TIMEOUT)
    handle.send(Stop("Enough."))
    view = handle.wait_for(ended, TIMEOUT)
    assert (view.status, view.message, view.saved_step) == ("stopped", "Enough.", view.step)
    kept = len(handle.snapshots)
    handle.send(Resume())
    later = handle.wait_for(lambda later: later.step > view.step, TIMEOUT)
    assert later.rate_changes == view.rate_changes
    assert len(handle.snapshots) > kept > 2


def test_a_machine_that_is_killed_costs_no_number_as_its_runs_go_on_elsewhere(
    pool: LocalPool,
    machines: Machines,
    folder: Path,
    long_history: tuple[EpochResult, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    handle = pool.start(LONG, data=folder)
    paused = pool.start(CONFIG, data=folder, paused=True)  # on the other machine
    handle.wait_for(lambda view: view.step > 100 and bool(view.saved_step), TIMEOUT)
    paused.wait_for(lambda view: view.saved_step == 0, TIMEOUT)
    machines.worker_of(handle.id).kill()
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "finished" and view.results == long_history
    assert "can't be reached" not in caplog.text  # it is not the scheduler that is gone
    machines.worker_of(paused.id).kill()
    view = paused.wait_for(lambda view: "is gone" in view.message, TIMEOUT)
    assert view.status == "paused"  # it lost its place, and nothing else


def test_a_machine_that_stands_still_costs_no_other_its_places_and_its_run_goes_on_elsewhere(
    pool: LocalPool, machines: Machines, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ANSWER_WITHIN", 3.0)
    stuck, other = (pool.start(ENDLESS, data=folder) for _ in range(2))
    for handle in (stuck, other):
        handle.wait_for(lambda view: bool(view.saved_step), TIMEOUT)
    machine = machines.worker_of(stuck.id)
    machine.send_signal(signal.SIGSTOP)
    assert pool.cluster is not None
    try:
        seen = stuck.peek().step
        wait_until(lambda: pool.cluster.places("runs") < 4)  # type: ignore[union-attr]
        assert pool.cluster.places("runs") == 2 and not pool.cluster.problem
        step = other.peek().step
        stuck.wait_for(lambda view: view.step > seen, TIMEOUT)
        assert other.peek().step > step
    finally:
        machine.send_signal(signal.SIGCONT)
    wait_until(lambda: pool.cluster.places("runs") == 4)  # type: ignore[union-attr]


SERVER = """
import json, sys
from pathlib import Path
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.config import TrainConfig

pool = LocalPool(PoolSettings(folder=Path(sys.argv[2]), scheduler=sys.argv[4]))
handle = pool.start(TrainConfig.from_dict(json.loads(sys.argv[1])), data=sys.argv[3])
handle.wait_for(lambda view: view.step > 20 and bool(view.saved_step), 60)
print(handle.id, flush=True)
sys.stdin.read()
"""


def test_two_servers_share_the_places_of_a_cluster_and_take_up_the_runs_of_a_killed_one(
    pool: LocalPool, machines: Machines, folder: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(ENDLESS.to_dict()),
         str(pool.settings.folder), str(folder), machines.address],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        left = pool.get(server.stdout.readline().strip())
        assert left is not None and left.watch().elsewhere
        before = left.peek().step
        left.wait_for(lambda view: view.step > before, TIMEOUT)  # it is watched here
        with LocalPool(pool.settings) as other:
            wait_until(lambda: other.cluster.places("runs") == 3)  # type: ignore[union-attr]
            both = [one.start(ENDLESS, data=folder) for _ in range(2) for one in (pool, other)]
            wait_until(lambda: sum(bool(one.peek().queue_position) for one in both) == 1)
            wait_until(lambda: sum(one.peek().step > 0 for one in both) == 3)
            ours = {left.id, *(one.id for one in both)}
            assert sum(id in ours for id in workers()) == 4
        server.kill()
    interrupted = left.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    assert interrupted.status == "interrupted" and interrupted.saved_step
    left.send(Resume())
    left.wait_for(lambda view: view.step > interrupted.step, TIMEOUT)
    with LocalPool(pool.settings) as again:  # the killed one is started again
        handle = again.get(left.id)
        assert handle is not None and handle.watch().elsewhere


def test_runs_wait_for_a_scheduler_that_is_gone_and_go_on_when_it_is_back(
    pool: LocalPool, machines: Machines, folder: Path, long_history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(LONG, data=folder)
    handle.wait_for(lambda view: view.step > 100 and bool(view.saved_step), TIMEOUT)
    machines.kill_all()
    view = handle.wait_for(lambda view: view.message.startswith(NO_ANSWER), TIMEOUT)
    assert view.status == "queued" and view.message.endswith(BY_ITSELF)
    machines.start()
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "finished" and view.results == long_history


def test_a_sweep_is_trained_by_both_machines_with_the_numbers_that_it_has_here(
    machines: Machines, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [
        replace(CONFIG, epochs=1, seed=seed, learning_rate=rate, hidden=(units,))
        for seed in range(3) for rate in (0.1, 0.01, 0.001) for units in (4, 6, 8)
    ]  # fmt: skip
    here = {run.index: run.history for run in run_all(configs, data, keep_weights=True)}
    machines.start()
    sent = Counter[tuple[str, str]]()
    monkeypatch.setattr(Cluster, "note_sent", lambda _, *where: sent.update([where]))
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", machines.address)
    places = Cluster.places
    monkeypatch.setattr(  # none at all before both machines have theirs
        Cluster, "places", lambda *asked: 4 * (places(*asked) == 4)
    )
    runs = list(run_all(configs, data, keep_weights=True))
    assert {run.index: run.history for run in runs} == here and len(here) == 27
    assert all(run.status == "finished" and run.checkpoint for run in runs)
    assert len(sent) == 2 and set(sent.values()) == {1}


def test_a_machine_that_joins_a_sweep_trains_too_and_nobody_waits_for_one_that_leaves(
    machines: Machines, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.kill_all()
    machines.start(workers=1)
    (first,) = machines.workers
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", machines.address)
    happened, trained = [""], set[int]()
    deadline = monotonic() + TIMEOUT

    def watch(standing: Standing) -> None:
        trained.add(standing.index)
        if happened == [""] and trained == {0, 1}:  # it has no third place
            machines.start(workers=2)
            happened.append("joined")
        elif happened[-1] == "joined" and 2 in trained:
            first.kill()
            trained.clear()
            happened.append("left")
        elif happened[-1] == "left" and trained & {0, 1}:
            happened.append("went on")

    runs = run_all(
        [replace(ENDLESS, seed=seed) for seed in range(3)], data, watch=watch,
        interrupted=lambda: happened[-1] == "went on" or monotonic() > deadline,
    )  # fmt: skip
    assert list(runs) == [] and happened == ["", "joined", "left", "went on"]


def test_an_experiment_without_a_scheduler_waits_on_a_page_and_ends_on_the_command_line(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = "tcp://127.0.0.1:1"
    monkeypatch.setenv("DIGIT_LAB_SCHEDULER", address)
    monkeypatch.setattr(runner, "IDLE", 0.0)
    monkeypatch.setattr(runner, "PATIENCE", 0.5)
    monkeypatch.setattr(clusters, "ANSWER_WITHIN", 0.2)
    order = Order("test", (CONFIG,), lambda *_: None)
    with closing(Experiments(tmp_path / "experiments", data)) as experiments:
        experiments.start(order, "anna")
        wait_until(lambda: experiments.look(order, "anna").message.startswith(NO_ANSWER))
        seen = experiments.look(order, "anna")
        assert seen.state == "running" and address not in seen.message
        wait_until(lambda: address in caplog.text)  # for whoever runs the server
    with pytest.raises(OSError, match=f"{address} (can't be reached|has not answered)"):
        list(run_all([CONFIG], data))


def test_the_more_processes_a_server_has_the_less_often_it_asks_for_news() -> None:
    with Cluster("tcp://127.0.0.1:1") as cluster:
        loads = {"a": {"threads": 60, "used": {}}, "b": {"threads": 4, "used": {}}}
        cluster._note(loads)
        few = [cluster.take_place("runs") for _ in range(4)]
        assert None not in few and cluster.pace == remote.PACE
        many = [cluster.take_place("runs") for _ in range(60)]
        assert None not in many and cluster.pace == 64 / MOST_NEWS


def test_another_numpy_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = clusters.version.__wrapped__()
    monkeypatch.setattr(np, "__version__", "1.0")
    assert clusters.version.__wrapped__() != mine


def test_machines_with_another_version_are_not_used(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.start()
    monkeypatch.setattr(clusters, "version", lambda: "another")
    with Cluster(machines.address) as cluster:
        wait_until(lambda: cluster.why_no_place().said == OTHER_VERSION)
        assert cluster.places("runs") == 0 and cluster.take_place("runs") is None
