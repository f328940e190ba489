"""Varies training images at random: moved, turned, scaled, slanted, bent, thicker or thinner.
An image costs some microseconds and never comes out the same twice, so a network can't memorise it.
"""

from dataclasses import dataclass, fields
from functools import cache
from math import exp, pi

import numpy as np
from numpy.typing import ArrayLike

from mnist_core.arrays import PIXELS, SIDE, Array

CENTRE = (SIDE - 1) / 2  # the picture's middle, in pixels from the middle of its first pixel
# Images are worked on with a frame of blank pixels, so that nothing outside one needs a test. A
# row has one blank pixel in front; the one behind it is the next row's. Seen as one long line of
# pixels, the neighbours of every pixel are then 1 and ROW away, also where a row or image ends.
ROW = SIDE + 1
FRAMED = (SIDE + 2) * ROW + 1  # pixels of a framed image: blank rows above and below, one to end
MAPS = 64  # maps used at a time: what is computed on the way stays in the processor's cache
# Images that share one map in augment, since making a map takes longer than using it. They are
# far apart. An MLP with 64 units came to the same validation accuracy with 1, 4 and 16.
SHARING = 4
# A bend is a sum of waves, fewer than WAVES half periods along a picture's diagonal. SMOOTHNESS
# is the standard deviation (pixels) of the Gaussian that blurs white noise into a similar bend.
WAVES = 3.5
SMOOTHNESS = 5.0
# The largest settings: beyond them no digit is left to read.
LARGEST = {
    "shift": 14.0,
    "rotation": 180.0,
    "scale": 0.5,
    "shear": 1.0,
    "elastic": 5.0,
    "thickness": 2.0,
}


@dataclass(frozen=True)
class Augmentation:
    """How far images are varied; 0 leaves a property as it is, and all are 0 unless set.

    shift:     pixels, down and across, each uniform from -shift to shift
    rotation:  degrees, uniform from -rotation to rotation
    scale:     fraction; height and width each times a factor uniform from 1 - scale to 1 + scale
    shear:     tangent of the slant, uniform from -shear to shear
    elastic:   pixels, root mean square of how far a smooth random bend moves the ink
    thickness: pixels by which the edge of every stroke moves outwards or inwards, uniform from
               -thickness to thickness

    Raises ValueError for a value that isn't a number, is negative or beyond LARGEST.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    thickness: float = 0.0

    def __post_init__(self) -> None:
        for name, largest in LARGEST.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"augmentation: {name} must be a number, not {value!r}")
            if not 0 <= value <= largest:  # false for NaN too
                raise ValueError(f"augmentation: {name} must be from 0 to {largest:g}, not {value}")

    def __bool__(self) -> bool:
        """Whether anything is varied at all."""
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def warps(self) -> bool:
        """Whether ink is moved, besides strokes becoming thicker or thinner."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "thickness")


AUGMENTATIONS = {
    "none": Augmentation(),
    "affine": Augmentation(shift=1.5, rotation=10, scale=0.1, shear=0.1),
    "mild": Augmentation(shift=1, rotation=8, scale=0.08, shear=0.08, elastic=0.7),
    "mild handwriting": Augmentation(
        shift=1, rotation=10, scale=0.1, shear=0.12, elastic=0.7, thickness=0.5
    ),
    # For networks that must read other people's drawings, with any pen.
    "handwriting": Augmentation(
        shift=1.5, rotation=15, scale=0.12, shear=0.2, elastic=0.9, thickness=1
    ),
}


