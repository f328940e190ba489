"""IDX files of every shape are read back as written, and no bytes at all bring the reader down."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="property tests need requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from mnist_core.data.idx import DataError, read_idx
from tests.conftest import idx_bytes

shapes = st.lists(st.integers(0, 6), min_size=1, max_size=4).map(tuple)


def read_bytes(content: bytes, axes: int) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        return read_idx(path, axes)[0]


def random_array(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(shape=shapes, seed=st.integers(0, 2**32), packed=st.booleans())
def test_what_was_written_is_read(shape, seed, packed):
    array = random_array(shape, seed)
    content = idx_bytes(array)
    found = read_bytes(gzip.compress(content, 1) if packed else content, len(shape))
    assert found.shape == shape
    assert np.array_equal(found, array)


@given(shape=shapes, seed=st.integers(0, 2**32), packed=st.booleans(), share=st.floats(0, 1))
def test_no_part_of_a_file_is_taken_for_the_whole(shape, seed, packed, share):
    content = idx_bytes(random_array(shape, seed))
    content = gzip.compress(content, 1) if packed else content
    with pytest.raises(DataError):
        read_bytes(content[: int(share * (len(content) - 1))], len(shape))


@given(shape=shapes, seed=st.integers(0, 2**32), axis=st.integers(0, 3), size=st.integers(0, 9))
def test_a_size_that_is_not_the_contents_is_refused(shape, seed, axis, size):
    axis %= len(shape)
    claimed = (*shape[:axis], size, *shape[axis + 1 :])
    content = bytearray(idx_bytes(random_array(shape, seed)))
    content[4 : 4 + 4 * len(shape)] = np.array(claimed, ">u4").tobytes()
    if np.prod(claimed) == np.prod(shape):
        assert read_bytes(bytes(content), len(shape)).shape == claimed
    else:
        with pytest.raises(DataError):
            read_bytes(bytes(content), len(shape))


@given(shape=shapes, axes=st.integers(1, 4))
def test_another_number_of_axes_than_asked_for_is_refused(shape, axes):
    content = idx_bytes(random_array(shape, 0))
    if axes == len(shape):
        assert read_bytes(content, axes).ndim == axes
    else:
        with pytest.raises(DataError, match="axes"):
            read_bytes(content, axes)


@given(
    start=st.sampled_from(
        [b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"\0\0\x08\x03", b"\0\0\x08\x01"]
    ),
    rest=st.binary(max_size=60),
)
def test_any_bytes_are_read_or_refused(start, rest):
    try:
        array = read_bytes(start + rest, 3)
    except DataError as error:
        assert str(error)
    else:
        assert array.size == len(start + rest) - 16
