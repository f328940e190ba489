"""The settings of a run, checked: what kind of network, how it is trained, on which images."""

from dataclasses import asdict, dataclass, field, fields
from math import ceil, isfinite
from typing import Any, Self

import numpy as np

from mnist_core.data.augment import Augmentation
from mnist_core.nn.builders import MODELS, build_model
from mnist_core.nn.layers import ACTIVATIONS
from mnist_core.nn.optimizers import OPTIMIZERS
from mnist_core.nn.schedules import SCHEDULES

# Which settings describe the network itself; all others say how it is trained.
NETWORK_SETTINGS = {
    "mlp": ("hidden", "activation", "initialisation", "dropout"),
    "cnn": ("channels", "kernel_sizes", "dense", "activation", "initialisation", "dropout"),
}
REDUCTIONS = ("mean", "sum")


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run; ValueError with a sentence for one that makes no sense.

    learning_rate is the peak of the schedule. momentum is Nesterov's mu or Adam's beta 1.
    reduction says whether a batch's gradients are averaged or summed. ema_decay is the decay
    per step of the averaged weights, 0 for none. threads shares each batch between that many.
    """

    model: str = "mlp"
    hidden: tuple[int, ...] = (64,)
    activation: str = "relu"
    channels: tuple[int, ...] = (8, 16)
    kernel_sizes: tuple[int, ...] = (5, 5)
    dense: tuple[int, ...] = ()
    initialisation: str = "glorot"
    dropout: float = 0.0
    optimizer: str = "nesterov"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    reduction: str = "mean"
    schedule: str = "one-cycle"
    batch_size: int = 64
    epochs: int = 10
    train_size: int = 50_000
    augmentation: Augmentation = field(default_factory=Augmentation)
    ema_decay: float = 0.0
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("model", MODELS),
            ("activation", ACTIVATIONS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("reduction", REDUCTIONS),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{_words(name)} must be {', '.join(choices)}, not {getattr(self, name)!r}"
                )
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not isfinite(value) or not low <= value <= high:
                raise ValueError(f"{_words(name)} must be from {low:g} to {high:g}, not {value:g}")
        # Only who builds a network knows what fits together, and it takes about a millisecond.
        build_model(**self.network, rng=np.random.default_rng(0))

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller than the others."""
        return ceil(self.train_size / self.batch_size)

    @property
    def network(self) -> dict[str, Any]:
        """The arguments of build_model, in JSON's types."""
        options: dict[str, Any] = {"name": self.model}
        for name in NETWORK_SETTINGS[self.model]:
            value = getattr(self, name)
            options[name] = list(value) if isinstance(value, tuple) else value
        return options

    def to_dict(self) -> dict[str, Any]:
        """Every setting, in JSON's types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Self:
        """The settings that to_dict gave; ValueError for unknown names and wrong types."""
        if "average" in settings and "ema_decay" not in settings:  # its name in older files
            settings = dict(settings)
            settings["ema_decay"] = settings.pop("average")
        known = {f.name: f for f in fields(cls)}
        unknown = settings.keys() - known.keys()
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        default = cls()
        values = {}
        for name, value in settings.items():
            like = getattr(default, name)
            try:
                if isinstance(like, tuple):
                    values[name] = tuple(_integer(v) for v in value)
                elif isinstance(like, Augmentation):
                    values[name] = Augmentation(**value)
                elif isinstance(like, int):
                    values[name] = _integer(value)
                else:
                    values[name] = type(like)(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{_words(name)} can't be {value!r}: {error}") from error
        return cls(**values)


LIMITS: dict[str, tuple[float, float]] = {
    "dropout": (0, 0.95),
    "learning_rate": (0, 100),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 1),
    "batch_size": (1, 50_000),
    "epochs": (1, 10_000),
    "train_size": (1, 10_000_000),
    "ema_decay": (0, 0.99999),
    "threads": (1, 2),
    "seed": (0, 2**32 - 1),
}


def _words(name: str) -> str:
    return "the " + name.replace("_", " ")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError("a whole number is needed")
    return int(value)
