"""What the tests of the command line share: commands carried out here, or in a process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_core.cli.main import main

QUICK = ["--hidden", "8", "--train-size", "200", "--batch-size", "20", "--epochs", "2"]
ROOT = Path(__file__).parents[2]
# Minutes on any machine; a constant rate makes a shorter run the beginning of a longer one.
LONG = [*QUICK[:-1], "10000", "--schedule", "constant", "--batch-size", "10"]


def in_a_process(*arguments: str) -> subprocess.CompletedProcess:
    """`python -m mnist_core` as a person types it."""
    return subprocess.run(
        [sys.executable, "-m", "mnist_core", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
    )


def started(*arguments: str, **how) -> subprocess.Popen:
    """`python -m mnist_core` in a process that goes on."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever pytest was told

    return subprocess.Popen(
        [sys.executable, "-m", "mnist_core", *arguments],
        cwd=ROOT,
        # Unbuffered output would fail within print already, and not at the end as for most people.
        env=os.environ | {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": ""},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": prepare} | how,
    )


@pytest.fixture
def run(capsys, small_folder):
    """Carry out a command on the small data set; its exit status, output and error output."""

    def carry_out(*arguments: str) -> tuple[int, str, str]:
        if arguments and arguments[0] in ("train", "evaluate", "sweep", "compare"):
            arguments = (*arguments, "--data", str(small_folder))
        try:
            status = main(list(arguments))
        except SystemExit as end:  # how argparse ends
            assert isinstance(end.code, int)
            status = end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return carry_out


@pytest.fixture(scope="module")
def saved(tmp_path_factory, small_folder) -> Path:
    """A run that was trained for two epochs and saved."""
    path = tmp_path_factory.mktemp("saved") / "run.npz"
    assert main(["train", *QUICK, "--out", str(path), "--json", "--data", str(small_folder)]) == 0
    return path


def lines(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]
