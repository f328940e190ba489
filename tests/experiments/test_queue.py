"""The experiments of a server: shared, in turn, stopped and taken up again, never trained twice."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.experiments import experiment, queue
from mnist_core.experiments.experiment import Order, Seen
from mnist_core.experiments.queue import Experiments
from mnist_core.paths import ROOT
from tests.experiments.test_runner import CONFIG, ENDLESS, TIMEOUT
from tests.experiments.test_runner import started as started

SHORT = tuple(replace(CONFIG, seed=seed) for seed in (3, 4))
HALF = (CONFIG, replace(CONFIG, epochs=500))  # the second takes some seconds


def accuracies(runs, kept, data) -> list[float]:
    return [run.history[-1].validation_accuracy for run in runs]


def order(*configs, conclude=accuracies, name: str = "test") -> Order:
    return Order(name, configs, conclude)


@pytest.fixture
def experiments(small: Dataset, tmp_path: Path) -> Iterator[Experiments]:
    found = Experiments(tmp_path, small)
    yield found
    found.close()


def when(
    experiments: Experiments, what: Order, is_so: Callable[[Seen], object], visitor: str = "ann"
) -> Seen:
    """The first look at which something is so."""
    give_up = monotonic() + TIMEOUT
    while monotonic() < give_up:
        if is_so(seen := experiments.look(what, visitor)):
            return seen
        sleep(0.01)
    raise TimeoutError(f"it is {seen.state}: {seen.message}")


def ended(experiments: Experiments, what: Order) -> Seen:
    return when(experiments, what, lambda seen: not seen.goes_on)


def test_an_experiment_is_trained_concluded_and_told(experiments: Experiments) -> None:
    what = order(*SHORT)
    before = experiments.look(what, "ann")
    assert (before.state, before.share, before.finished) == ("stopped", 0, {})
    assert before.seconds_left == pytest.approx(
        experiment.STARTING + experiment.USUAL_PACE * experiment.seconds_together(SHORT)
    )
    experiments.start(what, "ann")
    seen = ended(experiments, what)
    assert (seen.state, seen.share, list(seen.finished)) == ("finished", 1, [0, 1])
    assert seen.outcome == accuracies(seen.finished.values(), None, None)


def test_two_visitors_who_ask_for_the_same_share_it(experiments, trained) -> None:
    what = order(*SHORT)
    experiments.start(what, "ann")
    experiments.start(order(*SHORT), "bob")
    assert ended(experiments, what) == experiments.look(order(*SHORT), "bob")
    assert sum(trained) == 2


def test_it_stops_when_nobody_wants_it_and_goes_on_with_what_is_missing(
    experiments: Experiments, trained: list[int]
) -> None:
    what = order(*HALF)
    for visitor in ("ann", "bob"):
        experiments.start(what, visitor)
    half = when(experiments, what, lambda seen: 0 in seen.finished and 1 in seen.curves)
    assert 0 < half.share < 1 and half.history(0) == half.finished[0].history
    experiments.stop(what, "ann")
    assert experiments.look(what, "bob").goes_on and not experiments.look(what, "ann").is_mine
    experiments.stop(what, "bob")
    stopped = ended(experiments, what)
    assert (stopped.state, stopped.message, list(stopped.finished)) == ("stopped", "", [0])
    experiments.start(what, "ann")
    assert ended(experiments, what).state == "finished"
    assert trained == [2, 1]


def test_others_wait_in_turn_and_a_visitor_has_one_that_waits(experiments: Experiments) -> None:
    first = order(ENDLESS)
    second, third, fourth = (order(*SHORT, name=name) for name in ("two", "three", "four"))
    experiments.start(first, "ann")
    when(experiments, first, lambda seen: seen.state == "running")
    experiments.start(second, "bob")
    experiments.start(third, "cyd")
    look = experiments.look(third, "cyd")
    assert (look.state, look.ahead) == ("waiting", 2)
    assert look.seconds_left > experiments.look(second, "bob").seconds_left
    experiments.start(fourth, "bob")
    replaced = experiments.look(second, "bob")
    assert (replaced.state, replaced.message) == ("stopped", queue.REPLACED)
    assert [experiments.look(one, "dan").ahead for one in (first, third, fourth)] == [0, 1, 2]
    experiments.stop(first, "ann")
    assert ended(experiments, fourth).state == "finished"
    assert experiments.look(third, "cyd").state == "finished"


def test_one_that_nobody_looks_at_gives_way_to_another(small: Dataset, tmp_path: Path) -> None:
    now = [0.0]
    experiments = Experiments(tmp_path, small, pause_after=60, clock=lambda: now[0])
    left, waiting = order(ENDLESS), order(*SHORT)
    try:
        experiments.start(left, "ann")
        when(experiments, left, lambda seen: seen.curves)
        now[0] = 61.0
        experiments.start(waiting, "bob")
        assert ended(experiments, waiting).state == "finished"
        seen = experiments.look(left, "ann")
        assert (seen.state, seen.message) == ("stopped", queue.UNSEEN)
    finally:
        experiments.close()


def test_a_killed_worker_costs_no_run(experiments: Experiments, started) -> None:
    what = order(HALF[1])
    experiments.start(what, "ann")
    when(experiments, what, lambda seen: len(seen.history(0)) > 5)
    started[0].send_signal(signal.SIGKILL)
    seen = ended(experiments, what)
    assert (seen.state, seen.finished[0].starts, len(seen.history(0))) == ("finished", 2, 500)


def test_what_fails_says_why_and_may_be_tried_again(experiments: Experiments) -> None:
    problem = ["there is nothing to conclude"]

    def conclude(runs, kept, data):
        if problem:
            raise ValueError(problem.pop())
        return "concluded"

    what = order(*SHORT, conclude=conclude)
    experiments.start(what, "ann")
    seen = ended(experiments, what)
    assert (seen.state, seen.message) == ("failed", "there is nothing to conclude")
    experiments.start(what, "ann")
    assert ended(experiments, what).outcome == "concluded"


def test_a_fault_in_one_does_not_hold_up_the_next(experiments: Experiments, caplog) -> None:
    faulty = order(*SHORT, conclude=lambda runs, kept, data: {}["?"], name="faulty")
    experiments.start(faulty, "ann")
    experiments.start(order(*SHORT), "bob")
    assert ended(experiments, order(*SHORT)).state == "finished"
    assert experiments.look(faulty, "ann").state == "failed"


def test_a_new_server_shows_what_is_finished_without_training(
    experiments: Experiments, small: Dataset, tmp_path: Path, trained: list[int]
) -> None:
    experiments.start(order(*SHORT), "ann")
    outcome = ended(experiments, order(*SHORT)).outcome
    again = Experiments(tmp_path, small)
    try:
        assert ended(again, order(*SHORT)).outcome == outcome
        assert trained == [2]
        more = again.look(order(*SHORT, replace(CONFIG, seed=5)), "ann")
        assert (more.state, list(more.finished)) == ("stopped", [0, 1])
    finally:
        again.close()


def test_what_is_finished_already_is_shown_while_another_is_at_work(
    experiments: Experiments, small: Dataset, tmp_path: Path
) -> None:
    experiments.start(order(*SHORT), "ann")
    ended(experiments, order(*SHORT))
    again = Experiments(tmp_path, small)
    try:
        again.start(order(ENDLESS), "bob")
        when(again, order(ENDLESS), lambda seen: seen.curves)
        assert ended(again, order(*SHORT)).state == "finished"
        assert again.look(order(ENDLESS), "bob").state == "running"
    finally:
        again.close()


SERVER = """
import sys
from pathlib import Path
from dataclasses import replace
from mnist_core.data.mnist import load_mnist
from mnist_core.experiments.queue import Experiments
from tests.experiments.test_queue import HALF, order, when
experiments = Experiments(Path(sys.argv[1]), load_mnist(sys.argv[2]))
what = order(HALF[0], replace(HALF[1], epochs=10_000))
experiments.start(what, "ann")
when(experiments, what, lambda seen: 0 in seen.finished and seen.curves)
print("half", flush=True)
input()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_after_a_server_was_killed_no_finished_run_is_repeated(
    small_folder: Path, tmp_path: Path, trained: list[int]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path), str(small_folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout and server.stdout.readline() == "half\n"
        server.kill()
    experiments = Experiments(tmp_path, load_mnist(small_folder))
    try:
        what = order(*HALF)
        experiments.start(what, "ann")
        assert ended(experiments, what).state == "finished"
        assert trained == [1]
    finally:
        experiments.close()


def test_too_many_runs_and_too_long_ones_are_refused_with_the_limit(experiments) -> None:
    with pytest.raises(ValueError, match="201 runs, and at most 200 are allowed"):
        experiments.start(order(*(replace(CONFIG, seed=seed) for seed in range(201))), "ann")
    large = replace(CONFIG, train_size=50_000, hidden=(1024,), epochs=10_000)
    with pytest.raises(ValueError, match="would take about .* h.*, and at most 30 min"):
        experiments.start(order(large), "ann")
    assert experiments.look(order(large), "ann").state == "stopped"


def test_the_queue_has_an_end(experiments: Experiments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 1)
    first = order(ENDLESS)
    experiments.start(first, "ann")
    when(experiments, first, lambda seen: seen.state == "running")
    experiments.start(order(SHORT[0]), "bob")
    with pytest.raises(ValueError, match="wait already"):
        experiments.start(order(SHORT[1]), "cyd")
    assert not experiments.look(order(SHORT[1]), "cyd").is_mine


def test_the_folder_stays_bounded_and_keeps_what_is_needed_now(small: Dataset, tmp_path) -> None:
    experiments = Experiments(tmp_path, small, most_bytes=0)
    try:
        for configs in (SHORT, (replace(CONFIG, seed=5),)):
            experiments.start(order(*configs), "ann")
            assert ended(experiments, order(*configs)).state == "finished"
            assert len(list((tmp_path / "runs").glob("*.npz"))) == len(configs)
    finally:
        experiments.close()


def test_a_server_remembers_a_few_experiments(experiments: Experiments) -> None:
    for seed in range(2 * queue.IN_MEMORY):
        experiments.look(order(replace(CONFIG, seed=seed)), "ann")
    assert len(experiments._known) == queue.IN_MEMORY


def test_its_processes_make_way_and_are_gone_when_it_is_closed(
    experiments: Experiments, started: list[subprocess.Popen]
) -> None:
    what = order(ENDLESS)
    experiments.start(what, "ann")
    when(experiments, what, lambda seen: seen.curves)
    assert os.getpriority(os.PRIO_PROCESS, started[0].pid) == 19
    experiments.close()
    assert all(process.returncode is not None for process in started)
    assert not [one for one in threading.enumerate() if one.name == "experiments"]
