"""What can be said of a run: its status in one word, and why it has it in a sentence."""

from dataclasses import dataclass
from typing import Literal

from mnist_core.words import MINUTE, duration

RunStatus = Literal[
    "queued",
    "starting",
    "running",
    "paused",
    "finished",
    "stopped",
    "diverged",
    "failed",
    "interrupted",  # its server ended while it was going on
]
# No process works on such a run any more. All but a finished one can go on.
ENDED: tuple[RunStatus, ...] = ("finished", "stopped", "diverged", "failed", "interrupted")

NOT_SAVED = "No checkpoint could be saved"  # followed by what the system says
GAVE_PLACE = "It gave its place to a run that waited. It goes on from here when it is resumed."
LOST_PLACE = "The machine that it was on is gone. It goes on elsewhere when it is resumed."
ENDED_SILENTLY = "The training process ended before the run did."
ELSEWHERE = "Another server on this machine works on this run; it can only be watched here."


GOES_ON = "this run is going on, so it can't be deleted: stop it first"


class QueueFull(RuntimeError):
    """Too many runs wait for a place, all in all or of this visitor."""


class NotAllowed(PermissionError):
    """The visitor may watch the run, but not command it."""


def can_go_on(saved_step: int | None) -> str:
    """From where a run goes on that nobody works on any more, in a sentence."""
    if saved_step is None:
        return "It had no checkpoint yet; when it goes on, it begins again."
    return f"It can go on from step {saved_step:,}, its last checkpoint."


def interrupted(saved_step: int | None) -> str:
    """What is said of a run whose server ended."""
    return f"The server ended during this run. {can_go_on(saved_step)}"


@dataclass(frozen=True)
class Problem:
    """Why no machine of a cluster trains for this server.

    Args:
        said: a sentence for visitors, who can't mend it.
        detail: a sentence for whoever runs the server, with addresses.
        since: when it began, in seconds of time.monotonic.
    """

    said: str
    detail: str
    since: float = 0.0

    def lasting(self, now: float) -> str:
        """What visitors are told, and for how long it has been so if that is worth a word."""
        seconds = now - self.since
        lasts = f" It has been so for {duration(seconds)}." if seconds >= MINUTE else ""
        return f"{self.said}{lasts}"


MEND = "Whoever runs this server can mend it, and finds in its log what is wrong."
NO_ANSWER = f"The machines that train can't be reached now. {MEND}"
NO_MACHINE = f"None of the machines that train answers now. {MEND}"
OTHER_VERSION = f"The machines that train have another version of this program or of NumPy. {MEND}"
NO_ROOM = f"The disks of the machines that train are full. {MEND}"
ALL_TAKEN = "Runs of other servers have all places on the machines that train now."
BY_ITSELF = "This run goes on by itself as soon as there is a place."
SET_WRONGLY = f"Something is set wrongly on this server, so the wait may be longer. {MEND}"


def why_waiting(places: int, ahead: int, seconds: float | None) -> str:
    """Why a run waits where `places` trainings go on at a time, and `ahead` wait before it.

    `seconds` are those until it starts; None if nobody knows.
    """
    taken = "Another run trains" if places == 1 else f"{places} other runs train"
    others = {0: "", 1: ", and one waits before this one"}
    before = others.get(ahead, f", and {ahead} wait before this one")
    wait = "when a place is free" if seconds is None else f"in about {max(seconds, 1):,.0f} s"
    return f"{taken} on this server now{before}. Visitors take turns: it starts by itself {wait}."
