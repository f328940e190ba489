"""`evaluate --full`: all scores, charts and lists as a folder with CSV files and a report."""

import argparse
import os
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from platform import python_version
from time import monotonic
from typing import Any

import numpy as np

from mnist_core.cli.data_option import complain_of_sideways, data_words, turn_of
from mnist_core.cli.keeping import StopSignal
from mnist_core.cli.output import clear_progress, complain, say, show_progress, spelled, tell
from mnist_core.cli.parser import file_name, whole_number
from mnist_core.data.mnist import Dataset, load_to_judge
from mnist_core.evaluation.distortions import DISTORTIONS
from mnist_core.evaluation.full import (
    Candidate,
    Evaluation,
    Judged,
    JudgedImages,
    full_evaluation,
    told_apart,
)
from mnist_core.evaluation.scores import McNemar
from mnist_core.evaluation.tables import tables
from mnist_core.figures.colours import MODELS, OTHER, OWN
from mnist_core.files import atomic_write
from mnist_core.paths import COMMAND_LINE
from mnist_core.report.document import About, report
from mnist_core.training.checkpoint import SHIPPED, load_description, load_model, model_path
from mnist_core.words import duration

REPORT = "report.html"
MOST_THREADS = 64


@dataclass
class Result:
    """What is known, and since when it is worked on."""

    started: float
    known: Evaluation | None = None

    def show(self, done: float, words: str) -> None:
        """The bar, with the time that is left if it goes on at this pace."""
        left = (monotonic() - self.started) * (1 - done) / done
        show_progress(done, f"{words}, about {duration(left)} left" if done < 1 else words)


def add_full_options(parser: argparse.ArgumentParser) -> None:
    """What belongs to a full evaluation."""
    group = parser.add_argument_group("a full evaluation")
    group.add_argument(
        "--full", action="store_true",
        help="Work out everything: scores, mistakes, confidence, robustness, what is odd in the "
        "data. It takes about half a minute for both shipped networks. Default: accuracy alone.",
    )  # fmt: skip
    group.add_argument(
        "--out", type=file_name, metavar="DIR",
        help="The folder for report.html and the tables as CSV files; files of the same names "
        "are replaced. Needed with --full. Default: none.",
    )  # fmt: skip
    group.add_argument(
        "--threads", type=whole_number, metavar="N", default=min(os.cpu_count() or 1, MOST_THREADS),
        help="How many threads read images. Default: one for each processor core.",
    )  # fmt: skip
    group.add_argument(
        "--no-robustness", action="store_true",
        help="Leave out how well changed digits are read, which takes longest. Default: it is "
        "measured.",
    )  # fmt: skip


def evaluate_fully(options: argparse.Namespace) -> int:
    """Write the report and the tables; after Ctrl-C those of what is known by then."""
    if not options.out:
        raise ValueError("--full needs --out DIR, a folder for the report and the tables")
    if not 1 <= options.threads <= MOST_THREADS:
        raise ValueError(f"--threads must be from 1 to {MOST_THREADS}, not {options.threads}")
    given = [name for name in (options.model, options.against) if name]
    networks = [load_model(name) for name in given]
    split, data = load_to_judge(options.data, turn_of(options), complain)
    complain_of_sideways(options, split)
    candidates = [
        Candidate(shown, network, _origin(name), _has_learned_validation(name, data))
        for shown, name, network in zip(_names(given), given, networks, strict=True)
    ]
    name = f"images of {options.data.name}" if options.data else "MNIST test images"
    images = JudgedImages(name, "image" if options.data else "test image", split)
    try_folder(options.out)
    result = Result(monotonic())
    with StopSignal() as stop:
        try:
            _work(result, candidates, images, data, options, stop)
        except KeyboardInterrupt:
            if result.known is None or not result.known.judged:
                complain("stopped before anything was worked out; nothing was written")
                return 128 + (stop.number or 2)
        assert result.known is not None
        _write(options.out, result.known, _about(options, given, candidates))
    _print_end(options, result)
    return 128 + stop.number if result.known.missing else 0  # as a shell has it


def _work(
    result: Result,
    candidates: Sequence[Candidate],
    images: JudgedImages,
    data: Dataset | None,
    options: argparse.Namespace,
    stop: StopSignal,
) -> None:
    """Fill the result; KeyboardInterrupt soon after somebody wants it to stop."""

    def look() -> None:
        if stop.number:
            raise KeyboardInterrupt

    steps = full_evaluation(
        candidates,
        images,
        validation=data.validation if data else None,
        training=data.train if data else None,
        threads=options.threads,
        kinds=() if options.no_robustness else tuple(DISTORTIONS),
        before_tile=look,
    )
    for step in steps:
        result.known = step.evaluation
        result.show(step.done, step.words)
        if step.evaluation.missing:
            look()
    clear_progress()


