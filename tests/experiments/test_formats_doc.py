"""docs/formats.md: its programs run, and it names every array and key that a file can have."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.export import FORMATS, export_network
from mnist_core.experiments.plain_steps import FORMULAS
from mnist_core.nn.network import Sequential
from mnist_core.training.checkpoint import META_KEYS, load_checkpoint, save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Run
from tests.experiments.conftest import network_of

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
SECTIONS = dict(zip(FORMATS, re.split(r"^## .*$", TEXT, flags=re.MULTILINE)[1:], strict=True))


def program(form: str) -> str:
    """The one Python program in the section of a format."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTIONS[form], flags=re.DOTALL)
    return code


@pytest.fixture
def exported(tmp_path, monkeypatch, mnist: Dataset) -> Sequential:
    """A network that stands in every format in the current folder, beside 20 images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "network", raising=False)
    checkpoint, model = network_of({"name": "mlp", "hidden": (20, 15), "activation": "tanh"})
    for name, form in FORMATS.items():
        export_network(checkpoint, model, name, Path(f"network{form.ending}"))
    np.save("images.npy", mnist.test.images[:20])
    return model


@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_the_program_of_a_format_prints_our_predictions(form, exported, capsys, mnist: Dataset):
    exec(program(form), {})
    assert capsys.readouterr().out == f"{exported.predict(mnist.test.images[:20])}\n"


def test_that_of_the_script_prints_our_probabilities(exported, capsys, mnist: Dataset):
    exec(program("script"), {})
    assert capsys.readouterr().out == f"{exported.predict_proba(mnist.test.images[:1])[0]}\n"


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_that_of_npz_reads_the_network_that_predicts(
    average, small: Dataset, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    config = TrainConfig(hidden=(8,), train_size=200, batch_size=20, epochs=1, ema_decay=average)
    run = Run(config, small)
    for array in run.arrays():
        array[...] = np.random.default_rng(array.size).random(array.shape)
    save_checkpoint("network.npz", run.checkpoint())
    model = load_checkpoint("network.npz").network()
    values: dict = {}
    exec(program("npz"), values)
    assert values["meta"]["model"] == json.loads(json.dumps(config.network))
    named = model.parameters.named()
    assert values["weights"].keys() == named.keys()
    for name, array in named.items():
        np.testing.assert_array_equal(values["weights"][name], array)
    assert "0.W (8, 784) float32\n" in capsys.readouterr().out


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_every_array_of_a_run_stands_in_the_table_with_its_dtype(
    optimizer, small: Dataset, tmp_path
):
    rows = re.findall(r"^\| (`.*`) \| (.*) \| (.*) \| .* \|$", SECTIONS["npz"], flags=re.MULTILINE)
    table = {
        name: (shape, dtype)
        for names, shape, dtype in rows
        for name in re.findall("`(.*?)`", names)
    }
    config = TrainConfig(
        hidden=(8,), train_size=200, batch_size=20, optimizer=optimizer, ema_decay=0.9
    )
    run = Run(config, small)
    save_checkpoint(tmp_path / "run.npz", run.checkpoint())
    P = run.model.parameters.flat.size
    with np.load(tmp_path / "run.npz") as file:
        for name in file:
            shape, dtype = table[re.sub(r"/\d+", "/N", name)]
            assert file[name].dtype == dtype
            if name.startswith("optimizer/"):
                assert file[name].shape == {"(P,)": (P,), "(1,)": (1,)}[shape]


def test_every_key_and_every_kind_of_layer_is_named():
    for key in META_KEYS:
        assert f"`{key}`" in SECTIONS["npz"]
    for kind in FORMULAS:
        assert f"`{kind}`" in SECTIONS["safetensors"]


def test_the_reader_of_npz_has_about_ten_lines():
    assert len(program("npz").replace("\n\n", "\n").splitlines()) <= 10
