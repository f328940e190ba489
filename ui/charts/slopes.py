"""The two slopes of the error of a finite difference: truncation, which grows with the step, and
rounding, which grows as the step becomes smaller."""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import Array

REACH = 30  # how many times smaller or larger than the best step those are that tell the slopes
NEAR = 2  # steps nearer to the best one belong to neither
LARGEST = 0.3  # an error from here on is as large as the gradient itself, and tells no slope
FEWEST = 3  # steps that tell a slope


@dataclass(frozen=True)
class Slopes:
    """An error of truncation * h^2 + rounding / h."""

    truncation: float
    rounding: float

    @property
    def crossing(self) -> float:
        """The step h where both are equal."""
        return float(np.cbrt(self.rounding / self.truncation))

    @property
    def error(self) -> float:
        """Either of them there."""
        return self.rounding / self.crossing


def slopes_of(steps: Array, errors: Array) -> Slopes | None:
    """Read off both slopes on either side of the smallest error; both arrays are (N,).

    None where there is no V: on one side there are too few steps with an error well below 1.
    """
    told = (errors > 0) & (errors < LARGEST)
    if not told.any():
        return None
    best = steps[told][errors[told].argmin()]
    right = told & (steps > NEAR * best) & (steps < REACH * best)
    left = told & (steps < best / NEAR) & (steps > best / REACH)
    if min(right.sum(), left.sum()) < FEWEST:
        return None
    truncation = np.exp(np.median(np.log(errors[right]) - 2 * np.log(steps[right])))
    rounding = np.exp(np.median(np.log(errors[left]) + np.log(steps[left])))
    return Slopes(float(truncation), float(rounding))
