"""All that is known of a run: reports go in, views for whoever looks come out.
The worker and its owner each keep one; the worker's is written beside the checkpoint.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mnist_core.nn.network import Sequential
from mnist_core.runs.numbers import (
    BatchCurve,
    BatchPoint,
    check_types,
    checked,
    progress_from_dict,
    progress_to_dict,
)
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.status import ENDED, RunStatus
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Progress, best_epoch

# What of a state is written as it is.
SIMPLE = (
    "status", "message", "learning_rate", "test_accuracy", "saved_step", "seconds",
    "images_per_second",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What a worker says of its run: its state, and what is new since the report before.

    With `restarted_at` the run is again at that step, and what was reported of later steps no
    longer holds; `results` is then the whole history. `seconds` and `images_per_second` are of
    training alone, `seconds_left` is the wait to be expected. `saved_step` is the checkpoint's.
    `keeps_place` answers a GiveUpPlace: the run goes on, or what it has could not be saved.
    `test_accuracy` (0..1) comes with the end of a finished run, and only then.
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
    keeps_place: bool = False
    test_accuracy: float | None = None


@dataclass(frozen=True)
class RunView:
    """A run as it is at one look; nothing in it changes afterwards.

    `queue_position` counts from 1 and is None outside the queue. `saved_step` is the step of the
    last checkpoint, None before the first. `test_accuracy` is None but for a finished run: the test
    images are looked at once. `elsewhere` says that another server on this machine works on the
    run, so that nothing can be asked of it here.
    """

    id: str
    status: RunStatus
    message: str
    config: TrainConfig
    learning_rate: float
    rate_changes: tuple[tuple[int, float], ...]
    queue_position: int | None
    elsewhere: bool
    progress: Progress | None
    results: tuple[EpochResult, ...]
    batch_line: tuple[BatchPoint, ...]
    snapshot: Snapshot | None
    test_accuracy: float | None
    saved_step: int | None
    seconds: float
    images_per_second: float
    seconds_left: float | None

    @property
    def ended(self) -> bool:
        """Whether nothing is to come any more unless somebody lets the run go on."""
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
    """All that is known of a run but its snapshots of earlier steps."""

    id: str
    config: TrainConfig
    status: RunStatus = "queued"
    message: str = ""
    learning_rate: float = 0.0
    rate_changes: tuple[tuple[int, float], ...] = ()
    progress: Progress | None = None
    results: tuple[EpochResult, ...] = ()
    batch_curve: BatchCurve = field(default_factory=BatchCurve)
    snapshot: Snapshot | None = None
    test_accuracy: float | None = None
    saved_step: int | None = None
    seconds: float = 0.0
    images_per_second: float = 0.0
    seconds_left: float | None = None

    @property
    def best_step(self) -> int | None:
        """The step at which the epoch ended that did best on validation images; None before one."""
        best = best_epoch(self.results)
        return best.epoch * self.config.steps_per_epoch if best else None

    def take(self, report: Report) -> None:
        """Bring everything up to date."""
        if report.restarted_at is not None:
            self.restart(report.restarted_at, report.learning_rate)
        self.status, self.message = report.status, report.message
        self.learning_rate = report.learning_rate
        self.progress = report.progress
        self.seconds = report.seconds
        self.images_per_second = report.images_per_second
        self.seconds_left = report.seconds_left
        self.saved_step = report.saved_step
        self.test_accuracy = report.test_accuracy
        self.rate_changes += report.rate_changes
        if report.batches:
            self.batch_curve.append(report.batches)
        self.results += report.results
        if report.snapshots:
            self.snapshot = report.snapshots[-1]

    def restart(self, step: int, learning_rate: float) -> None:
        """Go back to a step with that rate: results come anew, what lies behind is dropped."""
        self.results = ()
        self.batch_curve.forget_after(step)
        self.rate_changes = tuple(change for change in self.rate_changes if change[0] < step)
        known = self.rate_changes[-1][1] if self.rate_changes else self.config.learning_rate
        if learning_rate != known:  # set before the checkpoint, or never reported
            self.rate_changes += ((step, learning_rate),)

    def change(self, status: RunStatus, message: str = "") -> None:
        """Note a status that no report tells of."""
        self.status, self.message = status, message
        self.seconds_left = None

    def view(self, *, queue_position: int | None = None, elsewhere: bool = False) -> RunView:
        """What there is to see now."""
        shared = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "batch_curve"}
        line = tuple(self.batch_curve.points)
        return RunView(
            **shared, batch_line=line, queue_position=queue_position, elsewhere=elsewhere
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but id, settings and weights, in JSON's types."""
        return {name: getattr(self, name) for name in SIMPLE} | {
            "rate_changes": self.rate_changes,
            "progress": progress_to_dict(self.progress),
            "results": [asdict(result) for result in self.results],
            "reports_per_point": self.batch_curve.reports_per_point,
            "batch_curve": [list(vars(point).values()) for point in self.batch_curve.points],
        }

    @classmethod
    def from_dict(cls, id: str, config: TrainConfig, values: dict[str, Any]) -> "RunState":
        """The state that to_dict gave; ValueError, KeyError or TypeError for anything else."""
        values = {"test_accuracy": None} | values  # older files have none
        simple = {name: values[name] for name in SIMPLE}
        check_types(cls, simple)
        names = [f.name for f in fields(BatchPoint)]
        points = [
            checked(BatchPoint, dict(zip(names, point, strict=True)))
            for point in values["batch_curve"]
        ]
        changes = tuple((step, rate) for step, rate in values["rate_changes"])
        for step, rate in changes:
            check_types(Progress, {"step": step, "learning_rate": rate})
        return cls(
            id,
            config,
            **simple,
            rate_changes=changes,
            progress=progress_from_dict(values["progress"]),
            results=tuple(checked(EpochResult, result) for result in values["results"]),
            batch_curve=BatchCurve.loaded(points, values["reports_per_point"]),
        )
