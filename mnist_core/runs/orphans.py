"""Workers whose server is dead: one that stands still holds its run's lock for ever, and is ended.
The lock's file says which process of which server holds it; whether the server lives, its own lock.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from mnist_core.runs.folder import Lock, RunFolder

WORKER_MODULE = "mnist_core.runs.worker"  # followed by the run's id in a worker's command line
# Seconds: a worker notices that its server is gone, and has 4 to end its step and 30 more to save.
PATIENCE = 36.0


def sign(lock: Lock, pid: int, server: str) -> None:
    """Write into a run's lock file for whom it is held; on a full disk nobody will know."""
    with suppress(OSError):
        os.ftruncate(lock.descriptor, 0)
        os.write(lock.descriptor, f"{pid} {server}".encode())


def push_orphan(files: RunFolder, servers: Path, *, known_for: float) -> bool:
    """Have the worker of a dead server end, as soon as it can; whether there is one.

    It is told to go on if somebody has stopped it: it then saves and ends of itself. Once it has
    been known for longer than PATIENCE it is killed. The worker of a server that lives is never
    touched, nor a process that is not surely a worker on this very run; so nothing is done where
    the system does not tell (that is, but on Linux).
    """
    try:
        pid, server = files.lock.read_text().split()
        if Lock.is_held(servers / Path(server).name) or not Lock.is_held(files.lock):
            return False
        process = os.pidfd_open(int(pid))  # not a number that another may get in the meantime
    except (OSError, ValueError, AttributeError):
        return False
    try:
        if not _works_on(files, Path("/proc") / pid):
            return False
        number = signal.SIGKILL if known_for > PATIENCE else signal.SIGCONT
        signal.pidfd_send_signal(process, number)
        return True
    except OSError:  # it has just ended
        return False
    finally:
        os.close(process)


def _works_on(files: RunFolder, process: Path) -> bool:
    """Whether that is a worker on the run, with its lock file open."""
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if (WORKER_MODULE, files.path.name) not in zip(words, words[1:], strict=False):
        return False
    for descriptor in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # it has just closed this one
            if os.path.samefile(descriptor, files.lock):
                return True
    return False
