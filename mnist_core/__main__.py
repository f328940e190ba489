"""`python -m mnist_core`: the command line, which mnist_core/cli holds."""

import os
import signal
import sys
from types import FrameType


def start() -> int:
    """Import the command line and carry it out; the exit status."""
    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:  # as a shell has it for a command in the background
        signal.signal(signal.SIGINT, _leave)
    try:
        from mnist_core.cli.main import main  # with NumPy and Pillow: most of the time until --help
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "PIL"):
            raise
        print(f"{error.name} is missing: pip install -r requirements.txt", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, before)
    return main()


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once: a KeyboardInterrupt would be a traceback, or be lost in a library's import."""
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(start())