def try_folder(folder: Path) -> None:
    """ValueError unless files can be written into the folder, which is made if need be."""
    trial = folder / f"{secrets.token_hex(8)}.trial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch(exist_ok=False)
        trial.unlink()
    except FileExistsError as error:
        raise ValueError(f"--out needs a folder, and {folder} is a file") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise ValueError(f"nothing can be written into the folder {folder}: {reason}") from error


def _write(folder: Path, known: Evaluation, about: About) -> None:
    """The tables, and the report last; each file is there whole or not at all."""
    for name, text in {**tables(known), REPORT: report(known, about)}.items():
        atomic_write(folder / name, lambda file, text=text: file.write(text.encode()))


def _names(given: Sequence[str]) -> list[str]:
    """What the networks are called: MLP and CNN, or the file's name; never twice the same."""
    return told_apart([name.upper() if name in SHIPPED else Path(name).stem for name in given])


def _origin(given: str) -> str:
    return "shipped with this program" if given in SHIPPED else f"from {given}"


def _has_learned_validation(given: str, data: Dataset | None) -> bool:
    """Whether the network was trained with `--all` on these data."""
    if data is None:
        return False
    description = load_description(model_path(given))
    size = description["config"].get("train_size")
    same = description["data_sha256"] == data.sha256
    return same and isinstance(size, int) and size > len(data.train)


def _about(
    options: argparse.Namespace, given: Sequence[str], candidates: Sequence[Candidate]
) -> About:
    words = [*COMMAND_LINE, "evaluate", options.model, "--full"]
    words += ["--out", str(options.out)]
    words += ["--against", options.against] if options.against else []
    words += data_words(options)
    words += ["--no-robustness"] if options.no_robustness else []
    others = iter((OWN, OTHER))
    used: dict[str, str] = {}
    for one, name in zip(candidates, given, strict=True):
        colour = MODELS.get(name)
        used[one.name] = colour if colour and colour not in used.values() else next(others)
    return About(
        date=datetime.now().strftime("%d %B %Y, %H:%M"),
        versions=f"Python {python_version()}, NumPy {np.__version__}",
        command=shlex.join(words),
        colours=used,
    )


def _print_end(options: argparse.Namespace, result: Result) -> None:
    """Where the report is, or the main numbers as JSON."""
    known, seconds = result.known, monotonic() - result.started
    assert known is not None
    path = options.out / REPORT
    if known.missing:
        complain(f"stopped: {path} and the tables are a part ({known.missing} are missing)")
    if options.json:
        say(_main_numbers(known) | {"report": str(path), "seconds": round(seconds, 3)})
        return
    for one in known.judged:
        low, high = one.interval
        tell(
            f"{one.name}: accuracy {one.answers.accuracy:.2%} on {len(known.images):,} images "
            f"(95 % interval {low:.2%} to {high:.2%})"
        )
    tell(f"report and tables: {spelled(path)}")


def _main_numbers(known: Evaluation) -> dict[str, Any]:
    """In JSON's types; those of the second network under "against"."""
    first, *others = known.judged
    values = _numbers_of(first) | {"n": len(known.images), "complete": not known.missing}
    if others:
        values["against"] = _numbers_of(others[0])
    if known.mcnemar is not None:
        values["mcnemar"] = mcnemar_values(known.mcnemar)
    if known.duplicates is not None:
        every, exact = len(known.duplicates.first), known.duplicates.exact
        values["duplicates"] = {"exact": exact, "near": every - exact}
    return values


def _numbers_of(one: Judged) -> dict[str, Any]:
    after = one.calibrated.reliability_after
    return {
        "network": one.name,
        "accuracy": one.answers.accuracy,
        "interval": list(one.interval),
        "macro_f1": one.scores.macro_f1,
        "ece": one.calibrated.reliability_before.error,
        "ece_after": None if after is None else after.error,
        "temperature": list(one.calibrated.temperatures),
    }


def mcnemar_values(test: McNemar) -> dict[str, Any]:
    """A comparison in JSON's types."""
    return {
        "only_first": test.only_first,
        "only_second": test.only_second,
        "difference": test.difference,
        "interval": list(test.interval()),
        "p_value": test.p_value,
    }
