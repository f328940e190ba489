"""Many small pictures of numbers side by side: hidden units, filters, feature maps.

`weight_tiles` shows them live in the page and answers with the chosen one; `tiles_image` draws the
same grid, in the same colours, as a picture that can be saved.
"""

import json
import struct
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from streamlit.components.v2 import component

Scale = Literal["each", "shared"] | float
Theme = Literal["light", "dark"]
# A code runs from -127 to 127, so that zero is a code of its own and both signs are alike.
STEPS = 127
MISSING = -128  # the code of a number that is not finite
# (lightness at zero, lightness at the ends, chroma at the ends) in OKLCH. Both signs share them and
# differ in hue alone: blue and orange are told apart by every common form of colour blindness.
_RAMPS: dict[Theme, tuple[float, float, float]] = {
    "light": (0.965, 0.48, 0.13),
    "dark": (0.27, 0.78, 0.11),
}
_BLUE, _ORANGE = 253.0, 45.0  # hues of negative and positive, degrees


class TileCodes(NamedTuple):
    """Tiles as one byte a number: value = codes * steps, exact to half a step."""

    codes: NDArray[np.int8]  # (n, h, w), from -127 to 127, or MISSING
    steps: NDArray[np.float32]  # (n,), what one code is worth, in the unit of the weights
    peaks: NDArray[np.float32]  # (n,), largest finite magnitude in each tile


def quantise(weights: ArrayLike, scale: Scale = "each", *, diverging: bool = True) -> TileCodes:
    """Turn weights (n, h, w) into signed bytes.

    `scale` says which magnitude gets the strongest colour: "each" tile's own largest, the largest
    of all tiles ("shared"), or a number; what lies beyond a number gets the strongest colour too.
    NaN and infinity become MISSING. Raises ValueError for another shape, a scale that is not a
    positive number, or a negative weight where `diverging` is False.
    """
    values = np.asarray(weights, dtype=np.float32)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(f"tiles need an array (n, h, w) that is not empty, not {values.shape}")
    finite = np.isfinite(values)
    complete = bool(finite.all())
    if not complete:
        values = np.where(finite, values, np.float32(0))
    if not diverging and values.min() < 0:
        raise ValueError("a negative number needs the diverging colours: pass diverging=True")

    peaks = np.abs(values).max(axis=(1, 2))  # (n,)
    if scale == "each":
        limits = peaks
    elif scale == "shared":
        limits = np.full_like(peaks, peaks.max())
    elif isinstance(scale, (int, float)) and np.isfinite(scale) and scale > 0:
        limits = np.full_like(peaks, scale)
    else:
        raise ValueError(f'scale must be "each", "shared" or a positive number, not {scale!r}')

    # A tile of zeros has no step of its own; any positive one maps it to zeros.
    steps = np.maximum(limits / STEPS, np.finfo(np.float32).tiny)
    ratios = values / steps[:, None, None]  # (n, h, w)
    codes = np.clip(np.rint(ratios, out=ratios), -STEPS, STEPS, out=ratios).astype(np.int8)
    if not complete:
        codes[~finite] = MISSING
    return TileCodes(codes, steps, peaks)


def colour_table(theme: Theme = "light", *, diverging: bool = True) -> NDArray[np.uint8]:
    """Colours uint8 (256, 3) of the codes -128 to 127, in that order; zero stands at index 128.

    Diverging: blue for negative, the theme's neutral for zero, orange for positive, and a code and
    its opposite are equally light. Otherwise black for zero to white for 127, in both themes.
    """
    codes = np.arange(MISSING, STEPS + 1)
    strength = np.abs(codes) / STEPS  # (256,)
    if diverging:
        at_zero, at_end, chroma = _RAMPS[theme]
        hue = np.radians(np.where(codes < 0, _BLUE, _ORANGE))
        # Chroma rises faster than lightness, so that the sign of a small weight shows already.
        table = _oklch_to_srgb(at_zero + (at_end - at_zero) * strength, chroma * strength**0.7, hue)
    else:
        table = np.repeat(np.rint(255 * strength)[:, None], 3, axis=1)  # (256, 3)
    table[0] = 128  # missing: a grey that no number has; drawn as a chequered pattern
    return table.astype(np.uint8)