def augment(images: Array, settings: Augmentation, *, rng: np.random.Generator) -> Array:
    """New images uint8 (N, 28, 28): `images` uint8 (N, 28, 28) varied at random.

    Each image has a thickness of its own; SHARING of them are moved in the same way. The same
    images, settings and state of `rng` give the same result to the bit. Calls with fewer than 256
    images take longer per image.
    """
    n = len(images)
    n_maps = -(-n // SHARING)
    # Drawn for settings of 0 too, so that switching one on doesn't change what the others do.
    thickness = settings.thickness * rng.uniform(-1, 1, n)
    chance = rng.uniform(-1, 1, (6, n_maps))
    maps = None
    if settings.warps:
        maps = _affine_maps(
            n_maps,
            shift=settings.shift * chance[0:2],
            rotation=settings.rotation * chance[2],
            scale=1 + settings.scale * chance[3:5],
            shear=settings.shear * chance[5],
        )
        if settings.elastic:
            waves = len(_pictures_of_maps()) - 3
            bends = rng.standard_normal((2, n_maps, waves), dtype=np.float32)
            maps = np.concatenate([maps, np.float32(settings.elastic) * bends], axis=2)
    return _vary(images, thickness if settings.thickness else None, maps, SHARING)


def warp(
    images: Array,
    *,
    shift: ArrayLike = 0.0,
    rotation: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
    shear: ArrayLike = 0.0,
) -> Array:
    """New images uint8 (N, 28, 28): scaled, slanted, turned about the picture's middle, then moved.

    Arguments: images uint8 (N, 28, 28). For the others one value serves all images, or there is
    one for each: shift in pixels, down and to the right, () or (2,) or (2, N); rotation in degrees
    counterclockwise, () or (N,); scale, factors of height and width, () or (2,) or (2, N); shear,
    the tangent of a slant to the right, () or (N,). Raises ValueError for a factor of 0 or less.
    """
    if not np.all(np.greater(scale, 0)):
        raise ValueError(f"warp: scale factors must be above 0, not {scale}")
    return _vary(images, None, _affine_maps(len(images), shift, rotation, scale, shear), 1)


def change_thickness(images: Array, pixels: ArrayLike) -> Array:
    """New images uint8 (N, 28, 28) with every stroke's edge moved outwards, or inwards below 0.

    Arguments: images uint8 (N, 28, 28), pixels () or (N,). A stroke that is too thin to lose any
    more stays as it is. A fraction of a pixel is a fainter step. Raises ValueError for more than
    28 pixels.
    """
    pixels = np.broadcast_to(np.asarray(pixels, np.float64), len(images))
    if not np.all(np.abs(pixels) <= SIDE):  # NaN too
        raise ValueError(f"change_thickness: pixels must be from {-SIDE} to {SIDE}, not {pixels}")
    return _vary(images, pixels, None, 1)


def _vary(images: Array, thickness: Array | None, maps: Array | None, sharing: int) -> Array:
    """`images` uint8 (N, 28, 28) with thickness changed by (N,) pixels, then mapped.

    `maps` (2, M, 3 + K) are used by `sharing` images each: M = ceil(N / sharing).
    """
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"images must be uint8 (N, 28, 28), not {images.dtype} {images.shape}")
    out = np.empty(images.shape, np.uint8)
    # Sorted, so that the images of nearly every tile change in one direction and equally far.
    order = np.arange(len(images)) if thickness is None else np.argsort(thickness)
    for first_map, start in enumerate(range(0, len(images), MAPS * sharing)):
        tile = order[start : start + MAPS * sharing]
        framed = _framed(images[tile])
        if thickness is not None:
            thin = np.searchsorted(thickness[tile], 0)
            for part in (slice(None, thin), slice(thin, None)):
                if len(framed[part]):
                    _change_thickness(framed[part], thickness[tile[part]])
        if maps is None:
            out[tile] = _inside(framed)
        else:
            sources = _sources(maps[:, first_map * MAPS : (first_map + 1) * MAPS])
            out[tile] = _sample(framed, sources).reshape(-1, SIDE, SIDE)
    return out


