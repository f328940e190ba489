"""Finds the digits on a page: ink is cut into pieces, and those of one digit are joined again.

Everything is done on runs of ink (row, first column, column after the last), of which a page has a
few thousand, so that no step has to loop over its millions of pixels in Python.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import Components, connected_components

# Lengths are shares of the page's typical digit size, so that the rules hold at any resolution.
DUST_SIZE = 0.1  # what stays smaller than this belongs to no digit unless it lies within one
SPECK_SIZE = 0.3  # what stays smaller than this in both directions is a dot, not a digit
STACK_GAP = 0.25  # the widest gap between two pieces of one digit, one above the other
STACK_OVERLAP = 0.5  # share of the narrower piece's width that such pieces have in common
PART_HEIGHT = 0.6  # a piece not higher than this may overlap its digit by less, by PART_OVERLAP
PART_OVERLAP = 0.15
PART_SIZE = 1.2  # if the two together are no larger than this
BAR_GAP = 0.15  # the widest gap between a digit and a small piece beside it, such as the bar of a 5
BAR_HEIGHT = 0.45  # a piece beside a digit must be lower than this to be taken for a part of it
JOINED_SIZE = 1.35  # joining must not give anything higher or wider than this
LINE_OVERLAP = 0.35  # share of the lower digit's height by which neighbours in a line overlap
MAX_PIECES = 200  # only the largest pieces are joined, since every two of them are compared
MAX_DIGITS = 400  # on one page; of more, the largest
# Two digits in one, as proportions: tried on MNIST, 2.6 % of single digits and 88 % of touching
# pairs are marked.
WIDEST_DIGIT = 1.25  # width / height
TALLEST_DIGIT = 1.7  # height / typical size
NECK_SHAPE = 0.6  # width / height from which a neck between two digits is looked for
NECK_THICKNESS = 0.3  # of the height; what joins two digits is one stroke, not thicker
NECK_SIDES = 0.8  # of the height; both sides of a neck must be as high as a digit


@dataclass(frozen=True)
class Found:
    """A digit on a page.

    box is left, top, right and bottom (the last two exclusive) in pixels of the picture; ink is the
    digit alone, uint8 (h, w), white on black; line counts the lines of writing from 0.
    touches_neighbour marks what is probably two digits in one, so that a prediction is a guess.
    """

    box: tuple[int, int, int, int]
    ink: Picture
    line: int
    touches_neighbour: bool


def digits_on_page(
    ink: Picture, *, picture_size: tuple[int, int] | None = None
) -> tuple[Found, ...]:
    """The digits in `ink`, uint8 (H, W), white on black: line by line, from left to right.

    Boxes are in pixels of `ink`, or of a picture of `picture_size` (width, height) from which the
    ink was made. Pieces of one digit are joined and specks dropped; an empty page gives an empty
    tuple.
    """
    pieces = connected_components(ink > 0)
    if not len(pieces.areas):
        return ()
    size = typical_size(pieces.boxes)
    groups = _joined(pieces.boxes, size)  # (K,): the digit that each piece belongs to
    boxes = _boxes_of_groups(pieces.boxes, groups)
    large = np.array(_largest(boxes, SPECK_SIZE * size, MAX_DIGITS))
    lines = _reading_order(boxes[large])

    by_group = np.argsort(groups[pieces.labels], kind="stable")  # runs, group after group
    ends = np.cumsum(np.bincount(groups[pieces.labels]))
    found = []
    for line, members in enumerate(lines):
        for group in large[members]:
            runs = by_group[ends[group - 1] if group else 0 : ends[group]]
            digit = _cut_out(ink, pieces, runs, boxes[group])
            tall = digit.shape[0] > TALLEST_DIGIT * size
            box = _in_picture(boxes[group], ink.shape, picture_size)
            found.append(Found(box, digit, line, touches_neighbour=tall or _looks_like_two(digit)))
    return tuple(found)


def _in_picture(
    box: NDArray[np.intp], shape: tuple[int, ...], picture_size: tuple[int, int] | None
) -> tuple[int, int, int, int]:
    """A box on ink of the given shape as one on a picture (width, height), rounded outwards."""
    left, top, right, bottom = (int(edge) for edge in box)
    if picture_size is None:
        return left, top, right, bottom
    (width, height), (rows, columns) = picture_size, shape
    return (
        left * width // columns,
        top * height // rows,
        -(-right * width // columns),
        -(-bottom * height // rows),
    )


def _extents(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Width and height of each box: (K, 2)."""
    return boxes[:, 2:] - boxes[:, :2]


