"""The images that --data names: data sets from elsewhere, and digits that lie on their side."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from mnist_core.cli.main import main
from mnist_core.data.mnist import Dataset
from tests.cli.conftest import QUICK, lines
from tests.conftest import write_idx


@pytest.fixture(scope="module")
def emnist(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set that lies on its side and is named as EMNIST is."""
    folder = tmp_path_factory.mktemp("emnist")
    for part, split in (("train", mnist.train[:720]), ("test", mnist.test[:200])):
        name = f"emnist-digits-{part}-{{}}.gz"
        write_idx(folder / name.format("images-idx3-ubyte"), split.images.transpose(0, 2, 1))
        write_idx(folder / name.format("labels-idx1-ubyte"), split.labels)
    return folder


SIDEWAYS = "lie on their side, as EMNIST's do"


def test_digits_that_lie_on_their_side_are_recognised_and_turned_on_request(
    capsys: pytest.CaptureFixture[str], emnist: Path
) -> None:
    assert main(["evaluate", "cnn", "--data", str(emnist), "--json"]) == 0
    output, errors = capsys.readouterr()
    assert lines(output)[0]["accuracy"] < 0.4
    assert SIDEWAYS in errors and "of 200 images" in errors and "--turn turns them" in errors
    assert len(errors.splitlines()) == 1
    assert main(["evaluate", "cnn", "--data", str(emnist), "--turn", "--json"]) == 0
    output, errors = capsys.readouterr()
    assert lines(output)[0]["accuracy"] > 0.95
    assert errors == ""


@pytest.mark.parametrize(
    "command", [["train", *QUICK], ["compare", "--epochs 1", "--epochs 1", "--seeds", "1"]]
)
def test_whoever_trains_on_such_digits_is_told_too(
    capsys: pytest.CaptureFixture[str], emnist: Path, command: list[str]
) -> None:
    main([*command, "--data", str(emnist)])
    assert SIDEWAYS in capsys.readouterr().err


def test_upright_digits_that_are_turned_are_told_of(
    capsys: pytest.CaptureFixture[str], small_folder: Path
) -> None:
    assert main(["evaluate", "mlp", "--data", str(small_folder), "--turn"]) == 0
    assert "leave --turn out" in capsys.readouterr().err


def test_a_stopped_run_on_turned_digits_names_turn_in_the_command_that_goes_on(
    capsys: pytest.CaptureFixture[str], emnist: Path, tmp_path: Path, monkeypatch
) -> None:
    def full(progress, as_json: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mnist_core.cli.train.show", full)
    out = ["--out", str(tmp_path / "run.npz")]
    assert main(["train", *QUICK, "--data", str(emnist), "--turn", *out]) == 2
    assert f"--data {emnist} --turn" in capsys.readouterr().err


@pytest.fixture(scope="module")
def other_things(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of ten kinds that are no digits: each shows its label as a bar."""
    folder = tmp_path_factory.mktemp("bars")
    for part, split in (("train", mnist.train[:720]), ("t10k", mnist.test[:200])):
        bars = np.zeros_like(split.images)
        for image, label in zip(bars, split.labels, strict=True):
            image[4 + 2 * label : 6 + 2 * label, 4:24] = 255
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", bars)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", split.labels)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["train", *QUICK, "--strokes", "0.1"],
        ["train", "--preset", "handwriting", "--train-size", "100"],
        ["sweep", "--vary", "strokes=0,0.1", "--train-size", "100", "--out", "sweep"],
        ["compare", "--train-size 100", "--train-size 100 --strokes 0.1"],
    ],
)
def test_drawn_digits_are_not_mixed_with_images_of_anything_else(
    capsys: pytest.CaptureFixture[str], other_things: Path, command: list[str]
) -> None:
    assert main([*command, "--data", str(other_things)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--strokes mixes in drawn digits" in line and "give --strokes 0" in line


def test_drawn_digits_are_mixed_with_digits_of_others(
    capsys: pytest.CaptureFixture[str], emnist: Path
) -> None:
    settings = [*QUICK, "--train-size", "100", "--epochs", "1", "--strokes", "0.1"]
    assert main(["train", *settings, "--data", str(emnist), "--turn"]) == 0


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "mlp"],
        ["evaluate", "mlp", "--full", "--out", "report"],
        ["train"],
        ["sweep", "--vary", "hidden=8", "--out", "sweep"],
        ["compare", "quick", "best"],
        ["report", "--out", "report"],
    ],
)
def test_mnist_itself_is_not_turned(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert main([*command, "--turn"]) == 2
    assert "--turn belongs to --data" in capsys.readouterr().err


def test_what_was_left_alone_in_a_zip_is_said(
    capsys: pytest.CaptureFixture[str], small_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "set.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for path in small_folder.iterdir():
            archive.write(path, f"my set/{path.name}")
        archive.writestr("my set/notes.txt", "good ones")
    assert main(["evaluate", "mlp", "--data", str(file)]) == 0
    output, errors = capsys.readouterr()
    assert "on 200 images" in output
    assert errors == f"{file}: left alone, as not needed: my set/notes.txt\n"


def test_an_npz_file_is_trained_on(
    capsys: pytest.CaptureFixture[str], mnist: Dataset, tmp_path: Path
) -> None:
    some = mnist.train[:600]
    path = tmp_path / "set.npz"
    np.savez(path, x_train=some.images, y_train=some.labels)
    settings = [*QUICK, "--train-size", "100", "--epochs", "1"]
    assert main(["train", *settings, "--data", str(path), "--json"]) == 0
    assert lines(capsys.readouterr().out)[-1]["parameters"] > 0