def _affine_maps(
    n: int, shift: ArrayLike, rotation: ArrayLike, scale: ArrayLike, shear: ArrayLike
) -> Array:
    """Where each pixel's value comes from: y and x (2, N, 3) as constant, times y, times x.

    The source of target (y, x) is scale^-1 shear^-1 rotation^-1 ((y, x) - shift), all from the
    picture's middle, y downwards.
    """
    shear = np.asarray(shear)
    down, right = np.broadcast_to(_columns(shift), (2, n))
    height, width = np.broadcast_to(_columns(scale), (2, n))
    angle = np.broadcast_to(np.deg2rad(rotation), n)
    sine, cosine = np.sin(angle), np.cos(angle)
    maps = np.empty((2, n, 3))
    maps[0, :, 1:] = np.stack([cosine, sine], axis=1) / height[:, None]
    maps[1, :, 1] = (shear * cosine - sine) / width
    maps[1, :, 2] = (shear * sine + cosine) / width
    maps[:, :, 0] = CENTRE - maps[:, :, 1] * down - maps[:, :, 2] * right
    return maps.astype(np.float32)


def _columns(value: ArrayLike) -> Array:
    """(2,) as (2, 1), so that it serves all N; () and (2, N) as they are."""
    value = np.asarray(value, np.float64)
    return value[:, None] if value.ndim == 1 else value


@cache
def _pictures_of_maps() -> Array:
    """The pictures (3 + K, 784) whose sums are maps: one, y, x, and K waves for bends.

    The waves are products of cosines, weighted so that standard normal amounts of them are white
    noise blurred by a Gaussian, without the waves too short to survive that.
    """
    place = np.arange(SIDE)
    cosines = [np.cos(pi * k * (place + 0.5) / SIDE) for k in range(int(WAVES) + 1)]
    waves = [
        exp(-(SMOOTHNESS**2) * (pi / SIDE) ** 2 * (ky**2 + kx**2) / 2)
        * np.outer(cosines[ky], cosines[kx])
        for ky in range(len(cosines))
        for kx in range(len(cosines))
        if 0 < ky**2 + kx**2 < WAVES**2
    ]
    bends = np.stack(waves)  # (K, 28, 28)
    bends /= np.sqrt(2 * (bends**2).sum(axis=0).mean())  # 2: a bend has two directions
    y, x = np.mgrid[:SIDE, :SIDE] - CENTRE
    pictures = np.concatenate([[np.ones((SIDE, SIDE)), y, x], bends])
    return pictures.reshape(-1, PIXELS).astype(np.float32)


def _framed(images: Array) -> Array:
    """uint8 (N, FRAMED): `images` uint8 (N, 28, 28) with their frames of blank pixels."""
    framed = np.zeros((len(images), FRAMED), np.uint8)
    _inside(framed)[...] = images
    return framed


def _inside(framed: Array) -> Array:
    """The images (N, 28, 28) within their frames (N, FRAMED), as a view."""
    rows = framed[:, ROW : ROW * (SIDE + 1)].reshape(-1, SIDE, ROW)
    return rows[:, :, 1:]


def _sources(maps: Array) -> Array:
    """Where values come from, uint16 (2, N, 784): y and x in 1/256 pixel from the frame's corner.

    `maps` (2, N, 3 + K) are amounts of the pictures of maps.
    """
    pictures = _pictures_of_maps()[: maps.shape[2]]
    maps = 256 * maps.reshape(-1, len(pictures))  # (2N, 3 + K)
    maps[:, 0] += 256 + 0.5  # the frame's pixel; and a half, to round instead of cut off
    places = maps @ pictures  # (2N, 784)
    np.clip(places, np.float32(0), np.float32((SIDE + 1) * 256 - 1), out=places)
    return places.astype(np.uint16).reshape(2, -1, PIXELS)


INSIDE = _framed(np.ones((1, SIDE, SIDE), np.uint8))  # (1, FRAMED): 0 in the frame


