"""Opening files that can be trusted to end, and writing files so that a reader finds them whole."""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

# What else a path may lead to, by the test that finds it. Reading a pipe may wait for ever, and
# reading a device may never come to an end.
OTHER_KINDS: dict[Callable[[int], bool], str] = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def open_plain(path: str | Path) -> BinaryIO:
    """The plain file at `path`, open for reading; links are followed.

    Raises OSError, whose strerror is the reason, for a path that can't be opened and for one that
    leads to anything but a plain file: IsADirectoryError for a folder, FileNotFoundError if there
    is nothing.
    """
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):  # not every system has each of them
        flags |= getattr(os, name, 0)
    try:
        # Without O_NONBLOCK a pipe would wait here for somebody who writes. What was opened is
        # what is looked at next: nobody can put another file in its place in between.
        descriptor = os.open(path, flags)
    except ValueError as error:  # a zero byte or half a character
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # what opening a socket gives
            raise OSError(errno.ENXIO, "not a plain file", str(path)) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = next((name for test, name in OTHER_KINDS.items() if test(mode)), "something")
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            raise OSError(number, f"not a plain file, but {kind}", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def followed(path: Path) -> Path:
    """Where a path leads to through all links; OSError for links that lead in a circle."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # what realpath gives for a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def make_folder(path: Path) -> None:
    """Make a folder, and those on the way to it, unless it is there; OSError that names it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"the folder {path} can't be made: {error.strerror}"
        raise OSError(error.errno, reason) from error


def atomic_write(path: Path, write: Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Have `write` fill a temporary file beside `path`, which then takes its place in one step.

    A link stays: what it leads to is written. A file that is replaced leaves its permissions to the
    new one. Each call has a temporary file of its own, so several may write the same path at once:
    the last one to finish stays. A `durable` file is on the disk when this returns, and so survives
    a loss of power; others survive the end of any process. OSError that names the path, and nothing
    left behind, if the file can't be written.
    """
    temporary = None
    try:
        target = followed(path)
        temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part")
        with open(temporary, "xb") as file:
            # Before the first byte, which may be secret.
            with suppress(OSError):  # no file yet, or a disk without permissions
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        if temporary:
            with suppress(OSError):  # the folder itself may be gone, and the file with it
                temporary.unlink()
        if isinstance(error, OSError):
            # Of the same kind (no space, no folder, no right) as the error itself.
            reason = f"{path} can't be written: {error.strerror or error}"
            raise OSError(error.errno or errno.EIO, reason) from error
        raise
