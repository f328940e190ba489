"""Takes printed straight lines out of the ink: boxes, combs, tables, ruled and squared paper.
A line is followed as thin runs of ink across its direction; where a stroke of a digit crosses it,
the run is longer and stays.

The idea is that of removing the staff from printed music (Dalitz et al., 2008: A comparative study
of staff removal algorithms).
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Picture
from mnist_core.preprocess.components import Components, connected_components
from mnist_core.preprocess.segment import typical_size

INKED = 60  # grey level; printed lines may be fainter than the pen
# Of the picture's longest side. A corner is thin enough for a thick line, and would make a thin one
# crooked, so thin lines are looked for by themselves, too.
THICKEST = (0.03, 0.01)
SHORTEST = 8  # pixels of a piece of a line, and at least 3 times its thickness
STEEPEST = 0.2  # pixels down for each pixel across
COVERED = 0.7  # of a line, between its ends, by itself or strokes that cross it
NOTABLE = 0.1  # of the picture's longest side; only what is longer can be a line
CRUMBS = 5  # times a line's thickness; no digit is so small
LONGER_THAN_DIGITS = 2  # times the typical digit; what is longer is printed
SIDE_OF_BOX = 0.9  # times the typical digit, if both ends meet other lines
TICK = 0.25  # times the typical digit; what is shorter ends no line
TICKS = 2  # of about one length, standing on a line as thick: a comb


@dataclass(frozen=True)
class Lines:
    """Straight lines y = offset + slope x, each from `left` to `right`: arrays (K,).

    `thickness` is in pixels, too.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    offset: NDArray[np.float64]
    slope: NDArray[np.float64]
    thickness: NDArray[np.float64]

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Lines":
        return Lines(
            self.left[chosen],
            self.right[chosen],
            self.offset[chosen],
            self.slope[chosen],
            self.thickness[chosen],
        )

    @property
    def length(self) -> NDArray[np.float64]:
        """(K,)"""
        return self.right - self.left


def without_lines(ink: Picture) -> tuple[Picture, NDArray[np.bool_]]:
    """The ink (H, W) without printed lines, and where they were: bool (H, W).

    Nothing is taken out if nothing would be left: a 1 alone is a straight line, too.
    """
    mask = ink > INKED
    across = _Runs.of(mask.T.copy()), _Runs.of(mask)  # for lines that lie, and that stand
    lying, standing = (_joined(_straight_pieces(runs), runs) for runs in across)
    digit = _digit_size(mask, lying, standing, across)
    if not digit:
        return ink, np.zeros(ink.shape, np.bool_)
    taken = _where(_printed(lying, standing, digit), across)
    # Now that printed lines are told from straight strokes, digits are whole again.
    digit = _typical(mask & ~taken)
    taken = _where(_printed(lying, standing, digit), across)
    # The grey edges of a line go with it.
    beside = taken.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            beside |= np.roll(taken, step, axis) & (ink <= 127)
    left_over = np.where(beside, np.uint8(0), ink)
    if (left_over > 127).any():
        return left_over, beside
    return ink, np.zeros(ink.shape, np.bool_)


def _digit_size(
    mask: NDArray[np.bool_], lying: Lines, standing: Lines, across: tuple["_Runs", "_Runs"]
) -> float:
    """How large a typical digit is (pixels) beside the lines of `mask`, (H, W); 0 without lines.

    Straight strokes of digits look like lines: where hardly more than crumbs are left without all
    that is straight, only what is longer is taken for a line.
    """
    least = NOTABLE * max(mask.shape)
    while True:
        notable = lying[lying.length >= least], standing[standing.length >= least]
        if not any(len(lines.left) for lines in notable):
            return 0
        thickness = np.median(np.concatenate([lines.thickness for lines in notable]))
        digit = _typical(mask & ~_where(notable, across))
        if digit >= CRUMBS * thickness:
            return digit
        least *= 1.3


def _typical(mask: NDArray[np.bool_]) -> float:
    """The size of a typical piece of a mask (H, W); 0 if there is none."""
    pieces = connected_components(mask)
    return typical_size(pieces.boxes) if len(pieces.areas) else 0


