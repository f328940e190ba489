"""The settings of a run, checked: what kind of network, how it is trained, on which images.
What each means and may be stands in the table of settings.py.
"""

from dataclasses import asdict, dataclass, field, fields
from math import ceil
from typing import Any, Self

from mnist_core.data.augment import Augmentation
from mnist_core.nn.builders import MODELS, check_model
from mnist_core.training.setting import in_words
from mnist_core.training.settings import GROUPS, SETTINGS

# Which settings describe the network itself; all others say how it is trained.
NETWORK_SETTINGS = {
    model: [
        row.name for row in GROUPS["Network"] if row.name != "model" and row.model in ("", model)
    ]
    for model in MODELS
}
LIMITS = {row.name: row.limits for row in SETTINGS.values() if row.limits}


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run; ValueError with a sentence for one that makes no sense.

    learning_rate is the peak of the schedule. momentum is Nesterov's mu or Adam's beta 1.
    reduction says whether a batch's gradients are averaged or summed. ema_decay is the decay
    per step of the averaged weights, 0 for none. threads shares each batch between that many.
    strokes is how many drawn digits there are for each training image.
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
    strokes: float = 0.0
    ema_decay: float = 0.0
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for setting in SETTINGS.values():
            setting.check(getattr(self, setting.name))
        check_model(**self.network)

    @property
    def drawn_digits(self) -> int:
        """Digits that are drawn for the run, beside its training images."""
        return round(self.strokes * self.train_size)

    @property
    def images_per_epoch(self) -> int:
        """All that an epoch learns from: training images and drawn digits."""
        return self.train_size + self.drawn_digits

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may be smaller than the others."""
        return ceil(self.images_per_epoch / self.batch_size)

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
        settings = dict(settings)
        for setting in SETTINGS.values():  # older files have former names
            if setting.former_name in settings and setting.name not in settings:
                settings[setting.name] = settings.pop(setting.former_name)
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
                raise ValueError(f"{in_words(name)} can't be {value!r}: {error}") from error
        return cls(**values)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError("a whole number is needed")
    return int(value)
