"""Finished runs in a folder, each in files of its own, so that no run is trained twice.
A file's name is made of all that a run's numbers depend on: its settings and its images.
"""

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.runner import Finished, run_all
from mnist_core.files import atomic_write
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult

FORMAT = 1


class KeptRuns:
    """The runs in `folder`/runs: HASH.json has a run's results, HASH.npz its network.

    Raises ValueError if the folder is a file, and OSError if it can't be made.
    """

    def __init__(self, folder: Path, data: Dataset) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is a file: give the name of a folder")
        self.folder = folder / "runs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._data = data

    def key(self, config: TrainConfig) -> str:
        """The name of a run's files, without its ending."""
        settings = config.to_dict()
        del settings["threads"]  # they change no number
        known = json.dumps([FORMAT, settings, self._data.sha256], sort_keys=True)
        return hashlib.sha256(known.encode()).hexdigest()[:20]

    def network(self, config: TrainConfig) -> Path:
        """The file of a run's network."""
        return self.folder / f"{self.key(config)}.npz"

    def load(self, config: TrainConfig, index: int) -> Finished | None:
        """A run that is kept, as the one with this index; None if there is none, or half of it."""
        try:
            values = json.loads((self.folder / f"{self.key(config)}.json").read_bytes())
            history = tuple(EpochResult(**result) for result in values["history"])
            rest = {name: values[name] for name in _KEPT}
        except (FileNotFoundError, ValueError, TypeError, KeyError):  # damaged: trained again
            return None
        if not self.network(config).is_file():
            return None
        return Finished(index, config, history=history, **rest)

    def save(self, finished: Finished) -> None:
        """Keep a run, its network first; not one that failed, which may go well another time."""
        if finished.status == "failed" or finished.checkpoint is None:
            return
        save_checkpoint(self.network(finished.config), finished.checkpoint)
        values: dict[str, Any] = {name: getattr(finished, name) for name in _KEPT}
        values |= {
            "format": FORMAT,
            "config": finished.config.to_dict(),
            "data_sha256": self._data.sha256,
            "history": [asdict(result) for result in finished.history],
        }
        write_text(self.folder / f"{self.key(finished.config)}.json", json.dumps(values, indent=1))

    def run(self, configs: Sequence[TrainConfig], **how: Any) -> Generator[Finished, None, None]:
        """Yield what is kept, then train the others as `run_all` does, and keep each of them.

        Args:
            configs: the settings of all runs.
            how: further arguments of `run_all`; what it watches are the runs that were missing.
        """
        missing = []
        for index, config in enumerate(configs):
            if (kept := self.load(config, index)) is not None:
                yield kept
            else:
                missing.append(index)
        chosen = [configs[index] for index in missing]
        for finished in run_all(chosen, self._data, keep_weights=True, **how):
            self.save(finished)
            yield replace(finished, index=missing[finished.index], checkpoint=None)


_KEPT = ("status", "message", "seconds", "working_seconds", "starts")  # fields of Finished, as is


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    atomic_write(path, lambda file: file.write(text.encode()), durable=False)
