"""Finite differences against back-propagation, weight by weight, for any network.
What was measured, and how far it can be trusted, comes from finite_differences.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.finite_differences import LADDER, Index, LossAround, at_step_zero
from mnist_core.nn.functional import cross_entropy
from mnist_core.nn.gradient_check import relative_error
from mnist_core.nn.network import Sequential

TOLERANCE = 1e-6  # relative error in float64 above which a gradient is wrong
SPOILING = 1.001  # what a spoiled gradient is multiplied by
CURVE_STEPS = np.logspace(0, -12, 49)  # for the V-shaped curve
# The largest doubt, as a share of the gradient, of a measurement that counts.
CLEAR = {"float64": TOLERANCE / 3, "float32": 0.1}
LEAST = 3  # weights that are checked of each array


@dataclass(frozen=True)
class WeightCheck:
    """One weight's gradient by back-propagation (analytic) and by finite differences (numerical).

    `doubt` is how far the numerical gradient may be off, as an absolute value; it is infinite, and
    the gradient maybe NaN, if no step was small enough. `kink` says that the loss has two slopes
    at this weight; the one nearer to the analytic gradient is then `numerical`.
    """

    path: str  # as "0.W"
    index: Index
    analytic: float
    numerical: float
    doubt: float
    relative_error: float
    measured: bool  # whether the doubt is small enough for the relative error to mean anything
    kink: bool

    @property
    def zero(self) -> bool:
        """Whether the loss does not depend on the weight: no error, but no evidence either."""
        return self.analytic == 0 and not self.measured


@dataclass(frozen=True)
class ParameterCheck:
    """What the checks of one parameter array found.

    `relative_error` is the largest of the measured weights, None if none could be measured;
    `unclear` counts those with a gradient too small, or too near to a kink, to be measured.
    """

    path: str
    relative_error: float | None
    measured: int
    zero: int
    unclear: int

    @property
    def wrong(self) -> bool:
        """Whether the error is too large for float64."""
        return self.relative_error is not None and self.relative_error > TOLERANCE


def check_weights(
    model: Sequential,
    images: Array,
    labels: Array | int,
    *,
    weights: int = 200,
    rng: np.random.Generator,
    dtype: Any = np.float64,
    spoil: str | None = None,
) -> tuple[WeightCheck, ...]:
    """Compare the gradient of the mean loss with finite differences for weights drawn at random.

    Every parameter array gets an equal share, as far as it has so many. Most of a share are
    weights with a gradient, among them the largest; the others show that none is missing.

    Args:
        images: uint8 (28, 28) or (N, 28, 28).
        labels: one digit, or (N,) of them.
        dtype: that of the independent copy which is checked; the model itself never changes.
        spoil: a parameter ("0.W") or layer ("0") whose analytic gradient is made 0.1 % too large.

    Raises ValueError for a `spoil` that names nothing, and for fewer than one weight.
    """
    if weights < 1:
        raise ValueError(f"at least one weight has to be checked, not {weights}")
    point = LossAround(model, images, labels, dtype)
    gradients = point.gradients.named()
    for path in spoiled_paths(model, spoil):
        gradients[path] *= SPOILING
    limit = CLEAR[np.dtype(dtype).name]
    checks = []
    for path, indices in _drawn(gradients, weights, rng).items():
        measurements = [point.loss_changes(path, index) for index in indices]
        changes, rounding = (np.array(rows) for rows in zip(*measurements, strict=True))
        analytic = [float(gradients[path][index]) for index in indices]
        checks += _compared(path, indices, np.array(analytic), changes, rounding, limit)
    return tuple(checks)


def spoiled_paths(model: Sequential, spoil: str | None) -> list[str]:
    """The parameters that "0" or "0.W" stands for; ValueError, with the names, if there is none."""
    paths = list(model.parameters.named())
    if spoil is None:
        return []
    meant = [path for path in paths if spoil in (path, path.partition(".")[0])]
    if not meant:
        layers = dict.fromkeys(path.partition(".")[0] for path in paths)
        raise ValueError(
            f"there is no layer or parameter {spoil!r}: layers with weights are "
            f"{', '.join(layers)}; parameters are {', '.join(paths)}"
        )
    return meant


def by_parameter(checks: Sequence[WeightCheck]) -> tuple[ParameterCheck, ...]:
    """The checks of each parameter array summed up, in the order of the network."""
    summaries = []
    for path in dict.fromkeys(check.path for check in checks):
        own = [check for check in checks if check.path == path]
        errors = [check.relative_error for check in own if check.measured]
        zeros = sum(check.zero for check in own)
        unclear = len(own) - len(errors) - zeros
        summaries.append(
            ParameterCheck(path, max(errors, default=None), len(errors), zeros, unclear)
        )
    return tuple(summaries)


def errors_over_steps(
    model: Sequential,
    image: Array,
    label: int,
    weights: Sequence[tuple[str, Index]],
    *,
    steps: Array = CURVE_STEPS,
    dtype: Any = np.float64,
) -> Array:
    """Relative error of (L(w + h) - L(w - h)) / 2h for each weight and step h, (weights, steps).

    This is the plain central difference: its error falls as h^2 until rounding, which grows as
    1 / h, takes over. The median over a few weights, np.median(errors, axis=0), is a calm curve.

    Args:
        image: uint8 (28, 28).
        weights: path and index of each weight, as a WeightCheck has them.
        steps: sizes of the step, (steps,).
        dtype: that in which the network is computed.
    """
    point = LossAround(model, image, label, dtype)
    gradients = point.gradients.named()
    errors = np.empty((len(weights), len(steps)))
    for row, (path, index) in zip(errors, weights, strict=True):
        logits = point.logits_around(path, index, steps)[..., 0]  # (10, 2 steps)
        losses = [cross_entropy(column[:, None], point.labels)[0] for column in logits.T]
        above, below = np.split(np.array(losses), 2)
        analytic = float(gradients[path][index])
        numerical = (above - below) / (2 * steps)
        row[:] = [relative_error(analytic, float(slope)) for slope in numerical]
    return errors


def _compared(
    path: str,
    indices: Sequence[Index],
    analytic: Array,
    changes: Array,
    rounding: Array,
    limit: float,
) -> list[WeightCheck]:
    """The checks of some weights of an array, from what LossAround.loss_changes gave for each.

    Args:
        analytic: their gradients by back-propagation, (weights,).
        changes: (weights, 2 steps).
        rounding: (weights,).
        limit: the largest doubt, as a share of the gradient, of a weight that counts.
    """
    above, below = np.split(changes, 2, axis=1)  # (weights, steps)
    noise = rounding[:, None] / LADDER
    right, right_doubt = at_step_zero(above / LADDER, (1, 2), noise)
    left, left_doubt = at_step_zero(-below / LADDER, (1, 2), noise)
    slope, doubt = at_step_zero((above - below) / (2 * LADDER), (2, 4), noise)
    kink = np.abs(right - left) > 10 * (right_doubt + left_doubt)
    from_right = kink & (np.abs(right - analytic) < np.abs(left - analytic))
    from_left = kink & ~from_right
    slope = np.where(from_right, right, np.where(from_left, left, slope))
    doubt = np.where(from_right, right_doubt, np.where(from_left, left_doubt, doubt))
    return [
        WeightCheck(
            path,
            index,
            analytic=float(a),
            numerical=float(n),
            doubt=float(d),
            relative_error=relative_error(float(a), float(n)),
            measured=bool(d < limit * max(abs(a), abs(n))),
            kink=bool(k),
        )
        for index, a, n, d, k in zip(indices, analytic, slope, doubt, kink, strict=True)
    ]


def _drawn(
    gradients: dict[str, Array], weights: int, rng: np.random.Generator
) -> dict[str, list[Index]]:
    """Which weights to check, by the path of their array: equal shares, but at least LEAST."""
    # A tenth is drawn without a look at the gradient: one that is wrongly zero is found too.
    enough = {path: 10 * np.count_nonzero(g) // 9 + LEAST for path, g in gradients.items()}
    shares = {}
    for left, path in zip(  # from the smallest on: what an array lacks goes to the others
        range(len(gradients), 0, -1), sorted(enough, key=lambda path: enough[path]), strict=True
    ):
        wanted = max(LEAST, -(-(weights - sum(shares.values())) // left))
        shares[path] = min(gradients[path].size, enough[path], wanted)
    drawn = {}
    for path, gradient in gradients.items():
        share, size = shares[path], np.abs(gradient.ravel())
        order = rng.permutation(size.size)
        sloping = [int(size.argmax()), *order[size[order] > 0][:share]]
        chosen = list(dict.fromkeys(sloping))[: share - share // 10]
        chosen = list(dict.fromkeys([*chosen, *order[: 2 * share]]))[:share]
        drawn[path] = [
            tuple(int(i) for i in np.unravel_index(number, gradient.shape)) for number in chosen
        ]
    return drawn
