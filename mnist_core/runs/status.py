"""What can be said of a run in one word."""

from typing import Literal

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
