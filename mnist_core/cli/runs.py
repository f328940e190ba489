"""`runs`: the runs that the app has kept, listed, shown, taken along as a ZIP, and deleted."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mnist_core.cli.data_option import add_data_option
from mnist_core.cli.output import complain, say, spelled, tell
from mnist_core.cli.parser import JSON_HELP, Command, file_name, name
from mnist_core.cli.train import print_epoch, print_header
from mnist_core.data.zip_files import ArchiveError, left_in_words
from mnist_core.files import atomic_write
from mnist_core.runs.listing import RunSummary, summaries, summary_of
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.shelf import KEPT_SECONDS
from mnist_core.runs.state import RunState
from mnist_core.runs.store import RunStore
from mnist_core.training.recipes import in_few_words

DAYS = int(KEPT_SECONDS // 86400)
# What an age is said in: seconds of one, and its name.
UNITS = ((86400, "days"), (3600, "h"), (60, "min"), (1, "s"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is to be done, with which run, in which folder."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(word: str, summary: str, *, of_run: bool = True) -> argparse.ArgumentParser:
        below = actions.add_parser(word, help=summary, description=summary)
        if of_run:
            below.add_argument("id", type=name, metavar="ID", help="The run, as list names it.")
        below.add_argument(
            "--folder", type=file_name, metavar="DIR",
            help="Where the runs are kept. Default: where the app keeps them, DIGIT_LAB_RUNS.",
        )  # fmt: skip
        # Without a default: --json may stand before the action, too.
        below.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=JSON_HELP)
        return below

    below = action("list", "All runs, the newest first.", of_run=False)
    below.add_argument(
        "--deleted", action="store_true",
        help=f"Those that were deleted in the last {DAYS} days instead. Default: the others.",
    )  # fmt: skip
    action("show", "A run's settings, results, and the command that repeats it.")
    action("script", "A script in Python that repeats a run, to the bit.")
    below = action("export", "Write a run to a ZIP, as it was at its last checkpoint.")
    below.add_argument(
        "--out", type=file_name, metavar="FILE", required=True,
        help="The ZIP. A file of that name is replaced.",
    )  # fmt: skip
    below = action("import", "Take in a run from a ZIP, under a new id.", of_run=False)
    below.add_argument("file", type=file_name, metavar="FILE", help="The ZIP.")
    add_data_option(below)
    below = action("rename", "Give a run a name.")
    below.add_argument("name", metavar="NAME", help="The name; '' for that of its settings.")
    below = action("delete", f"Delete a run; for {DAYS} days restore has it back.")
    below.add_argument("--yes", action="store_true", help="Do not ask. Default: ask on a terminal.")
    action("restore", "Bring a deleted run back.")


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    folder = options.folder or PoolSettings.wanted().folder
    if not folder.is_dir() and options.action != "import":
        raise ValueError(f"there is no folder of runs at {folder}: --folder names another")
    try:
        with _opened(folder) as store:
            ACTIONS[options.action](store, options)
    except KeyError:
        which = " deleted" if options.action == "restore" else ""
        raise ValueError(f"there is no{which} run {options.id} in {folder}") from None
    return 0


@contextmanager
def _opened(folder: Path) -> Iterator[RunStore]:
    store = RunStore(folder)
    try:
        yield store
    finally:
        store.close()


def list_runs(store: RunStore, options: argparse.Namespace) -> None:
    """A line for each run."""
    if options.deleted:
        found = [RunSummary.of_row(row, goes_on=False) for row in store.shelf.deleted()]
    else:
        found = summaries(store)
    if options.json:
        for summary in found:
            say(values_of(summary))
        return
    if not found:
        tell(f"no{' deleted' if options.deleted else ''} runs in {spelled(store.folder)}")
        return
    print(f"{'id':16}  {'status':11}  {'epochs':>6}  {'best':>7}  {'age':>7}  {'size':>9}  name")
    for one in found:
        best = f"{one.best_accuracy:.2%}" if one.best_accuracy is not None else "-"
        tell(
            f"{one.id}  {one.status:11}  {one.epochs:6}  {best:>7}  {age(one.created):>7}  "
            f"{size_in_words(one):>9}  {named(one)}"
        )


def values_of(summary: RunSummary) -> dict[str, Any]:
    """What is known of a run in a line, in JSON's types."""
    values = asdict(summary) | {"settings": in_few_words(summary.config)}
    return values | {"config": summary.config.to_dict()}


def named(summary: RunSummary) -> str:
    """A run's name, and its settings where they are not the name already."""
    settings = in_few_words(summary.config)
    return settings if summary.name == settings else f"{summary.name} ({settings})"


