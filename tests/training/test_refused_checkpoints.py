"""Files that are no checkpoint, or one that lies, are refused with a sentence, at no cost."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from mnist_core.training.checkpoint import CheckpointError, load_checkpoint
from tests.training.test_checkpoint import content as content
from tests.training.test_checkpoint import entries, npy, npy_with_header, packed, refusal, with_meta


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
