"""The chain of full Jacobians multiplied out, beside the short form that the network computes.
Nothing of the matrices is kept: what stays is a few numbers about them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import streamlit as st

from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.jacobian_chain import Factor, chain
from mnist_core.inspection.jacobians import Order
from mnist_core.inspection.kronecker import MAX_BYTES
from mnist_core.inspection.stations import Station
from mnist_core.nn.workspace import Workspace
from ui.backprop.chosen import ChosenStep
from ui.backprop.formulas import in_letters
from ui.backprop.jacobians.full import kronecker, sums
from ui.backprop.jacobians.one import stacking
from ui.backprop.jacobians.words import in_tex, with_shape
from ui.backprop.link import PREFIX
from ui.backprop.measured import in_memory, in_time, median_seconds
from ui.backprop.numbers import number, strongest
from ui.backprop.picking import pick

REPEATS, SHORT_REPEATS = 3, 50
SAME = 1e-12  # what rounding in float64 may do to a gradient
KEPT = PREFIX + "jacobian_products"  # in the session
# However many visitors ask, one matrix is in memory. Of what a thread has let go, the system keeps
# up to 32 MB for that thread's next matrix: with one thread it keeps that once.
_worker = ThreadPoolExecutor(1, "full Jacobians")


@dataclass(frozen=True)
class Product:
    """What is kept of a chain: its factors, its result in short, what it cost (seconds, bytes)."""

    factors: tuple[Factor, ...]
    numbers: int
    strongest: float
    difference: float
    seconds: float
    short_seconds: float
    nbytes: int


def multiplied_out(step: Backpropagation, station: Station, name: str, order: Order) -> Product:
    """dL/dW or dL/db (name "W" or "b") of the Dense layer at a station as a full product.

    It waits until no other visitor's is being multiplied.
    """
    return _worker.submit(_multiplied_out, step, station, name, order).result()


def _multiplied_out(step: Backpropagation, station: Station, name: str, order: Order) -> Product:
    parameter = f"{station.layer}.{name}"
    result = chain(step, parameter, order)
    seconds = median_seconds(lambda: chain(step, parameter, order), REPEATS)
    return Product(
        result.factors,
        result.gradient.size,
        strongest(result.gradient),
        result.difference,
        seconds,
        median_seconds(short_form(step, station), SHORT_REPEATS),
        largest_bytes(step, station, name),
    )


def short_form(step: Backpropagation, station: Station) -> Callable[[], object]:
    """The network's own way back from y_hat - y to the layer at a station, ready to be run."""
    assert station.layer is not None
    layers = range(station.layer, len(step.model.layers))
    work, gradients = Workspace(), step.model.new_gradients()
    caches = [step.model.layers[at].forward(step.input_of(at), work)[1] for at in layers]

    def way_back() -> None:
        dy = step.probabilities - step.one_hot
        for at, cache in zip(reversed(layers), reversed(caches), strict=True):
            work.needs_dx = at != station.layer  # nobody asks further back
            dx = step.model.layers[at].backward(dy, cache, gradients.layers[at], work)
            dy = dy if dx is None else dx

    return way_back


def largest_bytes(step: Backpropagation, station: Station, name: str) -> int:
    """The memory of the last factor: that of da/dW, or the identity of da/db."""
    if name == "W":
        return kronecker(step, station, "columns").nbytes(step.x.dtype)
    return station.shape[0] ** 2 * step.x.itemsize


def chain_multiplied_out(chosen: ChosenStep) -> None:
    """The choice of a gradient; its chain of full Jacobians, multiplied when asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        station, name = _choice(sums(chosen))
        order = stacking() if name == "W" else "columns"
    gradient = f"∂L/∂{in_letters(f'{name}{station.number}')}"
    nbytes = largest_bytes(chosen.values, station, name)
    if nbytes > MAX_BYTES:
        rows, columns = kronecker(chosen.values, station, order).shape
        st.info(
            f"The last factor has {rows:,} x {columns:,} numbers and would take "
            f"{in_memory(nbytes)}; at most {in_memory(MAX_BYTES)} are built. Choose a gradient of "
            f"a later layer, or a network with fewer units. The short form of {gradient} needs "
            f"only {in_memory(columns * chosen.values.x.itemsize)}: that is why training uses it."
        )
        return
    kept = _kept(chosen)
    place = f"{station.name} {name} {order}"
    st.caption(
        f"The factors of {gradient} are built in full, in float64, one after the other; the "
        f"largest takes {in_memory(nbytes)} for a moment."
    )
    if st.button("Multiply it out", key=PREFIX + "jacobian_multiply", type="primary"):
        kept[place] = multiplied_out(chosen.values, station, name, order)
    if place in kept:
        _shown(kept[place], gradient, f"d{name}{station.number}")


def _choice(stations: list[Station]) -> tuple[Station, str]:
    """Which gradient: the Dense layer, and "W" or "b"."""
    choices = {f"{name}{one.number}": (one, name) for one in stations for name in ("W", "b")}
    picked = pick(
        "Gradient", "jacobian_gradient", choices, lambda choice: f"∂L/∂{in_letters(choice)}"
    )
    return choices[picked]


def _kept(chosen: ChosenStep) -> dict[str, Product]:
    """The products of this step that have been asked for; those of another step are forgotten."""
    key, products = st.session_state.get(KEPT, ("", {}))
    if key != chosen.key:
        products = {}
        st.session_state[KEPT] = chosen.key, products
    return products


def _shown(product: Product, gradient: str, by: str) -> None:
    """The factors with their shapes, the result, and what both ways cost."""
    factors = [with_shape(in_tex(one.name), *one.shape) for one in product.factors]
    result = with_shape(in_tex(f"dL/{by}"), 1, product.numbers)
    # Text with formulas in it is wrapped between them, where a formula alone would be cut off.
    st.write(f"${result} =$ " + r" $\cdot$ ".join(f"${one}$" for one in factors))
    st.write(
        f"The largest difference to the gradient that the network computed: "
        f"**{number(product.difference)}**; of the numbers of {gradient} itself, the largest in "
        f"size is {number(product.strongest)}. "
        + (
            "Both ways give the same, as exactly as float64 can tell."
            if product.difference <= SAME
            else "They should be the same: one of the two is wrong."
        )
    )
    ratio = product.seconds / product.short_seconds
    st.markdown(
        "| | time | largest matrix |\n|:--|--:|--:|\n"
        f"| full Jacobians, built and multiplied | {in_time(product.seconds)} | "
        f"{in_memory(product.nbytes)} |\n"
        f"| the network's short form | {in_time(product.short_seconds)} | "
        f"{in_memory(product.numbers * 8)} |\n"
    )
    st.caption(
        f"Measured just now on this server: the median of {REPEATS} and of {SHORT_REPEATS} runs, "
        f"both from ŷ − y on. The full way takes {ratio:,.0f} times as long. Its matrices are "
        f"let go again; of the product only the numbers on this page are kept."
    )
