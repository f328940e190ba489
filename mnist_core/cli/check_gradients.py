"""`check-gradients`: back-propagation against finite differences, in float32 and in float64."""

import argparse
from typing import Any

import numpy as np

from mnist_core.cli.output import complain, say
from mnist_core.cli.parser import Command, add_model, name, whole_number
from mnist_core.data.mnist import load_mnist
from mnist_core.inspection.numerical_gradient import (
    TOLERANCE,
    ParameterCheck,
    by_parameter,
    check_weights,
)
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import load_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which network, on which image, and how many weights."""
    add_model(parser)
    parser.add_argument(
        "--weights", type=whole_number, default=200, metavar="N",
        help="How many weights and biases to check: an equal share of each parameter array, at "
        "least three. Default: 200.",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=whole_number, default=0, metavar="N",
        help="Which weights are drawn. Default: 0.",
    )  # fmt: skip
    parser.add_argument(
        "--image", type=whole_number, default=0, metavar="N",
        help="The number of the training image whose loss is taken, from 0. Default: 0.",
    )  # fmt: skip
    parser.add_argument(
        "--spoil", type=name, metavar="LAYER",
        help="Make the gradient of a layer, as 0, or of a parameter, as 0.W, 0.1 %% too large: the "
        "check must find it. Default: none.",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print the largest relative error of each parameter; 1 if one in float64 is too large."""
    model = load_model(options.model)
    coarse, fine = both_checks(model, options)
    if not any(parameter.measured for parameter in fine):
        raise ValueError(
            f"image {options.image} gives no weight a gradient that can be measured: choose "
            "another with --image"
        )
    if not options.json:
        print(f"{'parameter':>9}  {'float32':>8}  {'float64':>8}  measured  zero  unclear")
    for in_float32, in_float64 in zip(coarse, fine, strict=True):
        if options.json:
            say(values(in_float32, in_float64))
        else:
            print(row(in_float32, in_float64))
    return verdict(fine, options.json)


def both_checks(model: Sequential, options: argparse.Namespace) -> list[tuple[ParameterCheck, ...]]:
    """The checks of each parameter in float32 and in float64; ValueError for a bad option."""
    train = load_mnist().train
    if options.seed < 0:
        raise ValueError(f"--seed must be at least 0, not {options.seed}")
    if not 0 <= options.image < len(train):
        raise ValueError(f"--image must be from 0 to {len(train) - 1}, not {options.image}")
    image, label = train.images[options.image], int(train.labels[options.image])
    return [
        by_parameter(
            check_weights(
                model,
                image,
                label,
                weights=options.weights,
                rng=np.random.default_rng(options.seed),
                dtype=dtype,
                spoil=options.spoil,
            )
        )
        for dtype in (np.float32, np.float64)
    ]


def values(in_float32: ParameterCheck, in_float64: ParameterCheck) -> dict[str, Any]:
    """What is known of a parameter, in JSON's types; the counts are those of float64."""
    return {
        "parameter": in_float64.path,
        "float32": in_float32.relative_error,
        "float64": in_float64.relative_error,
        "measured": in_float64.measured,
        "zero": in_float64.zero,
        "unclear": in_float64.unclear,
    }


def row(in_float32: ParameterCheck, in_float64: ParameterCheck) -> str:
    """The same for people."""
    errors = [
        "-" if error is None else f"{error:.1e}"
        for error in (in_float32.relative_error, in_float64.relative_error)
    ]
    return (
        f"{in_float64.path:>9}  {errors[0]:>8}  {errors[1]:>8}  "
        f"{in_float64.measured:8}  {in_float64.zero:4}  {in_float64.unclear:7}"
    )


def verdict(parameters: tuple[ParameterCheck, ...], as_json: bool) -> int:
    """Say whether the gradients are right, to people; the exit status."""
    wrong = [parameter for parameter in parameters if parameter.wrong]
    if wrong:
        layers = dict.fromkeys(parameter.path.partition(".")[0] for parameter in wrong)
        largest = max(parameter.relative_error or 0 for parameter in wrong)
        complain(
            f"the gradient of layer {', '.join(layers)} is wrong "
            f"({', '.join(parameter.path for parameter in wrong)}): the relative error in float64 "
            f"is up to {largest:.1e}, where {TOLERANCE:.0e} is allowed"
        )
        return 1
    if not as_json:
        unmeasured = [parameter.path for parameter in parameters if not parameter.measured]
        but = f", but nothing could be measured for {', '.join(unmeasured)}" if unmeasured else ""
        print(f"gradients agree in float64, with relative errors below {TOLERANCE:.0e}{but}")
    return 0


COMMAND = Command(
    "check-gradients",
    "Back-propagation against finite differences, weight by weight.",
    add_options,
    run,
)
