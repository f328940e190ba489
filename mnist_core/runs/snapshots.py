"""The snapshots of a run that are kept to be looked at again: dense at first, sparser later.
A store is bounded in number and bytes, and can be written beside the checkpoint and read back.
"""

import json
import os
import tempfile
from bisect import bisect_left
from pathlib import Path

import numpy as np

from mnist_core.runs.protocol import Snapshot, progress_from_dict, progress_to_dict

MAX_SNAPSHOTS = 200
MAX_BYTES = 64 * 2**20


class SnapshotStore:
    """Snapshots by ascending step: always the first and the newest, others as room allows.

    When it is full, the snapshot goes whose neighbours are closest together on a scale of the
    square root of the step. What stays is even on that scale: a network changes most at first.
    """

    def __init__(self, *, max_snapshots: int = MAX_SNAPSHOTS, max_bytes: int = MAX_BYTES) -> None:
        self.max_snapshots = max_snapshots
        self.max_bytes = max_bytes
        # Replaced as a whole at every change, so that other threads may read it at any time.
        self._snapshots: tuple[Snapshot, ...] = ()

    def __len__(self) -> int:
        return len(self._snapshots)

    @property
    def all(self) -> tuple[Snapshot, ...]:
        """Everything that is kept now, oldest first."""
        return self._snapshots

    def append(self, snapshot: Snapshot) -> None:
        """Keep a snapshot. Those of the same step or later ones are dropped: they were undone."""
        kept = list(self._snapshots)
        while kept and kept[-1].step >= snapshot.step:
            kept.pop()
        kept.append(snapshot)
        # The first and the newest stay, even where two alone exceed the bytes.
        room = max(2, min(self.max_snapshots, self.max_bytes // snapshot.parameters.nbytes))
        while len(kept) > room:
            places = np.sqrt([s.step for s in kept])
            between_neighbours = places[2:] - places[:-2]
            kept.pop(1 + int(between_neighbours.argmin()))
        self._snapshots = tuple(kept)

    def at(self, step: int) -> Snapshot | None:
        """The snapshot nearest to a step, the earlier of two; None from an empty store."""
        kept = self._snapshots
        if not kept:
            return None
        after = bisect_left(kept, step, key=lambda s: s.step)
        around = kept[max(after - 1, 0) : after + 1]
        return min(around, key=lambda s: abs(s.step - step))

    def save(self, path: Path) -> None:
        """Write an .npz, whole or not at all. An empty store writes none."""
        kept = self._snapshots
        if not kept:
            return
        meta = [
            {
                "step": s.step,
                "epoch": s.epoch,
                "status": s.status,
                "progress": progress_to_dict(s.progress),
            }
            for s in kept
        ]
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    meta=np.frombuffer(json.dumps(meta).encode(), np.uint8),
                    parameters=np.stack([s.parameters for s in kept]),  # (snapshots, P)
                )
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> "SnapshotStore":
        """What `save` wrote; ValueError for anything else, FileNotFoundError if there is none."""
        store = cls()
        try:
            with open(path, "rb") as content, np.load(content, allow_pickle=False) as file:
                meta = json.loads(file["meta"].tobytes())
                vectors = file["parameters"]  # (snapshots, P)
            store._snapshots = tuple(
                Snapshot(
                    m["step"],
                    m["epoch"],
                    m["status"],
                    parameters.copy(),
                    progress_from_dict(m["progress"]),
                )
                for m, parameters in zip(meta, vectors, strict=True)
            )
        except FileNotFoundError:
            raise
        except Exception as error:  # NumPy and zipfile have a dozen names for a broken file
            raise ValueError(f"{path.name} holds no snapshots") from error
        return store
