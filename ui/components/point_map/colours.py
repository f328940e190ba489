"""The colours of the ten digits as points on a light and on a dark page."""

from functools import cache

from ui.theme import DIGITS, rgb

LEAST = 3.0  # contrast that a point needs against a dark page (WCAG 1.4.11)
DARK_PAGE = "#20242a"


@cache
def class_colours() -> dict[str, list[str]]:
    """ "#rrggbb" of each digit by theme; on dark pages those that would vanish are lighter."""
    return {"light": DIGITS, "dark": [_lightened(colour) for colour in DIGITS]}


def _lightened(colour: str) -> str:
    """The colour with as much white as it needs to be seen on a dark page."""
    white = 0.0
    while True:
        mixed = [round(part + (255 - part) * white) for part in rgb(colour)]
        text = "#{:02x}{:02x}{:02x}".format(*mixed)
        if _contrast(text, DARK_PAGE) >= LEAST:
            return text
        white += 0.05


def _contrast(first: str, second: str) -> float:
    """How much lighter one colour is than another, 1 to 21, as WCAG 2 counts it."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in rgb(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
