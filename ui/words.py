"""Numbers and digits as one would say them, for all pages."""


def a_digit(digit: int) -> str:
    """A digit with its article: "a 3", "an 8"."""
    return f"{'an' if digit == 8 else 'a'} {digit}"


def percent(probability: float, places: int = 1) -> str:
    """A probability, 0..1, in per cent. One that is only almost 1 is never called 100%."""
    words = f"{probability:.{places}%}"
    if not words.startswith("100"):
        return words
    return f">{100 - 10**-places:.{places}f}%"


def points(difference: float) -> str:
    """The difference of two shares, 0..1, in percentage points."""
    return f"{100 * difference:+.1f} points"
