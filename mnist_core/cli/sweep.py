"""`sweep`: trains every combination of some settings with several seeds, and says which is best."""

import argparse
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

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
    refuse_below_one,
    refuse_what_is_not_used,
    whole_number,
)
from mnist_core.cli.varying import REFUSED, varied
from mnist_core.data.mnist import Dataset, balanced_subset, load_mnist
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.runner import Finished, Standing
from mnist_core.experiments.space import (
    Range,
    as_text,
    grid,
    in_text,
    random_draws,
)
from mnist_core.experiments.sweep import (
    Candidate,
    Score,
    best,
    best_in_words,
    candidate,
    judged_by_test_images,
    outcome,
    run_row,
    scores,
    write_best,
    write_tables,
)
from mnist_core.experiments.sweep_chart import draw

MOST_SAID = 3  # of the combinations that can't be


def add_options(parser: argparse.ArgumentParser) -> None:
    """What to vary, how often, where to keep it; and every setting."""
    parser.add_argument(
        "--vary", type=varied, action="append", required=True, metavar="NAME=VALUES",
        help="A setting and its values: learning_rate=0.1,0.01; hidden=32,128+64 with + between "
        "layers; or a range with a number of values, learning_rate=1e-6..1:log:9 or "
        "dropout=0..0.5:linear:6. May be given several times: every combination is trained. "
        "Default: none, one is needed.",
    )  # fmt: skip
    parser.add_argument(
        "--random", type=whole_number, metavar="N",
        help="Draw N combinations at random instead; a range then needs no number of values. "
        "The same N are drawn each time, and a larger N adds to them. Default: all of them.",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=whole_number, default=3, metavar="N",
        help="Train each combination with so many seeds, from --seed on. Default: 3.",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=file_name, required=True, metavar="DIR",
        help="The folder for every finished run and its network, the tables results.csv and "
        "summary.csv, a chart and best.json. What it has already is not trained again. Default: "
        "none, one is needed.",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=whole_number, metavar="N",
        help="Runs that are trained at a time. Default: one for each core, or each place of the "
        "cluster that DIGIT_LAB_SCHEDULER names.",
    )  # fmt: skip
    add_preset(parser)
    add_data_option(parser)
    add_turn_option(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Train what is missing, write the tables, and judge the best by the test images."""
    data = load_mnist(options.data, turn_of(options), complain)
    complain_of_sideways(options, data.test)
    candidates = planned(options, data)
    kept = KeptRuns(options.out, data)
    with StopSignal() as stop:
        finished = train_all(options, candidates, kept, stop)
    scored = scores(candidates, finished)
    write_tables(options.out, scored)
    if stop.number:
        total = sum(len(one.configs) for one in candidates)
        complain(
            f"stopped: {len(finished)} of {total} runs are kept in {options.out}; the same "
            "command goes on with the others"
        )
        return 128 + stop.number  # as a shell has it
    draw(options.out / "chart.svg", scored)
    if not options.json:
        print_summary(scored)
    tell_best(options, best(scored), kept, data)
    return 0


def planned(options: argparse.Namespace, data: Dataset) -> list[Candidate]:
    """Every combination, checked; ValueError for what can't be trained."""
    given = given_settings(options)
    refuse_what_makes_no_sense(options, given)
    base = chosen_config(options.preset, given, len(data.train))
    varied_settings: Sequence[Any] = options.vary
    settings = (
        random_draws(varied_settings, options.random) if options.random else grid(varied_settings)
    )
    candidates, wrong, unused = [], [], []
    for one in settings:
        try:
            found = candidate(base, one, options.seeds)
            refuse_what_is_not_used(found.configs[0], one)
            balanced_subset(data.train, found.configs[0].train_size, rng=np.random.default_rng(0))
        except ValueError as error:
            wrong.append(f"{in_text(one)} can't be trained: {error}")
            continue
        candidates.append(found)
        try:
            refuse_what_is_not_used(found.configs[0], given)
        except ValueError as error:
            unused.append(error)
    if wrong:
        more = len(wrong) - MOST_SAID
        raise ValueError("; ".join(wrong[:MOST_SAID]) + (f"; and {more} more" * (more > 0)))
    if len(unused) == len(candidates):  # some combinations may do without what others need
        raise unused[0]
    configs = [config for one in candidates for config in one.configs]
    refuse_drawn_digits(options, configs, data.test)
    return candidates


def refuse_what_makes_no_sense(options: argparse.Namespace, given: dict[str, Any]) -> None:
    """ValueError for options that do not go together, whatever the settings are."""
    refuse_below_one(options, "random", "seeds", "processes")
    if "threads" in given:
        raise ValueError(f"--threads has no place here: {REFUSED['threads']}")
    names = [one.name for one in options.vary]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"--vary {name} stands there twice: give all its values at once")
        if name in given:
            raise ValueError(f"{name} can't be varied and set at the same time")
    endless = [one.name for one in options.vary if isinstance(one, Range)]
    if endless and not options.random:
        raise ValueError(
            f"the range of {endless[0]} needs a number of values, as 1e-6..1:log:9, or --random N"
        )


