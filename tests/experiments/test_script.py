"""The script: a short file that needs NumPy alone and gives our numbers to the bit."""

import ast
import gzip
import subprocess
import sys

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.script_file import script_bytes
from mnist_core.training.checkpoint import load_trained
from tests.conftest import write_idx
from tests.experiments.conftest import ALL, network_of, words

LARGEST = {
    "name": "cnn",
    "channels": (3, 3, 3),
    "kernel_sizes": (3, 3, 3),
    "padding": "same",
    "dense": (8, 8, 8),
    "activation": "sigmoid",
    "dropout": 0.1,
}  # in lines


def functions_of(content: bytes) -> dict:
    values = {"__name__": "digits"}
    exec(compile(content, "digits.py", "exec"), values)
    return values


@pytest.mark.parametrize("options", ALL, ids=words)
def test_the_script_gives_our_numbers_to_the_bit(options, mnist: Dataset):
    checkpoint, model = network_of(options)
    probabilities = functions_of(script_bytes(checkpoint, model))["probabilities"]
    for n in range(50):
        ours = model.predict_proba(mnist.test.images[n : n + 1])[0]
        theirs = probabilities(mnist.test.images[n])
        assert theirs.dtype == np.float32
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_it_does_for_the_networks_that_come_with_the_program(name, mnist: Dataset):
    checkpoint, model = load_trained(name)
    probabilities = functions_of(script_bytes(checkpoint, model))["probabilities"]
    for n in range(50):
        ours = model.predict_proba(mnist.test.images[n : n + 1])[0]
        np.testing.assert_array_equal(probabilities(mnist.test.images[n]), ours)


@pytest.mark.parametrize("options", [LARGEST, *ALL], ids=words)
def test_it_has_fewer_than_sixty_lines_of_code_none_too_long(options):
    beginning, _, end = script_bytes(*network_of(options)).decode().rpartition('b64decode("""')
    data, _, end = end.partition('"""')
    lines = [line for line in (beginning + end).splitlines() if line.strip()]
    assert len(lines) < 60
    assert max(map(len, lines)) <= 100
    assert data.strip()


def test_it_imports_nothing_but_numpy_and_the_standard_library():
    tree = ast.parse(script_bytes(*network_of({"name": "cnn"})))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert names - sys.stdlib_module_names == {"numpy"}


def test_each_layer_says_its_shapes():
    code = script_bytes(*network_of({"name": "cnn", "dense": (12,), "dropout": 0.5})).decode()
    for line in (
        'x = convolve_and_pool(x, w["0.W"], w["0.b"], (0, 0))  # (1, 28, 28) -> (8, 12, 12)',
        "x = np.maximum(x, 0)  # relu of each value: (8, 12, 12)",
        "x = x.reshape(256, 1)  # all values in one column",
        'x = w["6.W"] @ x + w["6.b"][:, None]  # W x + b: (12, 256) (256, 1) + (12, 1) -> (12, 1)',
    ):
        assert f"    {line}\n" in code


def test_from_a_shell_it_reads_images_of_three_kinds(tmp_path, mnist: Dataset):
    checkpoint, model = load_trained("mlp")
    script = tmp_path / "digits.py"
    script.write_bytes(script_bytes(checkpoint, model))
    images = mnist.test.images[:3]
    write_idx(tmp_path / "images-idx3-ubyte", images)
    (tmp_path / "images-idx3-ubyte.gz").write_bytes(
        gzip.compress((tmp_path / "images-idx3-ubyte").read_bytes())
    )
    np.save(tmp_path / "digit.npy", images[2])
    np.save(tmp_path / "floats.npy", images[2] / 255)

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-W", "error", "-I", str(script), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    expected = [
        f"{digit} {p:8.3%}" for digit, p in enumerate(model.predict_proba(images[2:])[0].tolist())
    ]
    for arguments in (
        ["images-idx3-ubyte", "2"],
        ["images-idx3-ubyte.gz", "2"],
        ["digit.npy"],
    ):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        *picture, tens = done.stdout.splitlines()[:14], done.stdout.splitlines()[14:]
        assert {len(row) for row in picture[0]} == {28}
        assert [row[:10] for row in tens] == expected
    assert run("floats.npy").stderr == (
        "floats.npy does not hold images of 28x28 pixels as uint8\n"
    )
    assert "python digits.py t10k-images-idx3-ubyte.gz 7" in run().stderr
