"""How to have a run again: the command line and a script of a few lines that lead to its curve.
What they can't repeat, as weights that came from elsewhere, is said in sentences.
"""

import platform
import re
import shlex
from dataclasses import dataclass, fields, replace

import numpy as np

from mnist_core.data.augment import Augmentation
from mnist_core.data.mnist import MNIST_DATA_SHA256
from mnist_core.paths import COMMAND_LINE
from mnist_core.runs.rows import RunRow
from mnist_core.runs.state import RunState
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import in_few_words, nearest_preset
from mnist_core.training.setting import in_words
from mnist_core.training.settings import SETTINGS

SHA256 = re.compile(r"[0-9a-f]{64}")
TRAIN = (*COMMAND_LINE, "train")
SAVED = "run.npz"  # where the commands keep a run that is given more epochs


@dataclass(frozen=True)
class Receipt:
    """`commands` for a shell and a `script` in Python, to be run in the program's own folder.

    Each repeats the run's results to the bit, on the same machine with the same versions, but for
    what `limits` says, in sentences. Of a run that has not come to its end they go on to it.
    """

    commands: tuple[str, ...]
    script: str
    limits: tuple[str, ...]


def receipt_of(row: RunRow, state: RunState, *, data_sha256: str) -> Receipt:
    """The receipt of a run; `data_sha256` is of the data it was trained on.

    ValueError for another text than a hash, which has no place in a script.
    """
    if not SHA256.fullmatch(data_sha256):
        raise ValueError("the checkpoint has no SHA-256 of its data")
    limits = _limits(row, state, data_sha256)
    about = [
        f"Digit Lab, run {row.id}: {row.name or in_few_words(row.config)}",
        f"Python {platform.python_version()}, NumPy {np.__version__}",
        f"data: SHA-256 {data_sha256}",
        *limits,
    ]
    comment = "".join(f"# {' '.join(line.split())}\n" for line in about)
    return Receipt(_commands(row), comment + _script(row, state, data_sha256), limits)


def _lengths(row: RunRow) -> tuple[int, ...]:
    """The epochs that the run was given, one after the other, as far as that makes a difference."""
    epochs = row.config.epochs
    # Without a schedule the steps are those of a run that had all of its epochs from the start.
    return (epochs,) if row.config.schedule == "constant" else (*row.origin.lengths, epochs)


def _limits(row: RunRow, state: RunState, data_sha256: str) -> tuple[str, ...]:
    said = []
    if row.origin.weights:
        said.append(
            "It began with the weights of another run or of a file, which neither the command nor "
            "the script has: an exported run has them."
        )
    if state.rate_changes:
        steps = ", ".join(f"{step:,}" for step, _ in state.rate_changes[:5])
        more = " and later" if len(state.rate_changes) > 5 else ""
        said.append(
            f"Its learning rate was changed by hand at step {steps}{more}: the script repeats "
            "that, the command can't."
        )
    if row.data is None and data_sha256 != MNIST_DATA_SHA256:
        said.append("It was trained on other data than MNIST: give its folder, with --data DIR.")
    for name, value in nearest_preset(row.config)[1].items():
        if not SETTINGS[name].can_be_typed(value):
            said.append(f"The command line has no word for {in_words(name)}: only the script has.")
    return tuple(said)


def _commands(row: RunRow) -> tuple[str, ...]:
    """One command, and one more for each time that the run was given more epochs."""
    first, *longer = _lengths(row)
    preset, differences = nearest_preset(replace(row.config, epochs=first))
    words = [*TRAIN, "--preset", preset]
    for name, value in differences.items():
        if SETTINGS[name].can_be_typed(value):
            words += [SETTINGS[name].flags[0], SETTINGS[name].as_typed(value)]
    data = ["--data", row.data] if row.data else []
    saved = ["--out", SAVED] if longer else []
    commands = [words + data + saved]
    for epochs in longer:
        commands.append([*TRAIN, "--resume", SAVED, "--epochs", str(epochs), *data])
    return tuple(shlex.join(words) for words in commands)


def _script(row: RunRow, state: RunState, data_sha256: str) -> str:
    first, *longer = _lengths(row)
    config = replace(row.config, epochs=first)
    lines = [
        *(["from dataclasses import replace"] if longer else []),
        "import os",
        "",
        'os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy comes: it decides the last bits',
        "",
        "from mnist_core import load_mnist",
        *(["from mnist_core.data.augment import Augmentation"] if config.augmentation else []),
        "from mnist_core.training.config import TrainConfig",
        "from mnist_core.training.run import Run",
        "from mnist_core.training.train import train",
        "",
        f"data = load_mnist({row.data!r})" if row.data else "data = load_mnist()",
        f'assert data.sha256 == "{data_sha256}", "these are other data"',
        f"config = {_in_python(config)}",
        "run = Run(config, data)",
    ]
    if rates := dict(state.rate_changes):
        lines += [
            f"rates = {rates!r}  # that were set by hand, by the step before which they were",
            "run.learning_rate = rates.get(0, run.learning_rate)",
        ]
    lines += _loop(bool(rates))
    if longer:
        lines += [
            f"for epochs in {longer!r}:  # it was finished, and was then given more",
            "    config = replace(config, epochs=epochs)",
            "    run = Run.resume(replace(run.checkpoint(), config=config.to_dict()), data)",
            *("    " + line for line in _loop(bool(rates))),
        ]
    return "\n".join(lines) + "\n"


def _loop(with_rates: bool) -> list[str]:
    """The lines that train a run to its end and print the result of every epoch."""
    set_rate = "    run.learning_rate = rates.get(run.step, run.learning_rate)"
    return [
        "for progress in train(run):",
        *([set_rate] if with_rates else []),
        "    if progress.result:",
        "        print(progress.result)",
    ]


def _in_python(config: TrainConfig | Augmentation) -> str:
    """The call that makes these settings: only what is no default."""
    default = type(config)()
    given = {f.name: getattr(config, f.name) for f in fields(config)}
    words = [
        f"{name}={_in_python(value) if isinstance(value, Augmentation) else repr(value)}"
        for name, value in given.items()
        if value != getattr(default, name)
    ]
    return f"{type(config).__name__}({', '.join(words)})"
