"""Numbers as people write them."""


def signed(value: float, digits: int) -> str:
    """A number with its sign and so many digits after the point; what rounds to zero has none."""
    words = f"{value:+.{digits}f}"
    return words if float(words) else "0"
