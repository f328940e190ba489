"""Own digits kept on disk: a ZIP for each visitor of a server, few and small enough for any disk.
They survive a reload and a restart; the digits of those who came longest ago go first.
"""

import logging
import re
from contextlib import suppress
from pathlib import Path

from mnist_core.data.mnist import Split
from mnist_core.data.own_digits import MAX_ZIP_BYTES, CollectionError, empty, from_zip, to_zip
from mnist_core.files import atomic_write, open_plain

MAX_VISITORS = 200  # a thousand digits are half a megabyte
VISITOR = re.compile(r"[0-9a-f]{32}", re.ASCII)

log = logging.getLogger(__name__)


class KeptDigits:
    """The own digits of all visitors in one folder, which is made with the first of them.

    A visitor is 32 hexadecimal digits; ValueError for any other name.
    """

    def __init__(self, folder: Path, *, most: int = MAX_VISITORS) -> None:
        self.folder = folder
        self.most = most

    def load(self, visitor: str) -> Split:
        """A visitor's digits, none if there is no file of them that can be read."""
        try:
            with open_plain(self._file(visitor, "zip")) as file:
                return from_zip(file.read(MAX_ZIP_BYTES + 1))
        except FileNotFoundError:
            return empty()
        except (OSError, CollectionError) as error:
            log.warning("the own digits of a visitor can't be read: %s", error)
            return empty()

    def version(self, visitor: str) -> int:
        """A number that is another after every change of a visitor's digits."""
        try:
            return self._file(visitor, "zip").stat().st_mtime_ns
        except OSError:
            return 0

    def save(self, visitor: str, collection: Split) -> None:
        """Keep a visitor's digits in place of those before; OSError if they can't be written.

        Of none, no file stays, and nothing is taught by them any more.
        """
        if not len(collection):
            self.mark_taught(visitor, False)
            self._file(visitor, "zip").unlink(missing_ok=True)
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = to_zip(collection)
        atomic_write(self._file(visitor, "zip"), lambda file: file.write(content))
        self._remove_oldest()

    def is_taught(self, visitor: str) -> bool:
        """Whether the visitor has had a network taught by these digits."""
        return self._file(visitor, "taught").exists()

    def mark_taught(self, visitor: str, taught: bool) -> None:
        """Note that; OSError if it can't be written."""
        mark = self._file(visitor, "taught")
        if taught:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    def _file(self, visitor: str, kind: str) -> Path:
        if not VISITOR.fullmatch(visitor):
            raise ValueError(f"no visitor has the name {visitor[:40]!r}")
        return self.folder / f"{visitor}.{kind}"

    def _remove_oldest(self) -> None:
        aged = []
        for path in self.folder.glob("*.zip"):
            with suppress(OSError):  # another server may be removing it too
                aged.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(aged, reverse=True)[self.most :]:
            with suppress(OSError):
                path.with_suffix(".taught").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
