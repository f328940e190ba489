"""Tells a digit that the picture's edge has cut from one that only reaches the edge.
A stroke that ends or bends at the edge widens from there inwards; a cut one is as wide as inside.
"""

from collections.abc import Iterator

import numpy as np

from mnist_core.arrays import Picture

# Measured on pictures of test digits, cropped to their ink and cut by shares of their width.
DEPTH = 0.5  # of a stroke's thickness: how far inside its width is looked at again
AS_WIDE = 0.8  # of the width inside, from which a stroke is cut
NARROWEST, WIDEST = 0.5, 4.0  # thicknesses; a wider one lies along the edge, as the bar of a 7


def is_cut(ink: Picture, sides: tuple[bool, bool, bool, bool]) -> bool:
    """Whether a stroke of a digit, uint8 (h, w), runs into one of the `sides` with its full width.

    Left, right, top and bottom are true where the edge of the picture is; the ink may be grey.
    """
    if not any(sides):
        return False
    ink = (ink * (255 / max(int(ink.max()), 1))).astype(np.uint8)
    thickness = _thickness(ink)
    views = ink.T, ink.T[::-1], ink, ink[::-1]  # with each edge as the first row
    return any(
        _runs_into_first_row(view, thickness)
        for view, at_edge in zip(views, sides, strict=True)
        if at_edge
    )


def _thickness(ink: Picture) -> float:
    """How thick the strokes are, in pixels: twice the area for each pixel of outline."""
    mask = ink > 127
    steps = sum(int((np.diff(mask, axis=axis)).sum()) for axis in (0, 1))
    outline = steps * np.pi / 4  # a slanting outline has a step both down and across
    return 2 * int(mask.sum()) / max(outline, 1.0)


def _runs_into_first_row(ink: Picture, thickness: float) -> bool:
    """Whether a stroke is as wide in the first row of (h, w) as it is further inside."""
    depth = max(1, round(DEPTH * thickness))
    if depth >= len(ink):
        return False
    for start, stop in _runs(ink[0]):
        width = _width(ink[0], start, stop)
        if not NARROWEST * thickness <= width <= WIDEST * thickness:
            continue
        for row in ink[1 : depth + 1]:  # follows the stroke inwards
            below = [run for run in _runs(row) if run[0] <= stop and run[1] >= start]
            if not below:
                break
            start, stop = below[0][0], below[-1][1]
        else:
            if width >= AS_WIDE * _width(ink[depth], start, stop):
                return True
    return False


def _runs(row: Picture) -> Iterator[tuple[int, int]]:
    """Where ink starts and stops in a row (w,)."""
    ends = np.flatnonzero(np.diff(row > 127, prepend=False, append=False)).tolist()
    return zip(ends[::2], ends[1::2], strict=True)


def _width(row: Picture, start: int, stop: int) -> float:
    """The width of a run in pixels, of which grey ones count as a part."""
    return int(row[max(0, start - 1) : stop + 1].sum()) / 255
