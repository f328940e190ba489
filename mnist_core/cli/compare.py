"""`compare`: two kinds of training beside each other, fairly, with several seeds."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from mnist_core.cli.data_option import (
    add_data_option,
    add_turn_option,
    complain_of_sideways,
    refuse_drawn_digits,
    turn_of,
)
from mnist_core.cli.keeping import StopSignal
from mnist_core.cli.output import clear_progress, complain, say, show_time_left, spelled
from mnist_core.cli.parser import (
    Command,
    add_preset,
    add_settings,
    chosen_config,
    file_name,
    given_settings,
    name,
    refuse_below_one,
    refuse_what_is_not_used,
    whole_number,
)
from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.experiments.comparison import (
    Pair,
    Side,
    aspects,
    compare,
    curve,
    differences,
    mean_curve,
    means_in_words,
)
from mnist_core.experiments.comparison_files import pair_row, write_comparison
from mnist_core.experiments.runner import Finished, Standing
from mnist_core.training.checkpoint import CheckpointError, load_description
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.run import Run

SIDE = "A preset, a saved run (.npz) whose settings are taken, or settings in quotes."


def add_options(parser: argparse.ArgumentParser) -> None:
    """What to compare, and how often."""
    parser.add_argument("first", type=name, metavar="A", help=SIDE)
    parser.add_argument(
        "second", type=name, metavar="B", help='The same, as "--model cnn --epochs 2".'
    )
    parser.add_argument(
        "--seeds", type=whole_number, default=5, metavar="N",
        help="Train both with so many seeds. Default: 5.",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="The first seed. Default: 0."
    )
    parser.add_argument(
        "--out", type=file_name, metavar="DIR",
        help="A folder for curves.csv, tests.csv and the charts. Default: nothing is written.",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=whole_number, metavar="N",
        help="Runs that are trained at a time: 1 for times that nothing disturbs. Default: one for "
        "each core.",
    )  # fmt: skip
    add_data_option(parser)
    add_turn_option(parser)


def run(options: argparse.Namespace) -> int:
    """Say what is compared, train both sides, and say which is better."""
    refuse_below_one(options, "seeds", "processes")
    data = load_mnist(options.data, turn_of(options), complain)
    complain_of_sideways(options, data.test)
    configs = [side_config(spec, data, options) for spec in (options.first, options.second)]
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    tell_what_differs(configs, options)
    with StopSignal() as stop:
        runs, pairs = train_both(configs, data, options, stop)
    if stop.number:
        complain(f"stopped: {len(runs)} of {2 * options.seeds} runs were finished; none is kept")
        return 128 + stop.number  # as a shell has it
    if not pairs:
        raise ValueError("no seed went well on both sides, so there is nothing to compare")
    if options.out:
        write_comparison(options.out, pairs)
    tell_result(pairs, options)
    return 0


def side_config(spec: str, data: Dataset, options: argparse.Namespace) -> TrainConfig:
    """The settings that a preset, a file or a text stands for; ValueError for none of them."""
    images = len(data.train)
    try:
        if spec in PRESETS:
            config = chosen_config(spec, {}, images)
        elif spec.startswith("-"):
            config = config_of_text(spec, images)
        else:
            config = TrainConfig.from_dict(load_description(Path(spec))["config"])
        config = TrainConfig.from_dict(config.to_dict() | {"seed": options.seed})
        refuse_drawn_digits(options, [config], data.test)
        Run(config, data)  # refuses a training size that the data does not have
        return config
    except FileNotFoundError as error:
        raise ValueError(
            f"{spec!r} is no preset ({', '.join(PRESETS)}), no file, and no settings in quotes"
        ) from error
    except CheckpointError as error:
        raise ValueError(f"{spec} can't be used: {error}") from error
    except ValueError as error:
        raise ValueError(f"{spec!r}: {error}") from error


class _Reader(argparse.ArgumentParser):
    """A parser of settings alone, whose complaints are ValueErrors."""

    def error(self, message: str):
        raise ValueError(message)


def config_of_text(text: str, images: int) -> TrainConfig:
    """The settings in a text, as they stand on `train`'s command line."""
    parser = _Reader(add_help=False, allow_abbrev=False)
    add_preset(parser)
    add_settings(parser)
    options = parser.parse_args(shlex.split(text))
    given = given_settings(options)
    if "seed" in given:
        raise ValueError("both sides have the same seeds: give the first one as --seed outside")
    config = chosen_config(options.preset, given, images)
    refuse_what_is_not_used(config, given)
    return config


