"""Archives of arrays are read as far as the reader allows, whatever they say of themselves."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.npz import MAX_ENTRIES, Npz
from mnist_core.data.zip_files import MAX_NAME, Archive, ArchiveError, left_in_words

ARRAYS = {"a": np.arange(6, dtype=np.int64).reshape(2, 3), "b": np.array([0.5], np.float32)}


def npz(arrays: dict[str, np.ndarray], *, packed: bool = False) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zip_of(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def read(source: bytes | Path | str) -> dict[str, np.ndarray]:
    with Npz(source) as file:
        return {name: file.array(name) for name in file.headers}


def refusal(source: bytes | Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        read(source)
    return str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_come_back_as_they_went_and_may_be_changed(packed: bool, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(npz(ARRAYS, packed=packed))
    for source in (npz(ARRAYS, packed=packed), tmp_path / "x.npz", str(tmp_path / "x.npz")):
        found = read(source)
        assert found.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            assert found[name].dtype == array.dtype
            assert np.array_equal(found[name], array)
            found[name][...] = 0  # as a caller may, who owns it


def test_arrays_of_no_numbers_and_of_no_axes_come_back() -> None:
    arrays = {"none": np.zeros((0, 3), np.uint8), "one": np.array(7)}
    found = read(npz(arrays))
    assert found["none"].shape == (0, 3)
    assert found["one"] == 7


def test_headers_tell_the_sizes_before_anything_is_read() -> None:
    with Npz(npz(ARRAYS)) as file:
        assert {name: header.nbytes for name, header in file.headers.items()} == {"a": 48, "b": 4}
        assert file.headers["a"].shape == (2, 3)


def test_a_missing_file_is_told_from_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing")
    assert "a folder" in refusal(tmp_path)


def test_a_device_without_end_is_not_read() -> None:
    assert "a device" in refusal(Path("/dev/zero"))


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zip_of([("a.npy", npy(np.zeros(2))), ("a.npy", npy(np.ones(2)))])
    assert "holds 'a.npy' 2 times" in refusal(content)


def test_too_many_entries_are_refused() -> None:
    content = zip_of([(f"{n}.npy", npy(np.zeros(1))) for n in range(MAX_ENTRIES + 1)])
    assert "more than 64 entries" in refusal(content)


def test_a_directory_that_takes_more_memory_than_any_honest_one_is_not_read() -> None:
    content = zip_of([(f"{n:0200}.npy", b"") for n in range(2000)])
    assert "directory is too large" in refusal(content)


@pytest.mark.parametrize("name", ["a" * (MAX_NAME + 1), "x" * 60_000])
def test_a_name_that_is_too_long_is_refused(name: str) -> None:
    assert "too long a name" in refusal(zip_of([(name, b"")]))


def test_an_entry_that_is_no_array_is_named() -> None:
    assert "unknown entry 'evil'" in refusal(zip_of([("evil", b"x")]))
    assert "'evil.npy' is no array" in refusal(zip_of([("evil.npy", b"x")]))


def test_an_encrypted_entry_is_refused() -> None:
    content = bytearray(npz(ARRAYS))
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1  # the entry's flags
    assert "encrypted" in refusal(bytes(content))


def test_numbers_behind_the_end_of_an_array_are_refused() -> None:
    content = zip_of([("a.npy", npy(np.zeros(2)) + b"\0")])
    assert "wrong shape" in refusal(content)


def test_an_array_in_columns_first_is_refused() -> None:
    assert "no array of plain numbers" in refusal(npz({"a": np.zeros((2, 3), order="F")}))


def test_a_header_is_read_without_a_warning_and_without_being_run() -> None:
    start = b"\x93NUMPY\x01\x00"
    for text in (
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1L,)}",  # as Python 2 wrote it
        b"{'descr': '\\d', 'fortran_order': False, 'shape': (1,)}",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (1" + b",1" * 400 + b")}",
        b"(" * 900,
        b"print(1)",
    ):
        content = start + len(text).to_bytes(2, "little") + text + bytes(4)
        assert "no array of plain numbers" in refusal(zip_of([("a.npy", content)]))


@pytest.mark.parametrize("claim", [100, 138, 10_000, 2**32 - 2])
def test_a_directory_that_lies_about_a_size_costs_no_memory(claim: int) -> None:
    values = npy(np.zeros(10, np.uint8)) + bytes(100 * 2**20)
    content = bytearray(zip_of([("a.npy", values)]))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, claim)
    tracemalloc.start()
    try:
        refusal(bytes(content))
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_header_that_claims_more_than_there_is_costs_no_memory() -> None:
    content = npy(np.zeros(10, np.uint8)).replace(b"(10,), }        ", b"(1000000000,), }")
    content = zip_of([("a.npy", content)])
    tracemalloc.start()
    try:
        assert "cut short" in refusal(content)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_an_entry_is_read_up_to_a_limit_and_no_further() -> None:
    with Archive(zip_of([("a", b"12345")]), max_entries=1) as archive:
        assert archive.read("a", 5) == b"12345"
        with pytest.raises(ArchiveError, match="more than 4 bytes"):
            archive.read("a", 4)


def test_a_file_that_is_cut_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(zip_of([("a", zlib.compress(bytes(2**20)) * 400)], zipfile.ZIP_STORED))
    with Archive(path, max_entries=1) as archive, archive.open("a") as entry:
        entry.read(1000)
        path.write_bytes(b"")
        with pytest.raises(ArchiveError, match="not a whole ZIP file"):
            entry.read(2**20)


def test_of_many_names_a_few_are_said() -> None:
    words = left_in_words([*"abcdefg", "__MACOSX/._a"])
    assert words == "left alone, as not needed: __MACOSX (1 file), a, b, c, d and 3 more"