def _sample(framed: Array, sources: Array) -> Array:
    """uint8 (N, 784): the values of `framed` (N, FRAMED) at `sources` (2, M, 784), bilinear.

    Image n uses map n modulo M.
    """
    corner = sources >> 8
    corner[0] *= ROW
    corner[0] += corner[1]
    corner[0] += np.arange(0, FRAMED * corner.shape[1], FRAMED, dtype=np.uint16)[:, None]
    place = corner[0].astype(np.intp)  # (M, 784), in the line of M framed images
    near = sources & 255  # weights in 1/256: of the lower and of the right pixel
    far = 256 - near  # of the upper and of the left pixel

    # A pixel and its right neighbour are fetched as one uint16, since fetching is what takes time.
    line = framed.reshape(-1).astype(np.uint16)
    pairs = line[1:] << 8
    pairs |= line[:-1]

    out = np.empty((len(framed), PIXELS), np.uint8)
    left, right = np.empty_like(sources), np.empty_like(sources)
    for start in range(0, len(framed), len(place)):
        n = min(len(place), len(framed) - start)
        # Every place lies in the line, so the fastest mode will do: "wrap" doesn't check it.
        above = pairs[start * FRAMED :]
        above.take(place[:n], out=left[0, :n], mode="wrap")
        above[ROW:].take(place[:n], out=left[1, :n], mode="wrap")
        np.right_shift(left, 8, out=right)  # (2, M, 784), upper and lower pixels
        left &= 255
        right *= near[1]  # at most 255 * 256, which fits into 16 bits
        left *= far[1]
        left += right
        left >>= 8
        left[0] *= far[0]
        left[1] *= near[0]
        left[0] += left[1]
        left[0] >>= 8
        out[start : start + n] = left[0, :n]
    return out


def _change_thickness(framed: Array, pixels: Array) -> None:
    """Moves the edges of strokes in `framed` (N, FRAMED) by `pixels` (N,), all of one sign."""
    thin = pixels[0] < 0
    pixels = np.abs(pixels)
    while pixels.any():
        # Four bits of ink and 17ths of a step: their products fit into 8 bits and reach all 255.
        share = np.rint(17 * np.minimum(pixels, 1)).astype(np.uint8)[:, None]
        if thin:
            peeled = _thinner(framed)
            np.invert(peeled, out=peeled)
            peeled >>= 4
            peeled *= share
            np.invert(peeled, out=peeled)
            np.minimum(framed, peeled, out=framed)
        else:
            halo = _thicker(framed)
            halo >>= 4
            halo *= share
            np.maximum(framed, halo, out=framed)
        pixels = np.maximum(pixels - 1, 0)


def _thicker(framed: Array) -> Array:
    """Every pixel (N, FRAMED) becomes the most inked of itself and its four neighbours."""
    grown = _best_of_three(np.maximum, framed, 1)
    np.maximum(grown, _best_of_three(np.maximum, framed, ROW), out=grown)
    grown *= INSIDE
    return grown


def _thinner(framed: Array) -> Array:
    """Every pixel (N, FRAMED) becomes the least inked of itself and its four neighbours.

    But across a stroke that would vanish, ink stays: what growing the result again along the same
    line doesn't bring back, as in Lantuejoul's formula for skeletons.
    """
    thinned = [_best_of_three(np.minimum, framed, step) for step in (1, ROW)]
    for inner, step in zip(thinned, (1, ROW), strict=True):
        inner += framed - _best_of_three(np.maximum, inner, step)
    return np.minimum(*thinned)


def _best_of_three(better: np.ufunc, framed: Array, step: int) -> Array:
    """The best of each value (N, FRAMED) and the ones `step` away; maximum or minimum is better.

    In the frame, where a row or image meets the next, values are of no use.
    """
    best = framed.copy()
    line, out = framed.reshape(-1), best.reshape(-1)
    better(out[step:], line[:-step], out=out[step:])
    better(out[:-step], line[step:], out=out[:-step])
    return best
