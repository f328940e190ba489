"""Finished runs in a folder, each in files of its own, so that no run is trained twice.
A file's name is made of all that a run's numbers depend on: its settings, its images, and its
initial weights where they are not its seed's.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset, Split
from mnist_core.experiments.runner import Finished, Standing, run_all
from mnist_core.files import atomic_write
from mnist_core.training.checkpoint import load_model, save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult

FORMAT = 1


class KeptRuns:
    """The runs in `folder`/runs: HASH.json has a run's results, HASH.npz its network, and HASH.test
    which test images it recognises, once it was asked.

    `initial` is the parameters (P,) that a run began with, None for those of its seed.
    Raises ValueError if the folder is a file, and OSError if it can't be made.
    """

    def __init__(self, folder: Path, data: Dataset) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file: give the name of a folder")
        self.folder = folder / "runs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._data = data

    def key(self, config: TrainConfig, initial: Array | None = None) -> str:
        """The name of a run's files, without its ending."""
        settings = config.to_dict()
        del settings["threads"]  # they change no number
        about = [FORMAT, settings, self._data.sha256]
        if initial is not None:
            about.append(hashlib.sha256(initial.tobytes()).hexdigest())
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]

    def network(self, config: TrainConfig, initial: Array | None = None) -> Path:
        """The file of a run's network."""
        return self.folder / f"{self.key(config, initial)}.npz"

    def has(self, config: TrainConfig, initial: Array | None = None) -> bool:
        """Whether a run is kept, by its files' names alone."""
        network = self.network(config, initial)
        return network.is_file() and network.with_suffix(".json").is_file()

    def load(
        self, config: TrainConfig, index: int, initial: Array | None = None
    ) -> Finished | None:
        """A run that is kept, as the one with this index; None if there is none, or half of it."""
        network = self.network(config, initial)
        results = network.with_suffix(".json")
        try:
            values = json.loads(results.read_bytes())
            history = tuple(EpochResult(**result) for result in values["history"])
            rest = {name: values[name] for name in _KEPT}
        except (FileNotFoundError, ValueError, TypeError, KeyError):  # damaged: trained again
            return None
        if not network.is_file():
            return None
        return Finished(index, config, history=history, **rest)

    def save(self, finished: Finished, initial: Array | None = None) -> None:
        """Keep a run, its network first; not one that failed, which may go well another time."""
        if finished.status == "failed" or finished.checkpoint is None:
            return
        network = self.network(finished.config, initial)
        save_checkpoint(network, finished.checkpoint)
        values: dict[str, Any] = {name: getattr(finished, name) for name in _KEPT}
        values |= {
            "format": FORMAT,
            "config": finished.config.to_dict(),
            "data_sha256": self._data.sha256,
            "history": [asdict(result) for result in finished.history],
        }
        write_text(network.with_suffix(".json"), json.dumps(values, indent=1))

    def run(
        self,
        configs: Sequence[TrainConfig],
        *,
        initial: Sequence[Array | None] | None = None,
        watch: Callable[[Standing], object] = lambda standing: None,
        urgent: Collection[int] = (),
        **how: Any,
    ) -> Generator[Finished, None, None]:
        """Yield what is kept, then train the others as `run_all` does, and keep each of them.

        Args:
            configs, initial: of all runs.
            urgent: the indices of runs that begin before the others.
            watch: called after every epoch of a run that was missing, with its index among all.
            how: further arguments of `run_all`.
        """
        starts = initial or [None] * len(configs)
        missing = []
        for index, (config, start) in enumerate(zip(configs, starts, strict=True)):
            if (kept := self.load(config, index, start)) is not None:
                yield kept
            else:
                missing.append(index)
        trained = run_all(
            [configs[index] for index in missing],
            self._data,
            keep_weights=True,
            initial=[starts[index] for index in missing],
            urgent=[place for place, index in enumerate(missing) if index in urgent],
            watch=lambda standing: watch(replace(standing, index=missing[standing.index])),
            **how,
        )
        for finished in trained:
            index = missing[finished.index]
            self.save(finished, starts[index])
            yield replace(finished, index=index, checkpoint=None)

    def recognised(self, config: TrainConfig, test: Split, initial: Array | None = None) -> Array:
        """Which test images a run's network recognises, bool (N,): asked once, and remembered."""
        network = self.network(config, initial)
        remembered = network.with_suffix(".test")
        with suppress(FileNotFoundError):
            packed = np.frombuffer(remembered.read_bytes(), np.uint8)
            if len(packed) == -(-len(test) // 8):
                return np.unpackbits(packed, count=len(test)).astype(bool)
        right = load_model(network).predict(test.images) == test.labels
        content = np.packbits(right).tobytes()
        atomic_write(remembered, lambda file: file.write(content), durable=False)
        return right

    def touch(self, keys: Collection[str]) -> None:
        """Note that the runs of those keys are needed now."""
        for key in keys:
            with suppress(OSError):
                os.utime(self.folder / f"{key}.json")

    def shrink(self, most_bytes: int, needed: Collection[str] = ()) -> None:
        """Remove the runs that were needed longest ago until the others fit, none of those keys."""
        self.touch(needed)
        size: dict[str, int] = {}
        used: dict[str, float] = {}
        for path in self.folder.iterdir():
            with suppress(OSError):
                about = path.stat()
                size[path.stem] = size.get(path.stem, 0) + about.st_size
                used[path.stem] = max(used.get(path.stem, 0.0), about.st_mtime)
        total = sum(size.values())
        for key in sorted(size.keys() - set(needed), key=used.__getitem__):
            if total <= most_bytes:
                break
            for ending in (".json", ".npz", ".test"):
                (self.folder / f"{key}{ending}").unlink(missing_ok=True)
            total -= size[key]


_KEPT = ("status", "message", "seconds", "working_seconds", "starts")  # fields of Finished, as is


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    atomic_write(path, lambda file: file.write(text.encode()), durable=False)
