"""Numbers as they stand in a derivation: four significant digits."""

from math import isfinite

import numpy as np

from mnist_core.arrays import Array

DIGITS = 4


def number(value: float, digits: int = DIGITS) -> str:
    """As a sentence has it: 0.01234, 1.234e−05."""
    value += 0.0  # what is minus zero is zero then
    return f"{value:.{digits}g}".replace("-", "−") if isfinite(value) else str(value)


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers in words, with as many more digits as tell them apart."""
    digits = next((n for n in range(DIGITS, 17) if number(one, n) != number(other, n)), DIGITS)
    return number(one, digits), number(other, digits)


def strongest(values: Array) -> float:
    """The value of largest magnitude, with its sign."""
    return float(values.flat[np.abs(values).argmax()])


def one_digit(value: float) -> str:
    """As much as one wants to know of an error: 6e−11."""
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def tex_number(value: float) -> str:
    """As TeX has it, negative ones in parentheses: (-1.234 \\cdot 10^{-5})."""
    if not isfinite(value):
        return rf"\text{{{value}}}"
    value += 0.0
    digits, _, exponent = f"{value:.{DIGITS}g}".partition("e")
    text = rf"{digits}\cdot 10^{{{int(exponent)}}}" if exponent else digits
    return f"({text})" if value < 0 else text
