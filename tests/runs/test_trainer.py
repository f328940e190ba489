"""A run that obeys, whoever reads its reports and however full the disk is."""

import io
import threading
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.runs import trainer
from mnist_core.runs.commands import Command, GiveUpPlace, Inbox, Pause, Stop, TrainBatch
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import Order, read_message, read_report
from mnist_core.runs.state import Report
from mnist_core.runs.trainer import Trainer
from tests.runs.tools import CONFIG, STEPS_PER_EPOCH, TIMEOUT, StopWhen


def reports_in(stream: io.BytesIO) -> list[Report]:
    stream.seek(0)
    reports = []
    while message := read_message(stream):
        reports.append(read_report(message))
    return reports


def reports_without_a_disk(folder: Path, data: Dataset, *commands: Command) -> list[Report]:
    """What is reported of a run that is told these commands and can write nothing."""
    stream = io.BytesIO()
    outbox = Outbox(stream)
    (folder / "file").touch()
    order = Order(CONFIG, folder=str(folder / "file"))  # no folder: nothing can be written there
    inbox: Inbox = SimpleQueue()
    for command in commands:
        inbox.put(command)
    Trainer(order, data, inbox, outbox).work()
    outbox.close()
    return reports_in(stream)


def test_a_full_disk_is_told_and_no_reason_to_end(tmp_path: Path, data: Dataset) -> None:
    reports = reports_without_a_disk(tmp_path, data)
    results = [result for report in reports for result in report.results]
    assert [result.epoch for result in results] == [1, 2, 3, 4]
    assert reports[-1].status == "finished" and reports[-1].saved_step is None
    assert "No checkpoint could be saved" in reports[-1].message


def test_the_time_that_is_left_is_told_when_the_slow_first_steps_say_little_of_it(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(trainer, "monotonic", lambda: next(ticks) / 20)
    reports = reports_without_a_disk(tmp_path, data)
    told = [report.seconds_left is not None for report in reports if report.status == "running"]
    assert told == sorted(told) and not told[0] and told[-1]


def test_a_paused_run_stays_while_it_cannot_be_saved(tmp_path: Path, data: Dataset) -> None:
    commands = TrainBatch(), Pause(), GiveUpPlace(), Stop("Enough.")
    reports = reports_without_a_disk(tmp_path, data, *commands)
    (answer,) = (report for report in reports if report.keeps_place)
    assert answer.status == "paused" and "No checkpoint could be saved" in answer.message
    assert reports[-1].status == "stopped"


class StuckStream(io.BytesIO):
    """A stream that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, content) -> int:
        assert self.released.wait(TIMEOUT)
        return super().write(content)


def reports_to_a_stuck_reader(folder: Path, data: Dataset) -> list[Report]:
    """What is reported of a run whose reader reads nothing before its end."""
    stream = StuckStream()
    outbox = Outbox(stream)
    inbox: Inbox = SimpleQueue()
    Trainer(Order(CONFIG, folder=str(folder)), data, inbox, outbox).work()
    stream.released.set()
    outbox.close()
    return reports_in(stream)


def test_a_reader_that_does_not_read_never_holds_up_training(tmp_path: Path, data: Dataset) -> None:
    reports = reports_to_a_stuck_reader(tmp_path, data)
    # The first was on its way all the time, so there is nothing between it and the last.
    assert [report.status for report in reports] == ["running", "finished"]
    assert [result.epoch for result in reports[1].results] == [1, 2, 3, 4]


def test_weights_are_reported_of_each_epoch_that_is_the_best_so_far(
    tmp_path: Path, data: Dataset
) -> None:
    *_, last = reports_to_a_stuck_reader(tmp_path, data)
    accuracies = [result.validation_accuracy for result in last.results]
    best_so_far = [
        epoch for epoch in range(1, 5) if accuracies.index(max(accuracies[:epoch])) == epoch - 1
    ]
    assert len(best_so_far) > 1
    steps = [snapshot.step for snapshot in last.snapshots]
    assert {epoch * STEPS_PER_EPOCH for epoch in best_so_far} <= set(steps)
    assert steps == sorted(steps)


def test_a_run_that_goes_on_within_an_epoch_counts_the_seconds_before(
    tmp_path: Path, data: Dataset
) -> None:
    def begun(inbox: Inbox, checkpoint: Path | None = None) -> Trainer:
        order = Order(CONFIG, str(tmp_path), checkpoint=checkpoint and str(checkpoint))
        return Trainer(order, data, inbox, Outbox(io.BytesIO()))

    stopped = begun(StopWhen(lambda: stopped.run.step == STEPS_PER_EPOCH + 1))
    stopped.work()
    goes_on = begun(SimpleQueue(), stopped.files.checkpoint)
    assert goes_on.seconds_before == stopped.state.seconds > stopped.state.results[0].seconds


def test_a_stop_does_not_wait_for_a_validation_and_costs_no_result(
    tmp_path: Path, data: Dataset
) -> None:
    def trainer(name: str, inbox: Inbox, checkpoint: Path | None = None) -> Trainer:
        order = Order(CONFIG, str(tmp_path / name), checkpoint=checkpoint and str(checkpoint))
        return Trainer(order, data, inbox, Outbox(io.BytesIO()))

    for name in ("whole", "halved"):
        (tmp_path / name).mkdir()
    whole = trainer("whole", SimpleQueue())
    whole.work()
    looks = count()  # at the inbox in the second epoch's validation
    inbox = StopWhen(
        lambda: (
            stopped.run.step == 2 * STEPS_PER_EPOCH and stopped.run.is_unjudged and next(looks) == 1
        )
    )
    stopped = trainer("halved", inbox)
    stopped.work()
    assert (stopped.status, stopped.saved_step) == ("stopped", 2 * STEPS_PER_EPOCH)
    assert len(stopped.state.results) == 1
    halved = trainer("halved", SimpleQueue(), stopped.files.checkpoint)
    halved.work()
    assert halved.status == "finished" and halved.state.results == whole.state.results
    points = halved.state.batch_curve.points
    assert sum(point.batches for point in points) == 4 * STEPS_PER_EPOCH
