"""The command line: train a network, evaluate one, or let one read pictures.
`python -m mnist_core COMMAND --help` lists the options; bad input ends with one line, status 2.
"""

import os

# Two BLAS threads and anything else that runs make a small product many times slower, and
# NumPy reads this only once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn

from mnist_core.arrays import Array
from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.data.mnist import load_mnist, with_validation_images
from mnist_core.evaluation.scores import wilson_interval
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.nn.metrics import accuracy
from mnist_core.preprocess.image_files import open_picture
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.segment import Found, digits_on_page
from mnist_core.training.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.run import EpochResult, Run
from mnist_core.training.train import train


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}; --help lists the options\n")


def integers(text: str) -> list[int]:
    """The whole numbers in "64,32"."""
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        reason = f"whole numbers with commas between them are needed, as 128,64, not {text!r}"
        raise argparse.ArgumentTypeError(reason) from None


def augmentation(text: str) -> dict[str, float]:
    """The settings of a named augmentation."""
    if text not in AUGMENTATIONS:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(AUGMENTATIONS)}")
    return {f.name: getattr(AUGMENTATIONS[text], f.name) for f in fields(AUGMENTATIONS[text])}


HELP = {
    "model": "mlp or cnn",
    "hidden": "units of the hidden layers, as 64 or 128,64",
    "activation": "sigmoid, relu or tanh",
    "channels": "a CNN's feature maps by layer, as 8,16",
    "kernel_sizes": "a CNN's kernel sizes by layer, as 5,5",
    "dense": "units of a CNN's dense layers before the last, as 64",
    "initialisation": "glorot, he or normal(SIGMA)",
    "dropout": "share of hidden values dropped in training",
    "optimizer": "sgd, nesterov or adam",
    "learning_rate": "the schedule's peak",
    "momentum": "Nesterov's mu, or Adam's beta 1",
    "weight_decay": "pull of the weights towards zero",
    "reduction": "a batch's gradients: mean or sum",
    "schedule": "constant, cosine or one-cycle",
    "batch_size": "images in a step",
    "epochs": "passes over the training images",
    "train_size": "training images, from 100 to 50000",
    "augmentation": "random variation of the training images: " + ", ".join(AUGMENTATIONS),
    "ema_decay": "decay of the averaged weights, as 0.99; 0 for none",
    "threads": "1 or 2 threads for a batch",
    "seed": "of everything random",
}


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(prog="python -m mnist_core", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    learn = commands.add_parser("train", help="train a network")
    learn.add_argument("--preset", choices=PRESETS, help="a recipe; later options change it")
    for setting in fields(TrainConfig):
        like = getattr(TrainConfig(), setting.name)
        kind = {tuple: integers, int: int, float: float, str: str}.get(type(like), augmentation)
        flags = ["--" + setting.name.replace("_", "-")]
        if setting.name == "ema_decay":
            flags.append("--average")  # its name before, which scripts may use
        learn.add_argument(
            *flags, dest=setting.name, type=kind, help=HELP[setting.name],
            metavar=type(like).__name__.upper() if kind is not integers else "N,N",
        )  # fmt: skip
    learn.add_argument("--out", type=Path, metavar="FILE", help="where to save the run (.npz)")
    learn.add_argument(
        "--network", type=Path, metavar="FILE", help="where to save the network alone (.npz)"
    )
    learn.add_argument(
        "--all", action="store_true",
        help="learn from the validation images too: for a last run of a recipe already chosen",
    )  # fmt: skip
    learn.add_argument("--resume", type=Path, metavar="FILE", help="go on with a saved run")

    score = commands.add_parser("evaluate", help="accuracy of a network on the test images")
    score.add_argument("model", metavar="run.npz|mlp|cnn")

    read = commands.add_parser(
        "predict", help="read the digit, or the page of digits, in each picture"
    )
    read.add_argument("model", metavar="run.npz|mlp|cnn")
    read.add_argument("images", nargs="+", type=Path, metavar="IMAGE")

    for command in (learn, score):
        command.add_argument("--data", metavar="DIR", help="a folder of IDX files (else MNIST)")
    for command in (learn, score, read):
        command.add_argument("--json", action="store_true", help="one JSON object a line")
    return top


def run_train(options: argparse.Namespace) -> None:
    """Train, print a line an epoch, and the test accuracy at the end."""
    given = {
        f.name: getattr(options, f.name)
        for f in fields(TrainConfig)
        if getattr(options, f.name) is not None
    }
    data = load_mnist(options.data)
    if options.all:
        data = with_validation_images(data)
    if options.resume:
        if given or options.preset:
            raise ValueError("a resumed run keeps its settings: leave the other options out")
        try:
            run = Run.resume(load_checkpoint(options.resume), data)
        except CheckpointError as error:
            raise ValueError(f"{options.resume} can't be resumed: {error}") from error
    else:
        if options.all:
            given.setdefault("train_size", len(data.train))
        preset = PRESETS[options.preset] if options.preset else TrainConfig()
        config = TrainConfig.from_dict(preset.to_dict() | given)
        if len(data.train) < config.train_size and "train_size" not in given:
            config = replace(config, train_size=len(data.train))
        run = Run(config, data)
    if not options.json:
        print(f"{'epoch':>5}  {'training':>18}  {'validation':>18}  {'seconds':>8}")
    seconds = 0.0
    for progress in train(run):
        seconds = progress.seconds
        if progress.status == "diverged":
            if options.out:
                save_checkpoint(options.out, run.checkpoint())
            raise ValueError(progress.message)
        if progress.result:
            print_epoch(progress.result, options.json)
            if options.out:
                save_checkpoint(options.out, run.checkpoint())
        elif not options.json and sys.stderr.isatty():
            done = progress.step / progress.steps
            bar = "#" * round(30 * done)
            print(f"\r{bar:<30} {done:4.0%}  loss {progress.loss:.4f}", end="\r", file=sys.stderr)
    if options.out:
        save_checkpoint(options.out, run.checkpoint())
    if options.network:
        save_checkpoint(options.network, run.checkpoint().without_training())
    network = run.network()
    right = accuracy(network.predict(data.test.images), data.test.labels)
    parameters = network.parameters.flat.size
    if options.json:
        say({"test_accuracy": right, "parameters": parameters, "seconds": seconds})
    else:
        print(f"test accuracy {right:.2%}, {parameters:,} parameters, {seconds:.1f} s of training")


def print_epoch(result: EpochResult, as_json: bool) -> None:
    """One line on an epoch: loss and accuracy in training and validation."""
    if as_json:
        say({f.name: getattr(result, f.name) for f in fields(result)})
        return
    print(
        f"{result.epoch:5}  {result.train_loss:9.4f} {result.train_accuracy:8.2%}  "
        f"{result.validation_loss:9.4f} {result.validation_accuracy:8.2%}  {result.seconds:8.2f}"
    )


def run_evaluate(options: argparse.Namespace) -> None:
    """Print a network's accuracy on the test images."""
    model = load_model(options.model)
    test = load_mnist(options.data).test
    right = accuracy(model.predict(test.images), test.labels)
    if options.json:
        say({"accuracy": right, "n": len(test)})
        return
    low, high = wilson_interval(round(right * len(test)), len(test))
    print(f"accuracy {right:.2%} on {len(test):,} images (95 % interval {low:.2%} to {high:.2%})")


def run_predict(options: argparse.Namespace) -> None:
    """Print the most probable digit of each picture, or of each digit on a page of several."""
    model, detector = load_model(options.model), DigitDetector.load()
    for path in options.images:
        try:
            found, images = digits_in(path, detector)
        except (ValueError, OSError) as error:
            raise ValueError(f"{path}: {error}") from error
        for number, (place, image) in enumerate(zip(found, images, strict=True), start=1):
            probabilities = model.predict_proba(image[None])[0]
            label, objection = int(probabilities.argmax()), detector.objection(image)
            if options.json:
                values = [round(float(p), 6) for p in probabilities]
                answer = {"image": str(path), "label": label, "probabilities": values}
                if place:
                    answer["box"] = [int(edge) for edge in place.box]
                    answer |= {"line": place.line + 1, "touching": place.touches_neighbour}
                say(answer | ({"objection": objection} if objection else {}))
                continue
            where = f", digit {number} on line {place.line + 1}" if place else ""
            remark = f"  No digit? {objection}" if objection else ""
            if place and place.touches_neighbour:
                remark = "  A guess: it touches its neighbour."
            print(f"{path}{where}: {label}  ({probabilities[label]:.1%}){remark}")


def digits_in(path: Path, detector: DigitDetector) -> tuple[Sequence[Found | None], list[Array]]:
    """The digits of a picture in reading order, each uint8 (28, 28), and where each was found.

    None stands for the whole picture: so it is read if only one digit is found on it, or if it can
    be taken for a digit as it is, whatever pieces it falls into.
    """
    picture = open_picture(path)
    ink = ink_from_photo(picture)
    whole = normalize_drawing(ink)
    found = digits_on_page(ink, picture_size=picture.size)
    alone = len(found) == 1 and not found[0].touches_neighbour
    if not found or alone or not detector.objection(whole):
        return [None], [whole]
    return found, [normalize_drawing(digit.ink) for digit in found]


def say(values: dict[str, Any]) -> None:
    """One JSON object on a line of its own, now."""
    print(json.dumps(values), flush=True)


COMMANDS = {"train": run_train, "evaluate": run_evaluate, "predict": run_predict}


def main(arguments: list[str] | None = None) -> int:
    """Carry out a command line; the exit status."""
    options = parser().parse_args(arguments)
    try:
        COMMANDS[options.command](options)
    except (ValueError, OSError) as error:
        print(f"mnist_core {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0
