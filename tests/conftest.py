"""What tests share: MNIST as shipped, and small data sets cut from it that train in a blink."""

import os

# Before NumPy is imported: with two BLAS threads beside anything else that runs, a small product
# takes many times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gzip
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.experiments import kept_runs

try:
    import hypothesis
except ModuleNotFoundError:  # the property tests then say so themselves
    pass
else:
    # A slow machine is no failure, and the same code gets the same examples.
    hypothesis.settings.register_profile("digit-lab", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("digit-lab")


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """The whole of MNIST."""
    return load_mnist()


@pytest.fixture(scope="session")
def small(mnist: Dataset) -> Dataset:
    """600 pictures to learn from, 200 to choose with, 200 to judge by."""
    return Dataset(mnist.train[:600], mnist.validation[:200], mnist.test[:200], sha256="small")


@pytest.fixture(scope="session")
def small_folder(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of IDX files with 720 pictures for training (120 of them held out), 200 for test."""
    folder = tmp_path_factory.mktemp("small")
    write_idx(folder / "train-images-idx3-ubyte.gz", mnist.train.images[:720])
    write_idx(folder / "train-labels-idx1-ubyte", mnist.train.labels[:720])
    write_idx(folder / "t10k-images-idx3-ubyte", mnist.test.images[:200])
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", mnist.test.labels[:200])
    return folder


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs of experiments were trained, each time that some had to be."""
    counts: list[int] = []
    run_all = kept_runs.run_all

    def counted(configs, *arguments, **how):
        counts.append(len(configs))
        return run_all(configs, *arguments, **how)

    monkeypatch.setattr(kept_runs, "run_all", counted)
    return counts


def idx_bytes(array: np.ndarray) -> bytes:
    """A uint8 array in IDX form: two zeros, type 8, the number of axes, their sizes, the values."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an IDX file, packed if its name ends in .gz."""
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
