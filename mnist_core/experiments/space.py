"""What a search varies: values to try of each setting, and their combinations.
A value is written as it is typed on the command line; "+" stands between the layers of one value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from mnist_core.training.config import TrainConfig
from mnist_core.training.setting import in_words
from mnist_core.training.settings import SETTINGS

DIGITS = 4  # of a number that was computed, so that it can be read and typed
TRIES = 50  # for each combination that is drawn, to find one that is new


@dataclass(frozen=True)
class Choices:
    """A setting and the values of it to try."""

    name: str
    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them, each as likely as any other."""
        return self.values[rng.integers(len(self.values))]


@dataclass(frozen=True)
class Range:
    """A setting and the ends of where to try it; ValueError for ends that make no range.

    With `log`, a factor of ten is as wide at the lower end as at the upper.
    """

    name: str
    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            raise ValueError(f"{in_words(self.name)}: {self.low:g}..{self.high:g} is no range")
        if self.log and self.low <= 0:
            raise ValueError(
                f"{in_words(self.name)}: a logarithmic range begins above 0, not at {self.low:g}"
            )

    def points(self, count: int) -> Choices:
        """So many values from one end to the other, fewer where whole numbers fall together."""
        if count < 2:
            raise ValueError(f"{in_words(self.name)}: a range needs at least 2 values, not {count}")
        spaced = np.geomspace if self.log else np.linspace
        values = (self._value(number) for number in spaced(self.low, self.high, count))
        return Choices(self.name, tuple(dict.fromkeys(values)))

    def draw(self, rng: np.random.Generator) -> Any:
        """A value anywhere in the range."""
        if self.log:
            return self._value(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return self._value(rng.uniform(self.low, self.high))

    def _value(self, number: float) -> Any:
        """A number as the setting has it: rounded, and as the width of one layer if need be."""
        like = getattr(TrainConfig(), self.name)
        if isinstance(like, float):
            return float(f"{number:.{DIGITS}g}")
        return (round(number),) if isinstance(like, tuple) else round(number)


def grid(varied: Sequence[Choices]) -> list[dict[str, Any]]:
    """Every combination of the values, by the names of the settings."""
    names = [one.name for one in varied]
    return _without_doubles(
        dict(zip(names, values, strict=True)) for values in product(*(v.values for v in varied))
    )


def random_draws(varied: Sequence[Choices | Range], count: int) -> list[dict[str, Any]]:
    """So many different combinations drawn at random, or all if there are hardly more than that.

    A search for more begins with those of a search for fewer.
    """
    generators = (np.random.default_rng([0, number]) for number in range(TRIES * count))
    drawn = ({one.name: one.draw(rng) for one in varied} for rng in generators)
    return _without_doubles(drawn, count)


def _without_doubles(
    combinations: Iterable[dict[str, Any]], most: int | None = None
) -> list[dict[str, Any]]:
    """The first of each, until there are `most`."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in combinations:
        found.setdefault(tuple(one.items()), one)
        if len(found) == most:
            break
    return list(found.values())


def as_text(name: str, value: Any) -> str:
    """The value of a setting as it is typed."""
    if isinstance(value, tuple):
        return "+".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.10g}"
    return next(
        (word for word, named in SETTINGS[name].named.items() if named == value), f"{value}"
    )


def in_text(settings: dict[str, Any]) -> str:
    """A combination in words: "learning_rate=0.1 hidden=64"."""
    return " ".join(f"{name}={as_text(name, value)}" for name, value in settings.items())


def as_number(value: Any) -> float | None:
    """Where a value lies on an axis; None for words and for several layers."""
    if isinstance(value, tuple):
        return float(value[0]) if len(value) == 1 else None
    return float(value) if isinstance(value, int | float) else None
