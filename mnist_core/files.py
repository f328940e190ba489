"""Writing files so that a reader finds each one whole: the old one or the new one, never a part."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def atomic_write(
    path: Path, write: Callable[[BinaryIO], object], *, durable: bool = True
) -> None:
    """Have `write` fill a temporary file beside `path`, which then takes its place in one step.

    Each call has a temporary file of its own, so several may write the same path at once: the last
    one to finish stays. A `durable` file is on the disk when this returns, and so survives a loss
    of power; others survive the end of any process. OSError, and nothing left behind, if the file
    can't be written.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as file:
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
