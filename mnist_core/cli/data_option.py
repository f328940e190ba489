"""The options for the images: which data set, and whether its pictures are to be turned."""

import argparse
from collections.abc import Iterable

from mnist_core.cli.output import complain, spelled
from mnist_core.cli.parser import file_name
from mnist_core.data.split import Split
from mnist_core.evaluation.orientation import orientation
from mnist_core.training.config import TrainConfig


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Which images to train on or to be judged by."""
    parser.add_argument(
        "--data", type=file_name, metavar="DIR",
        help="Images of 28x28 pixels with their labels: an .npz or CSV file, or a folder or ZIP of "
        "one, or of IDX files. Default: MNIST.",
    )  # fmt: skip


def add_turn_option(parser: argparse.ArgumentParser) -> None:
    """Whether the images are turned."""
    parser.add_argument(
        "--turn", action="store_true",
        help="Turn the images of --data: rows and columns are exchanged, as EMNIST needs it, whose "
        "digits lie on their side. Default: they stay as they are.",
    )  # fmt: skip


def turn_of(options: argparse.Namespace) -> bool:
    """Whether the images are to be turned; ValueError if there are none to be."""
    if options.turn and not options.data:
        raise ValueError("--turn belongs to --data: MNIST's own digits are upright")
    return options.turn


def complain_of_sideways(options: argparse.Namespace, split: Split) -> None:
    """Say it, and what to do, if the digits of --data lie on their side."""
    if not options.data:
        return
    found = orientation(split)
    if found.is_sideways:
        what = "leave --turn out" if options.turn else "--turn turns them"
        how = "turned by --turn, the" if options.turn else "the"
        complain(
            f"{how} digits of {spelled(options.data)} lie on their side, as EMNIST's do "
            f"({found.in_words}): {what}"
        )


def refuse_drawn_digits(
    options: argparse.Namespace, configs: Iterable[TrainConfig], split: Split
) -> None:
    """ValueError if digits that the program draws would be mixed with images of something else."""
    if not options.data or not any(config.strokes for config in configs):
        return
    found = orientation(split)
    if not found.shows_digits:
        raise ValueError(
            f"--strokes mixes in drawn digits, but {spelled(options.data)} seems to hold images of "
            f"something else ({found.in_words}): give --strokes 0"
        )


def data_words(options: argparse.Namespace) -> list[str]:
    """These options as they stand in a command."""
    words = ["--data", str(options.data)] if options.data else []
    return words + ["--turn"] * options.turn
