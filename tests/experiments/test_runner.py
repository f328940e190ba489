"""Many runs side by side: the numbers of `train`, whatever happens to the processes."""

import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.data.shared import KEPT, read_shared, write_shared
from mnist_core.experiments import runner, workplace
from mnist_core.experiments.cost import MULTIPLICATIONS, PARAMETER, STEP, expected_seconds
from mnist_core.experiments.runner import run_all
from mnist_core.nn.builders import build_model
from mnist_core.paths import ROOT
from mnist_core.runs.process import start_process
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run
from mnist_core.training.train import train

CONFIG = TrainConfig(
    hidden=(8,), optimizer="adam", learning_rate=0.01, dropout=0.1, ema_decay=0.9,
    batch_size=20, epochs=2, train_size=200, seed=3,
)  # fmt: skip
ENDLESS = replace(CONFIG, epochs=10_000)
TIMEOUT = 60  # seconds; only a failure takes so long


def straight(config: TrainConfig, data: Dataset) -> Run:
    """The same run as `train` has it."""
    run = Run(config, data)
    for _ in train(run):
        pass
    return run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen]:
    """The processes that were started, in their order."""
    processes = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return processes


def test_runs_have_the_numbers_of_train_to_the_bit(small: Dataset) -> None:
    cnn = replace(CONFIG, model="cnn", channels=(2, 3), threads=2)
    configs = [CONFIG, replace(CONFIG, seed=4), cnn]
    finished = sorted(run_all(configs, small, keep_weights=True), key=lambda f: f.index)
    assert [f.config for f in finished] == configs
    for one, config in zip(finished, configs, strict=True):
        run = straight(config, small)
        assert (one.status, one.starts) == ("finished", 1)
        assert list(one.history) == run.history
        assert one.checkpoint and one.checkpoint.config == config.to_dict()
        flat = one.checkpoint.network().parameters.flat
        assert np.array_equal(flat, run.network().parameters.flat)


def test_initial_weights_may_be_given(small: Dataset) -> None:
    other = replace(CONFIG, seed=9)
    rng = np.random.default_rng(0)
    parameters = build_model(**other.network, rng=rng).parameters.flat
    configs = [CONFIG, CONFIG]
    own, given = sorted(
        run_all(configs, small, initial=[None, parameters], processes=1), key=lambda f: f.index
    )
    run = Run(CONFIG, small)
    run.model.parameters.flat[...] = parameters
    for _ in train(run):
        pass
    assert list(given.history) == run.history != list(own.history)


def test_a_run_that_diverges_says_so_and_keeps_the_epochs_before(small: Dataset) -> None:
    wild = replace(CONFIG, optimizer="sgd", learning_rate=100, reduction="sum", dropout=0)
    (one,) = run_all([wild], small, keep_weights=True)
    run = straight(wild, small)
    assert one.status == "diverged" and "learning rate" in one.message
    assert list(one.history) == run.history
    assert one.checkpoint and np.isfinite(one.checkpoint.network().parameters.flat).all()


def test_what_cannot_begin_is_told_and_the_others_go_on(small: Dataset) -> None:
    configs = [replace(CONFIG, train_size=700), CONFIG]
    failed, finished = sorted(run_all(configs, small), key=lambda f: f.index)
    assert (failed.status, failed.history) == ("failed", ())
    assert "from 100 to 600, not 700" in failed.message
    assert finished.status == "finished"


def test_a_run_whose_process_is_killed_is_begun_again(small, started) -> None:
    seen = []

    def kill_once(standing) -> None:
        seen.append((standing.index, standing.result))
        if len(seen) == 1:
            started[0].send_signal(signal.SIGKILL)

    long = replace(CONFIG, epochs=300)
    first, second = sorted(
        run_all([long, CONFIG], small, processes=1, watch=kill_once), key=lambda f: f.index
    )
    assert (first.status, first.starts) == ("finished", 2)
    assert list(first.history) == straight(long, small).history
    assert (second.status, second.starts) == ("finished", 1)
    assert len(started) == 2


def test_a_run_whose_process_dies_twice_is_given_up_and_the_others_go_on(small, started) -> None:
    def kill(standing) -> None:
        if standing.index == 0 and started[-1].poll() is None:
            started[-1].send_signal(signal.SIGKILL)

    lost, finished = sorted(
        run_all([ENDLESS, CONFIG], small, processes=1, watch=kill), key=lambda f: f.index
    )
    assert (lost.status, lost.starts) == ("failed", 2)
    assert "ended unexpectedly (signal 9)" in lost.message
    assert list(finished.history) == straight(CONFIG, small).history


def test_places_that_come_later_are_used(small, started, monkeypatch) -> None:
    places, trained = [1], set()

    @contextmanager
    def growing(*where):
        with workplace.workplace(*where) as here:
            yield replace(here, places=lambda: places[0])

    def watch(standing) -> None:
        assert len(started) <= places[0]
        trained.add(standing.index)
        places[0] = 2

    monkeypatch.setattr(runner, "workplace", growing)
    both = run_all(
        [ENDLESS, replace(ENDLESS, epochs=5_000)], small, watch=watch,
        interrupted=lambda: trained == {0, 1},
    )  # fmt: skip
    assert list(both) == [] and len(started) == 2


