"""Many small pictures of numbers side by side: hidden units, filters, feature maps.

`weight_tiles` shows them live in the page and answers with the chosen one; `tiles_image` draws the
same grid, in the same colours, as a picture that can be saved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import streamlit as st
from numpy.typing import ArrayLike, NDArray

from ui.components.files import component_of
from ui.components.said import said
from ui.components.tiles.colours import MISSING, STEPS, Theme, colour_table
from ui.components.tiles.image import tiles_image
from ui.components.tiles.packing import Scale, pack, places_of, quantise

__all__ = [
    "MISSING",
    "STEPS",
    "Scale",
    "Theme",
    "TileLook",
    "colour_table",
    "pack",
    "quantise",
    "tiles_image",
    "weight_tiles",
]

_mount = component_of(
    "digit_lab_tiles",
    __file__,
    scripts=("../painting.js", "message.js", "grid.js", "choosing.js"),
    styles=("component.css", "../legend.css", "../hatched.css"),
)


@dataclass(frozen=True)
class TileLook:
    """How a grid of tiles looks, and the words for one tile, a number in it and the whole."""

    columns: int = 16  # at most, in a row; fewer where there is no room
    size: int = 72  # CSS pixels that a tile is wide at most
    height: int | None = None  # CSS pixels; the grid scrolls within it
    noun: str = "hidden unit"
    quantity: str = "weight"
    description: str = "Weights of the hidden units"

    def __post_init__(self) -> None:
        if self.columns < 1 or self.size < 1:
            raise ValueError("columns and size must be at least 1")


PLAIN = TileLook()


def weight_tiles(
    weights: ArrayLike,
    *,
    key: str,
    scale: Scale = "each",
    diverging: bool = True,
    order: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    marks: Sequence[str | None] | None = None,
    details: Sequence[str] | None = None,
    switched_off: Collection[int] = (),
    chosen: int | None = None,
    look: TileLook = PLAIN,
) -> int | None:
    """Show weights (n, h, w) as tiles; the number of the chosen one, None without one.

    Called again with the same `key` it redraws what has changed, and leaves the choice alone.

    Args:
        chosen: the tile that is chosen until the reader chooses another, or none.
        labels, marks, details: one text for each of the n tiles: under the tile, as a warning with
            a pattern ("dead"), and in the line below the grid when the tile is pointed at. Marks
            move nothing as long as a sequence is given, of None where there is no mark.
        order: which tiles to show, in that order; every one in its own order without it.

    Raises ValueError as `quantise` does and for texts or numbers that do not fit the n tiles.
    """
    tiles = quantise(weights, scale, diverging=diverging)
    texts = {"labels": labels, "marks": marks, "details": details}
    n, h, w = tiles.codes.shape
    _check(n, texts, switched_off)
    places = places_of(order, n)
    header = {
        "units": places.tolist(),
        "h": h,
        "w": w,
        "limit": None if scale == "each" else float(tiles.steps[0]) * STEPS,
        "diverging": diverging,
        **{name: _in_order(given, places) for name, given in texts.items()},
        "off": sorted(int(unit) for unit in switched_off),
        # When the browser builds the grid anew it has forgotten the choice; the session has not.
        "chosen": _one_of(n, said(key, "chosen")) if key in st.session_state else chosen,
        **asdict(look),
    }
    return _shown(key, pack(header, tiles.peaks[places], tiles.codes[places]), chosen, n)


def _shown(key: str, data: bytes, chosen: int | None, n: int) -> int | None:
    """Show what is packed; the chosen one of n tiles."""
    # Streamlit hands a state on only where somebody listens to it.
    state = _mount(key=key, data=data, default={"chosen": chosen}, on_chosen_change=lambda: None)
    return _one_of(n, state.get("chosen"))


def _one_of(n: int, answer: object) -> int | None:
    """The tile that a browser names, if it is one of n."""
    return answer if isinstance(answer, int) and 0 <= answer < n else None


def _check(
    n: int,
    texts: Mapping[str, Sequence[str] | Sequence[str | None] | None],
    switched_off: Collection[int],
) -> None:
    """ValueError for texts and numbers that do not fit n tiles."""
    for name, given in texts.items():
        if given is not None and len(given) != n:
            raise ValueError(f"{n} tiles need {n} {name}, not {len(given)}")
    for unit in switched_off:
        if not 0 <= unit < n:
            raise ValueError(f"there is no tile {unit} among {n} tiles")


def _in_order(texts: Sequence[str | None] | None, places: NDArray) -> list[str] | None:
    return None if texts is None else [texts[place] or "" for place in places]
