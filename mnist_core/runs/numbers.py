"""The numbers of a run over its steps: the curve of its batches, and what JSON makes of them.
What is read back may be of any type: each value is checked before anybody computes with it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

from mnist_core.training.run import EpochResult, Progress

MAX_BATCH_POINTS = 2000
MAX_NUMBER = 2**63  # above all that is counted; larger whole numbers are no floats any more

T = TypeVar("T")


@dataclass(frozen=True)
class BatchPoint:
    """Mean loss and accuracy of the `batches` steps that end with `step`."""

    step: int
    batches: int
    loss: float
    accuracy: float


class BatchCurve:
    """The per-batch curve, thinned evenly when it is full.

    When that happens, neighbours are joined to their mean, and from then on as many reports
    make one point as the older points stand for.
    """

    def __init__(self, points: list[BatchPoint] | None = None, reports_per_point: int = 1) -> None:
        self.points = points or []
        self.reports_per_point = reports_per_point
        self._reports_in_last = reports_per_point

    @classmethod
    def loaded(cls, points: list[BatchPoint], reports_per_point: Any) -> "BatchCurve":
        """The curve that was written; ValueError for numbers that none can have."""
        if type(reports_per_point) is not int or reports_per_point < 1:
            raise ValueError("a point of a curve stands for one report at least")
        if any(point.batches < 1 for point in points):
            raise ValueError("a point of a curve stands for one batch at least")
        return cls(points, reports_per_point)

    def append(self, point: BatchPoint) -> None:
        """Add a point of later batches."""
        if self.points and self._reports_in_last < self.reports_per_point:
            self.points[-1] = _joined([self.points[-1], point])
            self._reports_in_last += 1
            return
        if len(self.points) == MAX_BATCH_POINTS:
            self.points = averaged(self.points, MAX_BATCH_POINTS // 2)
            self.reports_per_point *= 2
        self.points.append(point)
        self._reports_in_last = 1

    def forget_after(self, step: int) -> None:
        """Drop what lies behind `step`."""
        self.points = [point for point in self.points if point.step <= step]
        self._reports_in_last = self.reports_per_point
        if not self.points:
            self.reports_per_point = self._reports_in_last = 1


def averaged(points: Sequence[BatchPoint], most: int) -> list[BatchPoint]:
    """At most `most` points in which every batch counts: neighbours are joined to their mean.

    Each stands for 1, 2, 4, 8... points, so that while a curve grows all but its last point stay.
    """
    size = 1
    while len(points) > size * most:
        size *= 2
    return [_joined(points[at : at + size]) for at in range(0, len(points), size)]


def _joined(points: Sequence[BatchPoint]) -> BatchPoint:
    """All as one point, each batch counting the same."""
    batches = sum(point.batches for point in points)
    loss = sum(point.loss * point.batches for point in points) / batches
    accuracy = sum(point.accuracy * point.batches for point in points) / batches
    return BatchPoint(points[-1].step, batches, loss, accuracy)


def progress_to_dict(progress: Progress | None) -> dict[str, Any] | None:
    """In JSON's types."""
    return None if progress is None else asdict(progress)


def progress_from_dict(values: dict[str, Any] | None) -> Progress | None:
    """What progress_to_dict gave."""
    if values is None:
        return None
    values = dict(values)
    if values["result"]:
        values["result"] = checked(EpochResult, values["result"])
    return checked(Progress, values)


def checked(kind: type[T], values: dict[str, Any]) -> T:
    """The dataclass of these values, which JSON gave; TypeError unless each is of its type."""
    check_types(kind, values)
    return kind(**values)


def check_types(kind: type, values: dict[str, Any]) -> None:
    """TypeError unless each value is of the type of the dataclass's field with its name."""
    types = {f.name: f.type for f in fields(kind)}
    for name, value in values.items():
        if name not in types or not _is_of(value, types[name]):
            raise TypeError(f"{name} can't be {value!r:.50}")


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of a type as fields have it: a number, a text, None, one of some."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if isinstance(kind, UnionType):
        return any(_is_of(value, one) for one in get_args(kind))
    if kind is float and type(value) is float:  # one of a run that diverged may not be finite
        return True
    if kind in (int, float):
        return type(value) is int and abs(value) < MAX_NUMBER
    return isinstance(value, kind)
