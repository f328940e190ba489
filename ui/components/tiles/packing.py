"""Tiles as one byte a number, and the one message that brings them to the browser."""

import json
import struct
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ui.components.tiles.colours import COLOURS, MISSING, STEPS

Scale = Literal["each", "shared"] | float


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
            COLOURS[bool(header["diverging"])],
            peaks.astype("<f4").tobytes(),
            codes.tobytes(),
        )
    )


def places_of(order: Sequence[int] | None, n: int) -> NDArray[np.intp]:
    """Numbers (k,) of the tiles to show, in order; ValueError unless each is a tile, named once."""
    if order is None:
        return np.arange(n)
    places = np.asarray(order, dtype=np.intp)
    if places.ndim != 1 or places.size == 0 or places.min() < 0 or places.max() >= n:
        raise ValueError(f"order must name tiles between 0 and {n - 1}")
    if len(np.unique(places)) != len(places):
        raise ValueError("order must name each tile once")
    return places
