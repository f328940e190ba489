"""One person's own digits with their labels: kept, packed into a ZIP, read back, and learned from.
The ZIP holds a PNG for every digit, for people, and a pair of IDX files, for programs.
"""

import io
import re
import zipfile

import numpy as np
from PIL import Image

from mnist_core.arrays import CLASSES, PIXELS, SIDE, Array, Picture
from mnist_core.data.idx import DataError, idx_from_bytes, idx_header
from mnist_core.data.sources import MAX_ZIP_ENTRIES, OWN_PICTURE
from mnist_core.data.split import Split
from mnist_core.data.zip_files import Archive, ArchiveError, Entries, sorted_entries

MAX_DIGITS = 1000
MAX_ZIP_BYTES = 2 * 2**20
MAX_UNPACKED_BYTES = 8 * 2**20  # with what a Mac adds for every picture
IMAGES_NAME = "train-images-idx3-ubyte"
LABELS_NAME = "train-labels-idx1-ubyte"
ONE_OF_OURS = "choose one that was saved here; other data sets are opened on the Evaluate page"
OURS = re.compile(f"{IMAGES_NAME}|{LABELS_NAME}|{OWN_PICTURE.pattern}", re.ASCII)


class CollectionError(ValueError):
    """A ZIP that is refused; its text is one sentence for the person who chose the file."""


def empty() -> Split:
    """A collection without any digit yet."""
    return Split(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.uint8))


def with_digits(collection: Split, more: Split) -> Split:
    """The collection and more digits; those that it holds already, with that label, once.

    CollectionError if that is more than it may hold.
    """
    images = np.concatenate([collection.images, more.images])
    labels = np.concatenate([collection.labels, more.labels])
    named = np.column_stack([labels, images.reshape(len(labels), PIXELS)])  # (N, 1 + 784)
    kept = np.sort(np.unique(named, axis=0, return_index=True)[1])
    if len(kept) > MAX_DIGITS:
        raise CollectionError(f"A collection holds at most {MAX_DIGITS:,} digits.")
    return Split(images[kept], labels[kept])


def with_digit(collection: Split, image: Array, label: int) -> Split:
    """The collection and one more digit, uint8 (28, 28); CollectionError if it is full."""
    return with_digits(collection, Split(image[None], np.array([label], np.uint8)))


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
    return idx_header(array.shape) + array.tobytes()


def png_bytes(image: Picture) -> bytes:
    """A grey PNG of an image, uint8 (H, W); the same image gives the same bytes."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=9)
    return file.getvalue()


def from_zip(content: bytes) -> Split:
    """The digits in a ZIP that to_zip made: see read_zip."""
    return read_zip(content)[0]


def read_zip(content: bytes) -> tuple[Split, tuple[str, ...]]:
    """The digits in a ZIP that to_zip made, and the names of what others have added to it.

    It may have been unpacked and packed again, so what is ours may lie in a folder, and what a
    system or a person put beside it is left alone. The digits are read from the IDX pair. What is
    a danger, too many entries or too much to unpack is refused before anything is unpacked.
    CollectionError says why.
    """
    if len(content) > MAX_ZIP_BYTES:
        raise CollectionError(f"The ZIP is larger than {MAX_ZIP_BYTES >> 20} MB.")
    try:
        with Archive(content, max_entries=MAX_ZIP_ENTRIES) as archive:
            entries = _checked_entries(archive)
            images, labels = (
                idx_from_bytes(archive.read(entries.ours[name], MAX_UNPACKED_BYTES), axes, name)
                for name, axes in ((IMAGES_NAME, 3), (LABELS_NAME, 1))
            )
    except (ArchiveError, DataError) as error:
        raise CollectionError(f"The ZIP can't be used, since {error}.") from error
    return _checked(Split(images, labels)), entries.left


def _checked_entries(archive: Archive) -> Entries:
    """Which entries are those of a collection; ArchiveError for what they claim to be."""
    if sum(entry.file_size for entry in archive.entries.values()) > MAX_UNPACKED_BYTES:
        raise ArchiveError(f"it unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB")
    entries = sorted_entries(archive, IMAGES_NAME, OURS, ONE_OF_OURS)
    if LABELS_NAME not in entries.ours:
        raise ArchiveError(f"it has no file {LABELS_NAME} beside {IMAGES_NAME}")
    if len(entries.ours) > MAX_DIGITS + 2:
        raise ArchiveError(f"it holds more than {MAX_DIGITS:,} pictures")
    return entries


def _checked(collection: Split) -> Split:
    """The collection, whose images and labels are not yet known to fit; CollectionError if not."""
    if collection.images.shape != (len(collection), SIDE, SIDE):
        raise CollectionError("The ZIP does not hold a label for every picture of 28x28 pixels.")
    if len(collection) > MAX_DIGITS:
        raise CollectionError(f"The ZIP holds more than {MAX_DIGITS:,} digits.")
    if len(collection) and collection.labels.max() >= CLASSES:
        raise CollectionError("The ZIP has a label that is no digit from 0 to 9.")
    if not all(image.any() for image in collection.images):
        raise CollectionError("The ZIP has a picture without any ink.")
    return collection
