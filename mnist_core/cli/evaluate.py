"""`evaluate`: a network's accuracy on the test images, or everything about one or two of them."""

import argparse

from mnist_core.cli.data_option import (
    add_data_option,
    add_turn_option,
    complain_of_sideways,
    turn_of,
)
from mnist_core.cli.evaluate_fully import add_full_options, evaluate_fully, mcnemar_values
from mnist_core.cli.output import complain, say, spelled, tell
from mnist_core.cli.parser import Command, add_model, name
from mnist_core.data.mnist import load_test
from mnist_core.evaluation.scores import mcnemar, wilson_interval
from mnist_core.evaluation.sentences import difference_in_words
from mnist_core.training.checkpoint import load_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which network or networks, on which images, and how much of it."""
    add_model(parser)
    parser.add_argument(
        "--against", type=name, metavar="run.npz|mlp|cnn",
        help="Another network to compare with, by McNemar's exact test. Default: none.",
    )  # fmt: skip
    add_data_option(parser)
    add_turn_option(parser)
    add_full_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the accuracy, and for people the interval that it is known to lie in."""
    if options.full:
        return evaluate_fully(options)
    if options.out or options.no_robustness:
        raise ValueError("--out and --no-robustness belong to --full")
    models = [load_model(given) for given in (options.model, options.against) if given]
    test = load_test(options.data, turn_of(options), complain)
    complain_of_sideways(options, test)
    rights = [model.predict(test.images) == test.labels for model in models]
    compared = mcnemar(*rights) if len(rights) == 2 else None
    accuracies = [float(right.mean()) for right in rights]
    if options.json:
        values = {"accuracy": accuracies[0], "n": len(test)}
        if compared is not None:
            values |= {"against": {"accuracy": accuracies[1]}, "mcnemar": mcnemar_values(compared)}
        say(values)
        return 0
    for given, accuracy in zip((options.model, options.against), accuracies, strict=False):
        low, high = wilson_interval(round(accuracy * len(test)), len(test))
        tell(
            ("" if compared is None else f"{spelled(given)}: ")
            + f"accuracy {accuracy:.2%} on {len(test):,} images "
            f"(95 % interval {low:.2%} to {high:.2%})"
        )
    if compared is not None:
        words = difference_in_words(options.model, options.against, compared)
        tell(f"difference {100 * compared.difference:+.2f} points. {words.replace('**', '')}")
    return 0


COMMAND = Command(
    "evaluate",
    "Accuracy of a network on the test images, or all about it.",
    add_options,
    run,
)
