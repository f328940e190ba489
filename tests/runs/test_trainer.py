"""A run that obeys, whoever reads its reports and however full the disk is."""

import io
import threading
from pathlib import Path
from queue import SimpleQueue

from mnist_core.data.mnist import Dataset
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import (
    Order,
    read_message,
    read_report,
)
from mnist_core.runs.trainer import Inbox, Trainer
from tests.runs.tools import (
    CONFIG,
    TIMEOUT,
)


def test_a_full_disk_is_told_and_no_reason_to_end(tmp_path: Path, data: Dataset) -> None:
    stream = io.BytesIO()
    outbox = Outbox(stream)
    (tmp_path / "file").touch()
    order = Order(CONFIG, folder=str(tmp_path / "file"))  # no folder: nothing can be written there
    Trainer(order, data, SimpleQueue(), outbox).work()
    outbox.close()
    stream.seek(0)
    reports = []
    while message := read_message(stream):
        reports.append(read_report(message))
    assert reports[-1].status == "finished" and reports[-1].saved_step is None
    assert "No checkpoint could be saved" in reports[-1].message


class StuckStream(io.BytesIO):
    """A stream that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, content) -> int:
        assert self.released.wait(TIMEOUT)
        return super().write(content)


def test_a_reader_that_does_not_read_never_holds_up_training(tmp_path: Path, data: Dataset) -> None:
    stream = StuckStream()
    outbox = Outbox(stream)
    inbox: Inbox = SimpleQueue()
    Trainer(Order(CONFIG, folder=str(tmp_path)), data, inbox, outbox).work()
    stream.released.set()
    outbox.close()
    stream.seek(0)
    reports = []
    while message := read_message(stream):
        reports.append(read_report(message))
    # The first was on its way all the time, so there is nothing between it and the last.
    assert [report.status for report in reports] == ["running", "finished"]
    assert [result.epoch for result in reports[1].results] == [1, 2, 3, 4]
