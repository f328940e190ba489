"""Data sets that a visitor hands over: what is read of them, and what is said of the rest."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from mnist_core.data import uploaded
from mnist_core.data.idx import DataError
from mnist_core.data.uploaded import IsPicture, uploaded_split

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 28, 28), np.uint8)
LABELS = RNG.integers(0, 10, 30).astype(np.uint8)


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "-"), data)
    return content.getvalue()


@pytest.mark.parametrize("packed", [gzip.compress, bytes], ids=["gzip", "plain"])
def test_of_two_files_the_content_tells_which_holds_the_images(packed):
    split, n = uploaded_split({"a.bin": packed(idx(LABELS)), "b.bin": packed(idx(IMAGES))})
    np.testing.assert_array_equal(split.images, IMAGES)
    np.testing.assert_array_equal(split.labels, LABELS)
    assert n == 30


def test_a_zip_of_idx_files_is_read():
    content = zipped(t10k_images_idx3_ubyte=idx(IMAGES), t10k_labels_idx1_ubyte=idx(LABELS))
    np.testing.assert_array_equal(uploaded_split({"my.zip": content})[0].images, IMAGES)


def test_of_a_larger_set_the_first_images_are_used(monkeypatch):
    monkeypatch.setattr(uploaded, "MAX_IMAGES", 20)
    split, n = uploaded_split({"i": idx(IMAGES), "l": idx(LABELS)})
    assert (len(split), n) == (20, 30)
    np.testing.assert_array_equal(split.images, IMAGES[:20])


@pytest.mark.parametrize(
    "files, reason",
    [
        ({}, "chosen together"),
        ({"one": idx(IMAGES)}, "chosen together"),
        ({"a": idx(IMAGES), "b": idx(IMAGES)}, "both files hold images"),
        ({"a": idx(LABELS), "b": idx(LABELS)}, "both files hold labels"),
        ({"a": idx(IMAGES), "b": b"hello"}, "b is no IDX file"),
        ({"a": idx(IMAGES), "b": b""}, "^b is empty$"),
        ({"b": b""}, "^b is empty$"),
        ({"a": idx(IMAGES), "b": gzip.compress(b"")}, "^b is empty$"),
        ({"a": idx(IMAGES), "b": gzip.compress(idx(LABELS))[:-9]}, "b can't be|b should|cut short"),
        ({"a": idx(IMAGES), "b": idx(LABELS[:9])}, "30 pictures, but b holds 9 labels"),
        ({"a": idx(IMAGES[:, :20]), "b": idx(LABELS)}, "20x28"),
        ({"a": idx(IMAGES), "b": idx(LABELS + 9)}, "labels are digits from 0 to 9"),
        ({"a": idx(IMAGES)[:-3], "b": idx(LABELS)}, "should hold 23,520 values"),
        ({"a": b"\0\0\x08\x03" + 12 * b"\xff", "b": idx(LABELS)}, "more than 64 MB"),
        ({"z.zip": b"PK\3\4 nothing"}, "z.zip can't be read"),
        ({"z.zip": zipped(readme=b"")}, "z.zip has no file"),
    ],
    ids=lambda value: value if isinstance(value, str) else " and ".join(value) or "nothing",
)
def test_what_can_not_be_used_is_said_in_a_sentence(files, reason):
    with pytest.raises(DataError, match=reason):
        uploaded_split(files)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_picture_is_called_so(kind):
    content = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(content, kind)
    with pytest.raises(IsPicture, match="^my picture is a picture"):
        uploaded_split({"my picture": content.getvalue()})


def test_a_packed_bomb_is_not_unpacked_further_than_its_header_says():
    bomb = gzip.compress(idx(LABELS) + bytes(200 * 2**20))
    with pytest.raises(DataError, match="it holds more"):
        uploaded_split({"a": idx(IMAGES), "b": bomb})
