"""Lets writers write a style: each in a hand of his own, with a pen of his own.
What differs is what differs between people: proportions, slant, haste, pressure, a shaking hand.
"""

import numpy as np

from mnist_core.arrays import Array
from mnist_core.handwriting.skeletons import Skeleton, skeletons_of, smoothing, waves
from mnist_core.handwriting.styles import Style
from mnist_core.preprocess.pen import Stroke

# How much writers differ. Lengths are in units of the digit's height, angles in radians.
LOOSE = 0.022  # standard deviation of where a control point lies
BENT = 0.012  # of how far a stroke swings to the side
SHAKING = 0.003  # of the pen's points, with a hand that shakes as much as most do
ASPECT = 0.17  # of the logarithm of the width
TURNED = 0.07  # of the angle of the whole digit
# The tangent of the slant. MNIST's own digits have 0.1 on average and spread by 0.26; three in ten
# writers here come from a wider circle, which reaches three times as far.
SLANT = (0.10, 0.22)  # mean and standard deviation
STRONG_SLANT = (0.25, 0.45)
STRONG = 0.3  # the share of writers with the second
STEEPEST = 0.85  # in either direction
# The pen's width as a share of the digit's longest side; MNIST's measure a tenth.
PEN, PEN_SPREAD = 0.09, 0.4  # median, and standard deviation of the logarithm
FINEST, BROADEST = 0.035, 0.18
HASTE = 1.6  # points by which corners are rounded at most
HOOKS = 0.12  # the share of strokes' ends with a small hook
HOOK = 0.07  # how long it is
UNLIFTED = 0.06  # the share of digits whose strokes are joined, since the pen was not lifted
DIGIT = (0.45, 0.85)  # the longest side of the ink as a share of the sheet's


def write(style: Style, n: int, *, rng: np.random.Generator) -> list[tuple[Stroke, ...]]:
    """The style as `n` writers write it, each on a sheet of his own: the strokes of each."""
    size = rng.uniform(*DIGIT, n)
    pen = np.clip(PEN * np.exp(rng.normal(0, PEN_SPREAD, n)), FINEST, BROADEST)
    haste = rng.uniform(0, 1, n) ** 2
    pressing = rng.uniform(0, 0.3, n) * (rng.uniform(0, 1, n) < 0.6)  # a mouse has no pressure
    strokes = [
        _stroke(skeleton, haste, pressing, rng=rng) for skeleton in skeletons_of(style.skeleton)
    ]
    joined = rng.uniform(0, 1, n) < UNLIFTED
    lengths = [points.shape[1] for points in strokes]
    points = np.concatenate(strokes, axis=1)  # (N, n, 3)
    points[:, :, :2] = _on_the_sheet(_in_hand(points[:, :, :2], n, rng), size, pen, rng)
    brushes = pen * size
    return [
        tuple(
            Stroke(part.astype(np.float32), float(brush))
            for part in ([of_one] if is_joined else np.split(of_one, np.cumsum(lengths)[:-1]))
        )
        for of_one, brush, is_joined in zip(points, brushes, joined, strict=True)
    ]


def _stroke(
    skeleton: Skeleton, haste: Array, pressing: Array, *, rng: np.random.Generator
) -> Array:
    """One stroke of every writer: x, y and width (N, n, 3), in units of the digit's height.

    Args:
        skeleton: where it runs.
        haste: how far corners are rounded, from 0 to 1, (N,).
        pressing: how much the pen's width changes, as a fraction, (N,).
    """
    n, samples = len(haste), len(skeleton.curve)
    share = rng.uniform(0, 1, (n, 1, 1))
    control = skeleton.first + share * (skeleton.second - skeleton.first)  # (N, P, 2)
    control = control + LOOSE * rng.standard_normal(control.shape)
    path = skeleton.curve @ control  # (N, n, 2)
    path += haste[:, None, None] * (smoothing(samples, HASTE) @ path - path)
    swing = waves(samples)
    path += BENT * (swing @ rng.standard_normal((n, swing.shape[1], 2)))
    shaking = SHAKING * rng.exponential(1, (n, 1, 1)) * rng.standard_normal(path.shape)
    path += smoothing(samples, 1.0) @ shaking
    width = 1 + pressing[:, None] * (rng.standard_normal((n, swing.shape[1])) @ swing.T)
    ends = [
        _hook(path[:, :3], width[:, :1], rng)[:, ::-1],
        np.dstack([path, width]),
        _hook(path[:, :-4:-1], width[:, -1:], rng),
    ]
    stroke = np.concatenate(ends, axis=1)  # (N, n + 4, 3)
    stroke[:, :, 2] = np.clip(stroke[:, :, 2], 0.35, 1.9)
    return stroke


def _hook(end: Array, width: Array, rng: np.random.Generator) -> Array:
    """Two more points (N, 2, 3) beyond the end of a stroke, of which few writers see anything.

    `end` (N, 3, 2) holds the stroke's last points, the last of all first; `width` (N, 1) is its.
    """
    n = len(end)
    length = HOOK * rng.uniform(0.4, 1, n) * (rng.uniform(0, 1, n) < HOOKS)
    onward = end[:, 0] - end[:, 2]
    angle = np.arctan2(onward[:, 1], onward[:, 0]) + rng.choice([-1, 1], n) * rng.uniform(0.7, 2, n)
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None]  # (N, 2)
    places = end[:, :1] + turned[:, None] * np.array([[0.5], [1.0]])  # (N, 2, 2)
    return np.dstack([places, width * np.array([0.9, 0.7])])


def _in_hand(places: Array, n: int, rng: np.random.Generator) -> Array:
    """Points (N, n, 2) in every writer's proportions, slant and turn."""
    wide = np.exp(rng.normal(0, ASPECT, n))
    strong = rng.uniform(0, 1, n) < STRONG
    usual, other = rng.normal(*SLANT, n), rng.normal(*STRONG_SLANT, n)
    slant = np.clip(np.where(strong, other, usual), -STEEPEST, STEEPEST)
    angle = rng.normal(0, TURNED, n)
    x = wide[:, None] * places[:, :, 0] - slant[:, None] * places[:, :, 1]
    y = places[:, :, 1]
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=2)


def _on_the_sheet(places: Array, size: Array, pen: Array, rng: np.random.Generator) -> Array:
    """Points (N, n, 2) somewhere on a sheet of side 1, with ink as large as `size` (N,)."""
    low, high = places.min(axis=1), places.max(axis=1)  # (N, 2)
    factor = size * (1 - pen) / (high - low).max(axis=1)  # the pen's own width is ink too
    extent = (high - low) * factor[:, None]
    margin = (size * pen / 2)[:, None]
    start = margin + rng.uniform(0, 1, (len(size), 2)) * (1 - extent - 2 * margin)
    return (places - low[:, None]) * factor[:, None, None] + start[:, None]
