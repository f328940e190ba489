"""Numbers as people say them, once for all pages; most such words are the core's own.
A number and its unit stay on one line here; what is typed, saved or printed has plain spaces.
"""

import re
from pathlib import PurePath

from mnist_core import words as plain
from mnist_core.words import MINUS, unbroken
from mnist_core.words import a_digit as a_digit
from mnist_core.words import listed as listed


def percent(fraction: float, digits: int = 2) -> str:
    """A share (0..1) in percent: see mnist_core.words."""
    return unbroken(plain.percent(fraction, digits))


def duration(seconds: float) -> str:
    """How long something takes: see mnist_core.words."""
    return unbroken(plain.duration(seconds))


def signed(value: float, digits: int) -> str:
    """A number with its sign and so many digits after the point; what rounds to zero has none."""
    words = f"{value:+.{digits}f}"
    return words.replace("-", MINUS) if float(words) else "0"


def plain_number(value: float, digits: int) -> str:
    """A number with so many digits after the point; what rounds to zero has no sign."""
    return f"{value:z.{digits}f}".replace("-", MINUS)


def probability(p: float, digits: int = 1) -> str:
    """A probability (0..1) in percent. No network is entirely sure: that is ">99.9 %"."""
    words = f"{100 * p:.{digits}f} %"
    if words.startswith("100"):
        words = f">{100 - 10**-digits:.{digits}f} %"
    return unbroken(words)


def points(difference: float) -> str:
    """The difference of two shares (0..1) in percentage points."""
    return f"{signed(100 * difference, 1)}\N{NO-BREAK SPACE}points"


def plain_name(file_name: str, longest: int) -> str:
    """A file's name without what Markdown would make something else of; "" if nothing is left."""
    words = re.sub(r"[^\w .-]|_", " ", PurePath(file_name).name)
    return " ".join(words.split())[:longest]


# What Markdown, or what Streamlit adds to it, would make something else of: pictures are fetched.
_MEANS = re.compile(r"[\\`*_\[\]<>$~#!|&]|:(?=\w)")


def spelled(text: str) -> str:
    """A text that strangers may have written, or that has their words in it, for Markdown: its
    letters on one line, without a meaning."""
    return _MEANS.sub(r"\\\g<0>", unbroken(" ".join(text.split())))


# What an age is said in: seconds of one, and its name.
_AGES = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def ago(seconds: float) -> str:
    """How long ago something was: "just now", "1 minute ago", "3 hours ago", "12 days ago"."""
    for unit, word in _AGES:
        if (count := int(seconds // unit)) >= 1:
            return f"{count:,} {word}{'' if count == 1 else 's'} ago"
    return "just now"
