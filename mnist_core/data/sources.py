"""Finds a data set among files, whatever they are called: IDX files, an .npz file, or CSV.
What is outermost counts: what lies in folders is looked at if there is nothing beside them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array
from mnist_core.data.idx import MAX_IDX_BYTES, DataError, idx_sha256, refusing_damage
from mnist_core.data.listing import Folder, Listing, Zip, base_name
from mnist_core.data.npz import Npz
from mnist_core.data.split import Split, checked_split
from mnist_core.data.tables import columns_of, read_table
from mnist_core.data.zip_files import Archive, ArchiveError, left_in_words
from mnist_core.files import open_plain
from mnist_core.words import listed

MAX_ZIP_ENTRIES = 3_000  # a ZIP of own digits has a picture for each, and a Mac copies each
TRAIN, TEST = "train", "t10k"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
PARTS = {"train": TRAIN, "t10k": TEST, "test": TEST}
KINDS = {"images": IMAGES, "labels": LABELS}
# An IDX file's name in plain letters: perhaps the data set's, then which of its files it is.
IDX_NAME = re.compile(
    r"(?P<set>(?:.*-)?)(?P<part>train|t10k|test)-(?P<kind>images|labels)(?:-idx[13])?(?:-ubyte)?"
)
COPY = re.compile(r" ?\(\d+\)")  # as a browser calls a second download
CSV = re.compile(r".*\.[ct]sv(\.gz)?", re.IGNORECASE)
ARRAYS = {  # what Keras and others call an .npz file's arrays: images and labels
    TRAIN: (("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels")),
    TEST: (("x_test", "y_test"), ("test_images", "test_labels")),
}
OWN_PICTURE = re.compile(r"[0-9]-[0-9]{1,4}\.png", re.ASCII)  # for people, beside one's own digits
ZIP_MAGIC = b"PK"
Notice = Callable[[str], object]


def unheard(_: str) -> None:
    """The notice for where nobody is to be told what was left alone."""


class Source:
    """A data set in some form: its parts "train" and "t10k", of which it has at least one."""

    def __init__(self, name: str, parts: Iterable[str], used: Iterable[str] = ()) -> None:
        self.name, self.parts, self.used = name, set(parts), set(used)

    def has(self, part: str) -> bool:
        """Whether there is anything of that part."""
        return part in self.parts

    def read(self, part: str) -> tuple[Split, list[str]]:
        """A part's images with labels, and SHA-256 of both as IDX files; DataError."""
        raise NotImplementedError

    def missing(self, part: str) -> str:
        """What is said if that part isn't there."""
        return f"{self.name} has no {'training' if part == TRAIN else 'test'} images"


class IdxSource(Source):
    """Two IDX files a part: `found` has their paths by part and kind."""

    def __init__(self, listing: Listing, found: dict[tuple[str, str], str]) -> None:
        super().__init__(listing.name, {part for part, _ in found}, found.values())
        self._listing, self._found = listing, found

    def read(self, part: str) -> tuple[Split, list[str]]:
        for kind in (IMAGES, LABELS):
            if (part, kind) not in self._found:
                raise DataError(_no_file(self.name, part, kind))
        images_path, labels_path = self._found[part, IMAGES], self._found[part, LABELS]
        images, images_sha256 = self._listing.idx(images_path, 3)
        labels, labels_sha256 = self._listing.idx(labels_path, 1)
        split = checked_split(images, labels, base_name(images_path), base_name(labels_path))
        return split, [images_sha256, labels_sha256]

    def missing(self, part: str) -> str:
        return _no_file(self.name, part, IMAGES)


