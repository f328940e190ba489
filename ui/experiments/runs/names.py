"""Names of runs on the page. Strangers may have written them: they are never HTML or Markdown."""

from html import escape

from mnist_core.runs.rows import MAX_NAME
from ui.words import plain_name

LONGEST_FILE_NAME = 40


def shown_name(name: str) -> str:
    """A name on one line, without what can't be seen, and cut where it is longer than any may be.

    An index that this version has not written may hold any text.
    """
    line = " ".join(name.split())
    if not line.isprintable():
        line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 1] + "…"


def named(name: str) -> str:
    """A name as HTML: its letters, whatever their direction, without a meaning."""
    return f"<bdi>{escape(shown_name(name))}</bdi>"


def file_name(name: str, id: str, ending: str) -> str:
    """What a file of that run is called: letters, digits and dashes, and the ending."""
    words = plain_name(shown_name(name).replace("/", " ").replace(".", " "), LONGEST_FILE_NAME)
    return "-".join([*words.split(), id[:6]]) + ending