def typical_size(boxes: NDArray[np.intp]) -> float:
    """The longest side of a typical digit, in pixels.

    The median over pieces weighted by their size, so that a handful of digits outweighs any number
    of specks.
    """
    sides = np.sort(_extents(boxes).max(axis=1))
    weights = np.cumsum(sides.astype(np.float64) ** 2)
    return float(sides[np.searchsorted(weights, weights[-1] / 2)])


def _largest(boxes: NDArray[np.intp], least: float, count: int) -> list[int]:
    """Numbers, rising, of the `count` largest boxes with a longest side of at least `least`."""
    sides = _extents(boxes).max(axis=1)
    largest = np.argsort(-sides, kind="stable")[:count]
    return sorted(int(box) for box in largest if sides[box] >= least)


def _joined(boxes: NDArray[np.intp], size: float) -> NDArray[np.intp]:
    """The number of the digit that each piece belongs to: (K,), counted from 0.

    The pair of pieces with the smallest gap is joined first, so that a piece between two digits
    goes to the nearer.
    """
    groups = np.arange(len(boxes))
    boxes = boxes.copy()
    alive = _largest(boxes, DUST_SIZE * size, MAX_PIECES)
    while len(alive) > 1:
        gaps = _gaps(boxes[alive], size)
        first, second = np.unravel_index(int(gaps.argmin()), gaps.shape)
        if not np.isfinite(gaps[first, second]):
            break
        kept, merged = alive[first], alive[second]
        boxes[kept, :2] = np.minimum(boxes[kept, :2], boxes[merged, :2])
        boxes[kept, 2:] = np.maximum(boxes[kept, 2:], boxes[merged, 2:])
        groups[groups == merged] = kept
        del alive[second]
    return np.unique(groups, return_inverse=True)[1]


def _gaps(boxes: NDArray[np.intp], size: float) -> NDArray[np.float64]:
    """The distance of every two pieces that may be of one digit, infinite for others: (K, K)."""
    low, high = boxes[:, None, :2], boxes[:, None, 2:]  # (K, 1, 2)
    distance = np.maximum(low, low.swapaxes(0, 1)) - np.minimum(
        high, high.swapaxes(0, 1)
    )  # (K, K, 2), < 0: overlap
    union = np.maximum(high, high.swapaxes(0, 1)) - np.minimum(low, low.swapaxes(0, 1))  # (K, K, 2)
    extents = _extents(boxes)  # (K, 2)
    shorter = np.minimum(extents[:, None], extents[None])  # (K, K, 2)
    across, down = distance[..., 0], distance[..., 1]

    stacked = (-across >= STACK_OVERLAP * shorter[..., 0]) & (down <= STACK_GAP * size)
    # A loose part that reaches over its digit by little, such as the loop of a 9 left of its stem.
    part = (shorter[..., 1] <= PART_HEIGHT * size) & (-across >= PART_OVERLAP * shorter[..., 0])
    stacked |= part & (down <= STACK_GAP * size) & (union <= PART_SIZE * size).all(axis=-1)
    # A bar stands beside its digit, not below it on the line where a comma would be.
    bar = (
        (shorter[..., 1] <= BAR_HEIGHT * size)
        & (across <= BAR_GAP * size)
        & (-down >= 0.5 * shorter[..., 1])
    )
    allowed = (stacked | bar) & (union <= JOINED_SIZE * size).all(axis=-1)
    # Two dots are not joined, or a cloud of specks would grow into a digit.
    sizeable = extents.max(axis=1) >= SPECK_SIZE * size
    allowed &= sizeable[:, None] | sizeable[None]
    # What lies inside of another piece's box belongs to it, whatever its size.
    allowed |= (-distance >= shorter).all(axis=-1)
    allowed &= ~np.eye(len(boxes), dtype=bool)
    return np.where(allowed, np.maximum(distance, 0).sum(axis=-1), np.inf)


