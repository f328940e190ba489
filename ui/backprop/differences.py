"""Back-propagation checked by finite differences, weight by weight, layer by layer.
One layer's gradient can be spoiled by 0.1 %, and the check has to find which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.inspection.numerical_gradient import (
    SPOILING,
    TOLERANCE,
    ParameterCheck,
    WeightCheck,
    by_parameter,
    check_weights,
)
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters
from ui.backprop.link import PREFIX, choose, part, said
from ui.backprop.numbers import one_digit
from ui.backprop.remembered import remembered
from ui.backprop.step_sizes import step_sizes
from ui.charts.backprop import gradients_chart
from ui.components import svg_chart
from ui.html import legend
from ui.theme import DIVERGED, MARK, NEGATIVE, POSITIVE

WEIGHTS = 200
SEEDS = 1000  # as many draws there are
BY = f"{SPOILING - 1:.1%}".replace("%", " %")
WHAT = (
    "A finite difference measures a slope without back-propagation: move one weight a small step "
    "to either side, and see by how much the loss changes."
)
FORMULA = r"\frac{\partial L}{\partial w} \approx \frac{L(w+h) - L(w-h)}{2h}"


@dataclass(frozen=True)
class Checked:
    """The checks of the same weights in both types of numbers."""

    float64: tuple[WeightCheck, ...]
    float32: tuple[WeightCheck, ...]


def differences(chosen: ChosenStep) -> None:
    """What a finite difference is, the check of 200 weights, and how large its step should be."""
    st.header("Check it by finite differences", anchor=False)
    st.write(WHAT)
    st.latex(FORMULA)
    part(partial(_check, chosen))
    step_sizes(chosen)


def _check(chosen: ChosenStep) -> None:
    layers = {f"{one.layer}": one.number for one in reversed(chosen.stations)
              if one.kind == "weights"}  # fmt: skip
    spoil = _spoiling(layers)
    seed = said("draw", 0, range(SEEDS))
    checked = remembered(
        chosen,
        "differences",
        (spoil, seed),
        lambda: _checked(chosen, spoil, seed),
        words=f"Moving {WEIGHTS} weights, one by one",
    )
    _verdict(by_parameter(checked.float64), layers)
    left, right = st.columns([4, 3], gap="large")
    with left:
        _scatter(checked.float64)
    with right:
        _table(checked, layers, is_spoiled=spoil is not None)
        st.button(
            "Draw other weights",
            key=PREFIX + "draw_others",
            on_click=choose,
            args=("draw", (seed + 1) % SEEDS),
        )


def _spoiling(layers: dict[str, int]) -> str | None:
    """The layer whose gradient is to be spoiled, by its place in the network."""
    numbers = list(layers.values())
    number = said("spoil", numbers[0], numbers)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Layer to spoil",
            numbers,
            format_func="Layer {}".format,
            required=True,
            key=PREFIX + "spoil",
            persist_state="session",
        )
        said("is_spoiled", False, (False, True))
        is_spoiled = st.toggle(
            f"Spoil the gradient of layer {number} by {BY}",
            key=PREFIX + "is_spoiled",
            persist_state="session",
        )
    return list(layers)[numbers.index(number)] if is_spoiled else None


def _checked(chosen: ChosenStep, spoil: str | None, seed: int) -> Checked:
    """The same weights in float64 and in float32."""
    found = [
        check_weights(
            chosen.values.model,
            chosen.example.image,
            chosen.example.label,
            weights=WEIGHTS,
            rng=np.random.default_rng(seed),
            dtype=dtype,
            spoil=spoil,
        )
        for dtype in (np.float64, np.float32)
    ]
    return Checked(*found)


def _verdict(parameters: Sequence[ParameterCheck], layers: dict[str, int]) -> None:
    """Whether all layers are right, else which are not."""
    wrong = [one for one in parameters if one.wrong]
    largest = max((one.relative_error or 0 for one in parameters), default=0)
    if not wrong:
        st.success(
            f"All layers are right: the largest relative error is {one_digit(largest)}, and "
            f"{one_digit(TOLERANCE)} would be too much."
        )
        return
    numbers = sorted({layers[one.path.partition(".")[0]] for one in wrong})
    names = " and ".join(str(number) for number in numbers)
    arrays = ", ".join(_array(one.path, layers) for one in wrong)
    st.error(
        f"The gradient of layer {names} is wrong: in {arrays} the relative error is up to "
        f"{one_digit(largest)}, and {one_digit(TOLERANCE)} would be too much."
        + (" All other layers are right." if len(numbers) < len(layers) else "")
    )


def _scatter(checks: Sequence[WeightCheck]) -> None:
    """Both gradients of the measured weights on the diagonal, and how many are not shown."""
    shown = [one for one in checks if one.measured and one.analytic and one.numerical]
    zero = sum(one.zero for one in checks)
    unclear = len(checks) - len(shown) - zero
    if not shown:
        st.info("No weight has a gradient that can be measured here; choose another digit.")
        return
    wrong = np.array([one.relative_error > TOLERANCE for one in shown])
    words = (
        f"{len(shown):,} weights are shown, in float64; {zero:,} more have a gradient of zero, "
        "which has no place on this axis"
        + (f", and {unclear:,} one that is too small to be measured" if unclear else "")
        + "."
    )
    chart = gradients_chart(
        np.array([one.analytic for one in shown]),
        np.array([one.numerical for one in shown]),
        wrong,
        alt=f"Gradients by back-propagation against finite differences: {int(wrong.sum())} of "
        f"{len(shown):,} weights differ by more than {one_digit(TOLERANCE)}, the others lie on the "
        "diagonal.",
    )
    svg_chart.show(chart, key="backprop_scatter")
    names = {
        "positive": ("●", POSITIVE),
        "negative": ("●", NEGATIVE),
        "both are equal": ("—", MARK),
    }
    st.html(legend(names | ({"they differ": ("✕", DIVERGED)} if wrong.any() else {})))
    st.caption(
        words + (f" {BY} is too little to be seen: the number tells." if wrong.any() else "")
    )


def _table(checked: Checked, layers: dict[str, int], *, is_spoiled: bool) -> None:
    """The largest relative error of each array, in both types of numbers."""
    double, single = by_parameter(checked.float64), by_parameter(checked.float32)
    rounding = max((one.relative_error or 0 for one in single), default=0)
    numbers = st.container(key="errors_of_layers")
    numbers.table(
        {
            "of": [_array(one.path, layers) for one in double],
            "float64": [_error(one.relative_error) for one in double],
            "float32": [_error(one.relative_error) for one in single],
            "measured": [one.measured for one in double],
            "zero": [one.zero for one in double],
        },
        hide_index=True,
        hide_header=False,
    )
    words = (
        "The largest relative error of each layer's weights and biases, and how many were measured "
        "in float64."
    )
    if not is_spoiled:  # else most of the error in float32 may be the spoiling
        words += (
            f" In float32 rounding alone makes it up to {one_digit(rounding)}: that proves "
            "little, and so gradients are checked in float64."
        )
    st.caption(words)


def _array(path: str, layers: dict[str, int]) -> str:
    """A parameter's name in letters: "0.W" is W₁."""
    place, _, kind = path.partition(".")
    return in_letters(f"{kind}{layers[place]}")


def _error(value: float | None) -> str:
    """A relative error, a dash where none could be measured."""
    return "–" if value is None else one_digit(value)