@pytest.mark.parametrize("how", ["closed", "interrupted"])
def test_nothing_is_left_of_what_is_stopped(small, started, tmp_path, monkeypatch, how) -> None:
    monkeypatch.setattr(runner.tempfile, "tempdir", str(tmp_path))
    stop = []
    runs = run_all([CONFIG, ENDLESS], small, processes=2, interrupted=lambda: bool(stop))
    assert next(runs).index == 0
    assert list(tmp_path.iterdir())
    if how == "closed":
        runs.close()  # type: ignore[attr-defined]
    else:
        stop.append(True)
        assert list(runs) == []
    assert len(started) == 2 and all(process.returncode is not None for process in started)
    assert not list(tmp_path.iterdir())


OWNER = """
import os, subprocess, sys
from dataclasses import replace
from mnist_core.data.mnist import load_mnist
from mnist_core.experiments.runner import run_all
from mnist_core.training.config import TrainConfig
config = TrainConfig(hidden=(8,), train_size=200, epochs=10_000)
said = set()
def watch(standing):
    if standing.index not in said:
        said.add(standing.index)
        print(standing.index, flush=True)
list(run_all([config, config], load_mnist(sys.argv[1]), processes=2, watch=watch))
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux to wait for a process")
def test_processes_end_with_an_owner_that_is_killed(small_folder, tmp_path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(small_folder)],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    ) as owner:  # fmt: skip
        assert owner.stdout and {owner.stdout.readline() for _ in "ab"} == {"0\n", "1\n"}
        children = [
            int(pid)
            for task in Path(f"/proc/{owner.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]
        ends = [os.pidfd_open(pid) for pid in children]
        owner.kill()
    assert len(ends) == 2
    for end in ends:
        assert select.select([end], [], [], TIMEOUT)[0]
        os.close(end)
    assert not list(tmp_path.iterdir())


def test_progress_counts_epochs_and_runs(small: Dataset) -> None:
    seen = []
    finished = list(run_all([CONFIG, CONFIG], small, processes=1, watch=seen.append))
    assert [(s.index, s.result.epoch, s.done, s.total) for s in seen] == [
        (0, 1, 0, 2),
        (0, 2, 0, 2),
        (1, 1, 1, 2),
        (1, 2, 1, 2),
    ]
    assert [s.share for s in seen] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert seen[-1].seconds_left == pytest.approx(0)
    assert [s.result for s in seen] == [r for f in finished for r in f.history]


def test_the_longest_begin_first(small: Dataset) -> None:
    configs = [replace(CONFIG, epochs=epochs) for epochs in (1, 3, 2)]
    assert [f.index for f in run_all(configs, small, processes=1)] == [1, 2, 0]


def test_the_urgent_begin_before_longer_ones(small: Dataset) -> None:
    configs = [replace(CONFIG, epochs=epochs) for epochs in (1, 3, 2)]
    assert [f.index for f in run_all(configs, small, processes=1, urgent=[0])] == [0, 1, 2]


def test_what_a_run_is_expected_to_take() -> None:
    # 784 x 8 + 8 x 10 = 6,352 weights; three passes of 200 images, one of 200 and 10,000; 10 steps.
    by_hand = 2 * (6352 * (3 * 200 + 10_200) / MULTIPLICATIONS + 10 * (STEP + 6352 * PARAMETER))
    assert expected_seconds(CONFIG) == pytest.approx(by_hand)
    # 5x5 filters at 24 x 24 and at 8 x 8 places, and 4 x 4 x 3 values for each of 10 logits.
    cnn = replace(CONFIG, model="cnn", channels=(2, 3), kernel_sizes=(5, 5))
    products, weights = 50 * 576 + 150 * 64 + 480, 50 + 150 + 480
    by_hand = 2 * (products * 10_800 / MULTIPLICATIONS + 10 * (STEP + weights * PARAMETER))
    assert expected_seconds(cnn) == pytest.approx(by_hand)


def test_images_that_others_share_already_are_not_written_again(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "write_shared", lambda *_: pytest.fail("they are there"))
    (tmp_path / KEPT).mkdir()
    write_shared(small, tmp_path / KEPT)
    (finished,) = run_all([CONFIG], read_shared(tmp_path / KEPT))
    assert list(finished.history) == straight(CONFIG, small).history
    assert read_shared(tmp_path / KEPT).sha256 == small.sha256


@pytest.mark.parametrize("name", [KEPT, "digit-lab-experiment-1"])
def test_a_process_whose_owner_is_gone_removes_temporary_images_alone(
    small: Dataset, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    write_shared(small, tmp_path / name)
    process = start_process([*workplace.WORKER, str(tmp_path / name), "0"])
    process.stdin.close()
    assert process.wait(TIMEOUT) == 0
    process.stdout.close()
    assert (tmp_path / name).exists() == (name == KEPT)


def test_no_runs_are_finished_at_once(small: Dataset) -> None:
    assert list(run_all([], small)) == []