def _boxes_of_groups(boxes: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """The box around all pieces of each group: (G, 4)."""
    joined = np.empty((int(groups.max()) + 1, 4), dtype=np.intp)
    joined[groups] = boxes
    for corner in (0, 1):
        np.minimum.at(joined[:, corner], groups, boxes[:, corner])
        np.maximum.at(joined[:, corner + 2], groups, boxes[:, corner + 2])
    return joined


def _reading_order(boxes: NDArray[np.intp]) -> list[list[int]]:
    """The boxes' numbers, line by line.

    A line is followed from neighbour to neighbour, so it may rise or fall.
    """
    lines: list[list[int]] = []
    for box in np.argsort(boxes[:, 0], kind="stable"):
        top, bottom = boxes[box, 1], boxes[box, 3]
        best, best_overlap = None, LINE_OVERLAP
        for line in lines:
            other_top, other_bottom = boxes[line[-1], 1], boxes[line[-1], 3]
            overlap = (min(bottom, other_bottom) - max(top, other_top)) / min(
                bottom - top, other_bottom - other_top
            )
            if overlap >= best_overlap:
                best, best_overlap = line, overlap
        if best is None:
            lines.append([int(box)])
        else:
            best.append(int(box))
    return sorted(lines, key=lambda line: float(boxes[line][:, [1, 3]].mean()))


def _cut_out(
    ink: Picture, pieces: Components, runs: NDArray[np.intp], box: NDArray[np.intp]
) -> Picture:
    """The ink of the given runs, without what else reaches into their box."""
    left, top, right, bottom = box
    digit = np.zeros((bottom - top, right - left), dtype=np.uint8)
    for row, start, stop in zip(
        pieces.rows[runs], pieces.starts[runs], pieces.stops[runs], strict=True
    ):
        digit[row - top, start - left : stop - left] = ink[row, start:stop]
    return digit


def _looks_like_two(digit: Picture) -> bool:
    """Whether ink (h, w) is too wide for one digit, or has a neck.

    A neck is a thin place with a digit's height on both sides.
    """
    height, width = digit.shape
    if width > WIDEST_DIGIT * height:
        return True
    if width < NECK_SHAPE * height:
        return False
    ink = digit > 100
    thickness = ink.sum(axis=0)  # (w,)
    strokes = (np.diff(ink.astype(np.int8), axis=0, prepend=0) == 1).sum(axis=0)  # (w,)
    columns = np.arange(width)
    neck = (strokes <= 1) & (thickness <= NECK_THICKNESS * height)
    neck &= (columns >= width / 4) & (columns <= width * 3 / 4)
    neck &= _height_so_far(ink) >= NECK_SIDES * height
    neck &= _height_so_far(ink[:, ::-1])[::-1] >= NECK_SIDES * height
    return bool(neck.any())


def _height_so_far(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The height of all ink from the first column to each column of (h, w): (w,)."""
    height = len(ink)
    inked = ink.any(axis=0)
    tops = np.where(inked, ink.argmax(axis=0), height)
    bottoms = np.where(inked, height - ink[::-1].argmax(axis=0), 0)
    return np.maximum.accumulate(bottoms) - np.minimum.accumulate(tops)
