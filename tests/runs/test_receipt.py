"""The receipt of a run: its command line and its script lead to its very results again."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.data.mnist import MNIST_DATA_SHA256
from mnist_core.runs.commands import Resume, SetLearningRate, TrainBatch
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import ROOT
from mnist_core.runs.receipt import Receipt, receipt_of
from mnist_core.runs.rows import Origin, RunRow
from mnist_core.runs.state import RunState
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.run import EpochResult
from tests.runs.tools import CONFIG, TIMEOUT, at, ended, wait_without_process


def output(arguments: list[str], where: Path) -> list[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=where, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def by_script(receipt: Receipt, where: Path) -> tuple[EpochResult, ...]:
    lines = output([sys.executable, "-c", receipt.script], where)
    return tuple(eval(line, {"EpochResult": EpochResult}) for line in lines)


def by_commands(receipt: Receipt, where: Path) -> tuple[EpochResult, ...]:
    found = []
    for command in receipt.commands:
        arguments = ["sh", "-c", command.replace("python", sys.executable, 1) + " --json"]
        found += [json.loads(line) for line in output(arguments, where)]
    return tuple(EpochResult(**values) for values in found if "epoch" in values)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(
            CONFIG, learning_rate=1 / 30, initialisation="normal(0.1)", optimizer="sgd",
            ema_decay=0.0, augmentation=AUGMENTATIONS["mild"], strokes=0.1,
        ),
        TrainConfig(
            model="cnn", channels=(2,), kernel_sizes=(5,), train_size=100, epochs=2, threads=2
        ),
    ],
    ids=["adam", "sgd", "cnn"],
)  # fmt: skip
def test_command_and_script_lead_to_the_same_curve(
    pool: LocalPool, folder: Path, tmp_path: Path, config: TrainConfig
) -> None:
    data = None if config.strokes else folder  # drawn digits go with digits alone
    handle = pool.start(config, data=data)
    results = handle.wait_for(ended, TIMEOUT).results
    receipt = pool.store.shelf.receipt(handle.id)
    assert len(receipt.commands) == 1 and receipt.limits == ()
    assert by_commands(receipt, tmp_path) == by_script(receipt, tmp_path) == results


def test_the_script_changes_the_learning_rate_where_it_was_changed_by_hand(
    pool: LocalPool, folder: Path, tmp_path: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(SetLearningRate(0.02))
    for step in (1, 2, 3):
        handle.send(TrainBatch())
        handle.wait_for(at(step, "paused"), TIMEOUT)
    handle.send(SetLearningRate(0.1))
    handle.send(SetLearningRate(1 / 300))
    handle.send(Resume())
    view = handle.wait_for(ended, TIMEOUT)
    receipt = pool.store.shelf.receipt(handle.id)
    assert by_script(receipt, tmp_path) == view.results != history
    (limit,) = receipt.limits
    assert "changed by hand at step 0, 3" in limit and limit in receipt.script


def test_a_run_that_was_given_more_epochs_is_repeated_in_two_parts(
    pool: LocalPool, folder: Path, tmp_path: Path, history: tuple[EpochResult, ...]
) -> None:
    short = pool.start(replace(CONFIG, epochs=2), data=folder)
    short.wait_for(ended, TIMEOUT)
    wait_without_process(pool, short)
    longer = pool.longer(short.id, 2)
    results = longer.wait_for(ended, TIMEOUT).results
    receipt = pool.store.shelf.receipt(longer.id)
    assert results != history  # its schedule was another
    assert len(receipt.commands) == 2
    assert by_commands(receipt, tmp_path) == by_script(receipt, tmp_path) == results


def receipt_for(config: TrainConfig, **about: object) -> Receipt:
    row = replace(RunRow("0" * 16, config, None, 0.0, "finished"), **about)
    return receipt_of(row, RunState(row.id, config), data_sha256=MNIST_DATA_SHA256)


def test_a_recipe_is_its_own_command() -> None:
    for preset, config in PRESETS.items():
        receipt = receipt_for(config)
        assert receipt.commands == (f"python -m mnist_core train --preset {preset}",)
        assert receipt.limits == ()
        namespace: dict[str, TrainConfig] = {}
        exec(receipt.script[: receipt.script.index("run = Run")], namespace)
        assert namespace["config"] == config


def test_what_cannot_be_repeated_is_said() -> None:
    own = replace(CONFIG, augmentation=replace(AUGMENTATIONS["mild"], shift=3.0))
    (limit,) = receipt_for(own).limits
    assert "no word for the augmentation" in limit
    (limit,) = receipt_for(CONFIG, origin=Origin(weights=True)).limits
    assert "weights of another run" in limit
    row = RunRow("0" * 16, CONFIG, None, 0.0, "finished")
    (limit,) = receipt_of(row, RunState(row.id, CONFIG), data_sha256="0" * 64).limits
    assert "other data than MNIST" in limit


def test_no_text_of_a_file_becomes_code() -> None:
    row = RunRow("0" * 16, CONFIG, 'a"\nimport evil', 0.0, "finished", name="x\nimport evil")
    script = receipt_of(row, RunState(row.id, CONFIG), data_sha256=MNIST_DATA_SHA256).script
    imported = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Import)]
    assert [name.name for node in imported for name in node.names] == ["os"]
    with pytest.raises(ValueError, match="SHA-256"):
        receipt_of(row, RunState(row.id, CONFIG), data_sha256="0\nimport evil")


def test_weights_of_another_run_are_noted_when_a_run_begins_with_them(
    pool: LocalPool, folder: Path
) -> None:
    first = pool.start(CONFIG, data=folder)
    first.wait_for(ended, TIMEOUT)
    checkpoint = load_checkpoint(first.folder / "checkpoint.npz")
    second = pool.start(replace(CONFIG, epochs=5), data=folder, checkpoint=checkpoint)
    second.wait_for(ended, TIMEOUT)
    (limit,) = pool.store.shelf.receipt(second.id).limits
    assert "weights of another run" in limit
