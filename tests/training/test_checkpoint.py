"""Checkpoints come back as they went, and a crash or a damaged file does no harm."""

import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core import files as files_module
from mnist_core.nn.builders import build_model
from mnist_core.training import checkpoint as checkpoint_module
from mnist_core.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from mnist_core.training.config import LIMITS, TrainConfig
from mnist_core.training.run import EpochResult, Run
from mnist_core.training.train import train

OPTIONS = {"name": "mlp", "hidden": [3], "activation": "tanh"}


def a_checkpoint(**changes) -> Checkpoint:
    """A checkpoint with something in every field."""
    model = build_model(**OPTIONS, rng=np.random.default_rng(0))
    size = model.parameters.flat.size
    fields = {
        "model": OPTIONS,
        "parameters": model.parameters.named(),
        "optimizer": {"velocity": np.arange(size, dtype=np.float32), "steps": np.array([7])},
        "ema": {name: array / 2 for name, array in model.parameters.named().items()},
        "config": {"epochs": 3, "hidden": [3]},
        "history": [{"epoch": 1, "train_loss": 0.1 + 0.2}],
        "step": 7,
        "learning_rate": 0.1,
        "seed": 5,
        "data_sha256": "abc",
    }
    return Checkpoint(**(fields | changes))


def saved(checkpoint: Checkpoint, tmp_path: Path) -> bytes:
    save_checkpoint(tmp_path / "saved.npz", checkpoint)
    return (tmp_path / "saved.npz").read_bytes()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """The bytes of a good file."""
    return saved(a_checkpoint(), tmp_path)


def entries(content: bytes) -> dict[str, bytes]:
    """The files in a .npz, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A .npz that holds these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, file_content in files.items():
            archive.writestr(name, file_content)
    return buffer.getvalue()


def npy(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npy_with_header(header: str, values: bytes = b"") -> bytes:
    """An .npy file with a header of one's own."""
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values


def with_meta(content: bytes, **changes) -> bytes:
    """The file with other values in its description of the run; None takes a key away."""
    files = entries(content)
    meta = json.loads(np.load(io.BytesIO(files["meta.npy"])).tobytes()) | changes
    meta = {key: value for key, value in meta.items() if value is not None}
    files["meta.npy"] = npy(np.frombuffer(json.dumps(meta).encode(), np.uint8))
    return packed(files)


def refusal(content: bytes) -> str:
    """The sentence with which a file is refused, when it is read or when its network is built."""
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(content).network()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


def test_everything_comes_back_to_the_bit(content):
    before, after = a_checkpoint(), load_checkpoint(content)
    for group in ("parameters", "optimizer", "ema"):
        old, new = getattr(before, group), getattr(after, group)
        assert old.keys() == new.keys()
        for name in old:
            assert np.array_equal(old[name], new[name])
            assert old[name].dtype == new[name].dtype
    for name in ("model", "config", "history", "step", "learning_rate", "seed", "data_sha256"):
        assert getattr(before, name) == getattr(after, name)


def test_a_checkpoint_is_read_from_a_path_too(content, tmp_path):
    (tmp_path / "file.npz").write_bytes(content)
    assert load_checkpoint(tmp_path / "file.npz").step == 7


