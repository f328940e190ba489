"""A data set that somebody hands over: a ZIP, an .npz or CSV file, or IDX files chosen together.
Which of two IDX files holds the images is told by what is in them, whatever they are called.
"""

from collections.abc import Mapping

from mnist_core.data.idx import UINT8_MAGIC, DataError
from mnist_core.data.listing import Handed
from mnist_core.data.mnist import images_to_judge_by
from mnist_core.data.sources import (
    CSV,
    ZIP_MAGIC,
    Notice,
    found_source,
    opened_zip,
    unheard,
)
from mnist_core.data.split import Split, checked_split

MAX_IMAGES = 20_000  # as many are used of a larger set: 16 MB
MAX_BYTES = 64 * 2**20  # of a file, unpacked: all of MNIST's training images, and some more
# How files of pictures begin: PNG, JPEG, GIF, WebP, TIFF, BMP.
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")


class IsPicture(DataError):
    """A file is a picture, where a data set is needed."""


def uploaded_split(files: Mapping[str, bytes], notice: Notice = unheard) -> tuple[Split, int]:
    """The images to judge a network by in files {name: content}, and how many there were.

    At most MAX_IMAGES are used, the first. `notice` is told in a line what was left alone.
    DataError says in a sentence what is wrong or missing; it is IsPicture for a picture.
    """
    for name, content in files.items():
        if content.startswith(PICTURES):
            raise IsPicture(f"{name} is a picture, and no IDX file")
        if not content:
            raise DataError(f"{name} is empty")
    split = _split(files, notice)
    return Split(split.images[:MAX_IMAGES], split.labels[:MAX_IMAGES]), len(split)


def _split(files: Mapping[str, bytes], notice: Notice) -> Split:
    name, content = next(iter(files.items()), ("", b""))
    if len(files) == 1 and content.startswith(ZIP_MAGIC):
        with opened_zip(content, name, notice, MAX_BYTES) as source:
            return images_to_judge_by(source)
    listing = Handed(files, MAX_BYTES)
    if len(files) == 2 and not any(map(CSV.fullmatch, files)):
        return _pair(listing)
    if len(files) > 1 or CSV.fullmatch(name):
        with found_source(listing, notice) as source:
            return images_to_judge_by(source)
    raise DataError(
        "a ZIP, an .npz or a CSV file is needed, or two files, images and labels, chosen together"
    )


def _pair(files: Handed) -> Split:
    """Images and labels, whichever is which."""
    names: dict[int, str] = {}
    for name in next(files.levels()):
        names[_axes(files, name)] = name
    if set(names) != {1, 3}:
        kind = "images" if 3 in names else "labels"
        raise DataError(f"both files hold {kind}: choose one with images and one with their labels")
    (images, _), (labels, _) = files.idx(names[3], 3), files.idx(names[1], 1)
    return checked_split(images, labels, names[3], names[1])


def _axes(files: Handed, name: str) -> int:
    """How many axes an IDX file has: one or three; DataError for another file."""
    with files.open(name) as file:
        head = bytes(file.read(4))
    if not head:
        raise DataError(f"{name} is empty")
    axes = head[3] if len(head) == 4 and head.startswith(UINT8_MAGIC) else 0
    if axes not in (1, 3):
        raise DataError(
            f"{name} is no IDX file of images or labels: it starts with {head.hex(' ')}"
        )
    return axes
