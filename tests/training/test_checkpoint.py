"""Checkpoints come back as they went; what is none is refused with a sentence."""

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


def test_a_file_cut_short_anywhere_is_refused(content):
    for length in [*range(0, len(content), 211), len(content) - 1]:
        refusal(content[:length])


def test_a_flipped_byte_is_refused_or_harmless(content):
    # Every byte of an array is covered by the archive's checksum; some bytes of the archive's own
    # directory, such as dates, mean nothing.
    good = load_checkpoint(content)
    refused = 0
    for position in range(0, len(content), 37):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        try:
            found = load_checkpoint(bytes(damaged))
        except CheckpointError:
            refused += 1
        else:
            assert np.array_equal(found.parameters["0.W"], good.parameters["0.W"])
    assert refused > 500


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", b"\x93NUMPY", bytes(1000)])
def test_what_is_no_archive_is_refused(content):
    assert "not a whole .npz file" in refusal(content)


def test_arrays_of_other_shapes_are_refused(content):
    files = entries(content)
    files["average/0.W.npy"] = npy(np.zeros((4, 784), np.float32))
    assert "0.W has the shape (4, 784), but its network needs (3, 784)" in refusal(packed(files))


def test_a_missing_and_a_superfluous_array_are_named(content):
    files = entries(content)
    files["average/9.W.npy"] = files.pop("average/2.W.npy")
    message = refusal(packed(files))
    assert "2.W" in message
    assert "9.W" in message


@pytest.mark.parametrize("name", ["extra.npy", "parametersx/0.W.npy", "../../evil.npy", "evil"])
def test_unknown_entries_are_refused(content, name):
    assert "unknown entry" in refusal(packed(entries(content) | {name: npy(np.zeros(1))}))


@pytest.mark.parametrize(
    "array",
    [np.array([{}, None]), np.array(["text"]), np.array([1 + 1j]), np.array([(1, 2.0)], "i4,f4")],
    ids=["objects", "text", "complex", "records"],
)
def test_arrays_of_anything_but_numbers_are_refused(content, array):
    files = entries(content) | {"optimizer/velocity.npy": npy(array, allow_pickle=True)}
    assert "optimizer/velocity.npy" in refusal(packed(files))


def test_a_pickle_is_never_run(content, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was-run",)

    files = entries(content) | {"meta.npy": npy(np.array([Evil()]), allow_pickle=True)}
    refusal(packed(files))
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_weights_that_are_no_finite_numbers_are_refused(content, value):
    files = entries(content)
    files["average/2.b.npy"] = npy(np.full(10, value))  # 1e300 is finite in float64 alone
    assert "2.b holds values that are not finite" in refusal(packed(files))


def test_what_would_unpack_to_more_than_its_network_needs_is_refused_unread(content):
    files = entries(content) | {"optimizer/velocity.npy": npy(np.zeros(2**24, np.float32))}
    bomb = packed(files, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**20
    assert "more than the 39,344 bytes that its network needs" in refusal(bomb)


def test_many_entries_that_unpack_to_more_than_its_network_needs_together_are_refused(content):
    values = npy(np.zeros(2395, np.float32))  # as many as the network has parameters
    files = {f"optimizer/{letter}.npy": values for letter in "abcd"}
    assert "that its network needs" in refusal(packed(entries(content) | files))


def test_a_bomb_that_lies_about_its_size_is_refused(content):
    bomb = bytearray(packed({"meta.npy": bytes(2 * 2**20)}, zipfile.ZIP_DEFLATED))
    true_size = (2 * 2**20).to_bytes(4, "little")
    bomb = bytes(bomb).replace(true_size, (100).to_bytes(4, "little"))
    refusal(bomb)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(content, compression):
    assert "packed" in refusal(packed(entries(content), compression))


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 10000000000000000000000000000)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," * 100 + ")}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1000000000000000000000000), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + ", ".join("1" * 100) + "), }",
        "{'descr': '<f1', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 1: 2}",
        "{'descr': ('<f4', (1,)), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': 'O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': 5, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': (",
        "__import__('os').system('true')",
        "(" * 5000,
        "",
    ],
    ids=lambda header: header[39:60] or "other",
)
@pytest.mark.parametrize("entry", ["meta.npy", "optimizer/velocity.npy", "average/2.b.npy"])
def test_headers_that_lie_are_refused(content, header, entry):
    files = entries(content) | {entry: npy_with_header(header, bytes(4))}
    refusal(packed(files))