def tell_what_differs(configs: Sequence[TrainConfig], options: argparse.Namespace) -> None:
    """The settings that differ, what is the same for both, and what could not be made so."""
    differ, found = differences(*configs), aspects(*configs)
    same = [aspect.words for aspect in found if aspect.same]
    other = [aspect.words for aspect in found if not aspect.same]
    if options.json:
        say({"differs": differ, "same": same, "not_the_same": other})
        return
    print(f"A: {spelled(options.first)}\nB: {spelled(options.second)}\n")
    if not differ:
        print("no setting differs")
    for setting, (first, second) in differ.items():
        print(f"differs:       {setting.replace('_', ' ')}: A {first}, B {second}")
    print(f"the same:      {'; '.join(same)}")
    for words in other:
        print(f"not the same:  {words}")
    print(flush=True)


def train_both(
    configs: Sequence[TrainConfig], data: Dataset, options: argparse.Namespace, stop: StopSignal
) -> tuple[list[Finished], list[Pair]]:
    """Every run that was finished, and the pairs of which both sides went well."""
    finished: list[Finished] = []
    seeds = range(options.seed, options.seed + options.seeds)

    def watch(standing: Standing) -> None:
        if not options.json:
            show_time_left(standing.share, standing.seconds_left)

    comparison = compare(
        configs[0], configs[1], data, seeds,
        watch=watch, processes=options.processes, interrupted=lambda: bool(stop.number),
    )  # fmt: skip
    try:
        while True:
            side, one = next(comparison)
            finished.append(one)
            tell_run(side, one, options.json)
    except StopIteration as end:
        return finished, end.value
    finally:
        comparison.close()  # ends the processes, also where nothing can be printed any more


def tell_run(side: Side, one: Finished, as_json: bool) -> None:
    """A run for people; in JSON only one that has no part in the comparison, with the reason."""
    letter = "A" if side == "first" else "B"
    if as_json:
        if one.status != "finished":
            say({"side": side, "seed": one.config.seed, one.status: one.message})
        return
    clear_progress()
    if one.status == "finished":
        reached = f"validation {one.history[-1].validation_accuracy:.2%}"
    else:
        reached = f"{one.status}: {one.message}"
    print(f"{letter}  seed {one.config.seed}: {reached}", flush=True)


def tell_result(pairs: Sequence[Pair], options: argparse.Namespace) -> None:
    """Each seed on test images, the mean over them, and the curves."""
    sides = [[pair.first for pair in pairs], [pair.second for pair in pairs]]
    means = [fmean(judged.accuracy for judged in side) for side in sides]
    seconds = [fmean(judged.seconds_per_epoch for judged in side) for side in sides]
    differences_ = [pair.test.difference for pair in pairs]
    if options.json:
        for pair in pairs:
            say(pair_row(pair) | {"curves": curves_of(pair)})
        say(
            {
                "seeds": len(pairs),
                "accuracies": means,
                "mean_difference": means[1] - means[0],
                "second_is_better": sum(one > 0 for one in differences_),
                "seconds_per_epoch": seconds,
            }
        )
        return
    print_curves(sides)
    print("\naccuracy on test images, with 95 % intervals; p: McNemar's exact test")
    for pair in pairs:
        print(pair_in_a_line(pair))
    print(means_in_words(pairs), flush=True)


def curves_of(pair: Pair) -> dict[str, Any]:
    """Both sides after each epoch, in JSON's types."""
    return {
        side: [vars(point) for point in curve(judged.run)]
        for side, judged in (("first", pair.first), ("second", pair.second))
    }


def print_curves(sides: Sequence[Sequence[Any]]) -> None:
    """The mean of each side after each epoch."""
    print("\nmean over seeds    validation   loss    seconds since the start")
    for letter, side in zip("AB", sides, strict=True):
        for point in mean_curve([judged.run for judged in side]):
            print(
                f"{letter}  epoch {point.epoch:4}      {point.validation_accuracy:8.2%}  "
                f"{point.validation_loss:.4f}  {point.seconds:8.2f}"
            )


def pair_in_a_line(pair: Pair) -> str:
    """Both sides with one seed."""
    shares = [
        f"{letter} {one.accuracy:.2%} ({one.interval[0]:.2%} to {one.interval[1]:.2%})"
        for letter, one in (("A", pair.first), ("B", pair.second))
    ]
    test = pair.test
    low, high = (100 * end for end in test.interval())
    return (
        f"seed {pair.seed}: {', '.join(shares)}, B - A {100 * test.difference:+.2f} points "
        f"({low:+.2f} to {high:+.2f}), p {test.p_value:.3g}"
    )


COMMAND = Command(
    "compare", "Two kinds of training beside each other, fairly, over seeds.", add_options, run
)
