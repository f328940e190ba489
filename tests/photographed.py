"""Pictures of handwritten digits as people take them: close-ups, forms, tables, pages, letters.
Made by rule from MNIST's test images and from strokes, so that what is right is known.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Cover = NDArray[Any]  # (H, W), 0 is paper, 1 is covered with ink
# Digits as strokes of points xy on a grid, from 00 upper left.
STROKES = {
    0: "20 10 02 05 17 27 35 42 30 20", 1: "10 12 17", 2: "02 10 30 41 33 06 17 47",
    3: "01 20 40 23 43 45 27 06", 4: "20 04 44,31 37", 5: "40 00 03 23 44 36 17 06",
    6: "30 11 04 07 27 36 34 14 05", 7: "00 40 24 17", 8: "41 20 01 33 46 27 06 13 41",
    9: "42 20 01 13 32 41 42 36 27",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How a picture was taken: grey levels of paper and pen, light, blur, grain, angle, quality."""

    paper: tuple[float, float, float] = (0.9, 0.9, 0.88)
    pen: tuple[float, float, float] = (0.12, 0.12, 0.14)
    light: str = "even"
    grain: float = 0.012
    blur: float = 0.6
    tilt: float = 0.0  # share of the side by which corners are moved
    quality: int = 85


CLEAN = Look((1, 1, 1), (0, 0, 0), grain=0, blur=0, quality=0)
INVERTED = Look((0, 0, 0), (1, 1, 1), grain=0, blur=0, quality=0)
PENS = ((0.12, 0.12, 0.14), (0.15, 0.2, 0.5), (0.6, 0.15, 0.15), (0.45, 0.45, 0.46))
PAPERS = ((0.93, 0.93, 0.92), (0.85, 0.82, 0.72), (0.7, 0.72, 0.75), (0.95, 0.93, 0.8))
LIGHTS = ("even", "slope", "corner", "shadow")


def any_look(rng: np.random.Generator, *, dark_paper: bool = False, tilt: float = 0.02) -> Look:
    """The look of some photograph: any pen on any paper in any light."""
    paper, pen = PAPERS[rng.integers(len(PAPERS))], PENS[rng.integers(len(PENS))]
    if dark_paper:
        paper, pen = (0.13, 0.17, 0.15), (0.85, 0.85, 0.8)
    return Look(
        paper, pen, LIGHTS[rng.integers(len(LIGHTS))], rng.uniform(0.004, 0.02),
        rng.uniform(0.3, 1.2), tilt * rng.uniform(0.3, 1), int(rng.integers(60, 95)),
    )  # fmt: skip


