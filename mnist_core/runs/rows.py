"""A row of the index of runs: read from the index, or made anew of what lies in the run's folder.
What a damaged disk or another version of the program has written is found before it is used.
"""

import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from mnist_core.runs.folder import RunFolder
from mnist_core.runs.numbers import check_types
from mnist_core.runs.state import RunState
from mnist_core.runs.status import NotAllowed, RunStatus
from mnist_core.training.config import TrainConfig

MAX_NAME = 80  # characters
CURVE_POINTS = 24  # of the curve in miniature: a list of runs is drawn from the index alone
# What is raised for values of a row, or of a folder, that are none of ours.
UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
# What of a row is written as it is.
SIMPLE = (
    "id", "data", "created", "status", "message", "name", "owner", "size", "command_key", "server",
    "lease_until",
)  # fmt: skip


def plain_name(name: str) -> str:
    """A run's name on one line; ValueError for one that is too long, or of other characters."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise ValueError(f"a name has at most {MAX_NAME} characters, not {len(name)}")
    if not name.isprintable():
        raise ValueError("a name is made of characters that can be seen")
    return name


@dataclass(frozen=True)
class Origin:
    """What a run began with, if that was more than a network with random weights.

    `weights`: those of another run, or of a file. `lengths`: it was a finished run of so many
    epochs, and was given more; that may have happened several times.
    """

    weights: bool = False
    lengths: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {"weights": self.weights, "lengths": list(self.lengths)}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """What to_dict gave; TypeError for anything else."""
        values = dict(values)
        lengths = tuple(values.pop("lengths", ()))
        check_types(cls, values)
        if any(type(epochs) is not int or epochs < 1 for epochs in lengths):
            raise TypeError("a length is a number of epochs")
        return cls(**values, lengths=lengths)


@dataclass(frozen=True)
class RunRow:
    """What the index says of one run."""

    id: str
    config: TrainConfig
    data: str | None
    created: float
    status: RunStatus
    message: str = ""
    name: str = ""
    results: dict[str, Any] = field(default_factory=dict)
    visitors: tuple[str, ...] = ()
    owner: str = ""
    origin: Origin = Origin()
    size: int | None = None
    command_key: str = ""
    server: str | None = None
    lease_until: float = 0.0

    @classmethod
    def of_index(cls, found: sqlite3.Row) -> Self:
        """The row that SQLite gave, which takes any type in any column; an error of UNUSABLE."""
        return cls._checked(
            {name: found[name] for name in SIMPLE},
            json.loads(found["config"]),
            json.loads(found["results"]),
            json.loads(found["visitors"]),
            json.loads(found["origin"]),
        )

    @classmethod
    def of_folder(cls, files: RunFolder) -> Self:
        """The row as far as the run's folder has it; an error of UNUSABLE if that is too little.

        Of a run of an earlier version only the settings are known: anybody may command it.
        """
        about = files.load_about()
        config = TrainConfig.from_dict(about["config"])
        state, _ = files.load_state(RunState(files.path.name, config))
        simple = {
            "id": files.path.name,
            "data": about.get("data"),
            "created": about.get("created", files.path.stat().st_mtime),
            "status": state.status,
            "message": state.message,
            "command_key": about.get("command_key", secrets.token_urlsafe(16)),
            "name": about.get("name", ""),
            "owner": about.get("owner", ""),
            "size": files.size(),
        }
        visitors, origin = about.get("visitors", []), about.get("origin", {})
        return cls._checked(simple, about["config"], results_of(state), visitors, origin)

    @classmethod
    def _checked(
        cls, simple: dict[str, Any], config: Any, results: Any, visitors: Any, origin: Any
    ) -> Self:
        check_types(cls, simple)
        visitors = tuple(visitors)
        if not isinstance(results, dict) or not isinstance(config, dict):
            raise TypeError("settings and results are dictionaries")
        if not all(isinstance(visitor, str) for visitor in visitors):
            raise TypeError("a visitor has a name")
        # A run of an older version that only one visitor may command was begun by that one.
        if not simple["owner"] and len(visitors) == 1:
            simple = simple | {"owner": visitors[0]}
        return cls(
            **simple,
            config=TrainConfig.from_dict(config),
            results=results,
            visitors=visitors,
            origin=Origin.from_dict(origin),
        )

    def belongs_to(self, visitor: str) -> bool:
        """Whether that visitor began it; where that is not known, whoever may command it."""
        return visitor == self.owner if self.owner else visitor in self.visitors

    def refuse_others(self, visitor: str | None) -> None:
        """NotAllowed if the run is another's; None is whoever has the disk, and may do anything."""
        nobodys = not self.owner and not self.visitors
        if visitor is not None and not nobodys and not self.belongs_to(visitor):
            raise NotAllowed("only who began a run can rename, delete or restore it")

    def values(self) -> dict[str, Any]:
        """What the index holds in its columns."""
        return {name: getattr(self, name) for name in SIMPLE} | {
            "config": json.dumps(self.config.to_dict()),
            "results": json.dumps(self.results),
            "visitors": json.dumps(self.visitors),
            "origin": json.dumps(self.origin.to_dict()),
        }

    def about(self) -> dict[str, Any]:
        """What the run's folder holds beside the state, in JSON's types: see of_folder."""
        return {
            "config": self.config.to_dict(),
            "data": self.data,
            "created": self.created,
            "name": self.name,
            "owner": self.owner,
            "visitors": self.visitors,
            "origin": self.origin.to_dict(),
            "command_key": self.command_key,
        }


def results_of(state: RunState) -> dict[str, Any]:
    """What the index says of how far a run has come."""
    found: dict[str, Any] = {"step": state.snapshot.step if state.snapshot else 0}
    if state.results:
        last = state.results[-1]
        found |= {
            "epoch": last.epoch,
            "validation_accuracy": last.validation_accuracy,
            "validation_loss": last.validation_loss,
            "best_accuracy": max(result.validation_accuracy for result in state.results),
            "curve": _in_miniature([result.validation_accuracy for result in state.results]),
        }
    return found


def _in_miniature(accuracies: Sequence[float]) -> list[float]:
    """At most CURVE_POINTS of the accuracies (0..1), evenly spread, with the first and the last."""
    last = len(accuracies) - 1
    points = min(len(accuracies), CURVE_POINTS)
    places = [round(n * last / (points - 1)) for n in range(points)] if last else [0]
    return [round(accuracies[place], 4) for place in places]
