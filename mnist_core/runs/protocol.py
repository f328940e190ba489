"""What a training process and its owner say to each other, as messages over two pipes.
A message is a header in JSON and the bytes of arrays after it. Never pickle: a worker may be told
of files that come from elsewhere, and JSON can at worst hold a wrong number.

multiprocessing.connection has the same framing, but can't be put on the pipes of a subprocess on
Windows, so the thirty lines below are our own.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import IO, Any

import numpy as np

from mnist_core.runs.commands import COMMANDS, Command
from mnist_core.runs.numbers import BatchPoint, progress_from_dict, progress_to_dict
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import Report
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult

MAX_MESSAGE_BYTES = 1 << 30  # more than any run sends; a broken stream must not claim all memory


class ProtocolError(ValueError):
    """A message that is none of ours."""


@dataclass(frozen=True)
class Order:
    """What a worker is told first: which run, on what data, kept where.

    `data` is a folder of IDX files, None for MNIST as shipped. `checkpoint` is the file to go on
    from, None to begin with the run's first step, or with the weights that it was given for that.
    `commands` are obeyed before the first step. Paths are absolute.
    """

    config: TrainConfig
    folder: str
    data: str | None = None
    checkpoint: str | None = None
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True)
class Message:
    """A header in JSON's types and the raw bytes that belong to it."""

    header: dict[str, Any]
    payload: bytes = b""


ALIVE = Message({"alive": True})  # what a worker says when there is nothing else to say


def write_message(stream: IO[bytes], message: Message) -> None:
    """Two lengths of 4 bytes (big-endian), the header, the payload."""
    stream.write(_head(message))
    stream.write(message.payload)
    stream.flush()


def packed(message: Message) -> bytes:
    """The bytes that write_message writes."""
    return _head(message) + message.payload


def _head(message: Message) -> bytes:
    header = json.dumps(message.header).encode()
    return len(header).to_bytes(4, "big") + len(message.payload).to_bytes(4, "big") + header


def read_message(stream: IO[bytes]) -> Message | None:
    """The next message; None if the other side has ended, even in the middle of one.

    Raises ProtocolError for bytes that are no message.
    """
    lengths = _read_exactly(stream, 8)
    if lengths is None:
        return None
    header_size = int.from_bytes(lengths[:4], "big")
    payload_size = int.from_bytes(lengths[4:], "big")
    if header_size + payload_size > MAX_MESSAGE_BYTES:
        raise ProtocolError("a message is longer than any can be")
    content = _read_exactly(stream, header_size)
    payload = _read_exactly(stream, payload_size)
    if content is None or payload is None:
        return None
    try:
        header = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a message is not in JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError("a message has no header")
    return Message(header, payload)


def _read_exactly(stream: IO[bytes], size: int) -> bytes | None:
    """`size` bytes, however few the stream gives at once; None at its end."""
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def order_message(order: Order) -> Message:
    """An order to send."""
    values: dict[str, Any] = dict(vars(order))
    values["config"] = order.config.to_dict()
    values["commands"] = [command_message(command).header for command in order.commands]
    return Message(values)


def read_order(message: Message) -> Order:
    """The order in a message; ProtocolError if there is none."""
    try:
        values = dict(message.header)
        values["config"] = TrainConfig.from_dict(values["config"])
        values["commands"] = tuple(read_command(Message(header)) for header in values["commands"])
        return Order(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(f"the order can't be read: {error}") from error


def command_message(command: Command) -> Message:
    """A command to send."""
    return Message({"command": type(command).__name__, **asdict(command)})


def read_command(message: Message) -> Command:
    """The command in a message; ProtocolError if there is none that is known."""
    try:
        values = dict(message.header)
        return COMMANDS[values.pop("command")](**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"an unknown command: {message.header}") from error


def report_message(report: Report) -> Message:
    """A report to send: the snapshots' weights, one after the other, are the payload."""
    header = asdict(replace(report, snapshots=(), progress=None))
    header["progress"] = progress_to_dict(report.progress)
    header["snapshots"] = [s.about() for s in report.snapshots]
    return Message(header, b"".join(s.parameters.tobytes() for s in report.snapshots))


def read_report(message: Message) -> Report:
    """The report in a message; ProtocolError if there is none."""
    try:
        header = dict(message.header)
        abouts = header["snapshots"]
        size = len(message.payload) // max(len(abouts), 1)
        # Memory of its own for each, so that one can be forgotten without the others.
        header["snapshots"] = tuple(
            Snapshot.made_of(
                about,
                np.frombuffer(message.payload[number * size : (number + 1) * size], np.float32),
            )
            for number, about in enumerate(abouts)
        )
        header["progress"] = progress_from_dict(header["progress"])
        header["results"] = tuple(EpochResult(**result) for result in header["results"])
        if header["batches"]:
            header["batches"] = BatchPoint(**header["batches"])
        header["rate_changes"] = tuple((step, rate) for step, rate in header["rate_changes"])
        return Report(**header)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"a report can't be read: {error}") from error
