"""What `train` keeps: files are tried first, stopped runs are saved, saved runs go on."""

import os
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_core.cli import keeping
from mnist_core.cli.keeping import StopSignal
from mnist_core.training.checkpoint import load_checkpoint
from tests.cli.conftest import LONG, QUICK, ROOT, lines

CONSTANT = ["--schedule", "constant", "--average", "0.9", "--optimizer", "adam"]


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


def same_run(one: Path, other: Path) -> bool:
    """Whether two files hold the same weights, optimizer, results and settings, to the bit."""
    first, second = load_checkpoint(one), load_checkpoint(other)
    for group in ("parameters", "optimizer", "ema"):
        mine, theirs = getattr(first, group), getattr(second, group)
        assert mine.keys() == theirs.keys()
        if not all(np.array_equal(mine[name], theirs[name]) for name in mine):
            return False
    histories = [
        [{**result, "seconds": 0} for result in checkpoint.history]
        for checkpoint in (first, second)
    ]
    return histories[0] == histories[1] and first.config == second.config


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stopped_run_is_saved_and_says_how_to_go_on(tmp_path, small_folder, number, status):
    path, data = tmp_path / "my run.npz", ["--data", str(small_folder)]
    with started("train", *LONG, *data, "--out", str(path), "--json") as process:
        assert process.stdout and process.stdout.readline()  # the first epoch has ended
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert len(errors.splitlines()) == 1
    step = load_checkpoint(path).step
    assert f"stopped at step {step:,} of 200,000 and saved to {path}; go on with: " in errors
    # What it says is carried out, as a shorter run, and compared with one that was never stopped.
    python, *command = shlex.split(errors.partition("go on with: ")[2])
    assert python == "python"
    epochs = ["--epochs", str(step // 20 + 2)]
    subprocess.run([sys.executable, *command, *epochs], cwd=ROOT, check=True, capture_output=True)
    straight = tmp_path / "straight.npz"
    with started("train", *LONG, *data, *epochs, "--out", str(straight)) as process:
        process.communicate(timeout=60)
    assert same_run(path, straight)


def test_a_stopped_run_without_a_file_says_that_nothing_was_kept(small_folder):
    with started("train", *LONG, "--data", str(small_folder)) as process:
        assert process.stdout and process.stdout.readline() and process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert len(errors.splitlines()) == 1
    assert "nothing was kept: with --out FILE" in errors


def test_a_second_signal_does_not_wait():
    with StopSignal() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.number == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with StopSignal() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert stop.number == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_run_is_saved_within_an_epoch_too(run, tmp_path, monkeypatch):
    path, steps = tmp_path / "run.npz", []

    def save(path: Path, checkpoint) -> None:
        steps.append(checkpoint.step)

    monkeypatch.setattr(keeping, "save_checkpoint", save)
    assert run("train", *QUICK, "--out", str(path))[0] == 0
    assert steps == [0, 10, 20]  # the trial, and the end of each epoch of ten steps
    monkeypatch.setattr(keeping, "SAVE_EVERY", 0)
    steps.clear()
    assert run("train", *QUICK, "--out", str(path))[0] == 0
    assert steps == [0, *range(1, 21)]


def test_a_run_that_can_not_be_saved_on_the_way_goes_on(run, tmp_path, monkeypatch):
    save, calls = keeping.save_checkpoint, []

    def sometimes_full(path: Path, checkpoint) -> None:
        calls.append(checkpoint.step)
        if checkpoint.step == 10:
            raise OSError(28, "No space left on device")
        save(path, checkpoint)

    path = tmp_path / "run.npz"
    monkeypatch.setattr(keeping, "save_checkpoint", sometimes_full)
    status, _, errors = run("train", *QUICK, "--out", str(path))
    assert (status, calls) == (0, [0, 10, 20])
    assert "No space left on device" in errors and len(errors.splitlines()) == 1
    assert load_checkpoint(path).step == 20


def test_a_disk_that_is_full_at_the_end_does_not_hide_the_test_accuracy(run, tmp_path, monkeypatch):
    def full_at_the_end(path: Path, checkpoint) -> None:
        if checkpoint.step == 20:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "save_checkpoint", full_at_the_end)
    status, output, errors = run("train", *QUICK, "--out", str(tmp_path / "run.npz"), "--json")
    assert status == 2 and "No space left on device" in errors
    assert 0 <= lines(output)[-1]["test_accuracy"] <= 1


def test_files_are_tried_before_the_first_step_and_stay_as_they_are(run, tmp_path, monkeypatch):
    monkeypatch.setattr("mnist_core.cli.train.train", lambda run: pytest.fail("it has begun"))
    path = tmp_path / "run.npz"
    path.write_text("precious")
    status, output, errors = run("train", "--out", str(path), "--network", str(tmp_path), "--json")
    assert (status, output) == (2, "")
    assert f"{tmp_path} is a folder" in errors
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_without_room_is_noticed_before_the_first_step(tmp_path, small_folder):
    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))  # bytes of any file

    data, path = ["--data", str(small_folder)], tmp_path / "run.npz"
    with started("train", *LONG, *data, "--json", "--out", str(path), preexec_fn=prepare) as it:
        output, errors = it.communicate(timeout=60)
    assert (it.returncode, output) == (2, "")
    assert f"{path} can't be written: File too large" in errors
    assert len(errors.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_finished_run_goes_on_as_if_it_had_been_longer(run, tmp_path):
    path, longer = tmp_path / "run.npz", tmp_path / "longer.npz"
    assert run("train", *QUICK, *CONSTANT, "--out", str(path), "--json")[0] == 0
    two_epochs = path.read_bytes()
    status, output, errors = run("train", "--resume", str(path), "--epochs", "4", "--json")
    assert status == 0
    assert [line["epoch"] for line in lines(output)[:-1]] == [3, 4]
    assert run("train", *QUICK, *CONSTANT, "--epochs", "4", "--out", str(longer))[0] == 0
    assert same_run(path, longer)
    # The run of two epochs is not lost, and it is said where it is.
    former = tmp_path / "run-2-epochs.npz"
    assert former.read_bytes() == two_epochs
    assert str(former) in errors


def test_a_former_run_never_takes_the_place_of_another_file(run, tmp_path):
    path = tmp_path / "run.npz"
    (tmp_path / "run-2-epochs.npz").write_text("precious")
    assert run("train", *QUICK, "--out", str(path))[0] == 0
    assert run("train", "--resume", str(path), "--epochs", "3")[0] == 0
    assert (tmp_path / "run-2-epochs.npz").read_text() == "precious"
    assert load_checkpoint(tmp_path / "run-2-epochs-2.npz").config["epochs"] == 2
    assert load_checkpoint(path).config["epochs"] == 3


def test_a_resumed_run_can_be_saved_elsewhere(run, tmp_path, saved):
    before, path = saved.read_bytes(), tmp_path / "more.npz"
    assert run("train", "--resume", str(saved), "--epochs", "3", "--out", str(path))[0] == 0
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
    assert load_checkpoint(path).step == 30


def test_another_schedule_spans_the_new_length(run, tmp_path, saved):
    path = tmp_path / "more.npz"
    assert run("train", "--resume", str(saved), "--epochs", "3", "--out", str(path))[0] == 0
    assert load_checkpoint(path).config["schedule"] == "one-cycle"
    before, after = (load_checkpoint(file).parameters["0.W"] for file in (saved, path))
    assert np.abs(after - before).max() > 1e-3  # though the rate was 0 where the shorter run ended


def test_a_reader_that_goes_away_is_no_traceback(small_folder):
    with started("train", *LONG, "--data", str(small_folder), "--json") as process:
        assert process.stdout and process.stderr and process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 2
    assert errors == "mnist_core train: nobody reads the output any more\n"


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
