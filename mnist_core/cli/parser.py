"""What the commands' parsers share: one line for a mistake, and the options for settings.
Each setting's option, and its help, is made from its row in the core's table.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from mnist_core.cli.output import spelled
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.setting import Setting
from mnist_core.training.settings import GROUPS, SETTINGS

JSON_HELP = "Print one JSON object a line. Default: text for people."


@dataclass(frozen=True)
class Command:
    """A command: its name, what it does in a line, its options, and a function that runs it.

    `run` gives the exit status, and raises ValueError or OSError for bad input.
    """

    name: str
    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    has_json: bool = True  # whether it can print JSON instead of text


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {spelled(message)}; --help lists the options\n")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """An option for every setting, in the groups of the table."""
    for title, rows in GROUPS.items():
        group = parser.add_argument_group(title.lower())
        for row in rows:
            read, placeholder = reader(row)
            group.add_argument(
                *row.flags,
                dest=row.name,
                type=read,
                metavar=placeholder,
                help=_help(row).replace("%", "%%"),
            )


def add_preset(parser: argparse.ArgumentParser) -> None:
    """The recipe that other options change."""
    parser.add_argument(
        "--preset", choices=PRESETS, metavar="NAME",
        help="A recipe: its values take the place of the defaults below, and other options change "
        f"single ones of them. One of {', '.join(PRESETS)}. Default: none.",
    )  # fmt: skip


def chosen_config(preset: str | None, given: dict[str, Any], images: int) -> TrainConfig:
    """The recipe's settings with the given ones in their place; ValueError for what can't be.

    A recipe for more training images than there are takes all `images`.
    """
    recipe = PRESETS[preset] if preset else TrainConfig()
    return replace(recipe, **{"train_size": min(recipe.train_size, images)} | given)


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that stand on the command line, by name."""
    values = {name: getattr(options, name) for name in SETTINGS}
    return {name: value for name, value in values.items() if value is not None}


def refuse_what_is_not_used(config: TrainConfig, given: Iterable[str]) -> None:
    """ValueError if a given setting belongs to another model or optimizer than the chosen one."""
    strangers = [
        f"{SETTINGS[name].flags[0]} belongs to --{other} {' or '.join(choices)}, "
        f"not to {getattr(config, other)}"
        for name in given
        for other, choices in SETTINGS[name].belongs_to.items()
        if getattr(config, other) not in choices
    ]
    if strangers:
        raise ValueError("; ".join(strangers))


def refuse_below_one(options: argparse.Namespace, *names: str) -> None:
    """ValueError for a number of things that is below 1; None is not given."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name} must be at least 1, not {value}")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Which network is to answer."""
    parser.add_argument(
        "model", type=name, metavar="run.npz|mlp|cnn", help="A saved run, or a name."
    )


def name(text: str) -> str:
    """A name as it is; the empty one, as of a variable that is not set, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("a name is needed, not ''")
    return text


def file_name(text: str) -> Path:
    """A path; the empty one would be the current folder."""
    return Path(name(text))


def reader(row: Setting) -> tuple[Callable[[str], Any], str]:
    """What turns the option's text into the setting's value, and what stands for it in the help."""
    default = getattr(TrainConfig(), row.name)
    if row.named:
        return lambda text: _named(row, text), "NAME"
    if isinstance(default, tuple):
        return _whole_numbers_or_none if row.widget == "number or none" else _whole_numbers, "N,N"
    if isinstance(default, int):
        return whole_number, "N"
    if isinstance(default, float):
        return _number, "NUMBER"
    return str, "NAME"


def _help(row: Setting) -> str:
    """The setting in a few sentences: what it means, what it may be, and its default."""
    sentences = [row.explanation]
    for other, choices in row.belongs_to.items():
        sentences.append(f"Only for the {other} {' or '.join(choices)}.")
    sentences.append(row.typed and row.typed + ".")
    if row.choices or row.named:
        sentences.append(f"One of {', '.join(row.choices or row.named)}.")
    elif row.limits:
        sentences.append("From {} to {}.".format(*row.limits))
    value = getattr(TrainConfig(), row.name)
    default = row.as_typed(value) if value != () else "none"
    return " ".join(filter(None, [*sentences, f"Default: {default}."]))


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        reason = f"whole numbers with commas between them are needed, as 128,64, not {text!r}"
        raise argparse.ArgumentTypeError(reason) from None


def _whole_numbers_or_none(text: str) -> tuple[int, ...]:
    numbers = _whole_numbers(text)
    return () if numbers == (0,) else numbers


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is needed, not {text!r}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is needed, not {text!r}") from None


def _named(row: Setting, text: str) -> Any:
    if text not in row.named:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(row.named)}, not {text!r}")
    return row.named[text]
