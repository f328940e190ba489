"""The snapshots of a run that are kept to be looked at again: dense at first, sparser later.
A list of them is bounded in number and bytes; on disk each one's weights are a file of their own.
"""

import secrets
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.files import atomic_write, open_plain
from mnist_core.nn.builders import build_model
from mnist_core.nn.network import Sequential
from mnist_core.runs.numbers import check_types, progress_from_dict, progress_to_dict
from mnist_core.runs.status import RunStatus
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Progress

MAX_SNAPSHOTS = 200
MAX_BYTES = 64 * 2**20


class SnapshotGone(FileNotFoundError):
    """A snapshot's file is no longer there: the run went back, or was removed from the disk."""


@dataclass(frozen=True)
class Snapshot:
    """A run's weights after one step, to predict with: averaged ones if the run keeps them.

    `weights` is a float32 vector (P,) that nothing may change, or the file that holds it; `epoch`
    counts whole epochs; `progress` is of the step that led here, None before the first. `token`
    tells it from every other snapshot, wherever its weights lie.
    """

    step: int
    epoch: int
    status: RunStatus
    weights: Array | Path
    progress: Progress | None
    token: str = field(default_factory=partial(secrets.token_hex, 6))

    @property
    def parameters(self) -> Array:
        """The vector (P,), read from its file if it is not in memory; SnapshotGone without one."""
        if isinstance(self.weights, Path):
            try:
                with open_plain(self.weights) as file:
                    return np.frombuffer(file.read(), np.float32)
            except OSError as error:
                raise SnapshotGone(f"the weights of step {self.step:,} are gone") from error
        return self.weights

    @property
    def bytes_in_memory(self) -> int:
        """What it takes of the memory."""
        return 0 if isinstance(self.weights, Path) else self.weights.nbytes

    def in_memory(self) -> "Snapshot":
        """The same, whatever becomes of its file."""
        return replace(self, weights=self.parameters)

    def network(self, config: TrainConfig) -> Sequential:
        """The network with these weights, a copy of its own."""
        # A generator is needed to build it, but its weights are replaced at once.
        network = build_model(**config.network, rng=np.random.default_rng(0))
        network.parameters.flat[...] = self.parameters
        return network

    def about(self) -> dict[str, Any]:
        """Everything but the weights, in JSON's types."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "status": self.status,
            "token": self.token,
            "progress": progress_to_dict(self.progress),
        }

    @classmethod
    def made_of(cls, about: dict[str, Any], weights: Array | Path) -> "Snapshot":
        """The snapshot that `about` was given of, with its weights; TypeError for another."""
        simple = {name: about[name] for name in ("step", "epoch", "status", "token")}
        check_types(cls, simple)
        return cls(**simple, weights=weights, progress=progress_from_dict(about["progress"]))


class SnapshotList:
    """Snapshots by ascending step: always the first and the newest, others as room allows.

    When it is full, the snapshot goes whose neighbours are closest together on a scale of the
    square root of the step. What stays is even on that scale: a network changes most at first.
    """

    def __init__(
        self,
        snapshots: tuple[Snapshot, ...] = (),
        *,
        max_snapshots: int = MAX_SNAPSHOTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.max_snapshots = max_snapshots
        self.max_bytes = max_bytes
        # Replaced as a whole at every change, so that other threads may read it at any time.
        self._snapshots = snapshots

    def __len__(self) -> int:
        return len(self._snapshots)

    @property
    def all(self) -> tuple[Snapshot, ...]:
        """Everything that is kept now, oldest first."""
        return self._snapshots

    def append(self, snapshot: Snapshot, *, spared: int | None = None) -> None:
        """Keep a snapshot. Those of the same step or later ones are dropped: they were undone.

        That of the step `spared` stays as long as there is room for a third one.
        """
        kept = list(self._snapshots)
        while kept and kept[-1].step >= snapshot.step:
            kept.pop()
        kept.append(snapshot)
        # The first and the newest stay, even where two alone exceed the bytes.
        size = snapshot.parameters.nbytes
        room = max(2, min(self.max_snapshots, self.max_bytes // size))
        while len(kept) > room:
            places = np.sqrt([s.step for s in kept])
            between_neighbours = places[2:] - places[:-2]
            between_neighbours[[s.step == spared for s in kept[1:-1]]] = np.inf
            kept.pop(1 + int(between_neighbours.argmin()))
        self._snapshots = tuple(kept)

    def forget_after(self, step: int) -> None:
        """Drop what lies behind `step`."""
        self._snapshots = tuple(s for s in self._snapshots if s.step <= step)

    def at(self, step: int) -> Snapshot | None:
        """The snapshot nearest to a step, the earlier of two; None from an empty list."""
        kept = self._snapshots
        if not kept:
            return None
        after = bisect_left(kept, step, key=lambda s: s.step)
        around = kept[max(after - 1, 0) : after + 1]
        return min(around, key=lambda s: abs(s.step - step))

    def save(self, folder: Path) -> list[dict[str, Any]]:
        """Write what is not yet in `folder`, and hold it there instead of in memory.

        Returns: what `load` needs besides the folder. OSError if the disk is full; what could not
        be written stays in memory. Files that are no longer wanted are left to `tidy`.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        kept = []
        try:
            for snapshot in self._snapshots:
                if not isinstance(snapshot.weights, Path):
                    weights = snapshot.weights
                    # A rewound run passes the same steps again, with other weights.
                    path = unused_path(folder, snapshot.step)
                    atomic_write(path, lambda file, w=weights: file.write(w.data), durable=False)
                    snapshot = replace(snapshot, weights=path)
                kept.append(snapshot)
        finally:
            self._snapshots = (*kept, *self._snapshots[len(kept) :])
        return [s.about() | {"file": s.weights.name} for s in kept if isinstance(s.weights, Path)]

    def tidy(self, folder: Path) -> None:
        """Remove the files in `folder` that belong to none of the snapshots."""
        wanted = {s.weights.name for s in self._snapshots if isinstance(s.weights, Path)}
        for path in folder.glob("*"):
            if path.name not in wanted:
                with suppress(OSError):
                    path.unlink()

    @classmethod
    def load(cls, folder: Path, saved: list[dict[str, Any]], parameters: int) -> "SnapshotList":
        """What `save` wrote and said, without those whose file is not whole.

        `parameters` is how many numbers a network of the run has. ValueError or TypeError for what
        `save` can't have said.
        """
        snapshots = []
        for about in saved:
            path = folder / Path(about["file"]).name
            with suppress(OSError):
                if path.is_file() and path.stat().st_size == 4 * parameters:
                    snapshots.append(Snapshot.made_of(about, path))
        steps = [-1, *(snapshot.step for snapshot in snapshots)]
        if any(step >= later for step, later in pairwise(steps)):
            raise ValueError("the steps of snapshots must ascend from 0")
        return cls(tuple(snapshots))


def unused_path(folder: Path, step: int) -> Path:
    """Where the weights of a step can be written without touching those of an earlier time."""
    number = 0
    while (path := folder / f"{step:08}-{number}.f32").exists():
        number += 1
    return path
