"""How large the step of a finite difference should be: its error over thirteen sizes.
A large step cuts the curve (truncation), a small one drowns in the last digits (rounding).
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.numerical_gradient import CURVE_STEPS, errors_over_steps
from ui.backprop.chosen import ChosenStep
from ui.backprop.followed import FollowedWeight, followed_weight
from ui.backprop.numbers import number, one_digit
from ui.backprop.remembered import remembered
from ui.charts.backprop import ErrorCurve, error_chart
from ui.charts.slopes import Slopes, slopes_of
from ui.components import svg_chart
from ui.html import legend
from ui.theme import FLOAT32, FLOAT64, MARK

OTHERS = 8  # weights of the layer that are measured besides the followed one
TYPES = {"float64": (np.float64, FLOAT64, "——"), "float32": (np.float32, FLOAT32, "– –")}


@dataclass(frozen=True)
class Measured:
    """Relative errors (steps,) of the followed weight and of the median of several, by type.

    A followed weight whose gradient is zero has none: `own` is empty.
    """

    own: dict[str, Array]
    median: dict[str, Array]


def step_sizes(chosen: ChosenStep) -> None:
    """The V-shaped curve for the followed weight, its two slopes, and where they cross."""
    weight = followed_weight(chosen)
    st.subheader("How large should the step h be?", anchor=False)
    measured = remembered(
        chosen,
        "step sizes",
        (weight.path, weight.row, weight.column),
        lambda: _measured(chosen, weight),
        words="Measuring with 49 step sizes",
    )
    slopes = {name: slopes_of(CURVE_STEPS, errors) for name, errors in measured.median.items()}
    curves = [
        ErrorCurve(name, colour, dash, measured.median[name], measured.own.get(name))
        for name, (colour, dash) in {"float64": (FLOAT64, ""), "float32": (FLOAT32, "7 4")}.items()
    ]
    chart, words = st.columns([4, 3], gap="large")
    with chart:
        alt = f"Error of the finite difference over its step size. {_crossings(slopes)}"
        svg_chart.show(error_chart(CURVE_STEPS, curves, slopes, alt=alt), key="backprop_step_sizes")
        names = {name: (sign, colour) for name, (_, colour, sign) in TYPES.items()}
        st.html(legend(names | {"the two slopes": ("····", MARK)}))
    words.markdown(_explained(weight, slopes))


def _measured(chosen: ChosenStep, weight: FollowedWeight) -> Measured:
    """The errors of the followed weight and of those with the steepest slopes in its layer."""
    gradients = weight.station.value
    strongest = np.argsort(-np.abs(gradients), axis=None, kind="stable")[: OTHERS + 1]
    followed = weight.row, weight.column
    places = [(int(row), int(column)) for row, column in
              zip(*np.unravel_index(strongest, gradients.shape), strict=True)]  # fmt: skip
    if weight.gradient:  # else it has no relative error
        places = [followed, *(place for place in places if place != followed)][: OTHERS + 1]
    own, median = {}, {}
    for name, (dtype, _, _) in TYPES.items():
        errors = errors_over_steps(
            chosen.values.model,
            chosen.example.image,
            chosen.example.label,
            [(weight.path, place) for place in places],
            dtype=dtype,
        )
        median[name] = np.median(errors, axis=0)
        if weight.gradient:
            own[name] = errors[0]
    return Measured(own, median)


def _crossings(slopes: dict[str, Slopes | None]) -> str:
    """Where truncation and rounding are equal, in a sentence for each type."""
    said = []
    for name, found in slopes.items():
        if found is None:
            said.append(
                f"In {name} rounding hides the slope at almost every step: this network is so sure "
                "that the loss hardly changes in its digits."
            )
        else:
            said.append(
                f"In {name} they cross at h ≈ {one_digit(found.crossing)}, with an error of about "
                f"{one_digit(found.error)}."
            )
    return " ".join(said)


def _explained(weight: FollowedWeight, slopes: dict[str, Slopes | None]) -> str:
    """What the curve shows, and of which weights it is."""
    if weight.gradient == 0:
        own = f"The gradient of {weight.words} is zero, so it has no relative error to be shown."
        several = f"the {OTHERS + 1} weights"
    else:
        own = f"Thin: {weight.words} alone, whose gradient is {number(weight.gradient)}."
        several = f"{OTHERS + 1} weights, {weight.words} and the {OTHERS} others"
    return "\n\n".join(
        [
            "**To the right, truncation:** the curve of the loss bends within the step, and the "
            "error falls as h² (slope 2).",
            "**To the left, rounding:** the two losses differ in their last digits only, and "
            "dividing by a smaller h makes that error larger (slope −1).",
            f"{_crossings(slopes)} A smaller step is not a better one.",
            f"Bold: the median of {several} whose gradients are the largest in size of its "
            f"layer, since the rounding of one weight alone jumps. Where a network is sure of its "
            f"answer, a single weight hardly shows the V in float32. {own}",
        ]
    )
