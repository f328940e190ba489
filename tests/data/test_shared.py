"""MNIST's images in files that all processes of a server map into memory."""

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data import shared
from mnist_core.data.mnist import Dataset, load_mnist, with_validation_images
from mnist_core.data.shared import ABANDONED, KEPT, PARTS, mnist_of_all, read_shared, write_shared


@pytest.fixture
def as_mnist(small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A small data set that is taken for MNIST: writing all of it costs half a second."""
    data = load_mnist(small_folder)
    monkeypatch.setattr(shared, "load_mnist", lambda: data)
    monkeypatch.setattr(shared, "MNIST_DATA_SHA256", data.sha256)
    return data


def assert_same(one: Dataset, other: Dataset) -> None:
    assert one.sha256 == other.sha256
    for part in PARTS:
        mine, theirs = getattr(one, part), getattr(other, part)
        assert np.array_equal(mine.images, theirs.images)
        assert np.array_equal(mine.labels, theirs.labels)
        assert not theirs.images.flags.writeable


def test_mnist_itself_is_known_by_its_hashes(mnist: Dataset, tmp_path: Path) -> None:
    found = mnist_of_all(tmp_path / KEPT, write=True)
    assert found.folder == tmp_path / KEPT
    assert_same(mnist, found)


def test_who_comes_later_reads_the_files_of_the_first(
    as_mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mnist_of_all(tmp_path / KEPT, write=True)
    monkeypatch.setattr(shared, "load_mnist", lambda: pytest.fail("the files are there"))
    for write in (True, False):
        later = mnist_of_all(tmp_path / KEPT, write=write)
        assert_same(first, later)
        assert isinstance(later.train.images.base, np.memmap)
    assert os.listdir(tmp_path) == [KEPT]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / KEPT).stat().st_mode) == 0o700


def other_pixel(file: Path) -> None:
    with open(file, "r+b") as content:
        content.seek(-1, os.SEEK_END)
        content.write(b"\x07")


def other_header(file: Path) -> None:
    with open(file, "r+b") as content:
        content.seek(12)
        content.write(b"((((")


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("damage", [other_pixel, other_header, cut_short, emptied, Path.unlink])
@pytest.mark.parametrize("name", ["validation-images.npy", "test-labels.npy"])
def test_damaged_files_are_not_used_and_made_anew(
    as_mnist: Dataset, tmp_path: Path, damage, name: str
) -> None:
    mnist_of_all(tmp_path / KEPT, write=True)
    damage(tmp_path / KEPT / name)
    assert mnist_of_all(tmp_path / KEPT) is as_mnist
    again = mnist_of_all(tmp_path / KEPT, write=True)
    assert again.folder == tmp_path / KEPT
    assert_same(as_mnist, again)


def test_another_data_set_is_not_taken_for_mnist(
    as_mnist: Dataset, small: Dataset, tmp_path: Path
) -> None:
    (tmp_path / KEPT).mkdir()
    write_shared(small, tmp_path / KEPT)
    assert mnist_of_all(tmp_path / KEPT) is as_mnist


def test_without_a_folder_to_write_to_everybody_has_a_copy(
    as_mnist: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / KEPT, tmp_path / "nowhere" / KEPT):
        assert mnist_of_all(folder, write=True) is as_mnist
    assert mnist_of_all(tmp_path / KEPT) is as_mnist  # who only reads makes no files
    assert os.listdir(tmp_path) == ["file"]


def test_runs_keep_the_room_of_a_disk_that_is_nearly_full(
    as_mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "ROOM", 2**62)
    assert mnist_of_all(tmp_path / KEPT, write=True) is as_mnist
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_files_that_can_not_be_written_to_their_end(
    as_mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: Dataset, folder: Path) -> None:
        (folder / "train-images.npy").touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shared, "write_shared", full)
    assert mnist_of_all(tmp_path / KEPT, write=True) is as_mnist
    assert not list(tmp_path.iterdir())


def test_what_a_killed_server_has_begun_is_removed_and_what_another_writes_is_not(
    as_mnist: Dataset, tmp_path: Path
) -> None:
    for name, age in (("killed", ABANDONED + 1), ("at-work", 0)):
        begun = tmp_path / f"{KEPT}.{name}.part"
        begun.mkdir()
        (begun / "train-images.npy").touch()
        then = time.time() - age
        os.utime(begun, (then, then))
    mnist_of_all(tmp_path / KEPT, write=True)
    assert sorted(os.listdir(tmp_path)) == [KEPT, f"{KEPT}.at-work.part"]


def test_data_made_of_shared_data_is_not_taken_for_that(as_mnist: Dataset, tmp_path: Path) -> None:
    write_shared(as_mnist, tmp_path)
    found = read_shared(tmp_path)
    assert found.folder == tmp_path
    assert with_validation_images(found).folder is None
