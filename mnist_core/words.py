"""Numbers as people say them, for pages, reports and the command line: shares, times, digits."""

import re
from collections.abc import Sequence
from math import floor

MINUTE, HOUR = 60, 3600  # seconds
MINUS = "\N{MINUS SIGN}"
_BEFORE_A_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|min|h|kB|MB|images/s)(?![\w/]))")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(fraction: float, digits: int = 2) -> str:
    """A share (0..1) in percent: "98.41 %". Only what is all or nothing is "100 %" or "0 %".

    So 0.99996 is "99.99 %", and a share that is too small for its digits is "under 0.01 %".
    A difference may be negative; it is never "-0".
    """
    value, least = 100 * fraction, 10.0**-digits
    if value in (0, 100):
        return f"{value:.0f} %".removeprefix("-")
    if 100 - least / 2 <= value < 100:
        return f"{100 - least:.{digits}f} %"
    if abs(value) < least / 2:
        return f"under {least:.{digits}f} %" if value > 0 else "0 %"
    return f"{value:.{digits}f} %"


def duration(seconds: float) -> str:
    """How long something takes, as precisely as one wants to know it: "0.4 s", "45 s", "22 min"."""
    if seconds < 1:
        return f"{floor(10 * max(seconds, 0)) / 10:g} s"
    if round(seconds) < 2 * MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    if minutes < 2 * HOUR // MINUTE:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10 and minutes:
        return f"{hours} h {minutes} min"
    return f"{round(seconds / HOUR)} h"


def a_digit(digit: int) -> str:
    """A digit with its article: "a 3", "an 8"."""
    return f"{'an' if digit == 8 else 'a'} {digit}"


def listed(words: Sequence[str]) -> str:
    """Words with commas and an "and" between them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def unbroken(words: str) -> str:
    """Words for a page, where no line ends between a number and its unit: "98.4 %", "20 s"."""
    return _BEFORE_A_UNIT.sub("\N{NO-BREAK SPACE}", words)
