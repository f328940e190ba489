"""A data set that somebody hands over: a ZIP of IDX files, or images and labels as two files.
Which of two files holds the images is told by what is in them, whatever they are called.
"""

import gzip
import zlib
from collections.abc import Mapping
from io import BytesIO

from mnist_core.arrays import Array
from mnist_core.data.idx import GZIP_MAGIC, UINT8_MAGIC, DataError, read_idx_from
from mnist_core.data.mnist import Split, checked_split, judged_by_zip

MAX_IMAGES = 20_000  # as many are used of a larger set: 16 MB
MAX_BYTES = 64 * 2**20  # of a file, unpacked: all of MNIST's training images, and some more
ZIP_MAGIC = b"PK"
# How files of pictures begin: PNG, JPEG, GIF, WebP, TIFF, BMP.
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")


class IsPicture(DataError):
    """A file is a picture, where a data set is needed."""


def uploaded_split(files: Mapping[str, bytes]) -> tuple[Split, int]:
    """The images to judge a network by in files {name: content}, and how many there were.

    At most MAX_IMAGES are used, the first. DataError says in a sentence what is wrong or missing;
    it is IsPicture for a picture.
    """
    for name, content in files.items():
        if content.startswith(PICTURES):
            raise IsPicture(f"{name} is a picture, and no IDX file")
    if len(files) == 1 and next(iter(files.values())).startswith(ZIP_MAGIC):
        ((name, content),) = files.items()
        split = judged_by_zip(content, name, most_bytes=MAX_BYTES)
    elif len(files) == 2:
        split = _pair(files)
    elif empty := [name for name, content in files.items() if not content]:
        raise DataError(f"{empty[0]} is empty")
    else:
        raise DataError(
            "a ZIP of IDX files is needed, or two files, images and labels, chosen together"
        )
    return Split(split.images[:MAX_IMAGES], split.labels[:MAX_IMAGES]), len(split)


def _pair(files: Mapping[str, bytes]) -> Split:
    """Images and labels, whichever is which."""
    by_axes: dict[int, tuple[str, Array]] = {}
    for name, content in files.items():
        array = _array(name, content)
        by_axes[array.ndim] = (name, array)
    if set(by_axes) != {1, 3}:
        kind = "images" if 3 in by_axes else "labels"
        raise DataError(f"both files hold {kind}: choose one with images and one with their labels")
    (images_name, images), (labels_name, labels) = by_axes[3], by_axes[1]
    return checked_split(images, labels, images_name, labels_name)


def _array(name: str, content: bytes) -> Array:
    """The array of an IDX file with one axis or three, plain or packed."""
    packed = content.startswith(GZIP_MAGIC)

    def unpacked() -> gzip.GzipFile | BytesIO:
        return gzip.GzipFile(fileobj=BytesIO(content)) if packed else BytesIO(content)

    try:
        head = unpacked().read(4)
        if not head:
            raise DataError(f"{name} is empty")
        axes = head[3] if len(head) == 4 and head.startswith(UINT8_MAGIC) else 0
        if axes not in (1, 3):
            raise DataError(
                f"{name} is no IDX file of images or labels: it starts with {head.hex(' ')}"
            )
        return read_idx_from(unpacked(), axes, name, most_bytes=MAX_BYTES)[0]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} can't be unpacked: {error}") from error
