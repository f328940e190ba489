"""`--vary NAME=VALUES`: which setting a search varies, read as `train` reads the setting itself."""

import argparse
import re
from collections.abc import Callable
from typing import Any

from mnist_core.cli.parser import reader
from mnist_core.experiments.space import Choices, Range
from mnist_core.training.config import TrainConfig
from mnist_core.training.setting import Setting
from mnist_core.training.settings import SETTINGS

RANGE = re.compile(r"([^:]+)\.\.([^:]+)(?::(log|linear))?(?::(\d+))?")
REFUSED = {
    "seed": "--seeds says how many seeds each combination is trained with",
    "threads": "threads change no result, and a search trains a run on each core",
}


def varied(text: str) -> Choices | Range:
    """What "learning_rate=0.1,0.01", "hidden=32,128+64" or "momentum=0..0.9:linear:4" stands for.

    A range without a number of values is for a search at random. Raises ArgumentTypeError with a
    sentence on what can't be read.
    """
    name, equals, values = text.partition("=")
    row = _setting(name.strip())
    if not equals or not values.strip():
        raise argparse.ArgumentTypeError(f"{text!r} needs values, as learning_rate=0.1,0.01")
    try:
        if match := RANGE.fullmatch(values.strip()):
            return _range(row, *match.groups())
        read = reader(row)[0]
        chosen = [_value(row, read, part) for part in values.split(",")]
        return Choices(row.name, tuple(dict.fromkeys(chosen)))
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _setting(name: str) -> Setting:
    """The setting of this name, with - or _, or of this former name."""
    name = name.replace("-", "_").lstrip("_")
    for row in SETTINGS.values():
        if name in (row.name, row.former_name):
            if row.name in REFUSED:
                raise argparse.ArgumentTypeError(f"{name} can't be varied: {REFUSED[row.name]}")
            return row
    raise argparse.ArgumentTypeError(
        f"there is no setting {name!r} to vary; choose from "
        f"{', '.join(sorted(SETTINGS.keys() - REFUSED))}"
    )


def _value(row: Setting, read: Callable[[str], Any], text: str) -> Any:
    """One value, checked as far as it can be alone. Between layers stands a +."""
    if isinstance(getattr(TrainConfig(), row.name), tuple):
        text = text.replace("+", ",")
    value = read(text.strip())
    row.check(value)
    return value


def _range(row: Setting, low: str, high: str, scale: str | None, count: str | None):
    default = getattr(TrainConfig(), row.name)
    if row.named or isinstance(default, str):
        raise ValueError(f"{row.name} has no numbers to range over")
    found = Range(row.name, float(low), float(high), log=scale == "log")
    ends = found.points(2)
    for value in ends.values:
        row.check(value)
    return found.points(int(count)) if count else found