def written(image: NDArray[np.uint8], side: int, *, thicker: float = 0.0) -> Cover:
    """A test image as ink (h, w), cut to the ink, whose longest side is about `side` pixels.

    Strokes are `thicker` by so many pixels of 28.
    """
    scale = max(side / 20, 1.0)
    size = round(28 * scale)
    large = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
    cover = np.clip((large / 255 - 0.5) * min(scale, 4) + 0.5, 0, 1)
    if thicker:
        reach = 2 * round(thicker * scale / 2) + 1
        grown = Image.fromarray((cover * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(reach))
        cover = np.asarray(grown.filter(ImageFilter.GaussianBlur(reach / 4))) / 255
    return cut_to_ink(cover)


def drawn(digit: int, side: int, rng: np.random.Generator) -> Cover:
    """A digit drawn with a shaking pen, `side` pixels high, cut to the ink."""
    large = Image.new("L", (2 * side, 2 * side))
    width = side * rng.uniform(0.06, 0.14)
    pencil = ImageDraw.Draw(large)
    slant = rng.uniform(-0.2, 0.2)
    for stroke in STROKES[digit].split(","):
        path = np.array([[int(x), int(y)] for x, y in stroke.split()], float) / 7
        path += rng.normal(0, 0.02, path.shape)
        for _ in range(3):  # its corners are cut off (Chaikin 1974)
            early, late = 0.75 * path[:-1] + 0.25 * path[1:], 0.25 * path[:-1] + 0.75 * path[1:]
            path = np.vstack([path[:1], np.stack([early, late], axis=1).reshape(-1, 2), path[-1:]])
        path[:, 0] += slant * (1 - path[:, 1])
        points = [tuple(point) for point in side * (0.4 + path)]
        pencil.line(points, fill=255, width=max(1, round(width)), joint="curve")
        for x, y in (points[0], points[-1]):
            pencil.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return cut_to_ink(np.asarray(large) / 255)


def cut_to_ink(cover: Cover) -> Cover:
    """The part that has ink."""
    rows, columns = (np.flatnonzero((cover > 0.3).any(axis=axis)) for axis in (1, 0))
    return cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def framed(ink: Cover, margin: float) -> Cover:
    """Ink with a margin on every side, as a share of its longest side; < 0 cuts into one side."""
    width = round(margin * max(ink.shape))
    return np.pad(ink, width) if width >= 0 else ink[:, :width] if width else ink


def photograph(cover: Cover, look: Look, rng: np.random.Generator) -> Image.Image:
    """The sheet with this ink as a photograph."""
    height, width = cover.shape
    sheet = cover[:, :, None]
    colours = np.array(look.paper) * (1 - sheet) + np.array(look.pen) * sheet  # (H, W, 3)
    y, x = np.mgrid[:height, :width] / max(height, width)
    colours *= {
        "even": np.ones_like(x),
        "slope": 0.55 + 0.45 * x,
        "corner": 1 - 0.4 * (x**2 + y**2) / 2,
        "shadow": 1 - 0.4 / (1 + np.exp(-(x + 0.4 * y - 0.6) * 40)),
    }[look.light][:, :, None]
    colours += rng.normal(0, look.grain, cover.shape)[:, :, None] if look.grain else 0
    taken = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
    if look.blur and max(cover.shape) > 40:
        taken = taken.filter(ImageFilter.GaussianBlur(look.blur))
    if not look.quality:
        return taken
    file = io.BytesIO()
    taken.save(file, "JPEG", quality=look.quality)
    return Image.open(file)


def tilted(cover: Cover, share: float, rng: np.random.Generator) -> Cover:
    """The sheet as seen from an angle: its corners are moved by up to a share of its side."""
    if not share:
        return cover
    height, width = cover.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    moved = corners + rng.uniform(-share, share, (4, 2)) * max(height, width)
    rows = []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    coefficients = np.linalg.solve(np.array(rows), moved.ravel())
    image = Image.fromarray((cover * 255).astype(np.uint8))
    seen = image.transform(
        image.size, Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BICUBIC
    )
    return np.asarray(seen) / 255


RULINGS = ("none", "boxes", "table", "comb", "ruled", "squared")


def page_of(
    images: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    ruling: str,
    columns: int = 5,
    cell: int = 120,
    grey: float = 1.0,
    share: float = 0.6,
) -> Cover:
    """A page of digits in cells of so many pixels, with printed lines of a kind.

    `grey` is the lines' share of the pen's ink, `share` a digit's share of its cell.
    """
    close = ruling in ("table", "comb", "squared")
    across = cell if close else 1.3 * cell
    down = cell if ruling in ("table", "squared") else 1.3 * cell
    height = round(len(images) // columns * down + cell)
    width = round(columns * across + cell)
    cover, printed = np.zeros((height, width)), Image.new("L", (width, height))
    pencil, thick = ImageDraw.Draw(printed), max(1, round(cell * rng.uniform(0.015, 0.035)))
    for number, image in enumerate(images):
        x = cell / 2 + across * (number % columns + 0.5)
        y = cell / 2 + down * (number // columns + 0.5)
        left, top, right, bottom = (round(v + s * cell / 2) for s in (-1, 1) for v in (x, y))
        if ruling in ("boxes", "table"):
            pencil.rectangle((left, top, right, bottom), outline=255, width=thick)
        if ruling == "comb":
            pencil.line((left, bottom, right, bottom), fill=255, width=thick)
            for side in (left, right):
                pencil.line((side, bottom - round(0.4 * cell), side, bottom), 255, thick)
        ink = written(image, round(share * cell * rng.uniform(0.85, 1.1)))
        h, w = ink.shape
        x, y = (v + rng.uniform(-0.07, 0.07) * cell for v in (x, y))
        row, column = round(y - h / 2), round(x - w / 2)
        place = cover[row : row + h, column : column + w]
        np.maximum(place, ink, out=place)
    if ruling in ("ruled", "squared"):
        for y in range(round(cell / 4), height, round(cell / 4 if ruling == "squared" else down)):
            pencil.line((0, y, width, y), fill=255, width=max(1, thick // 2))
    if ruling == "squared":
        for x in range(0, width, round(cell / 4)):
            pencil.line((x, 0, x, height), fill=255, width=max(1, thick // 2))
    return np.maximum(cover, np.asarray(printed) / 255 * grey)


def letters(text: str, rng: np.random.Generator) -> Cover:
    """Lines of printed letters as ink."""
    lines = text.split("\n")
    sheet = Image.new("L", (120 * max(map(len, lines)) + 120, 160 * len(lines) + 80))
    pencil = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            font = ImageFont.load_default(float(rng.uniform(80, 110)))
            place = (90 + 120 * column, 120 + 160 * row)
            pencil.text(place, letter, fill=255, font=font, anchor="mm")
    return np.asarray(sheet) / 255
