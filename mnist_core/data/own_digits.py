"""One person's own digits with their labels: kept, packed into a ZIP, read back, and learned from.
The ZIP holds a PNG for every digit, for people, and a pair of IDX files, for programs.
"""

import io
import re
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from mnist_core.arrays import SIDE, Array
from mnist_core.data.idx import DataError, read_idx
from mnist_core.data.mnist import Split

MAX_DIGITS = 1000
MAX_ZIP_BYTES = 2 * 2**20
MAX_UNPACKED_BYTES = 4 * 2**20
IMAGES_NAME = "train-images-idx3-ubyte"
LABELS_NAME = "train-labels-idx1-ubyte"
PNG_NAME = re.compile(r"[0-9]-[0-9]{1,4}\.png", re.ASCII)
PLAIN_ZIP = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # a bit of a ZIP entry's flags


class CollectionError(ValueError):
    """A ZIP that is refused; its text is one sentence for the person who chose the file."""


def empty() -> Split:
    """A collection without any digit yet."""
    return Split(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.uint8))


def with_digit(collection: Split, image: Array, label: int) -> Split:
    """The collection and one more digit, uint8 (28, 28); CollectionError if it is full."""
    if len(collection) >= MAX_DIGITS:
        raise CollectionError(f"A collection holds at most {MAX_DIGITS:,} digits.")
    return Split(
        np.concatenate([collection.images, image[None]]),
        np.append(collection.labels, np.uint8(label)),
    )


def without_digit(collection: Split, number: int) -> Split:
    """The collection without the digit of that number."""
    kept = np.arange(len(collection)) != number
    return Split(collection.images[kept], collection.labels[kept])


def to_zip(collection: Split) -> bytes:
    """A ZIP with 3-0001.png and so on (label, number), and a pair of IDX files.

    The same collection gives the same bytes.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry(IMAGES_NAME), _idx_bytes(collection.images))
        archive.writestr(_entry(LABELS_NAME), _idx_bytes(collection.labels))
        for number, (image, label) in enumerate(
            zip(collection.images, collection.labels, strict=True), start=1
        ):
            archive.writestr(_entry(f"{label}-{number:04}.png"), png_bytes(image))
    return file.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry without a clock's time, so that the same digits give the same file."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _idx_bytes(array: Array) -> bytes:
    """A uint8 array in IDX form: zeros, type 8, the number of axes, their sizes, the values."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def png_bytes(image: Array) -> bytes:
    """A grey PNG of an image, uint8 (H, W). Format: W3C, "Portable Network Graphics", 2003."""
    height, width = image.shape
    rows = np.zeros((height, width + 1), np.uint8)  # every row begins with its filter: 0, none
    rows[:, 1:] = image
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits, grey, not interlaced
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def from_zip(content: bytes) -> Split:
    """The digits in a ZIP that to_zip made.

    They are read from the IDX pair; a name that to_zip would not give, too many entries or too
    much to unpack are refused before anything is unpacked. CollectionError says why.
    """
    if len(content) > MAX_ZIP_BYTES:
        raise CollectionError(f"The ZIP is larger than {MAX_ZIP_BYTES >> 20} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive.infolist())
            images, labels = archive.read(IMAGES_NAME), archive.read(LABELS_NAME)
    except CollectionError:
        raise
    except Exception:
        # zipfile fails in every way on broken bytes, and which of them tells the sender nothing.
        raise CollectionError("The ZIP is damaged: please download it again.") from None
    return _checked(images, labels)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """CollectionError unless the entries are those of a collection, by what they claim to be."""
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_DIGITS + 2:
        raise CollectionError(f"The ZIP holds more than {MAX_DIGITS:,} digits.")
    if len(set(names)) < len(names):
        raise CollectionError("The ZIP holds two files of the same name.")
    for name in (IMAGES_NAME, LABELS_NAME):
        if name not in names:
            raise CollectionError(f"The ZIP has no file {name}: choose one that was saved here.")
    for name in names:
        if name not in (IMAGES_NAME, LABELS_NAME) and not PNG_NAME.fullmatch(name):
            raise CollectionError(f"The ZIP holds a file that is none of ours: {name[:60]!r}.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise CollectionError(f"The ZIP unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB.")
    if any(e.compress_type not in PLAIN_ZIP or e.flag_bits & ENCRYPTED for e in entries):
        raise CollectionError("The ZIP is packed in a way that can't be read here.")


def _checked(images: bytes, labels: bytes) -> Split:
    """The pair of IDX files as a collection; the reader of data sets does the checking."""
    with tempfile.TemporaryDirectory() as folder:
        images_file, labels_file = Path(folder, IMAGES_NAME), Path(folder, LABELS_NAME)
        images_file.write_bytes(images)
        labels_file.write_bytes(labels)
        try:
            collection = Split(read_idx(images_file, axes=3)[0], read_idx(labels_file, axes=1)[0])
        except DataError as error:
            raise CollectionError(f"The ZIP can't be used: {error}.") from None
    if collection.images.shape != (len(collection), SIDE, SIDE):
        raise CollectionError("The ZIP does not hold a label for every picture of 28x28 pixels.")
    if len(collection) > MAX_DIGITS:
        raise CollectionError(f"The ZIP holds more than {MAX_DIGITS:,} digits.")
    if len(collection) and collection.labels.max() > 9:
        raise CollectionError("The ZIP has a label that is no digit from 0 to 9.")
    if not all(image.any() for image in collection.images):
        raise CollectionError("The ZIP has a picture without any ink.")
    return collection
