"""A small data set, what training on it leads to, and a pool with a clock that is set by hand."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import ONE_THREAD, ROOT
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.run import EpochResult
from tests.runs.tools import CONFIG, Clock


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in MNIST's form: a bar for each digit, on noise."""
    root = tmp_path_factory.mktemp("bars")
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 240), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = rng.integers(0, 200, (count, 28, 28), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 3 : 2 * label + 6] = 255
        header = b"\x00\x00\x08\x03" + np.array(images.shape, ">u4").tobytes()
        (root / f"{prefix}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = b"\x00\x00\x08\x01" + np.array(labels.shape, ">u4").tobytes()
        (root / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return root


@pytest.fixture(scope="session")
def data(folder: Path) -> Dataset:
    return load_mnist(folder)


@pytest.fixture(scope="session")
def history(folder: Path) -> tuple[EpochResult, ...]:
    """What CONFIG leads to without a process of its own.

    Python is started anew for it, since the number of BLAS threads may change a last bit.
    """
    script = (
        "import json, sys; from dataclasses import asdict\n"
        "from mnist_core import load_mnist\n"
        "from mnist_core.training.config import TrainConfig\n"
        "from mnist_core.training.run import Run\n"
        "from mnist_core.training.train import train\n"
        "run = Run(TrainConfig.from_dict(json.loads(sys.argv[1])), load_mnist(sys.argv[2]))\n"
        "print(json.dumps([asdict(p.result) for p in train(run) if p.result]))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script, json.dumps(CONFIG.to_dict()), str(folder)],
        cwd=ROOT, env=os.environ | ONE_THREAD, check=True, capture_output=True,
    ).stdout  # fmt: skip
    return tuple(EpochResult(**result) for result in json.loads(output))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(tmp_path: Path, clock: Clock) -> Iterator[LocalPool]:
    with LocalPool(PoolSettings(folder=tmp_path / "runs"), clock=clock) as pool:
        yield pool
