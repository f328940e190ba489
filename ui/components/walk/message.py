"""The stops of the path, where each of them stands and how it is called, packed for the browser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mnist_core.arrays import Array
from mnist_core.inspection.stations import LETTERS
from ui.components.pieces import pack
from ui.components.tiles.colours import COLOURS
from ui.components.tiles.packing import quantise

# What a letter stands for, in the words that a screen reader says.
MEANINGS = {letter: kind for kind, letter in LETTERS.items()} | {
    "x": "input",
    "y_hat": "probabilities",
    "L": "loss",
    "W": "weights",
    "b": "bias",
}
_NAME = re.compile(rf"(dL/d)?({'|'.join(MEANINGS)})(\d*)")
_VALUES, _GRADIENTS, _PARAMETERS = range(3)  # the rows


@dataclass(frozen=True)
class Stop:
    """A station of the path.

    Args:
        name: the station's: "x", "a1", "y_hat", "L", "dL/da1", "dL/dW1".
        values: what its small picture shows, (h, w); (1, 1) for the loss.
        diverging: whether zero is the middle of the colours; else black is zero, as in pixels.
        words: its shape, as in "64 x 1", for the line below the picture and screen readers.
    """

    name: str
    direction: Literal["forward", "backward"]
    values: Array
    diverging: bool
    words: str


@dataclass(frozen=True)
class Place:
    """Where a stop stands: a row of three, a column, and which stop its arrow comes from.

    The gradients of parameters, in the last row, share a column: `half` is 0 or 1 there.
    """

    row: int
    column: int
    source: int | None
    half: int | None = None


def walk_message(stops: Sequence[Stop], chosen: str, heard: float | None) -> bytes:
    """All stops with their pictures, one byte a number, each on its own scale.

    `heard` marks the last choice that Python knows of: the browser has made a newer one if it has
    sent another mark since. ValueError for stops that make no path, or no such stop as `chosen`.
    """
    names = [stop.name for stop in stops]
    if len(set(names)) != len(names):
        raise ValueError("each stop needs a name of its own")
    if chosen not in names:
        raise ValueError(f"there is no stop {chosen!r}")
    pictures = [quantise(stop.values[None], diverging=stop.diverging) for stop in stops]
    header = {
        "chosen": names.index(chosen),
        "heard": heard,
        "stops": [
            _stop_for_the_browser(stop, place, f"{number} of {len(stops)}")
            for number, (stop, place) in enumerate(zip(stops, places_of(stops), strict=True), 1)
        ],
    }
    codes = [picture.codes.tobytes() for picture in pictures]
    return pack(header, [COLOURS[True], COLOURS[False], *codes])


def places_of(stops: Sequence[Stop]) -> list[Place]:
    """Values in columns from left to right, and each gradient of a value below that value.

    ValueError for a gradient of a value that is not there.
    """
    columns: dict[str, int] = {}
    places: list[Place] = []
    latest = None  # number of the last value, or gradient of a value
    for number, stop in enumerate(stops):
        value = stop.name.removeprefix("dL/d")
        if stop.direction == "forward":
            columns[value] = len(columns)
            places.append(Place(_VALUES, columns[value], latest))
            latest = number
        elif value in columns:
            places.append(Place(_GRADIENTS, columns[value], latest))
            latest = number
        elif latest is not None and places[latest].row == _GRADIENTS:
            beside = number - latest - 1
            places.append(Place(_PARAMETERS, places[latest].column, latest, beside))
        else:
            raise ValueError(f"there is no value on the way forward that {stop.name} belongs to")
    return places


def _stop_for_the_browser(stop: Stop, place: Place, position: str) -> dict[str, Any]:
    match = _NAME.fullmatch(stop.name)
    if match is None:
        raise ValueError(f"a stop cannot be called {stop.name!r}")
    gradient, letter, number = match.groups()
    spoken = f"{'gradient of ' if gradient else ''}{letter.replace('_', ' ')} {number}".strip()
    h, w = stop.values.shape
    return {
        "name": stop.name,
        "letter": letter,
        "number": number,
        "gradient": gradient is not None,
        "words": stop.words,
        "says": ", ".join((spoken, MEANINGS[letter], stop.words, stop.direction, position)),
        "position": position,
        "diverging": stop.diverging,
        "h": h,
        "w": w,
        "row": place.row,
        "column": place.column,
        "half": place.half,
        "source": place.source,
    }
