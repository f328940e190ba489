"""What `train` keeps: files are tried first, stopped runs are saved, saved runs go on."""

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
from tests.cli.conftest import LONG, QUICK, ROOT, lines, started

CONSTANT = ["--schedule", "constant", "--average", "0.9", "--optimizer", "adam"]


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


@pytest.fixture
def impatient(monkeypatch):
    """Ctrl-C is pressed twice while a certain step is shown."""

    def at(step: int) -> None:
        def press(progress, as_json: bool) -> None:
            if progress.step == step:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr("mnist_core.cli.train.show", press)

    return at


def test_who_does_not_wait_is_told_what_was_kept_before(run, impatient, tmp_path):
    path = tmp_path / "run.npz"
    impatient(13)
    status, _, errors = run("train", *QUICK, "--out", str(path))
    assert status == 130
    assert errors.startswith(f"stopped at step 13 of 20; step 10 is saved in {path}; go on with: ")
    assert f"python -m mnist_core train --resume {path} --data" in errors
    assert load_checkpoint(path).step == 10


def test_who_does_not_wait_is_told_that_nothing_was_kept(run, impatient, tmp_path):
    impatient(5)
    path = tmp_path / "run.npz"
    for out in ([], ["--out", str(path)]):
        status, _, errors = run("train", *QUICK, *out)
        assert status == 130
        assert errors.startswith("stopped at step 5 of 20; nothing was kept")
    assert not path.exists()


def test_who_does_not_wait_can_resume_the_same_file_once_more(run, impatient, tmp_path, saved):
    before, path = saved.read_bytes(), tmp_path / "longer run.npz"
    impatient(23)
    resume = ["train", "--resume", str(saved), "--epochs", "4", "--out", str(path)]
    status, _, errors = run(*resume)
    assert status == 130
    assert errors.startswith(f"stopped at step 23 of 40; {saved} is as it was; go on with: ")
    assert shlex.join(resume) in errors
    assert saved.read_bytes() == before


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


@pytest.fixture
def full_disk(monkeypatch):
    """From a certain step on, files of certain names can't be written."""

    def at(step: int, *names: str) -> None:
        save = keeping.save_checkpoint

        def fail(path: Path, checkpoint) -> None:
            if path.name in names and checkpoint.step >= step:
                raise OSError(28, "No space left on device")
            save(path, checkpoint)

        monkeypatch.setattr(keeping, "save_checkpoint", fail)

    return at


def test_a_result_that_can_not_be_saved_is_printed_all_the_same(run, full_disk, tmp_path):
    path, network = tmp_path / "run.npz", tmp_path / "network.npz"
    full_disk(20, "run.npz")
    files = ["--out", str(path), "--network", str(network)]
    status, output, errors = run("train", *QUICK, "--json", *files)
    assert status == 2
    assert "test_accuracy" in lines(output)[-1]
    assert f"the result could not be saved: {path}: No space left on device" in errors
    assert len(errors.splitlines()) == 1
    assert network.exists()  # which could be written
    assert load_checkpoint(path).step == 10


def test_a_stopped_run_that_can_not_be_saved_says_so(full_disk, run, monkeypatch, tmp_path):
    def press(progress, as_json: bool) -> None:
        if progress.step == 13:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("mnist_core.cli.train.show", press)
    full_disk(11, "run.npz")
    path = tmp_path / "run.npz"
    status, _, errors = run("train", *QUICK, "--out", str(path))
    assert status == 143
    assert "stopped at step 13 of 20, which could not be saved" in errors
    assert f"No space left on device); step 10 is saved in {path}; go on with: " in errors
    assert len(errors.splitlines()) == 1


def test_a_disk_that_is_full_at_the_end_does_not_hide_the_test_accuracy(run, full_disk, tmp_path):
    full_disk(20, "run.npz")
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


def test_a_run_is_saved_where_a_link_leads(run, tmp_path):
    link, file = tmp_path / "run.npz", tmp_path / "big disk" / "run.npz"
    link.symlink_to(file)  # whose folder is made
    for more in (["--out", str(link), *QUICK], ["--resume", str(link), "--epochs", "3"]):
        assert run("train", *more)[0] == 0
        assert link.is_symlink() and load_checkpoint(file).step > 0
        file.chmod(0o600)
    assert (tmp_path / "run-2-epochs.npz").stat().st_mode & 0o777 == 0o600


def test_links_in_a_circle_are_noticed_before_the_first_step(run, tmp_path):
    path = tmp_path / "run.npz"
    path.symlink_to(path)
    status, _, errors = run("train", *QUICK, "--out", str(path), "--network", str(tmp_path / "n"))
    assert status == 2
    assert f"{path} can't be written: Too many levels" in errors and len(errors.splitlines()) == 1


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
