"""How the commands print: JSON objects on stdout, complaints and progress on stderr."""

import json
import os
import sys
from contextlib import suppress
from typing import Any


def say(values: dict[str, Any]) -> None:
    """One JSON object on a line of its own, now."""
    print(json.dumps(values), flush=True)


def tell(words: str) -> None:
    """A line for people. Letters that stdout has no bytes for, as in a file's name, are spelled."""
    try:
        print(words)
    except UnicodeEncodeError:
        print(words.encode(sys.stdout.encoding, "backslashreplace").decode(sys.stdout.encoding))


def complain(words: str) -> None:
    """One line on stderr, whatever line breaks are in it. Without a stderr there is none."""
    with suppress(OSError):  # the terminal is gone
        if sys.stderr is not None:
            clear_progress()
            print(" ".join(words.split()), file=sys.stderr, flush=True)


def show_progress(done: float, words: str) -> None:
    """A bar on a terminal, of a share 0..1; nothing where stderr is a file."""
    if sys.stderr is not None and sys.stderr.isatty():
        bar = "#" * round(30 * done)
        with suppress(OSError):  # the terminal is gone
            print(f"\r{bar:<30} {done:4.0%}  {words}", end="\r", file=sys.stderr)


def show_time_left(done: float, seconds: float) -> None:
    """A bar with what is left: not to the second, which nobody knows."""
    show_progress(done, f"about {seconds:.0f} s left ")


def clear_progress() -> None:
    """Blank the line that the bar stands on."""
    if sys.stderr is not None and sys.stderr.isatty():
        print("\r" + 60 * " ", end="\r", file=sys.stderr)


def let_go_of_output() -> None:
    """Throw away what can't be printed any more, or Python would complain of it at its end."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
