"""`evaluate`: a network's accuracy on the test images."""

import argparse

from mnist_core.cli.output import say
from mnist_core.cli.parser import Command, add_data_option, add_model
from mnist_core.data.mnist import load_test
from mnist_core.evaluation.scores import wilson_interval
from mnist_core.nn.metrics import accuracy
from mnist_core.training.checkpoint import load_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which network, and on which images."""
    add_model(parser)
    add_data_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the accuracy, and for people the interval that it is known to lie in."""
    model = load_model(options.model)
    test = load_test(options.data)
    right = accuracy(model.predict(test.images), test.labels)
    if options.json:
        say({"accuracy": right, "n": len(test)})
        return 0
    low, high = wilson_interval(round(right * len(test)), len(test))
    print(f"accuracy {right:.2%} on {len(test):,} images (95 % interval {low:.2%} to {high:.2%})")
    return 0


COMMAND = Command("evaluate", "Accuracy of a network on the test images.", add_options, run)
