"""What is known of a run: the look at the test images comes with its end, and is kept."""

import io
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from mnist_core.data.mnist import Dataset
from mnist_core.nn.metrics import accuracy
from mnist_core.runs.commands import Inbox, SetLearningRate, Stop
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import Order
from mnist_core.runs.state import Report, RunState
from mnist_core.runs.trainer import Trainer
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run
from mnist_core.training.train import train
from tests.runs.tools import CONFIG


def trained(
    folder: Path, data: Dataset, inbox: Inbox | None = None, config: TrainConfig = CONFIG
) -> Trainer:
    outbox = Outbox(io.BytesIO())
    trainer = Trainer(Order(config, folder=str(folder)), data, inbox or SimpleQueue(), outbox)
    trainer.work()
    outbox.close()
    return trainer


def test_a_finished_run_says_its_accuracy_on_test_images(tmp_path: Path, data: Dataset) -> None:
    run = Run(CONFIG, data)
    for _ in train(run):
        pass
    right = accuracy(run.network().predict(data.test.images), data.test.labels)
    assert trained(tmp_path, data).state.view().test_accuracy == right
    kept, _ = RunFolder(tmp_path).load_state(RunState("", CONFIG))
    assert kept.view().test_accuracy == right


def test_the_test_images_wait_for_a_run_that_was_stopped(tmp_path: Path, data: Dataset) -> None:
    inbox: Inbox = SimpleQueue()
    inbox.put(Stop("enough"))
    assert trained(tmp_path, data, inbox).state.view().test_accuracy is None


def test_batches_that_were_undone_are_in_no_curve(tmp_path: Path, data: Dataset) -> None:
    # Weights pulled to zero a hundred times too far grow in size at every step.
    wild = replace(CONFIG, optimizer="sgd", learning_rate=100.0, weight_decay=1.0)
    view = trained(tmp_path, data, config=replace(wild, schedule="constant")).state.view()
    assert view.status == "diverged"
    assert sum(point.batches for point in view.batch_line) == view.step


def test_a_run_that_goes_on_has_no_test_accuracy_any_more() -> None:
    state = RunState("", CONFIG)
    state.take(Report("finished", 0.01, test_accuracy=0.9))
    assert state.view().test_accuracy == 0.9
    state.take(Report("paused", 0.01, restarted_at=0))
    assert state.view().test_accuracy is None


def test_a_state_that_was_kept_by_an_older_version_is_read() -> None:
    values = RunState("", CONFIG, status="finished", seconds=2.5).to_dict()
    del values["test_accuracy"]
    found = RunState.from_dict("", CONFIG, values)
    assert (found.seconds, found.test_accuracy) == (2.5, None)


def test_a_changed_learning_rate_is_kept_with_its_step(tmp_path: Path, data: Dataset) -> None:
    inbox: Inbox = SimpleQueue()
    inbox.put(SetLearningRate(0.002))
    trained(tmp_path, data, inbox)
    kept, _ = RunFolder(tmp_path).load_state(RunState("", CONFIG))
    assert kept.view().rate_changes == ((0, 0.002),)
