"""What is said between a training run in another process and whoever watches it.
Commands go in, reports come out; nothing here starts a process or knows what carries the messages.
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import IO, Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.runs.commands import COMMANDS, Command
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Progress

RunStatus = Literal[
    "queued", "starting", "running", "paused", "finished", "stopped", "diverged", "failed"
]
ENDED: tuple[RunStatus, ...] = ("finished", "stopped", "diverged", "failed")
MAX_BATCH_POINTS = 2000
MAX_MESSAGE_BYTES = 1 << 30  # more than any run sends; a broken stream must not claim all memory


@dataclass(frozen=True)
class Order:
    """What a worker is told first: which run, on what data, kept where.

    `data` is a folder of IDX files, None for MNIST as shipped. `checkpoint` is the file to go on
    from, None to begin anew. `commands` are obeyed before the first step. Paths are absolute.
    """

    config: TrainConfig
    folder: str
    data: str | None = None
    checkpoint: str | None = None
    commands: tuple[Command, ...] = ()


# Reports.


@dataclass(frozen=True)
class Snapshot:
    """A run's weights at one moment, to predict with: averaged ones if the run keeps them.

    `parameters` is a float32 vector (P,) that nothing may change; `epoch` counts whole epochs.
    """

    step: int
    epoch: int
    status: RunStatus
    parameters: Array
    progress: Progress | None  # of the step that led here; None before the first

    def network(self, config: TrainConfig) -> Sequential:
        """The network with these weights, a copy of its own."""
        # A generator is needed to build it, but its weights are replaced at once.
        network = build_model(**config.network, rng=np.random.default_rng(0))
        network.parameters.flat[...] = self.parameters
        return network


@dataclass(frozen=True)
class BatchPoint:
    """Mean loss and accuracy of the `batches` steps that end with `step`."""

    step: int
    batches: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Report:
    """What a worker says of its run: its state, and what is new since the report before.

    With `restarted_at` the run is again at that step, and what was reported of later steps no
    longer holds; `results` is then the whole history. `seconds` and `images_per_second` are of
    training alone, `seconds_left` is the wait to be expected. `saved_step` is the checkpoint's.
    """

    status: RunStatus
    learning_rate: float
    message: str = ""
    progress: Progress | None = None
    seconds: float = 0.0
    images_per_second: float = 0.0
    seconds_left: float | None = None
    saved_step: int | None = None
    restarted_at: int | None = None
    rate_changes: tuple[tuple[int, float], ...] = ()  # the step that each came before, the new rate
    batches: BatchPoint | None = None
    results: tuple[EpochResult, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()


class BatchLine:
    """The per-batch curve, thinned evenly when it is full.

    When that happens, neighbours are joined to their mean, and from then on as many reports
    make one point as the older points stand for.
    """

    def __init__(self, points: list[BatchPoint] | None = None, reports_per_point: int = 1) -> None:
        self.points = points or []
        self.reports_per_point = reports_per_point
        self._reports_in_last = reports_per_point

    def append(self, point: BatchPoint) -> None:
        """Add a point of later batches."""
        if self.points and self._reports_in_last < self.reports_per_point:
            self.points[-1] = _joined(self.points[-1], point)
            self._reports_in_last += 1
            return
        if len(self.points) == MAX_BATCH_POINTS:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [_joined(a, b) for a, b in pairs]
            self.reports_per_point *= 2
        self.points.append(point)
        self._reports_in_last = 1

    def forget_after(self, step: int) -> None:
        """Drop what lies behind `step`."""
        self.points = [point for point in self.points if point.step <= step]
        self._reports_in_last = self.reports_per_point
        if not self.points:
            self.reports_per_point = self._reports_in_last = 1


def _joined(first: BatchPoint, second: BatchPoint) -> BatchPoint:
    """Both as one point, each batch counting the same."""
    batches = first.batches + second.batches
    share = second.batches / batches
    return BatchPoint(
        second.step,
        batches,
        first.loss + share * (second.loss - first.loss),
        first.accuracy + share * (second.accuracy - first.accuracy),
    )


@dataclass(frozen=True)
class RunView:
    """A run at the moment of a look; nothing in it changes afterwards.

    `queue_position` counts from 1 and is None outside the queue. `version` grows with every
    change, so that a page can tell whether it has anything new to draw. `saved_step` is the step
    of the last checkpoint, None before the first.
    """

    id: str
    status: RunStatus
    message: str
    version: int
    config: TrainConfig
    learning_rate: float
    rate_changes: tuple[tuple[int, float], ...]
    queue_position: int | None
    progress: Progress | None
    results: tuple[EpochResult, ...]
    batch_line: tuple[BatchPoint, ...]
    snapshot: Snapshot | None
    saved_step: int | None
    seconds: float
    images_per_second: float
    seconds_left: float | None

    @property
    def ended(self) -> bool:
        """Whether no process works on the run any more."""
        return self.status in ENDED

    @property
    def step(self) -> int:
        """Steps done."""
        return self.snapshot.step if self.snapshot else 0

    def network(self) -> Sequential | None:
        """The network as it was at the newest snapshot; None before the first."""
        return self.snapshot.network(self.config) if self.snapshot else None


@dataclass
class RunState:
    """All that is known of a run: takes reports in, gives views out."""

    id: str
    config: TrainConfig
    status: RunStatus = "queued"
    message: str = ""
    version: int = 0
    learning_rate: float = 0.0
    rate_changes: tuple[tuple[int, float], ...] = ()
    progress: Progress | None = None
    results: tuple[EpochResult, ...] = ()
    batch_line: BatchLine = field(default_factory=BatchLine)
    snapshot: Snapshot | None = None
    saved_step: int | None = None
    seconds: float = 0.0
    images_per_second: float = 0.0
    seconds_left: float | None = None

    def take(self, report: Report) -> None:
        """Bring everything up to date."""
        self.version += 1
        if report.restarted_at is not None:
            self._restart(report.restarted_at, report.learning_rate)
        self.status, self.message = report.status, report.message
        self.learning_rate = report.learning_rate
        self.progress = report.progress
        self.seconds = report.seconds
        self.images_per_second = report.images_per_second
        self.seconds_left = report.seconds_left
        self.saved_step = report.saved_step
        self.rate_changes += report.rate_changes
        if report.batches:
            self.batch_line.append(report.batches)
        self.results += report.results
        if report.snapshots:
            self.snapshot = report.snapshots[-1]

    def _restart(self, step: int, learning_rate: float) -> None:
        self.results = ()
        self.batch_line.forget_after(step)
        self.rate_changes = tuple(change for change in self.rate_changes if change[0] < step)
        known = self.rate_changes[-1][1] if self.rate_changes else self.config.learning_rate
        if learning_rate != known:  # set before the checkpoint, or never reported
            self.rate_changes += ((step, learning_rate),)

    def change(self, status: RunStatus, message: str = "") -> None:
        """Note a status that no report tells of."""
        self.status, self.message = status, message
        self.seconds_left = None
        self.version += 1

    def view(self, queue_position: int | None) -> RunView:
        """What there is to see now."""
        shared = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "batch_line"}
        line = tuple(self.batch_line.points)
        return RunView(**shared, batch_line=line, queue_position=queue_position)


# Messages: a JSON header, and the bytes of arrays after it. Never pickle: a worker may be told
# of files that come from elsewhere, and JSON can at worst hold a wrong number.


@dataclass(frozen=True)
class Message:
    """A header in JSON's types and the raw bytes that belong to it."""

    header: dict[str, Any]
    payload: bytes = b""