class NpzSource(Source):
    """Two arrays a part of an .npz file that is open."""

    def __init__(self, npz: Npz, name: str, most_bytes: int | None) -> None:
        self._names = {
            part: pair
            for part, pairs in ARRAYS.items()
            for pair in pairs
            if all(key in npz.headers for key in pair)
        }
        if not self._names:
            found = listed([repr(key) for key in list(npz.headers)[:6]]) or "none"
            raise DataError(
                f"{name} holds the arrays {found}: x_train and y_train, or x_test and y_test, are "
                "expected"
            )
        super().__init__(name, self._names)
        self._npz, self._most_bytes = npz, most_bytes or MAX_IDX_BYTES

    def read(self, part: str) -> tuple[Split, list[str]]:
        images_key, labels_key = self._names[part]
        images = self._array(images_key, (SIDE, SIDE), "pictures of 28x28 pixels, (N, 28, 28),")
        labels = self._array(labels_key, (), "a label for each picture, (N,),")
        split = checked_split(
            images, labels, f"{images_key} in {self.name}", f"{labels_key} in {self.name}"
        )
        return split, [idx_sha256(images), idx_sha256(labels)]

    def _array(self, key: str, shape: tuple[int, ...], expected: str) -> Array:
        """An array of bytes whose header has been looked at before anything is read."""
        header = self._npz.headers[key]
        inner = header.shape[1:]
        whole = {shape, (*shape, 1)} | ({(PIXELS,)} if shape else set())
        if not header.shape or inner not in whole:
            raise DataError(
                f"{key} in {self.name} has the shape {header.shape}: {expected} is expected"
            )
        if header.dtype.kind not in "iu":
            raise DataError(
                f"{key} in {self.name} holds numbers of type {header.dtype}: whole numbers from 0 "
                "to 255, uint8, are expected"
            )
        if header.nbytes > self._most_bytes:
            raise DataError(f"{key} in {self.name} is larger than {self._most_bytes >> 20} MB")
        values = self._npz.array(key)
        if values.size and not (values.min() >= 0 and values.max() <= 255):
            raise DataError(
                f"{key} in {self.name} holds numbers from {values.min()} to {values.max()}: from 0 "
                "to 255 is expected"
            )
        array = np.ascontiguousarray(values.reshape(len(values), *shape), np.uint8)
        array.flags.writeable = False  # a data set is shared by all that learn from it
        return array


class CsvSource(Source):
    """A CSV file a part: `found` has their paths."""

    def __init__(self, listing: Listing, found: dict[str, str]) -> None:
        super().__init__(listing.name, found, found.values())
        self._listing, self._found = listing, found

    def read(self, part: str) -> tuple[Split, list[str]]:
        path = self._found[part]
        name = base_name(path)
        with self._listing.open(path) as file:
            images, labels = read_table(file, name, most_bytes=self._listing.most_bytes)
        split = checked_split(images, labels, name, name)
        return split, [idx_sha256(images), idx_sha256(labels)]


@contextmanager
def opened_source(root: Path, notice: Notice) -> Iterator[Source]:
    """The data set in a folder, a ZIP, an .npz or a CSV file; `notice` hears what was left alone.

    DataError if there is none, with what was found and what was expected.
    """
    if root.is_dir():
        with found_source(Folder(root), notice) as source:
            yield source
        return
    if not root.exists():
        raise DataError(f"there is no folder or file {root}")
    if CSV.fullmatch(root.name):
        part = _part_of_csv(root.name) or TRAIN
        yield CsvSource(_Beside(root), {part: root.name})
        return
    with refusing_damage(str(root)), open_plain(root) as file:
        if not file.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            raise DataError(f"{root} is no folder, and no ZIP, .npz or CSV file")
    with opened_zip(root, str(root), notice) as source:
        yield source


class _Beside(Folder):
    """One file's folder, called by the file's name."""

    def __init__(self, root: Path) -> None:
        super().__init__(root.parent)
        self.name = str(root)


@contextmanager
def opened_zip(
    file: Path | bytes, name: str, notice: Notice, most_bytes: int | None = None
) -> Iterator[Source]:
    """The data set in a ZIP or .npz file, or in the bytes of one."""
    try:
        with Archive(file, max_entries=MAX_ZIP_ENTRIES) as archive:
            if not archive.entries or not all(map(_is_array, archive.entries)):
                listing = Zip(name, archive, most_bytes)
                with found_source(listing, notice) as source:
                    left = [path for path in listing.paths if path not in source.used]
                    left = [path for path in left if not OWN_PICTURE.fullmatch(base_name(path))]
                    if left:
                        notice(f"{name}: {left_in_words(left)}")
                    yield source
                return
        with Npz(file) as npz:
            yield NpzSource(npz, name, most_bytes)
    except (ArchiveError, OSError) as error:
        raise DataError(f"{name} can't be read: {error}") from error


