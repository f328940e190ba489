"""ONNX: another program's numbers are ours, for every kind of layer and any number of images."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.experiments.onnx_file import onnx_bytes
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import load_trained
from tests.cli.conftest import ROOT
from tests.experiments.conftest import ALL, network_of, words

TOLERANCE = 1e-5


def session_of(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def assert_same_numbers(content: bytes, model: Sequential, images: np.ndarray) -> None:
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    probabilities, logits = session_of(content).run(["probabilities", "logits"], {"images": images})
    assert isinstance(probabilities, np.ndarray) and isinstance(logits, np.ndarray)
    assert probabilities.dtype == logits.dtype == np.float32
    assert np.abs(probabilities - model.predict_proba(images)).max() < TOLERANCE
    ours = model.logits(images).T
    assert np.abs(logits - ours).max() < TOLERANCE * max(1, np.abs(ours).max())


@pytest.mark.parametrize("options", ALL, ids=words)
def test_onnxruntime_gives_our_numbers_for_a_thousand_images(options, mnist: Dataset):
    checkpoint, model = network_of(options)
    assert_same_numbers(onnx_bytes(checkpoint, model), model, mnist.test.images[:1000])


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_it_gives_them_for_the_networks_that_come_with_the_program(name, mnist: Dataset):
    assert_same_numbers(onnx_bytes(*load_trained(name)), load_model(name), mnist.test.images[:1000])


def test_any_number_of_images_may_be_asked_for(mnist: Dataset):
    checkpoint, model = network_of({"name": "cnn"})
    session = session_of(onnx_bytes(checkpoint, model))
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape) == ("images", "tensor(uint8)", ["N", 28, 28])
    assert [(out.name, out.type, out.shape) for out in session.get_outputs()] == [
        ("probabilities", "tensor(float)", ["N", 10]),
        ("logits", "tensor(float)", ["N", 10]),
    ]
    for n in (1, 3):
        (probabilities,) = session.run(["probabilities"], {"images": mnist.test.images[:n]})
        assert isinstance(probabilities, np.ndarray)
        np.testing.assert_allclose(
            probabilities, model.predict_proba(mnist.test.images[:n]), atol=TOLERANCE
        )


def test_without_the_package_one_line_says_what_to_install(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['onnx'] = None\n"
        "from mnist_core.cli.main import main\n"
        f"sys.exit(main(['export', 'mlp', '--out', {str(tmp_path / 'mlp.onnx')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "mnist_core export: for the format onnx the package onnx is missing: "
        "pip install -r requirements-export.txt\n"
    )
    assert not list(tmp_path.iterdir())
