"""Reads a skeleton, and says where its curves run for control points that were moved.
A curve is linear in its points: a matrix makes it, for any number of writers at once.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mnist_core.arrays import Array

SAMPLES = 10  # points of a curve from one control point to the next


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One stroke: control points (P, 2) at both ends of their range, and the matrix of its curve.

    `curve` (n, P) gives n points of the pen from P control points. In units of the digit's height.
    """

    first: Array
    second: Array
    curve: Array


@cache
def skeletons_of(text: str) -> tuple[Skeleton, ...]:
    """The strokes of a skeleton; ValueError for a text that is none."""
    return tuple(_stroke(part.split()) for part in text.split("|"))


def _stroke(words: list[str]) -> Skeleton:
    places, corners = [], []
    for word in words:
        ends = word.removesuffix("!").split("~")
        places.append([[float(number) for number in end.split(",")] for end in (ends[0], ends[-1])])
        corners.append(word.endswith("!"))
    points = np.array(places) / 100  # (P, 2, 2)
    if points.ndim != 3 or points.shape[1:] != (2, 2) or len(points) < 2:
        raise ValueError(f"a stroke needs two points or more, not {' '.join(words)!r}")
    return Skeleton(points[:, 0], points[:, 1], _curve(corners))


def _curve(corners: list[bool]) -> Array:
    """The matrix (n, P) of a Catmull-Rom curve (1974) through P points, broken at corners."""
    last = len(corners) - 1
    stops = [0, *(i for i in range(1, last) if corners[i]), last]
    t = np.arange(SAMPLES)[:, None] / SAMPLES  # (SAMPLES, 1)
    weights = 0.5 * np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    )  # (SAMPLES, 4): of the point before, both ends of the piece, and the point after
    each = np.eye(last + 1)
    pieces = []
    for start, stop in zip(stops, stops[1:], strict=False):
        for i in range(start, stop):
            # Before its first point a curve goes on as it began, and so after its last.
            before = each[i - 1] if i > start else 2 * each[i] - each[i + 1]
            after = each[i + 2] if i + 1 < stop else 2 * each[i + 1] - each[i]
            pieces.append(weights @ np.stack([before, each[i], each[i + 1], after]))
    return np.vstack([*pieces, each[last:]])


@cache
def smoothing(n: int, width: float) -> Array:
    """The matrix (n, n) that blurs n points along a stroke, by a Gaussian of `width` points.

    The first and the last point stay where they are.
    """
    apart = np.arange(n)[:, None] - np.arange(n)
    # Near an end the blur gets narrower, so that nothing is pulled inwards.
    room = np.minimum(np.arange(n), np.arange(n)[::-1])[:, None] / 2
    weights = np.exp(-0.5 * (apart / np.clip(room, 1e-3, width)) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


@cache
def waves(n: int) -> Array:
    """Slow waves (n, 4) along a stroke: half a period, one, one and a half and two."""
    along = np.linspace(0, 1, n)[:, None]
    return np.cos(np.pi * along * np.arange(1, 5)) / np.arange(1, 5)
