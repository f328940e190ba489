"""The numbers of a run over its steps: the curve of its batches, and progress written as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mnist_core.training.run import EpochResult, Progress

MAX_BATCH_POINTS = 2000


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
        values["result"] = EpochResult(**values["result"])
    return Progress(**values)
