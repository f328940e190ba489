"""Files are written whole or not at all, whoever else writes them."""

import threading
from pathlib import Path

import pytest

from mnist_core.files import atomic_write


def test_what_is_written_is_there(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", lambda file: file.write(b"new"))
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fail(file) -> None:
        file.write(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        atomic_write(tmp_path / "a", fail)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_many_may_write_one_file_at_once_and_it_is_always_whole(tmp_path: Path) -> None:
    path, errors = tmp_path / "a", []
    atomic_write(path, lambda file: file.write(b"0" * 1000))

    def work(letter: bytes) -> None:
        try:
            for _ in range(50):
                atomic_write(path, lambda file: file.write(letter * 1000))
                assert len(set(path.read_bytes())) == 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"1", b"2", b"3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
