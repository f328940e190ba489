"""An experiment: how it is asked for, what is known of it as it goes on, and what it may take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.experiments.cost import expected_seconds
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.runner import Finished, Standing
from mnist_core.experiments.workplace import cores
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from mnist_core.words import duration

State = Literal["waiting", "running", "stopped", "finished", "failed"]
MOST_RUNS = 200
MOST_SECONDS = 30 * 60.0  # that an experiment may be expected to take
# Of the expected seconds, what runs took on a usual machine, and how many of these seconds that
# counts for beside what runs take on this one.
USUAL_PACE, USUAL_SECONDS = 0.4, 100.0
STARTING = 2.0  # seconds until the processes of an experiment are at work


@dataclass(frozen=True)
class Order:
    """An experiment as it is asked for.

    Args:
        name: what kind of experiment it is: with the runs it tells it from every other.
        configs: of its runs.
        conclude: makes what comes out of all finished runs, in their order. It is called by the
            thread of the experiments; ValueError with a sentence if nothing can come out.
        initial: the parameters that each run begins with, None for those of its seed; none at all
            for all of them.
        urgent: the indices of runs that begin before the others.
    """

    name: str
    configs: tuple[TrainConfig, ...]
    conclude: Callable[[Sequence[Finished], KeptRuns, Dataset], Any]
    initial: tuple[Array | None, ...] = ()
    urgent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """An experiment as it was when somebody looked.

    Args:
        message: why it was stopped or has failed, in a sentence without its point, or why it can't
            train now, in sentences; else "".
        finished: the runs that are finished, by their index in the order.
        curves: what is known of the runs that are being trained, by their index.
        share: of the work, 0..1.
        seconds_left: about, with what stands before it in the queue.
        ahead: how many experiments stand before it.
        is_mine: whether it goes on for the visitor who looked.
        refusal: why it can't be started, in a sentence without its point; "" if it can.
        outcome: what `conclude` made of it; None before.
    """

    order: Order
    state: State
    message: str
    finished: dict[int, Finished]
    curves: dict[int, tuple[EpochResult, ...]]
    share: float
    seconds_left: float
    ahead: int
    is_mine: bool
    refusal: str
    outcome: Any

    @property
    def goes_on(self) -> bool:
        """Whether it changes by itself."""
        return self.state in ("waiting", "running")

    def history(self, index: int) -> tuple[EpochResult, ...]:
        """The epochs of a run that are known so far."""
        run = self.finished.get(index)
        return run.history if run else self.curves.get(index, ())


class Experiment:
    """What a server knows of one experiment."""

    def __init__(self, order: Order, kept_keys: list[str], finished: dict[int, Finished]) -> None:
        self.order = order
        self.kept_keys = kept_keys
        self.finished = finished
        self.curves: dict[int, list[EpochResult]] = {}
        self.state: State = "stopped"
        self.message = ""
        self.standing: Standing | None = None
        self.outcome: Any = None
        self.wanted_by: set[str] = set()
        self.seen_at = 0.0

    def expected_seconds(self, pace: float) -> float:
        """How long what is missing was expected to take, where such seconds take `pace` as long."""
        missing = [c for i, c in enumerate(self.order.configs) if i not in self.finished]
        return pace * seconds_together(missing) + STARTING * bool(missing)

    def seconds_left(self, pace: float) -> float:
        """About how long its own work takes."""
        expected = self.expected_seconds(pace)
        if self.standing is None:
            return expected
        # The first epochs say little of the whole: they count the more, the more there are.
        known = self.standing.share
        return known * self.standing.seconds_left + (1 - known) * expected

    def forget_failed(self) -> None:
        """What has failed may go well another time."""
        failed = [index for index, run in self.finished.items() if run.status == "failed"]
        for index in failed:
            del self.finished[index]

    @property
    def is_complete(self) -> bool:
        return len(self.finished) == len(self.order.configs)

    @property
    def share(self) -> float:
        every = [expected_seconds(config) for config in self.order.configs]
        done = sum(every[index] for index in self.finished)
        for index, results in self.curves.items():
            done += every[index] * len(results) / self.order.configs[index].epochs
        return min(1.0, done / sum(every))


def seconds_together(configs: Sequence[TrainConfig]) -> float:
    """The expected seconds of runs side by side, one on each core."""
    every = [expected_seconds(config) for config in configs]
    return max(sum(every) / cores(), max(every, default=0.0))


def too_much(runs: int, seconds: float) -> str:
    """Why so much is not taken on for one visitor, in a sentence without its point; "" if it is."""
    if runs > MOST_RUNS:
        return f"these are {runs:,} runs, and at most {MOST_RUNS} are allowed"
    if seconds > MOST_SECONDS:
        most = duration(MOST_SECONDS)
        return f"this would take about {duration(seconds)}, and at most {most} are allowed"
    return ""
