"""How the commands print: JSON objects on stdout, complaints and progress on stderr."""

import json
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any


def say(values: dict[str, Any]) -> None:
    """One JSON object on a line of its own, now."""
    print(json.dumps(values), flush=True)


def spell_what_has_no_bytes() -> None:
    """From now on stdout spells letters that it has no bytes for, as stderr always does.

    A name that is no text, as of a file from another system, is then the same words everywhere.
    """
    if sys.stdout is not None:  # it is None if the shell has closed it
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def spelled(name: object) -> str:
    """A name in one line that harms no terminal: what can't be seen in it is spelled as in Python.

    A line break is \\n, the start of a colour \\x1b, and a byte that is no text \\udce9.
    """
    return "".join(letter if _is_seen(letter) else _escape(letter) for letter in str(name))


def _is_seen(letter: str) -> bool:
    return letter.isprintable() or unicodedata.category(letter) == "Zs"  # a space of any width


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def tell(words: str) -> None:
    """A line for people, or several; of names that stand in it, `spelled` keeps each in one."""
    print("\n".join(map(spelled, words.split("\n"))))


def complain(words: str) -> None:
    """One line on stderr, where line breaks are spelled. Without a stderr there is none."""
    with suppress(OSError):  # the terminal is gone
        if sys.stderr is not None:
            clear_progress()
            print(spelled(words), file=sys.stderr, flush=True)


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
