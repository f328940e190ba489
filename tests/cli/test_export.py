"""`export`: a file in each format, what is said of it, and one line for every mistake."""

import numpy as np
import pytest
import safetensors.numpy

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.experiments.export import FORMATS
from mnist_core.training.checkpoint import load_checkpoint
from tests.cli.conftest import in_a_process, lines


@pytest.mark.parametrize("form", FORMATS)
def test_the_name_of_the_file_chooses_the_format(run, tmp_path, form):
    path = tmp_path / "new" / f"network{FORMATS[form].ending}"
    status, output, errors = run("export", "mlp", "--out", str(path), "--json")
    assert (status, errors) == (0, "")
    assert lines(output) == [
        {
            "file": str(path),
            "format": form,
            "bytes": path.stat().st_size,
            "parameters": 784 * 64 + 64 + 64 * 10 + 10,
        }
    ]
    other = tmp_path / "without-an-ending"
    assert run("export", "mlp", "--out", str(other), "--format", form)[0] == 0
    assert other.read_bytes() == path.read_bytes()


def test_people_get_a_sentence(run, tmp_path):
    path = tmp_path / "mlp.safetensors"
    status, output, errors = run("export", "mlp", "--out", str(path))
    assert (status, errors) == (0, "")
    assert output == f"{path}: 50,890 parameters as safetensors, {path.stat().st_size:,} bytes\n"


def test_a_run_is_exported_with_the_weights_that_predict(run, saved, tmp_path, mnist: Dataset):
    npz, tensors = tmp_path / "network.npz", tmp_path / "network.safetensors"
    assert run("export", str(saved), "--out", str(npz))[0] == 0
    assert run("export", str(saved), "--out", str(tensors))[0] == 0
    whole, network = load_checkpoint(saved), load_checkpoint(npz)
    assert whole.optimizer and not network.optimizer and not network.ema
    model = load_model(saved)
    images = mnist.test.images[:50]
    np.testing.assert_array_equal(
        load_model(npz).predict_proba(images), model.predict_proba(images)
    )
    arrays = safetensors.numpy.load_file(tensors)
    for name, array in model.parameters.named().items():
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["mlp"], "required: --out"),
        (["--out", "x.npz"], "required"),
        (["mlp", "--out", ""], "a name is needed"),
        (["mlp", "--out", "x.bin"],
         "the name x.bin ends in none of .npz, .safetensors, .onnx, .py: choose a format with "
         "--format"),
        (["mlp", "--out", "x.npz", "--format", "pickle"], "invalid choice: 'pickle'"),
        (["nowhere.npz", "--out", "x.py"], "there is no file nowhere.npz"),
        (["README.md", "--out", "x.py"], "README.md can't be used"),
        (["mlp", "--out", "tests", "--format", "npz"], "tests is a folder"),
        (["mlp", "--out", "/dev/null", "--format", "npz"], "/dev/null is no plain file"),
        (["mlp", "--out", "pyproject.toml/x.npz"], "pyproject.toml"),
        (["mlp", "--out", "/proc/nowhere/x.npz"], "the folder /proc/nowhere can't be made"),
        (["mlp", "--out", "n" * 300 + ".npz"], "File name too long"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_status_2_and_one_line(run, arguments, expected):
    status, output, errors = run("export", *arguments)
    assert (status, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert expected in errors


def test_a_run_is_never_replaced_by_its_own_export(run, saved):
    before = saved.read_bytes()
    status, _, errors = run("export", str(saved), "--out", str(saved))
    assert status == 2
    assert f"{saved} is the network itself: give --out another name" in errors
    assert saved.read_bytes() == before


def test_what_stood_there_stays_if_the_file_cannot_be_made(run, tmp_path):
    path = tmp_path / "x.py"
    path.write_text("print('mine')")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK")
    assert run("export", str(damaged), "--out", str(path))[0] == 2
    assert path.read_text() == "print('mine')"
    assert sorted(tmp_path.iterdir()) == [damaged, path]


def test_it_runs_from_a_shell(tmp_path):
    path = tmp_path / "cnn.onnx"
    done = in_a_process("export", "cnn", "--out", str(path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done.stdout)[0]["format"] == "onnx"
    assert path.stat().st_size > 300_000
