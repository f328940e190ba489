"""The pen: the picture of ink that strokes amount to.
It depends on nothing but the strokes: not on a screen's resolution nor on a theme.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_core.arrays import SIDE, Picture

# Shares of the sheet's side. A path that is shorter than USUAL is drawn again as long as that: the
# pen, which is no smaller for a small digit, would fill its loops. What is not longer than a dot
# stays one.
USUAL = 0.65
DOT = 0.05
SUPERSAMPLING = 2  # Pillow draws without grey edges: twice the size, then averaged


@dataclass(frozen=True, eq=False)
class Stroke:
    """One movement of the pen or the eraser.

    points is float32 (n, 3): x and y in 0..1 from the upper left corner, and a factor for the width
    (a pen's pressure; 1 for mouse and finger). brush is the diameter as a fraction of the side.
    """

    points: NDArray[np.float32]
    brush: float
    erase: bool = False


def at_usual_size(strokes: Sequence[Stroke]) -> Sequence[Stroke]:
    """The strokes of a small drawing, larger and in the middle of the sheet, with the same pen.

    What is written stays the same, however small it was. A drawing that the eraser was used on is
    left as it is: it may have taken away what only a thick pen had joined.
    """
    points = [stroke.points[:, :2] for stroke in strokes]
    if not points or any(stroke.erase for stroke in strokes):
        return strokes
    low = np.min([one.min(axis=0) for one in points], axis=0)  # (2,)
    high = np.max([one.max(axis=0) for one in points], axis=0)
    extent = float((high - low).max())
    if not DOT < extent < USUAL:
        return strokes
    factor, middle = USUAL / extent, (low + high) / 2
    larger = []
    for stroke in strokes:
        moved = stroke.points.copy()
        moved[:, :2] = 0.5 + factor * (moved[:, :2] - middle)
        larger.append(replace(stroke, points=moved))
    return larger


def ink_of(
    strokes: Iterable[Stroke], size: int = 10 * SIDE, background: Picture | None = None
) -> Picture:
    """The strokes as a picture, uint8 (size, size), white ink on black, with grey edges.

    They are drawn one after the other, over the `background` uint8 (H, W) if there is one.
    """
    side = size * SUPERSAMPLING
    if background is None:
        canvas = Image.new("L", (side, side))
    else:
        canvas = Image.fromarray(background).resize((side, side), Image.Resampling.NEAREST)
    pencil = ImageDraw.Draw(canvas)
    for stroke in strokes:
        _draw_stroke(pencil, stroke, side)
    return np.asarray(canvas.reduce(SUPERSAMPLING))


def _draw_stroke(pencil: ImageDraw.ImageDraw, stroke: Stroke, side: int) -> None:
    """Draws a disc at every point and a strip from each to the next, as wide as the two discs."""
    ink = 0 if stroke.erase else 255
    # Pillow counts from the middle of the first pixel, and paints the outline as well as the area:
    # half a pixel more on every side.
    centres = stroke.points[:, :2] * side - 0.5  # (n, 2)
    radii = np.maximum(stroke.points[:, 2] * (stroke.brush * side / 2) - 0.5, 0.5)  # (n,)
    discs = np.hstack([centres - radii[:, None], centres + radii[:, None]])  # (n, 4)
    for disc in discs.tolist():
        pencil.ellipse(disc, fill=ink)
    along = np.diff(centres, axis=0)  # (n - 1, 2)
    length = np.hypot(along[:, 0], along[:, 1])[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-6)  # (n - 1, 2)
    start, end = across * radii[:-1, None], across * radii[1:, None]
    strips = np.hstack(
        [centres[:-1] - start, centres[:-1] + start, centres[1:] + end, centres[1:] - end]
    )  # (n - 1, 8): the four corners
    for strip in strips.tolist():
        pencil.polygon(strip, fill=ink)
