"""Long work in a process of its own: what it gives, and what becomes of it when something dies."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset, Split
from mnist_core.data.shared import KEPT, mnist_of_all
from mnist_core.evaluation.learning_map import before_training, learning_map
from mnist_core.long_work import process as module
from mnist_core.long_work.process import WorkFailed, WorkProcess
from mnist_core.long_work.work import (
    Order,
    Result,
    order_message,
    read_answer,
    read_order,
)
from mnist_core.long_work.worker import carry_out
from mnist_core.nn.builders import build_cnn, build_model
from mnist_core.paths import ROOT
from mnist_core.runs.snapshots import Snapshot
from mnist_core.training.config import TrainConfig
from tests.long_work.works import (
    befallen,
    failing,
    kill,
    one_result,
    process_ids,
    squares,
    stop,
    sums,
    surroundings,
    wait,
)

NICENESS = 10


@pytest.fixture(scope="module")
def of_file(mnist: Dataset):
    """A process for tests that leave it as it was: each start costs half a second."""
    process = WorkProcess(mnist, NICENESS)
    yield process
    process.rest()


@pytest.fixture
def process(mnist: Dataset):
    process = WorkProcess(mnist, NICENESS)
    yield process
    process.rest()


def test_two_pieces_of_work_are_done_in_turn_in_another_process(of_file: WorkProcess) -> None:
    first, second = of_file.begin(partial(squares, 3)), of_file.begin(process_ids)
    assert [next(first).value, next(first).value] == [0, 1]
    assert next(second).value == next(second).value != os.getpid()
    last = next(first)
    assert last.value == 4 and last.seconds >= 0


def test_the_process_makes_way_and_has_nothing_of_the_page(of_file: WorkProcess) -> None:
    niceness, modules = next(of_file.begin(surroundings)).value
    assert niceness == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    assert "numpy" in modules and not modules & {"streamlit", "plotly", "pandas", "PIL"}


def test_mnist_travels_by_name_and_other_images_as_they_are(
    of_file: WorkProcess, mnist: Dataset
) -> None:
    for split in (mnist.validation, Split(np.full((5, 28, 28), 7, np.uint8), mnist.test.labels)):
        (there,) = of_file.begin(partial(sums, split))
        assert there.value == next(sums(split, done=0))
    network = build_cnn(rng=np.random.default_rng(0))
    message = order_message(Order(1, frozenset(), partial(sums, mnist.train)), mnist)
    assert len(message.payload) < 1000
    (there,) = of_file.begin(partial(one_result, network.predict, mnist.test[:9].images))
    assert (there.value == network.predict(mnist.test[:9].images)).all()


def test_mnist_in_files_is_read_there(mnist: Dataset, tmp_path: Path) -> None:
    kept = mnist_of_all(tmp_path / KEPT, write=True)
    work = partial(sums, kept.test)
    order = read_order(order_message(Order(1, frozenset(), work), kept))
    (there,) = order.work.args  # type: ignore[union-attr]
    assert isinstance(there.images.base, np.memmap)
    assert next(sums(there, done=0)) == next(sums(mnist.test, done=0))


def test_networks_of_all_kinds_travel(of_file: WorkProcess, mnist: Dataset) -> None:
    config = TrainConfig(hidden=(8,))
    weights = build_model(**config.network, rng=np.random.default_rng(0)).parameters.flat
    snapshot = Snapshot(3, 0, "running", weights, None)
    last = load_model("mlp").copied
    times = [partial(before_training, "mlp"), partial(snapshot.network, config), last]
    work = partial(learning_map, times, mnist.test[:60], "logits")
    there = [result.value for result in of_file.begin(work)]
    for one, here in zip(there, work(done=0), strict=True):
        np.testing.assert_allclose(one.xy, here.xy, rtol=1e-4, atol=1e-4)


def test_an_error_in_the_work_is_said_with_its_place_in_the_code(of_file: WorkProcess) -> None:
    work = of_file.begin(failing)
    assert next(work).value == 1
    with pytest.raises(WorkFailed) as failed:
        next(work)
    assert str(failed.value) == "no such image"
    assert "works.py" in failed.value.__notes__[0]
    assert next(of_file.begin(partial(squares, 1))).value == 0  # and others go on


def test_work_that_can_not_travel_says_so_and_others_go_on(of_file: WorkProcess) -> None:
    with pytest.raises(Exception, match="pickle"):
        next(of_file.begin(lambda done: iter([1])))
    assert next(of_file.begin(partial(squares, 1))).value == 0


def test_a_process_that_dies_over_work_is_begun_again_once(
    process: WorkProcess, tmp_path: Path
) -> None:
    other = process.begin(partial(squares, 9))
    assert next(other).value == 0
    again = process.begin(partial(befallen, kill, 1, tmp_path / "once"))
    assert [next(again).value for _ in range(3)] == [0, 1, 2]
    assert next(other).value == 1  # goes on where it was, in the new process
    lost = process.begin(partial(befallen, kill, 5, tmp_path / "always"))
    assert next(lost).value == 0
    with pytest.raises(WorkFailed, match="ended by the system, twice"):
        next(lost)
    assert next(other).value == 4


@pytest.fixture
def impatient(mnist: Dataset):
    """A process that is ended after 2 s without a word."""
    process = WorkProcess(mnist, NICENESS, patience=2.0)
    yield process
    process.rest()


def test_a_process_that_is_stopped_is_ended_and_another_goes_on(
    impatient: WorkProcess, tmp_path: Path
) -> None:
    other = impatient.begin(partial(squares, 9))
    assert next(other).value == 0
    work = impatient.begin(partial(befallen, stop, 1, tmp_path / "once"))
    assert [next(work).value for _ in range(3)] == [0, 1, 2]
    assert next(other).value == 1  # goes on where it was


def test_a_process_that_does_not_read_its_order_is_ended_too(
    impatient: WorkProcess, mnist: Dataset
) -> None:
    before = next(impatient.begin(process_ids)).value
    os.kill(before, signal.SIGSTOP)
    split = mnist.test[:200]  # more bytes than a pipe holds
    assert next(impatient.begin(partial(sums, split))).value == next(sums(split, done=0))
    assert next(impatient.begin(process_ids)).value != before


def test_what_never_comes_to_a_result_is_given_up(mnist: Dataset, tmp_path: Path) -> None:
    process = WorkProcess(mnist, NICENESS, longest=1.5)
    lost = process.begin(partial(befallen, wait, 5, tmp_path / "always"))
    assert next(lost).value == 0
    with pytest.raises(WorkFailed, match="stood still, twice"):
        next(lost)
    process.rest()


def test_long_work_that_speaks_is_left_in_peace(impatient: WorkProcess) -> None:
    assert next(impatient.begin(partial(one_result, sleep, 3.0))).seconds >= 3.0


def test_a_rest_costs_no_result(process: WorkProcess) -> None:
    work, ids = process.begin(partial(squares, 3)), process.begin(process_ids)
    before = next(ids).value
    assert next(work).value == 0
    process.rest()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert [next(work).value, next(work).value] == [1, 4]
    assert next(ids).value != before


@pytest.mark.parametrize(
    "command", [["/nowhere/python"], [sys.executable, "-c", "raise SystemExit(3)"]]
)
def test_without_a_process_the_thread_itself_works_it_out(
    process: WorkProcess,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    command: list[str],
) -> None:
    monkeypatch.setattr(module, "WORKER", command)
    work = process.begin(partial(squares, 3))
    assert [result.value for result in work] == [0, 1, 4]
    assert next(process.begin(process_ids)).value == os.getpid()
    assert "no process for long work" in caplog.messages[0] and len(caplog.messages) == 2


def test_it_knows_no_longer_what_nobody_can_ask_for(mnist: Dataset) -> None:
    known = {}

    def ask(order: Order) -> object:
        answer = read_answer(carry_out(order_message(order, mnist), known))
        assert isinstance(answer, Result)
        return answer.value

    assert ask(Order(1, frozenset({1}), partial(squares, 3))) == 0
    assert ask(Order(2, frozenset({1, 2}), partial(squares, 3), done=2)) == 4
    assert ask(Order(1, frozenset({1}))) == 1
    assert list(known) == [1]


def test_it_is_told_what_nobody_can_ask_for(process: WorkProcess) -> None:
    work, other = process.begin(partial(squares, 3)), process.begin(partial(squares, 3))
    assert next(work).value == next(other).value == 0
    assert len(process._known) == 2
    del work
    next(other)
    assert len(process._known) == 1


OWNER = """
import sys
from functools import partial
from pathlib import Path
from mnist_core.data.mnist import Dataset, Split
from mnist_core.long_work.process import WorkProcess
from tests.long_work.works import endless
import numpy as np
nothing = Split(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
process = WorkProcess(Dataset(nothing, nothing, nothing, ""), 10)
next(process.begin(partial(endless, Path(sys.argv[1]))))
"""


def test_it_ends_in_the_middle_of_work_when_its_owner_is_killed(tmp_path: Path) -> None:
    notes = tmp_path / "begun"
    os.mkfifo(notes)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(notes)], cwd=ROOT, stderr=subprocess.PIPE
    ) as owner:
        with open(notes, "rb") as said:  # opens when the work has begun
            assert said.read() == b"begun"
        owner.kill()
        assert owner.stderr is not None
        assert owner.stderr.read() == b""  # ends when nobody has it any more, the process neither