def _is_array(name: str) -> bool:
    return name.endswith(".npy")


@contextmanager
def found_source(listing: Listing, notice: Notice) -> Iterator[Source]:
    """The data set among files, the outermost; DataError if there is none, or more than one."""
    seen: list[str] = []
    for paths in listing.levels():
        if idx := _idx_files(listing.name, paths):
            yield IdxSource(listing, idx)
            return
        if archives := [path for path in paths if path.lower().endswith(".npz")]:
            _refuse_several(listing.name, archives)
            try:
                with listing.npz(archives[0]) as npz:
                    source = NpzSource(npz, base_name(archives[0]), listing.most_bytes)
                    source.used = {archives[0]}
                    yield source
            except (ArchiveError, OSError) as error:
                raise DataError(f"{base_name(archives[0])} can't be read: {error}") from error
            return
        if tables := _csv_files(listing, paths, notice):
            yield CsvSource(listing, tables)
            return
        seen += paths
    raise DataError(_nothing(listing.name, seen))


def _idx_files(name: str, paths: list[str]) -> dict[tuple[str, str], str]:
    """The paths of IDX files by part and kind; of the same file in two forms the plainest one."""
    found: dict[tuple[str, str], str] = {}
    sets: dict[tuple[str, str], set[str]] = {}
    for path in sorted(paths, key=lambda path: (path.lower().endswith(".gz"), "." in path, path)):
        *folders, last = path.split("/")
        plain = _plain_name(last)
        match = IDX_NAME.fullmatch(plain)
        if not match:
            continue
        if folders and _plain_name(folders[-1]) == plain:  # as Kaggle unpacks a file
            folders.pop()
        key = PARTS[match["part"]], KINDS[match["kind"]]
        sets.setdefault(key, set()).add("/".join([*folders, match["set"].strip("-")]).strip("/"))
        found.setdefault(key, path)
    names = sorted(set().union(*sets.values()))
    if any(len(of_file) > 1 for of_file in sets.values()):
        raise DataError(_several(name, names))
    return found


def _plain_name(name: str) -> str:
    """A name without what a system, a browser or a packer makes of it."""
    plain = COPY.sub("", name.lower().removesuffix(".gz"))
    return re.sub(r"[._ ]+", "-", plain)


def _csv_files(listing: Listing, paths: list[str], notice: Notice) -> dict[str, str]:
    """The paths of CSV files by part; one alone may have any name."""
    tables = [path for path in paths if CSV.fullmatch(path)]
    found: dict[str, list[str]] = {}
    for path in tables:
        if part := _part_of_csv(path):
            found.setdefault(part, []).append(path)
    if len(tables) == 1 and not found:
        return {TRAIN: tables[0]}
    for part in found.values():
        _refuse_several(listing.name, part)
    chosen = {part: paths[0] for part, paths in found.items()}
    if len(chosen) == 2:  # as Kaggle's competition, which keeps the labels of its test images
        with listing.open(chosen[TEST]) as file:
            if columns_of(file, base_name(chosen[TEST])) == PIXELS:
                notice(f"left alone, as it has no labels: {chosen.pop(TEST)}")
    return chosen


def _part_of_csv(path: str) -> str | None:
    """Which part a CSV file has, by its name."""
    words = re.split(r"[^a-z0-9]+", base_name(path).lower())
    return next((part for word, part in PARTS.items() if word in words), None)


def _refuse_several(name: str, paths: list[str]) -> None:
    if len(paths) > 1:
        raise DataError(_several(name, paths))


def _several(name: str, found: list[str]) -> str:
    names = listed([one or "its own folder" for one in found[:6]])
    return f"{name} holds several data sets, {names}: give the files of one, in a folder or ZIP"


def _no_file(name: str, part: str, kind: str) -> str:
    return f"{name} has no file {part}-{kind} or {part}-{kind}.gz"


def _nothing(name: str, seen: list[str]) -> str:
    """What is said of a place without any data set in it."""
    found = f"only {listed(seen[:3])}{' and more' if len(seen) > 3 else ''}" if seen else "no file"
    return f"{_no_file(name, TRAIN, IMAGES)}, no .npz and no .csv file of images; it has {found}"
