"""A person's own digits: what a ZIP of them holds, which are refused, what fine-tuning does."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_core import load_mnist, load_model
from mnist_core.data.mnist import Dataset, Split, load_test
from mnist_core.data.own_digits import (
    IMAGES_NAME,
    LABELS_NAME,
    CollectionError,
    empty,
    from_zip,
    png_bytes,
    read_zip,
    to_zip,
    with_digit,
    with_digits,
    without_digit,
)
from mnist_core.data.zip_files import left_in_words
from mnist_core.training.finetune import FineTuned, FineTuneSettings, divided, fine_tune
from tests.conftest import idx_bytes

Entries = dict[str, bytes]


@pytest.fixture
def ten(small: Dataset) -> Split:
    """Ten digits, as a person might have kept them."""
    return small.test[:10]


def zip_of(entries: Entries, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def pair(images: np.ndarray, labels: np.ndarray) -> Entries:
    return {IMAGES_NAME: idx_bytes(images), LABELS_NAME: idx_bytes(labels)}


INK = np.full((1, 28, 28), 9, np.uint8)
LABEL = np.zeros(1, np.uint8)


def test_digits_come_back_from_a_zip_as_they_were(ten: Split) -> None:
    again = from_zip(to_zip(ten))
    assert np.array_equal(again.images, ten.images)
    assert np.array_equal(again.labels, ten.labels)


def test_an_empty_collection_comes_back_empty() -> None:
    assert len(from_zip(to_zip(empty()))) == 0


def test_the_same_digits_give_the_same_zip(ten: Split) -> None:
    assert to_zip(ten) == to_zip(ten)


def test_the_zip_holds_a_picture_named_by_its_label_for_every_digit(ten: Split) -> None:
    with zipfile.ZipFile(io.BytesIO(to_zip(ten))) as archive:
        name = f"{ten.labels[2]}-0003.png"
        with Image.open(io.BytesIO(archive.read(name))) as image:
            assert image.mode == "L"
            assert np.array_equal(np.asarray(image), ten.images[2])
        assert len(archive.namelist()) == 2 + 10


def test_own_digits_can_be_trained_on_and_evaluated_from_the_zip_itself(
    ten: Split, tmp_path: Path
) -> None:
    file = tmp_path / "my-digits.zip"
    file.write_bytes(to_zip(ten))
    data = load_mnist(file)
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 1, 1)
    assert np.array_equal(data.test.images[0], ten.images[5])
    judged = load_test(file)
    assert np.array_equal(judged.images, ten.images)
    assert np.array_equal(judged.labels, ten.labels)


def test_own_digits_can_be_loaded_from_the_folder_that_the_zip_unpacks_to(
    ten: Split, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(to_zip(ten))) as archive:
        archive.extractall(tmp_path)
    assert len(load_test(tmp_path)) == 10
    assert len(load_mnist(tmp_path).train) == 8


def test_a_png_is_read_by_others_as_it_was_written() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    with Image.open(io.BytesIO(png_bytes(image))) as read:
        assert np.array_equal(np.asarray(read), image)


def test_a_digit_is_added_at_the_end_and_taken_away_by_its_number(ten: Split) -> None:
    more = with_digit(ten, INK[0], 7)
    assert len(more) == 11 and more.labels[-1] == 7 and np.array_equal(more.images[-1], INK[0])
    less = without_digit(more, 0)
    assert np.array_equal(less.labels, more.labels[1:])


def test_a_full_collection_takes_no_more(mnist: Dataset) -> None:
    full = mnist.test[:1000]
    with pytest.raises(CollectionError, match="at most 1,000"):
        with_digit(full, INK[0], 1)
    assert len(with_digit(full, full.images[7], int(full.labels[7]))) == 1000


def test_equal_pictures_with_the_same_label_are_kept_once(ten: Split) -> None:
    twice = with_digits(ten, from_zip(to_zip(ten)))
    assert np.array_equal(twice.images, ten.images) and np.array_equal(twice.labels, ten.labels)
    label = int(ten.labels[4])
    assert len(with_digit(ten, ten.images[4], label)) == 10
    assert len(with_digit(ten, ten.images[4], (label + 1) % 10)) == 11


def repacked(collection: Split, how: str) -> bytes:
    """The ZIP of a collection, unpacked and packed again with what other programs add."""
    with zipfile.ZipFile(io.BytesIO(to_zip(collection))) as file:
        own = {name: file.read(name) for name in file.namelist()}
    in_folder = {f"Meine Zïffern/{name}": content for name, content in own.items()}
    more = {
        "mac": {"Meine Zïffern/.DS_Store": b"\0\0\0\1Bud1", "Meine Zïffern/Icon\r": b""}
        | {f"__MACOSX/Meine Zïffern/._{name}": b"\0\5\x16\7" for name in own},
        "windows": {"Meine Zïffern/Thumbs.db": b"\xd0\xcf", "Meine Zïffern/desktop.ini": b"[x]"},
        "old windows": {"Thumbs.db": b"\xd0\xcf"},
        "note": {"readme.txt": b"hello"},
        "stored": {},
    }[how]
    if how == "old windows":
        in_folder = {name.replace("/", "\\"): content for name, content in in_folder.items()}
    packing = zipfile.ZIP_STORED if how == "stored" else zipfile.ZIP_DEFLATED
    files = own if how == "note" else {"Meine Zïffern/": b""} | in_folder
    return zip_of(files | more, packing)


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ("mac", "__MACOSX (12 files), Meine Zïffern/.DS_Store and Meine Zïffern/Icon\r"),
        ("windows", "Meine Zïffern/Thumbs.db and Meine Zïffern/desktop.ini"),
        ("old windows", "Thumbs.db"),
        ("note", "readme.txt"),
        ("stored", ""),
    ],
)
def test_digits_that_others_have_packed_again_are_read_and_what_was_added_is_named(
    ten: Split, how: str, left: str
) -> None:
    again, names = read_zip(repacked(ten, how))
    assert np.array_equal(again.images, ten.images)
    assert np.array_equal(again.labels, ten.labels)
    words = left_in_words(names) if names else ""
    assert words.removeprefix("left alone, as not needed: ") == left


def test_a_full_collection_that_a_mac_has_packed_again_is_read(mnist: Dataset) -> None:
    assert len(read_zip(repacked(mnist.test[:1000], "mac"))[0]) == 1000


def a_link() -> bytes:
    link = zipfile.ZipInfo("3-0001.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO(zip_of(pair(INK, LABEL)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, b"/etc/passwd")
    return file.getvalue()


def in_directory(offset: int, value: int) -> bytes:
    """A good ZIP whose directory has another value at that offset of each entry."""
    content = bytearray(zip_of(pair(INK, LABEL)))
    at = content.find(b"PK\1\2")
    while at >= 0:
        content[at + offset : at + offset + 2] = struct.pack("<H", value)
        at = content.find(b"PK\1\2", at + 1)
    return bytes(content)


DANGERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a path that leads out": (
        lambda: zip_of(pair(INK, LABEL) | {"__MACOSX/../../x": b""}),
        "it has an entry that leads elsewhere, '__MACOSX/../../x'",
    ),
    "backslashes that lead out": (
        lambda: zip_of(pair(INK, LABEL) | {"..\\x": b""}),
        "it has an entry that leads elsewhere, '../x'",
    ),
    "a link": (a_link, "it has a link in it, '3-0001.png'"),
    "a program": (
        lambda: zip_of(pair(INK, LABEL) | {"notes.txt.EXE": b"MZ"}),
        "it has a program in it, 'notes.txt.EXE'",
    ),
    "a bomb in a note": (
        lambda: zip_of(pair(INK, LABEL) | {"readme.txt": bytes(30 * 2**20)}),
        "it unpacks to more than 8 MB",
    ),
    "too many entries": (
        lambda: zip_of(pair(INK, LABEL) | {f"{i}": b"" for i in range(2_999)}),
        "it holds more than 3,000 entries",
    ),
    "two collections": (
        lambda: zip_of({f"{a}/{name}": x for a in "ab" for name, x in pair(INK, LABEL).items()}),
        f"it holds 2 files {IMAGES_NAME}: choose one that was saved here",
    ),
    "both slashes": (
        lambda: zip_of(
            {f"a/{name}": x for name, x in pair(INK, LABEL).items()}
            | {f"a\\{LABELS_NAME}": idx_bytes(LABEL)}
        ),
        f"it holds 'a/{LABELS_NAME}' twice",
    ),
    "a data set of others": (
        lambda: zip_of({"train.csv": b"label,pixel0"}),
        f"it has no file {IMAGES_NAME}: choose one that was saved here; other data sets are opened "
        "on the Evaluate page",
    ),
    "encrypted": (lambda: in_directory(8, 1), "it is encrypted"),
    "Deflate64": (lambda: in_directory(10, 9), "it is packed by Deflate64 that can't be read here"),
}


@pytest.mark.parametrize("name", DANGERS)
def test_what_is_a_danger_in_a_zip_is_said(name: str) -> None:
    make, reason = DANGERS[name]
    with pytest.raises(CollectionError) as refused:
        read_zip(make())
    assert reason in str(refused.value)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "no ZIP": lambda: b"hello",
    "an empty file": lambda: b"",
    "cut short": lambda: to_zip(Split(INK, LABEL))[:-30],
    "a path that leads out of the folder": lambda: zip_of(
        pair(INK, LABEL) | {"../../etc/passwd": b"x"}
    ),
    "a program": lambda: zip_of(pair(INK, LABEL) | {"3-0001.png.exe": b"x"}),
    "no pair of files": lambda: zip_of({"3-0001.png": png_bytes(INK[0])}),
    "no labels": lambda: zip_of({IMAGES_NAME: idx_bytes(INK)}),
    "a bomb": lambda: zip_of(pair(INK, LABEL) | {"3-0001.png": bytes(30 * 2**20)}),
    "a bomb of images": lambda: zip_of(
        {IMAGES_NAME: bytes(5 * 2**20), LABELS_NAME: idx_bytes(LABEL)}
    ),
    "too large": lambda: bytes(3 * 2**20),
    "too many files": lambda: zip_of(
        pair(INK, LABEL) | {f"{i % 10}-{i}.png": b"" for i in range(1001)}
    ),
    "another packing": lambda: zip_of(pair(INK, LABEL), zipfile.ZIP_BZIP2),
    "more labels than pictures": lambda: zip_of(pair(INK, np.zeros(2, np.uint8))),
    "larger pictures": lambda: zip_of(pair(np.ones((1, 29, 28), np.uint8), LABEL)),
    "a label of 10": lambda: zip_of(pair(INK, LABEL + 10)),
    "a blank picture": lambda: zip_of(pair(INK * 0, LABEL)),
    "a header that claims more": lambda: zip_of(
        {IMAGES_NAME: idx_bytes(INK)[:-1], LABELS_NAME: idx_bytes(LABEL)}
    ),
    "sizes that wrap around": lambda: zip_of(
        {IMAGES_NAME: b"\x00\x00\x08\x03" + b"\xff" * 12, LABELS_NAME: idx_bytes(LABEL)}
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(CollectionError) as refused:
        from_zip(HOSTILE[name]())
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_an_entry_that_unpacks_to_more_than_it_claims_is_refused() -> None:
    content = bytearray(zip_of(pair(np.zeros((5000, 28, 28), np.uint8), LABEL)))
    claimed = (5000 * 784 + 16).to_bytes(4, "little")
    assert content.count(claimed) == 2  # in the entry's own header and in the directory
    with pytest.raises(CollectionError):
        from_zip(bytes(content.replace(claimed, (16).to_bytes(4, "little"))))


@pytest.mark.parametrize("claim", [16, 10_000, 2**31])
def test_a_zip_that_lies_about_its_sizes_costs_no_memory(claim: int) -> None:
    content = bytearray(zip_of({IMAGES_NAME: bytes(100 * 2**20), LABELS_NAME: idx_bytes(LABEL)}))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = claim.to_bytes(4, "little")
    tracemalloc.start()
    try:
        with pytest.raises(CollectionError):
            from_zip(bytes(content))
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_a_zip_is_read_without_writing_a_file(ten: Split, monkeypatch) -> None:
    content = to_zip(ten)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert len(from_zip(content)) == 10


def test_every_third_digit_of_a_label_is_held_out() -> None:
    labels = np.array([1, 1, 2, 1, 2, 1], np.uint8)
    images = np.repeat(INK, 6, axis=0) + np.array([5, 4, 3, 2, 1, 0], np.uint8)[:, None, None]
    learned, held_out = divided(Split(images, labels))
    assert learned.labels.tolist() == [1, 1, 2, 2, 1]
    assert held_out.labels.tolist() == [1]


def test_no_copy_of_what_was_learned_is_held_out(ten: Split) -> None:
    more = [ten, ten, Split(ten.images, (ten.labels + 1) % 10), ten]
    copies = Split(
        np.concatenate([split.images for split in more]),
        np.concatenate([split.labels for split in more]),
    )
    learned, held_out = ({image.tobytes() for image in part.images} for part in divided(copies))
    assert learned and not learned & held_out


def tuned(collection: Split, mnist: Dataset, *, replay: bool) -> FineTuned:
    settings = FineTuneSettings(steps=60, replay=replay, learning_rate=0.1, test_every=30)
    *_, last = fine_tune(load_model("mlp"), collection, mnist.train, mnist.test[:2000], settings)
    return last


def test_fine_tuning_wrong_names_gains_them_and_replay_forgets_less(mnist: Dataset) -> None:
    ones = mnist.validation[mnist.validation.labels == 1]
    renamed = Split(ones.images[:12], np.full(12, 7, np.uint8))
    alone, with_replay = (tuned(renamed, mnist, replay=replay) for replay in (False, True))
    assert alone.steps == [0, 30, 60]
    assert alone.learned[0] == 0 and alone.learned[-1] == 1
    assert alone.test[-1] < with_replay.test[-1] < alone.test[0]


def test_the_shipped_network_is_not_changed_by_fine_tuning(mnist: Dataset) -> None:
    before = load_model("mlp")
    tuned(mnist.validation[:9], mnist, replay=False)
    assert np.array_equal(load_model("mlp").parameters.flat, before.parameters.flat)


def test_an_empty_collection_teaches_nothing(mnist: Dataset) -> None:
    with pytest.raises(ValueError, match="empty"):
        next(fine_tune(load_model("mlp"), empty(), mnist.train, mnist.test, FineTuneSettings()))
