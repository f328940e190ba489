"""What an administrator may set of the training runs of a server, from the environment.
What makes no sense is said in a sentence, and the usual value is taken instead.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from mnist_core.paths import home
from mnist_core.runs.index import StoreError


def default_folder() -> Path:
    """Where runs are kept unless told otherwise: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else home() / ".cache") / "digit-lab" / "runs"


def writable(folder: Path) -> str:
    """Why runs can't be kept in a folder, in a sentence; "" if they can."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f"probe-{os.getpid()}-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


MOST_ON_CLUSTER = 64  # trainings at a time, however large it is: this server hears all of them


def have_temporary_files(folder: Path) -> None:
    """Where the system has no folder for temporary files, as a container whose disk can't be
    written, one in `folder` takes its place: uploads and experiments need it. OSError if not even
    that can be made.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        own = folder / "temporary"
        own.mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = str(own)


@dataclass(frozen=True)
class PoolSettings:
    """How many runs at a time, and how long they live unseen. Times are in seconds.

    `problems` are sentences on settings that were not taken as they were given.
    """

    trainings: int = 2  # at a time; more wait in the queue
    turn: float = 60.0  # a run that has worked for so long lets another visitor's work
    yield_after: float = 30.0  # nobody has looked for so long: it works only if no other waits
    waiting: int = 200  # runs in the queue
    waiting_per_visitor: int = 3
    pause_after: float = 120.0  # nobody has looked for so long: the run pauses
    end_after: float = 600.0  # and so much later it ends
    forget_after: float = 1800.0  # an ended run that nobody looks at is then only on disk
    ended_in_memory: int = 32
    folder: Path = field(default_factory=default_folder)
    runs_on_disk: int = 100  # older ones are removed, but never one that goes on
    bytes_on_disk: int = 500 * 2**20
    bytes_in_memory: int = 128 * 2**20  # of the snapshots of runs that go on
    scheduler: str = ""  # of the cluster that trains, as tcp://host:port; "" for this machine
    patience: float = 5.0  # for a process that was asked to end, before it is made to
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.trainings < 1:
            raise ValueError(f"at least one training at a time is needed, not {self.trainings}")
        if not (self.pause_after > 0 and self.end_after >= 0):  # NaN is neither
            raise ValueError("the times after which a run pauses and ends must be positive")
        if not self.turn > 0:
            raise ValueError("a turn can't be shorter than nothing")
        if self.bytes_on_disk < 0 or self.bytes_in_memory < 0:
            raise ValueError("there can't be less than no memory")

    @classmethod
    def from_environment(cls) -> Self:
        """The settings that the environment asks for, with a folder that can be written."""
        return cls.wanted().with_folder().with_cluster()

    @classmethod
    def wanted(cls) -> Self:
        """The settings, changed by the variables in VARIABLES that are set."""
        settings, problems = cls(), []
        for variable, (name, kind, usual) in VARIABLES.items():
            text = os.environ.get(variable, "").strip()
            if not text:
                continue
            try:
                settings = replace(settings, **{name: kind(text)})
            except (ValueError, OverflowError):
                problems.append(f"{variable} can't be {text!r}; {usual} is taken instead.")
        return replace(settings, problems=tuple(problems))

    def with_cluster(self) -> Self:
        """The same; without a cluster if what speaks to one is not installed."""
        if not self.scheduler:
            return self
        if find_spec("distributed") is None:
            problem = (
                "DIGIT_LAB_SCHEDULER is set, but Dask's package distributed is not installed: runs "
                "train on this machine. Install it with: pip install -r requirements-cluster.txt"
            )
            return replace(self, scheduler="", problems=(*self.problems, problem))
        if os.environ.get("DIGIT_LAB_TRAININGS", "").strip():
            return self
        return replace(self, trainings=MOST_ON_CLUSTER)

    def with_folder(self) -> Self:
        """The same, with another folder if nothing can be written into this one.

        StoreError, with what to do, if nothing can be written anywhere.
        """
        if not (reason := writable(self.folder)):
            have_temporary_files(self.folder)
            return self
        try:
            instead = Path(tempfile.mkdtemp(prefix="digit-lab-"))
        except OSError:
            raise StoreError(
                f"Runs can't be kept in {self.folder} ({reason}), nor in a folder for temporary "
                "files: set DIGIT_LAB_RUNS to a folder that can be written, and start again."
            ) from None
        problem = (
            f"Runs can't be kept in {self.folder} ({reason}); they are kept in {instead} instead, "
            "until the system empties it. Set DIGIT_LAB_RUNS to a folder that can be written."
        )
        return replace(self, folder=instead, problems=(*self.problems, problem))


def _megabytes(text: str) -> int:
    return int(float(text) * 2**20)


def _scheduler(text: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://[^/\s]+:[0-9]{1,5}", text):
        raise ValueError(text)
    return text


# Environment variable: (setting, how it is read, what is taken instead of nonsense).
VARIABLES: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "DIGIT_LAB_TRAININGS": ("trainings", int, "2"),
    "DIGIT_LAB_TURN": ("turn", float, "60 seconds"),
    "DIGIT_LAB_PAUSE_AFTER": ("pause_after", float, "120 seconds"),
    "DIGIT_LAB_END_AFTER": ("end_after", float, "600 seconds"),
    "DIGIT_LAB_DISK_MB": ("bytes_on_disk", _megabytes, "500 MB"),
    "DIGIT_LAB_MEMORY_MB": ("bytes_in_memory", _megabytes, "128 MB"),
    "DIGIT_LAB_SCHEDULER": (
        "scheduler",
        _scheduler,
        "this machine (a cluster is tcp://host:port)",
    ),
    "DIGIT_LAB_RUNS": ("folder", Path, "a folder in the user's cache"),
}
