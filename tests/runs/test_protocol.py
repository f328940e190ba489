"""What is sent arrives as it was, and a broken message is no message."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.numbers import BatchPoint
from mnist_core.runs.protocol import (
    Message,
    Order,
    command_message,
    order_message,
    read_command,
    read_message,
    read_order,
    read_report,
    report_message,
    write_message,
)
from mnist_core.runs.state import Report
from mnist_core.training.run import EpochResult
from tests.runs.tools import (
    CONFIG,
    PROGRESS,
    snapshot,
)


def test_a_report_arrives_as_it_was_sent() -> None:
    sent = Report(
        "paused", 0.01, "why", PROGRESS, 2.5, 1e5, 3.5, 7, 0, ((3, 0.1), (5, 0.2)),
        BatchPoint(7, 2, 0.5, 0.25), (EpochResult(1, 0.1, 0.2, 0.3, 0.4, 0.5),),
        (snapshot(4), snapshot(7)),
    )  # fmt: skip
    stream = io.BytesIO()
    write_message(stream, report_message(sent))
    stream.seek(0)
    message = read_message(stream)
    assert message is not None
    received = read_report(message)
    assert replace(received, snapshots=()) == replace(sent, snapshots=())
    for before, after in zip(sent.snapshots, received.snapshots, strict=True):
        np.testing.assert_array_equal(before.parameters, after.parameters)
        assert (before.step, before.progress) == (after.step, after.progress)


@pytest.mark.parametrize(
    "command",
    [Pause(), Resume(), TrainBatch(), TrainEpoch(), SetLearningRate(0.3), Stop("now"), Rewind()],
)
def test_a_command_arrives_as_it_was_sent(command: Command) -> None:
    assert read_command(command_message(command)) == command


def test_an_order_arrives_as_it_was_sent() -> None:
    order = Order(CONFIG, "/runs/a", "/data", "/runs/b/checkpoint.npz", (Pause(), TrainBatch()))
    header = json.loads(json.dumps(order_message(order).header))
    assert read_order(Message(header)) == order


@given(st.binary(max_size=40), st.data())
def test_a_message_that_is_cut_short_is_none(payload: bytes, draw: st.DataObject) -> None:
    stream = io.BytesIO()
    write_message(stream, Message({"a": 1}, payload))
    content = stream.getvalue()
    end = draw.draw(st.integers(0, len(content) - 1))
    assert read_message(io.BytesIO(content[:end])) is None
    assert read_message(io.BytesIO(content)) == Message({"a": 1}, payload)
