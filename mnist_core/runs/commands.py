"""What a run can be told while it works. Each command is obeyed before the next step."""

from dataclasses import dataclass
from math import isfinite
from queue import SimpleQueue
from typing import get_args

from mnist_core.training.config import LIMITS


@dataclass(frozen=True)
class Pause:
    """Wait before the next step."""


@dataclass(frozen=True)
class Resume:
    """Go on until something else is said."""


@dataclass(frozen=True)
class TrainBatch:
    """Train one batch, then pause."""


@dataclass(frozen=True)
class TrainEpoch:
    """Train to the end of the epoch that the next step belongs to, then pause."""


@dataclass(frozen=True)
class SetLearningRate:
    """Use another rate (the schedule's peak) from the next step on."""

    learning_rate: float

    def __post_init__(self) -> None:
        low, high = LIMITS["learning_rate"]
        if not isfinite(self.learning_rate) or not low <= self.learning_rate <= high:
            raise ValueError(
                f"the learning rate must be from {low:g} to {high:g}, not {self.learning_rate:g}"
            )


@dataclass(frozen=True)
class Stop:
    """Save the run and end; the reason is shown to whoever looks."""

    reason: str = ""


@dataclass(frozen=True)
class GiveUpPlace:
    """Save the run and end its process. One that can't be saved stays.

    One that goes on stays too, unless `even_running`.
    """

    even_running: bool = False


@dataclass(frozen=True)
class Rewind:
    """Go back to step 0 with the same initial weights, batches and learning rate, and pause."""


Command = Pause | Resume | TrainBatch | TrainEpoch | SetLearningRate | Stop | Rewind | GiveUpPlace
COMMANDS: dict[str, type[Command]] = {command.__name__: command for command in get_args(Command)}


@dataclass(frozen=True)
class OwnerGone:
    """Nobody is left to command the run: it saves and ends."""


Inbox = SimpleQueue[Command | OwnerGone]  # what a run has been told and not obeyed yet