def tiles_image(
    weights: ArrayLike,
    *,
    scale: Scale = "each",
    order: Sequence[int] | None = None,
    columns: int = 16,
    pixel: int = 2,
    gap: int = 4,
    theme: Theme = "light",
    diverging: bool = True,
) -> Image.Image:
    """Draw weights (n, h, w) as an RGB picture of the grid, each weight `pixel` by `pixel` dots.

    A number as `scale` keeps the colours of several pictures comparable, as in an animation.
    `order` names the tiles to draw, in order; `gap` is the space around each tile, in dots.
    """
    if columns < 1 or pixel < 1 or gap < 0:
        raise ValueError("columns and pixel must be at least 1, gap at least 0")
    codes = quantise(weights, scale, diverging=diverging).codes
    codes = codes[_places(order, len(codes))]
    n, h, w = codes.shape
    columns = min(columns, n)
    rows = -(-n // columns)

    table = colour_table(theme, diverging=diverging)
    colours = table[codes.astype(np.int16) - MISSING]  # (n, h, w, 3)
    missing_light = (codes == MISSING) & (np.indices((h, w)).sum(axis=0) % 2 == 0)
    colours[missing_light] = table[-MISSING]
    colours = colours.repeat(pixel, axis=1).repeat(pixel, axis=2)  # (n, h * pixel, w * pixel, 3)

    paper = 255 if theme == "light" else 14
    cell_height, cell_width = h * pixel + gap, w * pixel + gap
    sheet = np.full((rows * cell_height + gap, columns * cell_width + gap, 3), paper, np.uint8)
    for place, tile in enumerate(colours):
        top = gap + place // columns * cell_height
        left = gap + place % columns * cell_width
        sheet[top : top + h * pixel, left : left + w * pixel] = tile
    return Image.fromarray(sheet)


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
    selected: int | None = None,
    columns: int = 16,
    tile_size: int = 72,
    height: int | None = None,
    noun: str = "hidden unit",
    quantity: str = "weight",
    description: str = "Weights of the hidden units",
    on_change: Callable[[], None] | None = None,
) -> int | None:
    """Show weights (n, h, w) as tiles and return the number of the chosen one, None without one.

    Called again with the same `key`, as a live page does, it redraws what has changed and leaves
    choice, focus and scroll position alone.

    labels, marks, details
        One text for each of the n tiles: under the tile, as a warning with a pattern ("dead"), and
        in the line below the grid when the tile is pointed at, focused or chosen. Marks that come
        and go move nothing as long as a sequence is given, of None where there is no mark.
    order
        Which tiles to show, in that order; every one in its own order without it.
    selected
        The choice to begin with. Another value in a later call moves the choice there.
    columns, tile_size, height
        At most so many tiles in a row, each at most `tile_size` CSS pixels wide; fewer where there
        is no room. With a `height` in CSS pixels the grid scrolls within it.
    noun, quantity, description
        Words for one tile, for one number in it and for the whole, shown and read aloud.

    Raises ValueError as `quantise` does and for texts or numbers that do not fit the n tiles.
    """
    tiles = quantise(weights, scale, diverging=diverging)
    n, h, w = tiles.codes.shape
    for name, texts in (("labels", labels), ("marks", marks), ("details", details)):
        if texts is not None and len(texts) != n:
            raise ValueError(f"{n} tiles need {n} {name}, not {len(texts)}")
    for unit in (*switched_off, *(() if selected is None else (selected,))):
        if not 0 <= unit < n:
            raise ValueError(f"there is no tile {unit} among {n} tiles")
    if columns < 1 or tile_size < 1:
        raise ValueError("columns and tile_size must be at least 1")

    places = _places(order, n)
    # When the browser builds the grid anew it has forgotten the choice; the session may not have.
    chosen = st.session_state.get(key, {}).get("chosen", selected)
    header = {
        "units": places.tolist(),
        "h": h,
        "w": w,
        "limit": None if scale == "each" else float(tiles.steps[0]) * STEPS,
        "diverging": diverging,
        "labels": _in_order(labels, places),
        "marks": _in_order(marks, places),
        "details": _in_order(details, places),
        "off": sorted(int(unit) for unit in switched_off),
        "selected": selected,
        "chosen": chosen,
        "columns": columns,
        "size": tile_size,
        "height": height,
        "noun": noun,
        "quantity": quantity,
        "description": description,
    }
    state = _mount(
        key=key,
        data=pack(header, tiles.peaks[places], tiles.codes[places]),
        default={"chosen": selected},
        on_chosen_change=on_change or _ignore,
    )
    answer = state.get("chosen")
    return answer if isinstance(answer, int) and 0 <= answer < n else None


def pack(header: dict[str, Any], peaks: NDArray[np.float32], codes: NDArray[np.int8]) -> bytes:
    """Put a header, peaks (k,) and codes (k, h, w) into one message for the browser.

    Little-endian: length of the header (uint32), header (JSON, UTF-8), colours of the light and
    the dark theme (256 x 3 bytes each), peaks (float32), codes (int8). Raw bytes, because base64
    in JSON would be a third longer.
    """
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return b"".join(
        (
            struct.pack("<I", len(text)),
            text,
            _COLOURS[bool(header["diverging"])],
            peaks.astype("<f4").tobytes(),
            codes.tobytes(),
        )
    )


def _places(order: Sequence[int] | None, n: int) -> NDArray[np.intp]:
    """Numbers (k,) of the tiles to show, in order; ValueError unless each is a tile, named once."""
    if order is None:
        return np.arange(n)
    places = np.asarray(order, dtype=np.intp)
    if places.ndim != 1 or places.size == 0 or places.min() < 0 or places.max() >= n:
        raise ValueError(f"order must name tiles between 0 and {n - 1}")
    if len(np.unique(places)) != len(places):
        raise ValueError("order must name each tile once")
    return places


def _in_order(texts: Sequence[str | None] | None, places: NDArray[np.intp]) -> list[str] | None:
    return None if texts is None else [texts[place] or "" for place in places]


def _oklch_to_srgb(
    lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue: NDArray[np.float64]
) -> NDArray[np.float64]:
    """OKLCH (k,), hue in radians, to sRGB (k, 3) in 0..255.

    Matrices: Ottosson (2020), "A perceptual color space for image processing".
    """
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])  # (3, k)
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_linear @ (to_lms @ lab) ** 3, 0, 1)  # (3, k)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb.T)  # (k, 3)


def _ignore() -> None:
    """Streamlit hands a state on only where somebody listens to it."""


_COLOURS = {
    diverging: b"".join(
        colour_table(theme, diverging=diverging).tobytes() for theme in ("light", "dark")
    )
    for diverging in (True, False)
}
_folder = Path(__file__).parent
_mount = component(
    "digit_lab_tiles",
    html=(_folder / "component.html").read_text(encoding="utf-8"),
    css=(_folder / "component.css").read_text(encoding="utf-8"),
    js=(_folder / "component.js").read_text(encoding="utf-8"),
)
