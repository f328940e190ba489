"""Makes pictures that are no digits: letters, scribbles, lines, dots, textures, several digits.
The digit detector learns from them, and others of the same kinds show how well it does.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from qualities import Sides, pen_share, worn

from mnist_core.data.mnist import Split
from mnist_core.preprocess.normalize import normalize_drawing

Picture = NDArray[np.uint8]
Path = NDArray[np.float64]  # (n, 2): x and y of a pen's points

SIDE = 112  # pixels of the sheet that is drawn on
PENS = (0.05, 0.16)  # widths beside the longest side of a path, where no size on a canvas is given
FONT_SIZE, FONT_STROKES = 72, 0.1  # of printed letters: pixels, and the width of a stem beside it
# Letters as strokes of points xy on a grid, from 00 upper left. Left out are those that people
# write like a digit: B b G g I i j l O o q S s y Z z.
LETTERS = {
    "A": "06 20 46,14 34", "C": "41 30 10 01 05 16 36 45", "D": "00 06 26 45 41 20 00",
    "E": "40 00 06 46,03 33", "F": "40 00 06,03 33", "H": "00 06,40 46,03 43",
    "J": "10 40,30 35 16 05", "K": "00 06,40 03 46", "L": "00 06 46", "M": "06 00 23 40 46",
    "N": "06 00 46 40", "P": "06 00 30 41 42 33 03", "Q": "41 30 10 01 05 16 36 45 41,34 46",
    "R": "06 00 30 41 42 33 03,23 46", "T": "00 40,20 26", "U": "00 05 16 36 45 40",
    "V": "00 26 40", "W": "00 16 22 36 40", "X": "00 46,40 06", "Y": "00 23 40,23 26",
    "a": "42 31 11 02 05 16 36 45,41 46", "d": "40 46,43 32 12 03 05 16 36 45",
    "e": "04 44 43 31 11 02 05 16 36 45", "f": "41 30 20 11 16,03 33",
    "h": "00 06,03 12 32 43 46", "k": "00 06,43 04 46", "m": "02 06,03 12 23 26,23 32 43 46",
    "n": "02 06,03 12 32 43 46", "r": "02 06,04 13 22 32", "u": "02 05 16 26 45,42 46",
    "a in two storeys": "12 21 31 42 46,43 13 04 05 16 36 45",
    "p": "02 08,03 12 32 43 44 36 16 05", "t": "20 25 36 46,02 42",
}  # fmt: skip
FONT_LETTERS = "ACDEFHJKLMNPQRTUVWXYacdefhkmnprtuvwx"


def letter(rng: np.random.Generator, pen: float) -> Picture:
    """A letter written with a shaking pen, or one in three times a printed one."""
    if rng.random() < 1 / 3:
        font = ImageFont.load_default(FONT_SIZE)
        bolder = max(0, round(FONT_SIZE * (pen - FONT_STROKES) / 2))
        text, narrow = str(rng.choice(list(FONT_LETTERS))), rng.uniform(0.9, 1.5)
        return printed(text, font, rng, bolder=bolder, narrow=narrow)
    strokes = LETTERS[str(rng.choice(list(LETTERS)))].split(",")
    paths = [np.array([[int(x), int(y)] for x, y in stroke.split()], float) for stroke in strokes]
    shake = rng.normal(0, 0.25)
    paths = [rounded(path + rng.normal(0, abs(shake), path.shape), rng) for path in paths]
    if rng.random() < 0.25:
        paths += _serifs(paths, rng.uniform(0.4, 1))
    # One in three is written as type is cast: its stems are thicker than its bars.
    flat = rng.uniform(1, 3) if rng.random() < 1 / 3 else 1.0
    return drawn([path @ _slant(rng) for path in paths], rng, pen, flat=flat)


def _serifs(paths: list[Path], length: float) -> list[Path]:
    """A short bar at every end of a stroke."""
    bar = np.array([[-length, 0.0], [length, 0.0]])
    return [end + bar for path in paths for end in (path[0], path[-1])]


def printed(
    text: str, font: ImageFont.FreeTypeFont, rng: np.random.Generator, *,
    bolder: int = 0, narrow: float = 1.0,
) -> Picture:  # fmt: skip
    """A letter in a font, a little turned and slanted.

    Every edge is `bolder` pixels further out, and the width is divided by `narrow`.
    """
    sheet = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(sheet).text(
        (SIDE / 2, SIDE / 2), text, fill=255, font=font, anchor="mm", stroke_width=bolder
    )
    slant, turn = rng.uniform(-0.25, 0.25), rng.uniform(-10, 10)
    slanted = sheet.transform(
        sheet.size,
        Image.Transform.AFFINE,
        (narrow, slant, (1 - narrow - slant) * SIDE / 2, 0, 1, 0),
    )
    return np.asarray(slanted.rotate(turn, Image.Resampling.BILINEAR))


def scribble(rng: np.random.Generator, pen: float) -> Picture:
    """A pen that goes round and round without a plan."""
    harmonics = np.arange(1, int(rng.integers(6, 14)))
    times = np.linspace(0, 2 * np.pi * rng.uniform(0.5, 1), 160)
    angles = np.outer(times, harmonics)[:, :, None] + rng.uniform(0, 2 * np.pi, (len(harmonics), 2))
    weights = rng.normal(size=(len(harmonics), 2)) / harmonics[:, None] ** rng.uniform(0, 0.6)
    return drawn([(np.sin(angles) * weights).sum(axis=1)], rng, pen)


def lines(rng: np.random.Generator, pen: float) -> Picture:
    """A line that lies rather than stands, a cross, several lines beside each other, a zigzag."""
    kind = rng.integers(4)
    ends = np.array([[-1.0, 0.0], [1.0, 0.0]])
    if kind == 0:
        paths = [ends @ _turn(rng.uniform(-30, 30))]
    elif kind == 1:
        angle = rng.uniform(-45, 45)
        paths = [ends @ _turn(angle), ends @ _turn(angle + rng.uniform(60, 120))]
    elif kind == 2:
        turn = _turn(rng.uniform(-90, 90))
        gap = rng.uniform(0.3, 0.9)
        count = int(rng.integers(2, 5))
        paths = [(ends * rng.uniform(0.7, 1) + [0, gap * i]) @ turn for i in range(count)]
    else:
        count = int(rng.integers(5, 10))
        zigzag = np.stack([np.arange(count) * rng.uniform(0.2, 0.7), np.arange(count) % 2], axis=1)
        paths = [zigzag @ _turn(rng.uniform(-90, 90))]
    shake = abs(rng.normal(0, 0.05))
    return drawn([path + rng.normal(0, shake, path.shape) for path in paths], rng, pen)


def dots(rng: np.random.Generator) -> Picture:
    """One to seven discs, or blots, of about one size."""
    sheet = Image.new("L", (SIDE, SIDE))
    pencil = ImageDraw.Draw(sheet)
    size = rng.uniform(3, 14)
    for x, y in rng.uniform(0.15 * SIDE, 0.85 * SIDE, (int(rng.integers(1, 8)), 2)):
        across, down = size * rng.uniform(0.7, 1.3, 2)
        pencil.ellipse((x - across, y - down, x + across, y + down), fill=255)
    return np.asarray(sheet)


def texture(rng: np.random.Generator) -> Picture:
    """Light and shade as in a photograph of something else: grey, or cut into black and white."""
    coarse = Image.fromarray(rng.integers(0, 256, (int(rng.integers(2, 15)),) * 2, dtype=np.uint8))
    values = np.asarray(coarse.resize((28, 28), Image.Resampling.BICUBIC)).astype(float)
    values += rng.normal(0, rng.choice([0, 10, 40]), values.shape)
    if rng.random() < 0.3:
        across, down = np.meshgrid(np.arange(28), np.arange(28))
        wave = np.sin(across * rng.uniform(0.2, 1.5) + down * rng.uniform(0.2, 1.5))
        values = 0.5 * values + 64 * (1 + wave)
    level = np.quantile(values, rng.uniform(0.2, 0.8))
    values = np.where(values > level, 255 if rng.random() < 0.5 else values, 0)
    return np.clip(values, 0, 255).astype(np.uint8)


def several(rng: np.random.Generator, digits: Split) -> Picture:
    """Two or three digits in a row."""
    chosen = digits.images[rng.integers(len(digits), size=int(rng.integers(2, 4)))]
    closer = int(rng.integers(0, 9))
    strip = np.zeros((28, 28 * len(chosen)), np.uint8)
    for i, image in enumerate(chosen):
        part = strip[:, i * (28 - closer) : i * (28 - closer) + 28]
        np.maximum(part, image, out=part)
    return strip


def drawn(paths: list[Path], rng: np.random.Generator, pen: float, *, flat: float = 1.0) -> Picture:
    """Strokes of one pen, as large as the sheet allows.

    The pen's width is a share of the longest side; it is `flat` times as wide as high.
    """
    low = np.min([path.min(axis=0) for path in paths], axis=0)
    extent = np.max(np.max([path.max(axis=0) for path in paths], axis=0) - low)
    length = SIDE * min(rng.uniform(0.5, 0.8), 0.95 / (1 + pen))
    width = length * pen
    sheet = Image.new("L", (SIDE, round(SIDE * flat)))
    pencil = ImageDraw.Draw(sheet)
    for path in paths:
        points = (path - low) / max(extent, 1e-6) * length + (SIDE - length) / 2
        points = points * [1, flat]
        pencil.line([tuple(point) for point in points], fill=255, width=max(1, round(width)))
        for x, y in points:
            pencil.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(sheet.resize((SIDE, SIDE), Image.Resampling.BOX))


def rounded(path: Path, rng: np.random.Generator) -> Path:
    """The path with its corners cut off (Chaikin 1974) as often as not."""
    for _ in range(int(rng.integers(0, 3))):
        early, late = 0.75 * path[:-1] + 0.25 * path[1:], 0.25 * path[:-1] + 0.75 * path[1:]
        cut = np.stack([early, late], axis=1).reshape(-1, 2)
        path = np.vstack([path[:1], cut, path[-1:]])
    return path


def _turn(degrees: float) -> Path:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _slant(rng: np.random.Generator) -> Path:
    stretch = np.diag(rng.uniform(0.7, 1.3, 2))
    return stretch @ np.array([[1, 0], [rng.uniform(-0.3, 0.3), 1]]) @ _turn(rng.uniform(-10, 10))


WITH_A_PEN: dict[str, Callable[[np.random.Generator, float], Picture]] = {
    "letter": letter,
    "scribble": scribble,
    "lines": lines,
}
OTHERS: dict[str, Callable[[np.random.Generator], Picture]] = {"dots": dots, "texture": texture}


def pictures(
    kind: str, count: int, digits: Split, *, rng: np.random.Generator,
    sides: Sides | None = None, worn_share: float = 0.0,
) -> Picture:  # fmt: skip
    """`count` pictures of a kind in MNIST's form: uint8 (count, 28, 28).

    `sides` says how large they are on a canvas with the usual pen, if they are drawn at all;
    `worn_share` of them look as a poor camera shows them.
    """
    made = np.empty((count, 28, 28), np.uint8)
    for i in range(count):
        if kind == "several":
            sheet = several(rng, digits)
        elif kind in WITH_A_PEN:
            pen = rng.uniform(*PENS) if sides is None else pen_share(rng, sides)
            sheet = WITH_A_PEN[kind](rng, pen)
        else:
            sheet = OTHERS[kind](rng)
        made[i] = normalize_drawing(worn(sheet, rng) if rng.random() < worn_share else sheet)
    return made
