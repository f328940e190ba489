"""Runs on a cluster: a real scheduler, two workers, and what may happen to each of them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments import runner
from mnist_core.experiments.experiment import Order
from mnist_core.experiments.queue import Experiments
from mnist_core.experiments.runner import Standing, run_all
from mnist_core.runs.commands import Resume, SetLearningRate, Stop, TrainEpoch
from mnist_core.runs.local import LocalPool
from mnist_core.runs.remote import Lost
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import BY_ITSELF, NO_ANSWER, OTHER_VERSION
from mnist_core.training.run import EpochResult
from tests.runs.machines import Machines
from tests.runs.tools import CONFIG, ENDLESS, STEPS_PER_EPOCH, TIMEOUT, at, ended

distributed = pytest.importorskip("distributed", reason="a cluster needs requirements-cluster.txt")

from mnist_core.runs import cluster as clusters  # noqa: E402
from mnist_core.runs.cluster import Cluster  # noqa: E402

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


def wait_until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + TIMEOUT
    while not condition():
        assert monotonic() < deadline
        sleep(0.05)


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
    order = Order("test", (CONFIG,), lambda *_: None)
    with closing(Experiments(tmp_path / "experiments", data)) as experiments:
        experiments.start(order, "anna")
        wait_until(lambda: experiments.look(order, "anna").message.startswith(NO_ANSWER))
        seen = experiments.look(order, "anna")
        assert seen.state == "running" and address not in seen.message
    assert address in caplog.text  # for whoever runs the server
    with pytest.raises(OSError, match=f"{address} (can't be reached|has not answered)"):
        list(run_all([CONFIG], data))


def test_machines_with_another_version_are_not_used(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.start()
    monkeypatch.setattr(clusters, "version", lambda: "another")
    with Cluster(machines.address) as cluster:
        wait_until(lambda: cluster.why_no_place().said == OTHER_VERSION)
        assert cluster.places("runs") == 0 and cluster.take_place("runs") is None


class Evil:
    """What does something where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._marker,)


@contextmanager
def evil_scheduler(marker: Path) -> Iterator[str]:
    """A scheduler that hands on what a machine has pickled; its address."""
    from distributed.core import Server
    from distributed.protocol.serialize import to_serialize

    async def identity() -> dict[str, Any]:
        return {"id": "1", "workers": {"tcp://127.0.0.1:1": {}}}

    async def proxy(**what: Any) -> dict[str, Any]:
        return {"parts": to_serialize(Evil(marker))}

    started, addresses = threading.Event(), []
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        handlers = (identity, proxy)
        async with Server({handler.__name__: handler for handler in handlers}) as server:
            await server.listen("tcp://127.0.0.1")
            addresses.append(server.address)
            started.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(TIMEOUT)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


def test_nothing_that_a_machine_sends_is_unpickled(tmp_path: Path) -> None:
    marker = tmp_path / "unpickled"
    with evil_scheduler(marker) as address, Cluster(address) as cluster:
        wait_until(lambda: cluster.why_no_place().said == OTHER_VERSION)
        answer = cluster.ask("tcp://127.0.0.1:1", "hear").result(TIMEOUT)
        assert isinstance(answer["parts"], distributed.protocol.Serialized)
        with pytest.raises((TypeError, Lost)):
            list(answer["parts"])
    assert not marker.exists()