def train_all(
    options: argparse.Namespace, candidates: list[Candidate], kept: KeptRuns, stop: StopSignal
) -> list[Finished]:
    """Train what is not kept, and tell of every run; those that were finished before a signal."""
    settings = [one.settings for one in candidates for _ in one.configs]
    configs = [config for one in candidates for config in one.configs]
    finished: list[Finished] = []

    def watch(standing: Standing) -> None:
        if not options.json:
            show_time_left(standing.share, standing.seconds_left)

    how = {"processes": options.processes, "interrupted": lambda: bool(stop.number)}
    with closing(kept.run(configs, watch=watch, **how)) as runs:  # ends processes at an error too
        for one in runs:
            finished.append(one)
            if options.json:
                say(run_row(settings[one.index], one))
                continue
            clear_progress()
            print(in_a_line(f"{len(finished)}/{len(configs)}", settings[one.index], one))
    return finished


def in_a_line(number: str, settings: dict[str, Any], run: Finished) -> str:
    """A run for people."""
    last = run.history[-1] if run.history else None
    reached = f"validation {last.validation_accuracy:.2%}" if last else "no epoch ended"
    how = "" if outcome(run) == "finished" else f", {outcome(run)}"
    if run.status == "failed":
        reached, how = "failed", f": {run.message}"
    return f"{number:>9}  {in_text(settings)}  seed {run.config.seed}: {reached}{how}"


def print_summary(scored: list[Score]) -> None:
    """A table of all combinations, the best first, with their columns below their names."""
    names = [*scored[0].candidate.settings]
    head = [*names, "runs", "diverged", "mean", "lowest", "highest", "deviation"]
    rows = [head]
    for score in sorted(scored, key=lambda s: (not s.is_complete, -s.mean if s.accuracies else 1)):
        reached = score.accuracies
        shares = [score.mean, min(reached), max(reached), score.deviation] if reached else []
        rows.append(
            [as_text(name, score.candidate.settings[name]) for name in names]
            + [str(len(score.runs)), str(score.diverged)]
            + (["-" if share is None else f"{share:.2%}" for share in shares] or 4 * ["-"])
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    print("\nvalidation accuracy after the last epoch, over seeds:")
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def tell_best(
    options: argparse.Namespace, score: Score | None, kept: KeptRuns, data: Dataset
) -> None:
    """Which combination is best, and what its networks are worth: the one look at test images."""
    if score is None:
        raise ValueError(
            "no combination went well with every seed, so none is judged by the test images; "
            f"{options.out / 'results.csv'} says how each run ended"
        )
    tested = judged_by_test_images(score, kept, data.test)
    write_best(options.out / "best.json", score, tested)
    if options.json:
        settings = {name: as_text(name, value) for name, value in score.candidate.settings.items()}
        say({"best": settings, "validation_accuracy": score.mean, "test_accuracies": tested})
        return
    said = best_in_words(score, tested, len(data.test))
    print(f"\n{said}\ntables, chart and networks: {spelled(options.out)}", flush=True)


COMMAND = Command(
    "sweep", "Try combinations of settings with several seeds, and find the best.", add_options, run
)