def test_numpy_itself_reads_the_file_without_pickle(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        assert "parameters/0.W" in archive.files
        assert all(archive[name].dtype.kind in "fiu" for name in archive.files)


def test_a_packed_file_is_read_as_well(content):
    files = entries(content)
    assert load_checkpoint(packed(files, zipfile.ZIP_DEFLATED)).step == 7


def test_the_network_predicts_with_averaged_weights_where_there_are_any(content):
    checkpoint = load_checkpoint(content)
    network = checkpoint.network()
    for name, array in network.parameters.named().items():
        assert np.array_equal(array, checkpoint.ema[name])


def test_a_network_saved_alone_is_the_one_that_predicts(tmp_path):
    alone = load_checkpoint(saved(a_checkpoint().without_training(), tmp_path))
    assert not alone.optimizer
    assert not alone.ema
    expected = a_checkpoint().network().parameters.flat
    assert np.array_equal(alone.network().parameters.flat, expected)


def test_the_networks_arrays_are_its_own(content):
    checkpoint = load_checkpoint(content)
    checkpoint.network().parameters.flat[...] = 0
    assert checkpoint.ema["0.W"].any()


def test_a_crash_while_writing_leaves_the_old_file(content, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    path.write_bytes(content)

    def crash(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on the device")

    monkeypatch.setattr(checkpoint_module.np, "savez", crash)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, a_checkpoint(step=8))
    assert path.read_bytes() == content
    assert {file.name for file in tmp_path.iterdir()} == {"run.npz", "saved.npz"}


def test_the_new_file_takes_the_old_ones_place_only_when_it_is_whole(
    content, tmp_path, monkeypatch
):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    replaced = []

    def replace(source, target):
        # At this moment the new file is complete and the old one still there.
        replaced.append((load_checkpoint(source).step, load_checkpoint(target).step))
        os.rename(source, target)

    monkeypatch.setattr(files_module.os, "replace", replace)
    save_checkpoint(path, a_checkpoint(step=8))
    assert replaced == [(8, 7)]
    assert load_checkpoint(path).step == 8


def test_folders_on_the_way_are_made(tmp_path):
    save_checkpoint(tmp_path / "a" / "b" / "run.npz", a_checkpoint())
    assert load_checkpoint(tmp_path / "a" / "b" / "run.npz").step == 7


def test_load_model_reads_a_file_and_names_the_one_that_it_refuses(content, tmp_path, mnist):
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    good.write_bytes(content)
    bad.write_bytes(content[:1000])
    assert load_model(good).predict_proba(mnist.test.images[:2]).shape == (2, 10)
    assert load_model(str(good)).parameters.flat.dtype == np.float32
    with pytest.raises(CheckpointError, match="bad.npz can't be used"):
        load_model(bad)
    with pytest.raises(CheckpointError, match="there is no file .*missing.npz"):
        load_model(tmp_path / "missing.npz")
    with pytest.raises(CheckpointError, match="not a plain file, but a folder"):
        load_model(tmp_path)


# Limits


def test_the_largest_run_is_saved_loaded_and_resumed_to_the_bit(small, tmp_path):
    config = TrainConfig(
        model="cnn", channels=(128,), kernel_sizes=(13,), dense=(1024,), optimizer="adam",
        learning_rate=0.001, ema_decay=0.9, train_size=100, batch_size=100, epochs=2, dropout=0.0,
    )  # fmt: skip
    data = replace(small, validation=small.validation[:10])
    path = tmp_path / "run.npz"
    run = Run(config, data)
    for progress in train(run):
        if progress.step == 1:
            break
    save_checkpoint(path, run.checkpoint())
    assert path.stat().st_size > 130_000_000
    tracemalloc.start()
    try:
        checkpoint = load_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * path.stat().st_size
    finally:
        tracemalloc.stop()
    resumed = Run.resume(checkpoint, data)
    for one in (run, resumed):
        for _ in train(one):
            pass
    assert run.step == resumed.step == 2
    for old, new in zip(run.arrays(), resumed.arrays(), strict=True):
        assert np.array_equal(old, new)


def test_the_longest_history_fits_into_a_file(tmp_path):
    result = EpochResult(10_000, *[-1.2345678901234567e-100] * 5)
    history = [asdict(result)] * int(LIMITS["epochs"][1])
    found = load_checkpoint(saved(a_checkpoint(history=history), tmp_path))
    assert found.history == history


def test_a_description_of_many_megabytes_is_refused_unread(content):
    files = entries(content) | {"meta.npy": npy(np.zeros(5 * 2**20, np.uint8))}
    assert "description of the run has 5,242,880 bytes" in refusal(packed(files))


def test_a_path_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="the folder .*file can't be made"):
        save_checkpoint(tmp_path / "file" / "run.npz", a_checkpoint())
    with pytest.raises(OSError, match="can't be written: Is a directory"):
        save_checkpoint(tmp_path, a_checkpoint())


# Damage


def damaged(content: bytes, count: int = 500) -> Iterator[bytes]:
    """The file with bits flipped, cut, and with pieces moved, in entries and in the directory."""
    rng = np.random.default_rng(0)
    directory = content.index(b"PK\x01\x02")
    for number in range(count):
        file = bytearray(content)
        first = directory if number % 2 else 0
        for _ in range(rng.integers(1, 6)):
            start = int(rng.integers(first, len(file)))
            length = int(rng.integers(1, 30))
            kind = rng.integers(5)
            if kind == 0:
                file[start] ^= 1 << int(rng.integers(8))
            elif kind == 1:
                file[start : start + length] = bytes([int(rng.choice([0, 127, 255]))]) * length
            elif kind == 2:
                del file[start : start + length]
            elif kind == 3:
                source = int(rng.integers(first, len(file)))
                file[start:start] = file[source : source + length]
            else:
                file[start : start + length] = rng.bytes(length)
            first = min(first, len(file) - 1)
        yield bytes(file)


def read_all_damaged(path: str, megabytes: int) -> str:
    """How each damaged form of a file ends, where no more memory than that can be had."""
    import resource  # not every system has it

    content = Path(path).read_bytes()
    with open("/proc/self/statm") as sizes:
        now = int(sizes.read().split()[0]) * resource.getpagesize()
    limit = now + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ends = Counter()
    for file in damaged(content):
        try:
            load_checkpoint(file)
            ends["read"] += 1
        except CheckpointError as error:
            causes = [error.__cause__, error.__cause__ and error.__cause__.__cause__]
            memory = any(isinstance(cause, MemoryError) for cause in causes)
            ends["out of memory" if memory else "refused"] += 1
    return f"{ends['read']} read, {ends['refused']} refused, {ends.total()} in all"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory differently")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_500_damaged_files_are_read_or_refused_in_little_memory(content, compression, tmp_path):
    (tmp_path / "file.npz").write_bytes(packed(entries(content), compression))
    code = (
        "import sys; from tests.training.test_checkpoint import read_all_damaged\n"
        "print(read_all_damaged(sys.argv[1], 16))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file.npz")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert finished.returncode == 0, finished.stderr
    read, refused, total = (int(n) for n in re.findall(r"\d+", finished.stdout))
    assert read + refused == total == 500
    assert refused > 300


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_what_is_no_plain_file_is_refused_and_named(path):
    with pytest.raises(CheckpointError, match="can't be used: .*not a plain file"):
        load_model(path)
