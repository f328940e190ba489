"""`train`: trains a new network, or goes on with a saved run."""

import argparse
import shlex
from dataclasses import fields, replace
from pathlib import Path

from mnist_core.cli.data_option import (
    add_data_option,
    add_turn_option,
    complain_of_sideways,
    data_words,
    refuse_drawn_digits,
    turn_of,
)
from mnist_core.cli.keeping import Keeper, StopSignal, keep_former, same_file
from mnist_core.cli.output import complain, let_go_of_output, say, show_progress
from mnist_core.cli.parser import (
    Command,
    add_preset,
    add_settings,
    chosen_config,
    file_name,
    given_settings,
    refuse_what_is_not_used,
)
from mnist_core.data.mnist import Dataset, load_mnist, with_validation_images
from mnist_core.nn.metrics import accuracy
from mnist_core.paths import COMMAND_LINE
from mnist_core.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Progress, Run
from mnist_core.training.settings import SETTINGS
from mnist_core.training.train import train


def add_options(parser: argparse.ArgumentParser) -> None:
    """A recipe, every setting, and the files."""
    add_preset(parser)
    parser.add_argument(
        "--out", type=file_name, metavar="FILE",
        help="Save the run here (.npz): after every epoch, every 30 seconds, and when it is "
        "stopped. A file of that name is replaced. Default: nothing is saved.",
    )  # fmt: skip
    parser.add_argument(
        "--network", type=file_name, metavar="FILE",
        help="Save the network alone here (.npz) when the run is finished. Default: it is not.",
    )  # fmt: skip
    parser.add_argument(
        "--resume", type=file_name, metavar="FILE",
        help="Go on with a saved run. It keeps its settings, so that only --epochs, --out, "
        "--network, --data, --turn, --all and --json may stand beside it. With --epochs the run "
        "gets another length, also if it was finished; a schedule other than constant then spans "
        "the new length. Without --out the run is saved to FILE itself; if --epochs changes it, "
        "the run as it was is first copied to a new file beside it. Default: a new run.",
    )  # fmt: skip
    parser.add_argument(
        "--all", action="store_true",
        help="Learn from the validation images too: for a last run of a recipe already chosen. "
        "Default: they only judge it.",
    )  # fmt: skip
    add_data_option(parser)
    add_turn_option(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Train, print a line an epoch, and the test accuracy at the end."""
    refuse_what_a_resumed_run_has(options)
    data = load_mnist(options.data, turn_of(options), complain)
    complain_of_sideways(options, data.test)
    if options.all:
        data = with_validation_images(data)
    training = resumed_run(options, data) if options.resume else new_run(options, data)
    unfinished = training.step < training.steps
    keeper = Keeper(
        training, options.out or (options.resume if unfinished else None), options.network
    )
    if options.resume and not options.out:
        keep_former_length(options.resume, training)
    if not options.json:
        print_header()
    with StopSignal() as stop:
        try:
            train_to_the_end(training, keeper, stop, options.json)
        except KeyboardInterrupt:
            complain(how_to_go_on(keeper, options))
            return 128 + stop.number  # as a shell has it
        except OSError as error:  # of the output alone: the keeper has none
            let_go_of_output()
            keeper.save()
            if isinstance(error, BrokenPipeError):
                if keeper.out:
                    complain(f"nobody reads the output any more: {how_to_go_on(keeper, options)}")
                raise
            reason = f"the output can't be written ({error.strerror})"
            raise OSError(f"{reason}: {how_to_go_on(keeper, options)}") from error
    if keeper.problem:
        raise OSError(f"the result could not be saved: {keeper.problem}")
    return 0


def train_to_the_end(training: Run, keeper: Keeper, stop: StopSignal, as_json: bool) -> None:
    """Train, print a line an epoch, and the test accuracy at the end.

    Raises ValueError if the run diverges, KeyboardInterrupt if it is stopped, and OSError if
    nothing can be printed any more.
    """
    seconds = 0.0
    for progress in train(training):
        seconds = progress.seconds
        if progress.status == "diverged":
            keeper.save()
            unsaved = f" They could not be saved: {keeper.problem}" if keeper.problem else ""
            raise ValueError(progress.message + unsaved)
        keeper.after(progress)
        show(progress, as_json)
        if stop.number and progress.status == "running":
            keeper.save()
            raise KeyboardInterrupt
    keeper.save()
    print_end(training, seconds, as_json)


def refuse_what_a_resumed_run_has(options: argparse.Namespace) -> None:
    """ValueError if settings other than its length are given for a run that has its own."""
    if options.resume:
        given = [SETTINGS[name].flags[0] for name in given_settings(options) if name != "epochs"]
        refused = [*(["--preset"] if options.preset else []), *given]
        if refused:
            raise ValueError(
                f"a resumed run keeps its settings: leave {', '.join(refused)} out (only --epochs, "
                "--out, --network, --data, --turn, --all and --json go with --resume)"
            )
        if options.network and same_file(options.network, options.resume):
            raise ValueError(
                f"--network must be another file than {options.resume}, the run that goes on"
            )


def new_run(options: argparse.Namespace, data: Dataset) -> Run:
    """A run with the recipe's settings, and those that were given instead."""
    given = given_settings(options)
    if options.all:
        given.setdefault("train_size", len(data.train))
    config = chosen_config(options.preset, given, len(data.train))
    refuse_what_is_not_used(config, given)
    refuse_drawn_digits(options, [config], data.test)
    return Run(config, data)


def resumed_run(options: argparse.Namespace, data: Dataset) -> Run:
    """The saved run, with as many epochs as were asked for."""
    try:
        checkpoint = load_checkpoint(options.resume)
        if options.epochs is not None:
            checkpoint = with_epochs(checkpoint, options.epochs)
        return Run.resume(checkpoint, data)
    except CheckpointError as error:
        raise ValueError(f"{options.resume} can't be resumed: {error}") from error


def with_epochs(checkpoint: Checkpoint, epochs: int) -> Checkpoint:
    """The same run with another length; ValueError if it has been trained for longer already."""
    try:
        config = TrainConfig.from_dict(checkpoint.config)
    except ValueError as error:
        raise CheckpointError(f"its settings can't be used: {error}") from error
    config = replace(config, epochs=epochs)
    begun = -(-checkpoint.step // config.steps_per_epoch)  # whole numbers, however large
    if epochs < begun:
        raise ValueError(f"the run is already in epoch {begun}: --epochs must be at least {begun}")
    return replace(checkpoint, config=config.to_dict())


def keep_former_length(path: Path, training: Run) -> None:
    """Copy the file of a run that gets another length, before it is saved to the same file."""
    former = load_checkpoint(path).config["epochs"]
    if former != training.config.epochs and training.step < training.steps:
        copy = keep_former(path, former)
        complain(f"the run of {former} epochs stays in {copy}; {path} goes on")


def how_to_go_on(keeper: Keeper, options: argparse.Namespace) -> str:
    """What has become of a run that was stopped, and the command that goes on, in a line."""
    run, kept = keeper.run, keeper.saved_steps.get(keeper.out) if keeper.out else None
    stopped = f"stopped at step {run.step:,} of {run.steps:,}"
    if keeper.problem:
        stopped += f", which could not be saved ({keeper.problem})"
    words = [*COMMAND_LINE, "train", "--resume"]
    if kept is not None:
        saved = " and saved to" if kept == run.step else f"; step {kept:,} is saved in"
        stopped += f"{saved} {keeper.out}"
        words += [str(keeper.out)]
    elif options.resume:
        stopped += f"; {options.resume} is as it was"
        words += [str(options.resume)]
        words += ["--epochs", str(run.config.epochs)] if options.epochs else []
        words += ["--out", str(options.out)] if options.out else []
    else:
        advice = "" if keeper.out else ": with --out FILE the run is saved when it is stopped"
        return f"{stopped}; nothing was kept{advice}"
    words += ["--network", str(options.network)] if options.network else []
    words += data_words(options)
    words += ["--all"] if options.all else []
    return f"{stopped}; go on with: {shlex.join(words)}"


def show(progress: Progress, as_json: bool) -> None:
    """A line for an epoch that has ended; on the way to it, a bar for people."""
    if progress.result:
        print_epoch(progress.result, as_json)
    elif not as_json:
        show_progress(progress.step / progress.steps, f"loss {progress.loss:.4f}")


def print_header() -> None:
    """What stands above the epochs' lines, for people."""
    print(f"{'epoch':>5}  {'training':>18}  {'validation':>18}  {'seconds':>8}", flush=True)


def print_epoch(result: EpochResult, as_json: bool) -> None:
    """One line on an epoch: loss and accuracy in training and validation."""
    if as_json:
        say({f.name: getattr(result, f.name) for f in fields(result)})
        return
    print(
        f"{result.epoch:5}  {result.train_loss:9.4f} {result.train_accuracy:8.2%}  "
        f"{result.validation_loss:9.4f} {result.validation_accuracy:8.2%}  {result.seconds:8.2f}",
        flush=True,
    )


def print_end(training: Run, seconds: float, as_json: bool) -> None:
    """The accuracy on the test images: the one look at them."""
    network, test = training.network(), training.data.test
    right = accuracy(network.predict(test.images), test.labels)
    parameters = network.parameters.flat.size
    if as_json:
        say({"test_accuracy": right, "parameters": parameters, "seconds": seconds})
        return
    print(
        f"test accuracy {right:.2%}, {parameters:,} parameters, {seconds:.1f} s of training",
        flush=True,  # a reader that is gone is noticed while the run can still be spoken of
    )


COMMAND = Command("train", "Train a network.", add_options, run)
