"""Only plain files are read; files are written whole or not at all, whoever else writes them."""

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from mnist_core.files import atomic_write, open_plain


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


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file, link, second = (tmp_path / name for name in ("elsewhere/a", "link", "second"))
    link.symlink_to("elsewhere/a")  # nothing is there yet
    second.symlink_to(link)
    for path, content in ((link, b"new"), (second, b"newer")):
        atomic_write(path, lambda opened, content=content: opened.write(content))
        assert file.read_bytes() == content
    assert link.is_symlink() and second.is_symlink() and not file.is_symlink()
    assert list(file.parent.iterdir()) == [file]


def test_links_in_a_circle_are_an_error_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="a can't be written: "):
        atomic_write(path, lambda file: file.write(b"new"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b"]
    assert path.is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path, on_the_way = tmp_path / "a", []
    path.write_bytes(b"old")
    path.chmod(mode)

    def write(file) -> None:
        on_the_way.append(Path(file.name).stat().st_mode & 0o777)

    atomic_write(path, write)
    assert [*on_the_way, path.stat().st_mode & 0o777] == [mode, mode]


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device", "a socket"])
def test_only_plain_files_are_opened_and_nothing_waits(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)  # nobody will ever write into it
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="not a plain file"):
        open_plain(path)


def test_a_plain_file_is_opened_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for name in ("a", "link"):
        with open_plain(tmp_path / name) as file:
            assert file.read() == b"content"


@pytest.mark.parametrize("name", ["missing", "x" * 300, "zero\0byte", "half\ud800"])
def test_a_name_that_leads_nowhere_is_an_error_of_the_system(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError) as refusal:
        open_plain(tmp_path / name)
    assert refusal.value.strerror


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists what is open as files")
def test_nothing_stays_open_of_what_is_refused(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(OSError):
            open_plain(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["missing/a", "file/a", "folder"])
def test_a_write_that_fails_names_the_file_and_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=f"{name} can't be written: ") as refusal:
        atomic_write(tmp_path / name, lambda file: file.write(b"new"))
    assert refusal.value.errno
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
