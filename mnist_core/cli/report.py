"""`report`: the report's whole experiment, from its two runs to a page on what came out."""

import argparse
import shlex
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

from mnist_core.cli.data_option import (
    add_data_option,
    add_turn_option,
    complain_of_sideways,
    data_words,
    turn_of,
)
from mnist_core.cli.evaluate_fully import try_folder
from mnist_core.cli.keeping import StopSignal
from mnist_core.cli.output import clear_progress, complain, say, show_progress, spelled, tell
from mnist_core.cli.parser import Command, file_name
from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.experiments.kept_runs import KeptRuns, write_text
from mnist_core.experiments.reference.charts import names
from mnist_core.experiments.reference.found import Found, gathered, verdicts
from mnist_core.experiments.reference.page import About, about_now, figures, page
from mnist_core.experiments.reference.plan import Plan, planned
from mnist_core.experiments.reference.rates import best_rates
from mnist_core.experiments.reference.tables import tables
from mnist_core.experiments.runner import Finished, Standing
from mnist_core.experiments.sweep import outcome, write_csv
from mnist_core.figures.svg import on_white
from mnist_core.paths import COMMAND_LINE
from mnist_core.words import duration

PAGE = "report.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where to, how much, and on which images."""
    parser.add_argument(
        "--out", type=file_name, required=True, metavar="DIR",
        help="The folder for report.html, each figure as SVG and its numbers as CSV, and every "
        "finished run: what it has already is not trained again. Default: none, one is needed.",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="Fewer epochs, images, rates and seeds: less than a minute. Default: the whole "
        "experiment, about four minutes on two cores.",
    )  # fmt: skip
    add_data_option(parser)
    add_turn_option(parser)


def run(options: argparse.Namespace) -> int:
    """Train what is missing, look at the test images once, and write the page."""
    started = monotonic()
    data = load_mnist(options.data, turn_of(options), complain)
    complain_of_sideways(options, data.test)
    plan = planned(len(data.train), quick=options.quick)
    try_folder(options.out)
    kept = KeptRuns(options.out, data)
    with StopSignal() as stop:
        finished = train_all(plan, kept, stop, as_json=options.json)
    clear_progress()
    if stop.number:
        complain(
            f"stopped: {len(finished)} of {len(plan.configs)} runs are kept in {options.out}; "
            "the same command goes on with the others"
        )
        return 128 + stop.number  # as a shell has it
    found = gathered(plan, finished, kept, data)
    write(options.out, found, about(options, data))
    print_end(options, found, monotonic() - started)
    return 0


def train_all(plan: Plan, kept: KeptRuns, stop: StopSignal, *, as_json: bool) -> list[Finished]:
    """Train what is not kept, and show how far that is; those finished before a signal."""
    configs, finished = plan.configs, []

    def watch(standing: Standing) -> None:
        if not as_json:
            runs = f"{len(finished)} of {len(configs)} runs"
            show_progress(standing.share, f"{runs}, about {duration(standing.seconds_left)} left ")

    trained = kept.run(configs, watch=watch, interrupted=lambda: bool(stop.number))
    with closing(trained) as runs:
        for one in runs:
            finished.append(one)
            if as_json:
                say(row(plan, one))
    return finished


def row(plan: Plan, one: Finished) -> dict[str, Any]:
    """A run in JSON's types; those of the sweep have no other name."""
    names = [*plan.named]
    last = one.history[-1] if one.history else None
    return {
        "run": names[one.index] if one.index < len(names) else "sweep",
        "reduction": one.config.reduction,
        "learning_rate": one.config.learning_rate,
        "train_size": one.config.train_size,
        "seed": one.config.seed,
        "epochs": len(one.history),
        "train_accuracy": last and last.train_accuracy,
        "validation_accuracy": last and last.validation_accuracy,
        "outcome": outcome(one),
    }


def write(folder: Path, found: Found, known: About) -> None:
    """The figures, their numbers, and the page last; each file is there whole or not at all."""
    for name, chart in figures(found).items():
        write_text(folder / name, on_white(chart))
    for name, rows in tables(found).items():
        write_csv(folder / name, rows)
    write_text(folder / PAGE, page(found, known))


def about(options: argparse.Namespace, data: Dataset) -> About:
    """How the page is made."""
    words = [*COMMAND_LINE, "report", "--out", str(options.out)]
    words += ["--quick"] if options.quick else []
    words += data_words(options)
    name = options.data.name if options.data else "MNIST"
    return about_now(shlex.join(words), name, data.sha256)


def print_end(options: argparse.Namespace, found: Found, seconds: float) -> None:
    """The statements, the test accuracies, and where the page is."""
    path, stated, called = options.out / PAGE, verdicts(found), names(found.plan)
    if options.json:
        tested = {
            name: {"accuracy": test.accuracy, "interval": list(test.interval), "n": test.total}
            for name, test in found.tests.items()
        }
        said = [{"claim": one.claim, "verdict": one.verdict, "words": one.words} for one in stated]
        end = {"statements": said, "best_rates": best_rates(found.scores), "tests": tested}
        end |= {"report": str(path), "quick": options.quick, "seconds": round(seconds, 3)}
        say(end)
        return
    for one in stated:
        tell(f"{one.claim} {one.verdict.capitalize()}. {one.words}")
    for name, test in found.tests.items():
        low, high = test.interval
        interval = f"95 % interval {low:.2%} to {high:.2%}"
        tell(f"{called[name]}: test accuracy {test.accuracy:.2%} ({interval})")
    tell(f"page, figures and tables: {spelled(path)} ({duration(seconds)})")


COMMAND = Command(
    "report", "Run the report's experiment, and write a page on what came out.", add_options, run
)
