"""An activation's Jacobian as the diagonal matrix that it is, and as the vector that code keeps."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.jacobians import activation_by_input
from mnist_core.inspection.stations import Station
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters, symbol
from ui.backprop.jacobians.full import activations, full_jacobian, slopes_of
from ui.backprop.jacobians.window import WINDOW
from ui.backprop.jacobians.words import in_tex, with_shape
from ui.backprop.link import PREFIX
from ui.backprop.measured import in_memory, in_time, median_seconds
from ui.backprop.numbers import number
from ui.backprop.picking import pick
from ui.components.matrix import MatrixLook, bars, matrix

REPEATS = 50
LOW = MatrixLook(height=90, cell=44)
KEPT = PREFIX + "jacobian_times"  # in the session
NONE_HIDDEN = (
    "This network has no hidden Dense layer, so no activation stands between two of them. Choose "
    "an MLP to see one."
)


@dataclass(frozen=True)
class BothWays:
    """What the matrix and the vector cost (seconds), and how far apart their results are."""

    by_matrix: float
    by_vector: float
    difference: float


def diagonal_as_vector(chosen: ChosenStep) -> None:
    """Matrix and vector side by side, both multiplied with the gradient."""
    if (station := hidden_activation(chosen)) is None:
        return
    n, units = station.number, station.shape[0]
    a = symbol(station.sources[0])
    df, da = symbol(f"dL/df{n}"), symbol(f"dL/da{n}")
    slopes = slopes_of(chosen.values, station)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("As a matrix", anchor=False)
        st.latex(
            f"{da} = {with_shape(in_tex(f'df{n}/da{n}'), units, units)}"
            f"\\;{with_shape(df, units, 1)}"
        )
        _matrix(chosen, n)
    with right:
        st.header("As a vector", anchor=False)
        slope = with_shape(f"f'({a})", units, 1)
        st.latex(f"{da} = {slope} \\odot {with_shape(df, units, 1)}")
        _bars(slopes, f"The slopes of {in_letters(station.name)}")
        _bars(chosen.station(f"dL/df{n}").value, f"Times {in_letters(f'dL/df{n}')}")
        _bars(chosen.station(f"dL/da{n}").value, f"Gives {in_letters(f'dL/da{n}')}, either way")
    both = _measured_once(chosen, station)
    st.markdown(
        "| | time | multiplications | memory |\n|:--|--:|--:|--:|\n"
        f"| matrix times vector | {in_time(both.by_matrix)} | {units * units:,} | "
        f"{in_memory(8 * units * units)} |\n"
        f"| vector times vector | {in_time(both.by_vector)} | {units:,} | "
        f"{in_memory(8 * units)} |\n"
    )
    st.caption(
        f"Both give {in_letters(f'dL/da{n}')}: the largest difference is "
        f"{number(both.difference)}. Times are medians of {REPEATS} runs on this server, with "
        f"matrix and vector already there."
    )


def hidden_activation(chosen: ChosenStep) -> Station | None:
    """The choice of a hidden layer by its activation; None, and why, where there is none."""
    hidden = {one.name: one for one in activations(chosen)}
    if not hidden:
        st.info(NONE_HIDDEN)
        return None
    if len(hidden) == 1:
        return next(iter(hidden.values()))
    return hidden[pick("Hidden layer", "jacobian_hidden", hidden, in_letters)]


def both_ways(chosen: ChosenStep, station: Station) -> BothWays:
    """dL/da of an activation's sum by the full matrix and by the vector, and what both cost."""
    assert station.layer is not None
    step = chosen.values
    df = chosen.station(f"dL/d{station.name}").value
    diagonal = activation_by_input(step.model.layers[station.layer], step.input_of(station.layer))
    slopes = slopes_of(step, station)[:, None]
    return BothWays(
        median_seconds(lambda: diagonal @ df, REPEATS),
        median_seconds(lambda: slopes * df, REPEATS),
        float(np.abs(diagonal @ df - slopes * df).max()),
    )


def _measured_once(chosen: ChosenStep, station: Station) -> BothWays:
    """Times that stay as they were while one looks at them."""
    what = chosen.key, station.name
    measured_for, both = st.session_state.get(KEPT, (None, None))
    if both is None or measured_for != what:
        both = both_ways(chosen, station)
        st.session_state[KEPT] = what, both
    return both


def _bars(values: Array, words: str) -> None:
    """A vector under its name."""
    st.caption(words)
    bars(values, key=f"{PREFIX}jacobian {words}", look=LOW, description=words)


def _matrix(chosen: ChosenStep, n: int) -> None:
    """The diagonal matrix, its first rows and columns if it is large."""
    jacobian = full_jacobian(chosen, f"df{n}/da{n}", "columns")
    size = min(jacobian.shape[0], WINDOW)
    words = f"{jacobian.name}, a diagonal matrix"
    if size < jacobian.shape[0]:
        st.caption(f"The first {size} of {jacobian.shape[0]} rows and columns.")
    matrix(
        jacobian.window(range(size), range(size)),
        key=f"{PREFIX}jacobian_diagonal {n}",
        look=MatrixLook(height=400, quantity="slope"),
        description=words,
    )