def write_message(stream: IO[bytes], message: Message) -> None:
    """Two lengths of 4 bytes (big-endian), the header, the payload."""
    header = json.dumps(message.header).encode()
    lengths = len(header).to_bytes(4, "big") + len(message.payload).to_bytes(4, "big")
    stream.write(lengths + header)
    stream.write(message.payload)
    stream.flush()


def read_message(stream: IO[bytes]) -> Message | None:
    """The next message; None if the other side has ended, even in the middle of one."""
    lengths = _read_exactly(stream, 8)
    if lengths is None:
        return None
    header_size = int.from_bytes(lengths[:4], "big")
    payload_size = int.from_bytes(lengths[4:], "big")
    if header_size + payload_size > MAX_MESSAGE_BYTES:
        return None
    header = _read_exactly(stream, header_size)
    payload = _read_exactly(stream, payload_size)
    if header is None or payload is None:
        return None
    return Message(json.loads(header), payload)


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
    """The order in a message."""
    values = dict(message.header)
    values["config"] = TrainConfig.from_dict(values["config"])
    values["commands"] = tuple(read_command(Message(header)) for header in values["commands"])
    return Order(**values)


def command_message(command: Command) -> Message:
    """A command to send."""
    return Message({"command": type(command).__name__, **asdict(command)})


def read_command(message: Message) -> Command:
    """The command in a message."""
    values = dict(message.header)
    return COMMANDS[values.pop("command")](**values)


def report_message(report: Report) -> Message:
    """A report to send: the snapshots' weights, one after the other, are the payload."""
    header = asdict(replace(report, snapshots=()))
    header["snapshots"] = [
        {
            "step": s.step,
            "epoch": s.epoch,
            "status": s.status,
            "progress": progress_to_dict(s.progress),
        }
        for s in report.snapshots
    ]
    return Message(header, b"".join(s.parameters.tobytes() for s in report.snapshots))


def read_report(message: Message) -> Report:
    """The report in a message."""
    header = dict(message.header)
    metas = header["snapshots"]
    size = len(message.payload) // max(len(metas), 1)
    snapshots = []
    for number, meta in enumerate(metas):
        # Memory of its own for each, so that one can be forgotten without the others.
        part = message.payload[number * size : (number + 1) * size]
        snapshots.append(
            Snapshot(
                meta["step"],
                meta["epoch"],
                meta["status"],
                np.frombuffer(part, np.float32),  # (P,), read-only
                progress_from_dict(meta["progress"]),
            )
        )
    header["snapshots"] = tuple(snapshots)
    header["progress"] = progress_from_dict(header["progress"])
    header["results"] = tuple(EpochResult(**result) for result in header["results"])
    if header["batches"]:
        header["batches"] = BatchPoint(**header["batches"])
    header["rate_changes"] = tuple((step, rate) for step, rate in header["rate_changes"])
    return Report(**header)


def progress_to_dict(progress: Progress | None) -> dict[str, Any] | None:
    """In JSON's types."""
    return None if progress is None else asdict(progress)


def progress_from_dict(values: dict[str, Any] | None) -> Progress | None:
    """What progress_to_dict gave."""
    if values is None:
        return None
    values = dict(values)
    if values["result"]:
        values["result"] = EpochResult(**values["result"])
    return Progress(**values)
