"""What becomes of a command whose output nobody reads, or nothing can be written to."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_core.runs.store import RunStore
from mnist_core.training.checkpoint import load_checkpoint
from tests.cli.conftest import LONG, QUICK, started


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_reader_that_goes_away_ends_a_training_quietly(small_folder, form):
    with started("train", *LONG, "--data", str(small_folder), *form) as process:
        assert process.stdout and process.stderr and process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, "")


def test_a_run_that_loses_its_reader_is_kept_and_says_where(small_folder, tmp_path):
    path = tmp_path / "run.npz"
    data = ["--data", str(small_folder)]
    with started("train", *LONG, *data, "--json", "--out", str(path)) as process:
        assert process.stdout and process.stderr and process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 141
    step = load_checkpoint(path).step
    assert errors.startswith(
        f"nobody reads the output any more: stopped at step {step:,} of 200,000 and saved to {path}"
    )
    assert f"train --resume {path} --data" in errors and len(errors.splitlines()) == 1


@pytest.fixture
def digit(tmp_path, mnist) -> Path:
    """A picture of a digit."""
    path = tmp_path / "digit.png"
    Image.fromarray(255 - np.pad(mnist.test.images[0], 20)).save(path)
    return path


LOCALES = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "utf-8:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "C.UTF-8"},
]


@pytest.mark.parametrize("locale", LOCALES, ids=str)
def test_a_file_name_is_spelled_the_same_wherever_it_is_printed(digit, monkeypatch, locale):
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    strange = digit.with_name(os.fsdecode(b"a\nb\x1b[31m\xff.png"))
    broken = digit.with_name(os.fsdecode(b"c\rd\xfe.png"))
    strange.write_bytes(digit.read_bytes())
    broken.write_text("no picture")
    with started("predict", "mlp", str(strange), str(broken), str(digit)) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 2  # of the one that can't be read
    first, second = output.splitlines()
    assert "/a\\nb\\x1b[31m\\udcff.png: 7" in first
    assert second.startswith(f"{digit}: 7")
    assert "/c\\rd\\udcfe.png: This is no PNG" in errors and len(errors.splitlines()) == 1


def test_a_letter_without_bytes_in_ascii_stops_no_command(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    folder = tmp_path / "é\n"
    RunStore(folder).close()
    with started("runs", "list", "--folder", str(folder)) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.endswith("/\\xe9\\n\n")


@pytest.mark.parametrize("arguments", [["predict", "mlp", "{digit}"], ["evaluate", "mlp"]])
def test_other_commands_without_a_reader_end_quietly(digit, arguments):
    arguments = [word.format(digit=digit) for word in arguments]
    read, write = os.pipe()
    os.close(read)
    with started(*arguments, stdout=write) as process:
        os.close(write)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (141, "")


def test_a_run_is_saved_when_its_output_can_not_be_written(run, tmp_path, monkeypatch):
    def full(progress, as_json: bool) -> None:
        if progress.step == 13:
            raise OSError(28, "No space left on device")

    path = tmp_path / "run.npz"
    monkeypatch.setattr("mnist_core.cli.train.show", full)
    status, _, errors = run("train", *QUICK, "--out", str(path))
    assert status == 2
    assert "No space left on device" in errors and len(errors.splitlines()) == 1
    assert f"stopped at step 13 of 20 and saved to {path}; go on with: " in errors
    assert load_checkpoint(path).step == 13


@pytest.mark.parametrize("arguments", [["evaluate", "mlp"], ["--help"]])
def test_output_that_can_not_be_written_is_no_traceback(small_folder, arguments):
    if arguments[0] == "evaluate":
        arguments = [*arguments, "--data", str(small_folder)]
    with open("/dev/full", "w") as full, started(*arguments, stdout=full) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(errors.splitlines()) == 1
    assert "No space left on device" in errors


def test_a_full_memory_is_no_traceback(run, monkeypatch):
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mnist_core.cli.train.load_mnist", full)
    status, _, errors = run("train")
    assert status == 2
    assert "the memory is full" in errors and len(errors.splitlines()) == 1