@dataclass(frozen=True)
class _Runs:
    """The runs of ink across the lines that are looked for; a line lies along `along`: (R,)."""

    shape: tuple[int, int]  # length along the lines, and across them
    along: NDArray[np.intp]
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> "_Runs":
        """The runs in each row of a mask (along, across)."""
        padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
        padded[:, 1:-1] = mask
        flat = np.diff(padded.ravel(), prepend=np.int8(0))
        along, starts = np.divmod(np.flatnonzero(flat == 1), padded.shape[1])
        stops = np.flatnonzero(flat == -1) - along * padded.shape[1]
        return cls(mask.shape, along, starts - 1, stops - 1)

    def at(
        self, along: NDArray[np.intp], across: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The run at each place (P,), and whether there is one within a pixel of it."""
        if not len(self.along):
            return np.zeros(len(along), np.intp), np.zeros(len(along), np.bool_)
        stride = self.shape[1] + 4
        places = along * stride + across + 1
        run = np.searchsorted(self.along * stride + self.starts, places, side="right") - 1
        run = np.maximum(run, 0)
        return run, (self.along[run] == along) & (across <= self.stops[run] + 1)


def _straight_pieces(runs: _Runs) -> Lines:
    """What is thin, straight and not steep, as far as nothing crosses it."""
    found = []
    for share in THICKEST:
        thin = runs.stops - runs.starts <= max(3, share * max(runs.shape))
        edges = np.zeros((runs.shape[0], runs.shape[1] + 1), np.int8)
        edges[runs.along[thin], runs.starts[thin]] = 1
        edges[runs.along[thin], runs.stops[thin]] = -1
        mask = np.cumsum(edges, axis=1, dtype=np.int8)[:, :-1].view(np.bool_)
        found.append(_fitted(connected_components(mask)))  # its rows lie along the lines
    return Lines(*(np.concatenate([getattr(f, n.name) for f in found]) for n in fields(Lines)))


def _fitted(pieces: Components) -> Lines:
    """The pieces that are straight, as lines: least squares over all of their pixels."""
    x, count = pieces.rows.astype(np.float64), (pieces.stops - pieces.starts).astype(np.float64)
    middle = (pieces.starts + pieces.stops - 1) / 2
    area = pieces.areas.astype(np.float64)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(pieces.labels, values * count, minlength=len(area)) / area

    x_mean, y_mean = mean(x), mean(middle)
    x_spread = mean(x * x) - x_mean**2
    y_spread = mean(middle**2 + (count**2 - 1) / 12) - y_mean**2
    together = mean(x * middle) - x_mean * y_mean
    slope = together / np.maximum(x_spread, 1e-9)
    length = (pieces.boxes[:, 3] - pieces.boxes[:, 1]).astype(np.float64)
    thickness = area / length
    # A bar of thickness t varies by t^2 / 12 across; more is allowed for grey edges and bent paper.
    crooked = y_spread - slope * together - thickness**2 / 12
    allowed = 0.05 * thickness**2 + 0.3 + (0.004 * length) ** 2
    straight = (length >= np.maximum(SHORTEST, 3 * thickness)) & (np.abs(slope) <= STEEPEST)
    straight &= crooked <= allowed
    left, right = pieces.boxes[:, 1].astype(np.float64), pieces.boxes[:, 3].astype(np.float64)
    return Lines(left, right, y_mean - slope * x_mean, slope, thickness)[straight]


def _joined(pieces: Lines, runs: _Runs) -> Lines:
    """Pieces that continue each other as one line; the longest are continued first."""
    order = np.argsort(-pieces.length, kind="stable")
    pieces = pieces[order]
    free = np.ones(len(order), np.bool_)
    middle = (pieces.left + pieces.right) / 2
    height = pieces.offset + pieces.slope * middle
    found = []
    for first in range(len(order)):
        if not free[first]:
            continue
        thick = pieces.thickness[first]
        away = np.maximum(
            np.maximum(pieces.left - pieces.right[first], pieces.left[first] - pieces.right), 0
        )
        off = np.abs(height - pieces.offset[first] - pieces.slope[first] * middle)
        alike = (pieces.thickness <= 2 * thick + 1) & (pieces.thickness >= 0.5 * thick - 1)
        near = np.minimum(1 + 0.5 * thick + 0.01 * away, 2 * thick + 2)
        members = np.flatnonzero(free & alike & (off <= near))
        if len(members) > 1 and _inked(_as_lines(pieces, [members]), runs) < COVERED:
            members = np.array([first])
        free[members] = False
        found.append(members)
    return _as_lines(pieces, found)


def _inked(line: Lines, runs: _Runs) -> float:
    """How much of one line has ink, be it a stroke that crosses it."""
    along = np.arange(int(line.left[0]), int(line.right[0]))
    return float(runs.at(along, line.offset[0] + line.slope[0] * along)[1].mean())


def _as_lines(pieces: Lines, groups: list[NDArray[np.intp]]) -> Lines:
    """Each group of pieces as one line through the ends of all of them."""
    values = np.zeros((5, len(groups)))
    for number, members in enumerate(groups):
        group = pieces[members]
        ends = np.concatenate([group.left, group.right])
        heights = np.concatenate(
            [group.offset + group.slope * e for e in (group.left, group.right)]
        )
        offset, slope = group.offset[0], group.slope[0]
        if len(members) > 1:
            weights = np.tile(np.sqrt(group.length), 2)
            slope, offset = np.polyfit(ends, heights, 1, w=weights)
        thickness = np.average(group.thickness, weights=group.length)
        values[:, number] = group.left.min(), group.right.max(), offset, slope, thickness
    return Lines(*values)


def _printed(lying: Lines, standing: Lines, digit: float) -> tuple[Lines, Lines]:
    """The lines that no hand has drawn, if digits are about so large."""
    directions = (lying, standing)
    sure = [lines.length >= LONGER_THAN_DIGITS * digit for lines in directions]
    for this, other in ((0, 1), (1, 0)):
        lines, others = directions[this], directions[other]
        enough = lines.length >= SIDE_OF_BOX * digit
        crossing = others[others.length >= TICK * digit]
        ends = [_meets(lines, lines.left, crossing), _meets(lines, lines.right, crossing)]
        sure[this] = sure[this] | (enough & ends[0] & ends[1])
    for this, other in ((0, 1), (1, 0)):
        lines, base = directions[this], directions[other][sure[other]]
        stands = _meets(lines, lines.left, base) | _meets(lines, lines.right, base)
        alike = np.abs(lines.length[:, None] - lines.length) <= 0.15 * lines.length + 2
        if len(base.left):
            thickness = float(np.median(base.thickness))
            stands &= np.abs(lines.thickness - thickness) <= 0.4 * thickness + 1
        sure[this] |= stands & ((alike & stands).sum(axis=1) >= TICKS)
    return lying[sure[0]], standing[sure[1]]


def _meets(lines: Lines, end: NDArray[np.float64], others: Lines) -> NDArray[np.bool_]:
    """Whether each line (K,) has this end on one of the lines across."""
    height = lines.offset + lines.slope * end  # (K,), which is a place along the others
    there = others.offset + others.slope * height[:, None]  # (K, others)
    slack = 3 + 3 * others.thickness
    near = np.abs(there - end[:, None]) <= slack
    near &= (height[:, None] >= others.left - slack) & (height[:, None] <= others.right + slack)
    return np.any(near, axis=1)


def _where(directions: tuple[Lines, Lines], runs: tuple[_Runs, _Runs]) -> NDArray[np.bool_]:
    """The pixels (H, W) of lines that lie and that stand, without what crosses them."""
    lying, lying_band = _painted(directions[0], runs[0])
    standing, standing_band = _painted(directions[1], runs[1])
    return lying.T | standing | (lying_band.T & standing_band)


def _painted(lines: Lines, runs: _Runs) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The runs that are line, and the bands in which lines lie: both bool (along, across)."""
    taken, band = np.zeros(runs.shape, np.bool_), np.zeros(runs.shape, np.bool_)
    for number in range(len(lines.left)):
        half = lines.thickness[number] / 2 + 0.5
        # Lines that meet in a corner end before it: there is neither of them thin.
        first_of_all = max(0, int(lines.left[number] - 2 * half))
        along = np.arange(first_of_all, min(runs.shape[0], int(lines.right[number] + 2 * half)))
        across = lines.offset[number] + lines.slope[number] * along
        low = np.maximum(np.rint(across - half), 0).astype(np.intp)
        high = np.maximum(np.rint(across + half) + 1, 0).astype(np.intp)
        _paint(band, along, low, high)
        run, there = runs.at(along, across)
        start, stop = runs.starts[run], runs.stops[run]
        whole = stop - start <= 3.4 * half + 1
        at_start, at_stop = across - start <= 2 * half, stop - across <= 2 * half
        first = np.where(whole | at_start, start, np.maximum(low, start))
        last = np.where(whole | ~at_start, stop, np.minimum(high, stop))
        there &= whole | at_start | at_stop
        _paint(taken, along[there], first[there], last[there])
    return taken, band


def _paint(
    mask: NDArray[np.bool_],
    along: NDArray[np.intp],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
) -> None:
    """Set mask[along, first:last]."""
    for step in range(int((last - first).max(initial=0))):
        across = first + step
        inside = (across < last) & (across < mask.shape[1])
        mask[along[inside], across[inside]] = True