def age(created: float) -> str:
    """How long ago that was, in the largest unit of which there is one."""
    seconds = max(time.time() - created, 1)
    unit, word = next((unit, word) for unit, word in UNITS if seconds >= unit)
    return f"{seconds / unit:.0f} {word}"


def size_in_words(summary: RunSummary) -> str:
    """Megabytes on the disk."""
    return "-" if summary.size is None else f"{summary.size / 2**20:.1f} MB"


def show(store: RunStore, options: argparse.Namespace) -> None:
    """All that is known of a run, its curve as numbers."""
    summary = summary_of(store, options.id)
    state, _ = store.files(summary.id).load_state(RunState(summary.id, summary.config))
    repeat: dict[str, Any] = {"commands": [], "limits": []}
    try:
        receipt = store.shelf.receipt(summary.id)
        repeat = {"commands": receipt.commands, "limits": receipt.limits}
    except (ValueError, OSError) as error:  # no checkpoint yet, or none that can be read
        repeat["limits"] = [f"It can't be said how to repeat it: {error}."]
    if options.json:
        values = state.to_dict()
        curve = {key: values[key] for key in ("results", "rate_changes", "test_accuracy")}
        say(values_of(summary) | curve | {"saved_step": state.saved_step} | repeat)
        return
    tell(f"{named(summary)}: {summary.status}. {summary.message}".rstrip())
    print(f"{age(summary.created)} old, {size_in_words(summary)}, saved at step {state.saved_step}")
    for key, value in summary.config.to_dict().items():
        tell(f"  {key.replace('_', ' ')}: {value}")
    for step, rate in state.rate_changes:
        print(f"learning rate {rate:g} from step {step:,} on")
    print_header()
    for result in state.results:
        print_epoch(result, as_json=False)
    if state.test_accuracy is not None:
        print(f"test accuracy {state.test_accuracy:.2%}")
    for line in (*repeat["commands"], *repeat["limits"]):
        tell(line)


def print_script(store: RunStore, options: argparse.Namespace) -> None:
    """The script alone, so that it can be written to a file."""
    script = store.shelf.receipt(options.id).script
    if options.json:
        say({"id": options.id, "script": script})
    else:
        tell(script.rstrip("\n"))


def export(store: RunStore, options: argparse.Namespace) -> None:
    """Write the ZIP whole or not at all."""
    atomic_write(options.out, lambda file: store.shelf.export(options.id, file))
    size = options.out.stat().st_size
    done(
        options,
        {"file": str(options.out), "bytes": size},
        f"{spelled(options.out)}: {size:,} bytes",
    )


def import_run(store: RunStore, options: argparse.Namespace) -> None:
    """Take in a ZIP, and say what of it was left alone."""
    try:
        row, left = store.shelf.bring_in(options.file, "", options.data)
    except ArchiveError as error:
        raise ValueError(f"{options.file} can't be imported: {error}") from error
    options.id = row.id
    done(options, {"left": left}, f"imported as {row.id}")
    if left and not options.json:
        complain(left_in_words(left))


def rename(store: RunStore, options: argparse.Namespace) -> None:
    """Give the run a name."""
    store.shelf.rename(options.id, options.name)
    shown = summary_of(store, options.id).name
    done(options, {"name": shown}, f"{options.id} is now called {shown}")


def delete(store: RunStore, options: argparse.Namespace) -> None:
    """Ask, and lay the run aside."""
    summary = summary_of(store, options.id)
    if not options.yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ValueError("nobody is there to be asked: --yes deletes without a question")
        print(f"Delete {named(summary)}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            done(options, {"deleted": False}, "nothing was deleted")
            return
    store.shelf.delete(summary.id)
    back = f"runs restore {summary.id}"
    done(options, {"deleted": True}, f"deleted; for {DAYS} days it is brought back by: {back}")


def restore(store: RunStore, options: argparse.Namespace) -> None:
    """Bring the run back."""
    store.shelf.restore(options.id)
    done(options, {"restored": True}, f"{options.id} is back")


def done(options: argparse.Namespace, values: dict[str, Any], words: str) -> None:
    """Say what was done, as it was asked for."""
    if options.json:
        say({"id": options.id} | values)
    else:
        tell(words)


ACTIONS: dict[str, Callable[[RunStore, argparse.Namespace], None]] = {
    "list": list_runs,
    "show": show,
    "script": print_script,
    "export": export,
    "import": import_run,
    "rename": rename,
    "delete": delete,
    "restore": restore,
}
COMMAND = Command("runs", "The runs that the app has kept: list, show, export.", add_options, run)
