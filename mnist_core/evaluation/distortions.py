"""Eight ways to make digits harder to read, each in nine strengths, the unchanged one among them.
A seed decides all that is random, whatever the strength: the same image is covered at the same
place by a small square and by a large one, and every network sees the same images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import PIXELS, SIDE, Array
from mnist_core.data.augment import change_thickness, warp

# Images that are distorted at once and share a random generator. Few, since to show one of them
# as it is in its set, all are distorted.
TILE = 256
# Steps down and to the right.
EIGHT_DIRECTIONS = np.array(
    [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)], np.float64
)
NO_BLUR = 1e-3  # pixels; a Gaussian as narrow as this leaves every pixel to itself


@dataclass(frozen=True)
class Distortion:
    """A way to make digits harder to read.

    name:      its key in DISTORTIONS
    title:     what a chart calls it
    unit:      what a strength is counted in
    meaning:   what happens to a digit, a sentence
    strengths: nine, ascending; people can read most digits at all but the strongest
    change:    images uint8 (N, 28, 28), a strength and a generator -> new images
    unchanged: the strength that leaves images as they are
    """

    name: str
    title: str
    unit: str
    meaning: str
    strengths: tuple[float, ...]
    change: Callable[[Array, float, np.random.Generator], Array]
    unchanged: float = 0.0

    def apply(self, images: Array, strength: float, *, rng: np.random.Generator) -> Array:
        """New images uint8 (N, 28, 28) from `images` uint8 (N, 28, 28).

        The strength may lie between those of the scale. The same images, strength and state of
        `rng` give the same result to the bit.
        """
        if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"images must be uint8 (N, 28, 28), not {images.dtype} {images.shape}")
        return self.change(images, strength, rng)


def _shift(images: Array, strength: float, rng: np.random.Generator) -> Array:
    return warp(images, shift=strength * EIGHT_DIRECTIONS[rng.integers(8, size=len(images))].T)


def _rotate(images: Array, strength: float, rng: np.random.Generator) -> Array:
    return warp(images, rotation=-strength)


def _scale(images: Array, strength: float, rng: np.random.Generator) -> Array:
    return warp(images, scale=strength)


def _shear(images: Array, strength: float, rng: np.random.Generator) -> Array:
    return warp(images, shear=np.tan(np.deg2rad(strength)))


def _change_thickness(images: Array, strength: float, rng: np.random.Generator) -> Array:
    return change_thickness(images, strength)


def _add_noise(images: Array, strength: float, rng: np.random.Generator) -> Array:
    values = rng.standard_normal(images.shape, dtype=np.float32)
    values *= strength
    values += images
    return _as_pixels(values)


def _blur(images: Array, strength: float, rng: np.random.Generator) -> Array:
    place = np.arange(SIDE)
    distance = (place[:, None] - place) / max(strength, NO_BLUR)
    # A Gaussian's weights far beyond the picture belong to its sum: ink that leaves it is lost.
    reach = np.arange(-10 * SIDE, 10 * SIDE + 1) / max(strength, NO_BLUR)
    weights = np.exp(-(distance**2) / 2) / np.exp(-(reach**2) / 2).sum()
    weights = weights.astype(np.float32)
    return _as_pixels(weights @ images.astype(np.float32) @ weights)


def _occlude(images: Array, strength: float, rng: np.random.Generator) -> Array:
    side = int(strength)
    chance = rng.random(len(images))
    inked = np.cumsum(images.reshape(-1, PIXELS) > 0, axis=1, dtype=np.int16)  # (N, 784)
    # The middle is any pixel with ink, one as likely as another.
    middle = np.argmax(inked > (chance * inked[:, -1])[:, None], axis=1)
    place = np.arange(SIDE)

    def covered(centre: Array) -> Array:  # (N,) -> bool (N, 28), along one side of the picture
        first = np.clip(centre - side // 2, 0, SIDE - side)[:, None]
        return (place >= first) & (place < first + side)

    rows, columns = covered(middle // SIDE), covered(middle % SIDE)
    return images * ~(rows[:, :, None] & columns[:, None, :])


def _as_pixels(values: Array) -> Array:
    """uint8: float32 values, which it overwrites, rounded and clipped to 0..255."""
    np.rint(values, out=values)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)


DISTORTIONS = {
    distortion.name: distortion
    for distortion in (
        Distortion(
            "shift",
            "Shift",
            "pixels",
            "Moved by so many pixels up, down, left, right or diagonally: each image in one of "
            "these eight directions, drawn at random.",
            (0, 1, 2, 3, 4, 5, 6, 7, 8),
            _shift,
        ),
        Distortion(
            "rotation",
            "Rotation",
            "degrees",
            "Turned clockwise by so many degrees, or counterclockwise below 0.",
            (-80, -60, -40, -20, 0, 20, 40, 60, 80),
            _rotate,
        ),
        Distortion(
            "scale",
            "Scale",
            "times the size",
            "Drawn so many times as high and as wide; from 1.4 on, the picture cuts parts off.",
            (0.3, 0.4, 0.5, 0.7, 1, 1.4, 1.7, 2, 2.5),
            _scale,
            unchanged=1,
        ),
        Distortion(
            "shear",
            "Shear",
            "degrees",
            "Slanted like italics by so many degrees to the right, or to the left below 0.",
            (-72, -54, -36, -18, 0, 18, 36, 54, 72),
            _shear,
        ),
        Distortion(
            "noise",
            "Noise",
            "grey levels",
            "Every pixel is changed by Gaussian noise with a standard deviation of so many of the "
            "255 grey levels, and cut off at black and white.",
            (0, 24, 48, 72, 96, 120, 144, 168, 192),
            _add_noise,
        ),
        Distortion(
            "blur",
            "Blur",
            "pixels",
            "Blurred, and so made fainter, by a Gaussian with a standard deviation of so many "
            "pixels.",
            (0, 0.4, 0.8, 1.2, 1.6, 2, 2.4, 2.8, 3.2),
            _blur,
        ),
        Distortion(
            "thickness",
            "Stroke thickness",
            "pixels",
            "The edge of every stroke moves outwards by so many pixels, or inwards below 0, where "
            "a thin line of each stroke always stays.",
            (-4, -3, -2, -1, 0, 1, 2, 3, 4),
            _change_thickness,
        ),
        Distortion(
            "occlusion",
            "Occlusion",
            "pixels",
            "A black square with sides of so many pixels covers a part, around a pixel of ink "
            "that is drawn at random.",
            (0, 2, 4, 6, 8, 10, 12, 14, 16),
            _occlude,
        ),
    )
}


def distorted(images: Array, kind: str, strength: float, *, seed: int = 0, first: int = 0) -> Array:
    """New images uint8 (N, 28, 28): a set, or a piece of it that comes out as in the whole set.

    Args:
        images: uint8 (N, 28, 28).
        kind: a name in DISTORTIONS.
        strength: in that distortion's unit.
        seed: 0 or more; it decides what is random.
        first: where in its set a piece begins, a multiple of TILE.
    """
    out = np.empty_like(images)
    for start in range(0, len(images), TILE):
        rng = np.random.default_rng([seed, (first + start) // TILE])
        tile = slice(start, start + TILE)
        out[tile] = DISTORTIONS[kind].apply(images[tile], strength, rng=rng)
    return out


def examples(images: Array, number: int, kind: str, *, seed: int = 0) -> Array:
    """One image of a set at every strength, uint8 (9, 28, 28), as `distorted` gives it.

    Args:
        images: the whole set, uint8 (N, 28, 28).
        number: which of them, from 0.
        kind: a name in DISTORTIONS.
        seed: 0 or more; it decides what is random.
    """
    first = number // TILE * TILE
    tile = images[first : first + TILE]
    strengths = DISTORTIONS[kind].strengths
    tiles = [distorted(tile, kind, strength, seed=seed, first=first) for strength in strengths]
    return np.stack([tile[number - first] for tile in tiles])