@pytest.mark.parametrize("version", [b"\x02\x00", b"\x03\x00", b"\x09\x00"])
def test_other_versions_of_the_array_format_are_refused(content, version):
    array = npy(np.zeros(3))
    files = entries(content) | {"optimizer/velocity.npy": array[:6] + version + array[8:]}
    refusal(packed(files))


def test_an_array_cut_short_within_a_whole_archive_is_refused(content):
    files = entries(content)
    files["average/0.W.npy"] = files["average/0.W.npy"][:-4]
    assert "average/0.W.npy" in refusal(packed(files))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": None},
        {"step": None},
        {"surprise": 1},
        {"step": "7"},
        {"step": 7.5},
        {"step": True},
        {"seed": []},
        {"learning_rate": "fast"},
        {"history": {}},
        {"config": []},
        {"model": "mlp"},
        {"data_sha256": 5},
    ],
)
def test_a_description_with_other_keys_or_kinds_is_refused(content, changes):
    refusal(with_meta(content, **changes))


@pytest.mark.parametrize("meta", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"1" * 10_000])
def test_a_description_that_is_not_json_is_refused(content, meta):
    files = entries(content) | {"meta.npy": npy(np.frombuffer(meta, np.uint8))}
    refusal(packed(files))


def test_a_file_without_a_description_is_refused(content):
    files = entries(content)
    del files["meta.npy"]
    assert "no description" in refusal(packed(files))


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"name": "resnet"},
        {"name": ["mlp"]},
        {"name": "mlp", "hidden": [10**9]},
        {"name": "mlp", "hidden": [10**9] * 10**5},
        {"name": "mlp", "hidden": [2.5]},
        {"name": "mlp", "hidden": 3},
        {"name": "mlp", "hidden": "3"},
        {"name": "mlp", "hidden": [[3]]},
        {"name": "mlp", "hidden": [None]},
        {"name": "mlp", "hidden": [3], "activation": ["tanh"]},
        {"name": "mlp", "hidden": [3], "activation": None},
        {"name": "mlp", "hidden": [3], "initialisation": 5},
        {"name": "mlp", "hidden": [3], "initialisation": "normal(1e999)"},
        {"name": "mlp", "hidden": [3], "dropout": "half"},
        {"name": "mlp", "hidden": [3], "dropout": float("nan")},
        {"name": "mlp", "hidden": [3], "dropout": 10**400},
        {"name": "mlp", "hidden": [3], "dtype": "object"},
        {"name": "mlp", "hidden": [3], "dtype": "U9"},
        {"name": "mlp", "hidden": [3], "rng": 1},
        {"name": "mlp", "hidden": [3], "surprise": 1},
        {"name": "cnn", "channels": [10**9, 10**9]},
        {"name": "cnn", "channels": [8, -8]},
        {"name": "cnn", "channels": "88"},
        {"name": "cnn", "kernel_sizes": [10**9, 5]},
        {"name": "cnn", "kernel_sizes": [5, 50]},
        {"name": "cnn", "kernel_sizes": [0, 0]},
        {"name": "cnn", "dense": [10**9]},
        {"name": "cnn", "dense": [1000] * 1000},
    ],
)
def test_networks_that_can_not_be_are_refused(content, model):
    refusal(with_meta(content, model=model))


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
