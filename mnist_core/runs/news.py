"""What a worker will say of its run with the next report: all that is new since the one before."""

from dataclasses import dataclass, field
from math import isfinite

from mnist_core.runs.numbers import BatchPoint
from mnist_core.runs.snapshots import Snapshot
from mnist_core.training.run import EpochResult, Progress


@dataclass
class News:
    """New results, snapshots and learning rates (each with its step), and the batches' sums."""

    results: list[EpochResult] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    rates: list[tuple[int, float]] = field(default_factory=list)
    batches: int = 0
    loss: float = 0.0
    accuracy: float = 0.0

    def count(self, progress: Progress) -> None:
        """Add the batch of a step, unless its loss is no number."""
        if isfinite(progress.loss):
            self.batches += 1
            self.loss += progress.loss
            self.accuracy += progress.accuracy

    def point(self, step: int) -> BatchPoint | None:
        """The mean of the batches up to `step`; None without any."""
        if not self.batches:
            return None
        return BatchPoint(
            step, self.batches, self.loss / self.batches, self.accuracy / self.batches
        )
