"""The way back through a convolution: max pooling's routing, and the gradient of a filter."""

import numpy as np
import streamlit as st

from mnist_core.inspection.convolution_steps import PoolingStep, pooling_step
from ui.backprop.chosen import ChosenStep
from ui.backprop.convolution.place import ChosenPlace
from ui.backprop.formulas import in_letters, symbol
from ui.backprop.link import PREFIX
from ui.backprop.numbers import number, strongest
from ui.backprop.signed_picture import WIDE, framed, number_table
from ui.components.matrix import MatrixLook, matrix
from ui.components.tiles import TileLook, weight_tiles
from ui.html import side_by_side

STRONGEST = 6  # places whose parts of a gradient are shown


def pooling(chosen: ChosenStep, place: ChosenPlace) -> None:
    """The map in its squares, and its gradient: zero everywhere but at the largest of each."""
    st.subheader("Back through max pooling", anchor=False)
    step = pooling_step(chosen.values, place.layer)
    size = step.size
    st.write(
        f"Forward, only the largest number of each {size} x {size} square goes on. So on the way "
        "back it alone gets the gradient, whole; the others had no part in the loss and get 0."
    )
    gradient = place.found.deltas[place.filter]
    square = place.row // size, place.column // size
    inside = all(at < among for at, among in zip(square, step.pooled.shape[1:], strict=True))
    corner = size * square[0], size * square[1]
    left, right = st.columns(2, gap="large")
    with left:
        st.caption(f"Map {place.filter} of {place.name}. Frame: the square of the chosen place")
        maps = step.maps[place.filter]
        alt = f"Map {place.filter}, a frame around the chosen square"
        st.html(framed(maps, (*corner, size, size), cell=WIDE / maps.shape[1], alt=alt))
    with right:
        name = in_letters(f"dL/d{place.station.name}")
        winners = np.count_nonzero(gradient)
        words = f"{name}, map {place.filter}: {winners:,} of {gradient.size:,} are not 0"
        st.caption(words)
        look = MatrixLook(quantity="gradient", blocks=(size, size), cell=WIDE // gradient.shape[1])
        winner = _winner(step, place.filter, square) if inside else None
        key = f"{PREFIX}conv_routing_{place.station.name}"
        matrix(gradient, key=key, chosen=winner, look=look, description=words)
    if inside:
        _one_square(step, place, square)
    else:
        st.write("The chosen place is in a row or column that fills no square: it is left out.")


def _winner(step: PoolingStep, filter: int, square: tuple[int, int]) -> tuple[int, int]:
    """Where in the map the largest number of a square stands."""
    at = (filter, *square)
    return int(step.rows[at]), int(step.columns[at])


def _one_square(step: PoolingStep, place: ChosenPlace, square: tuple[int, int]) -> None:
    """The numbers of the chosen place's square, the largest marked, and what each gets back."""
    size, (i, j) = step.size, square
    row, column = _winner(step, place.filter, square)
    inside = np.s_[size * i : size * (i + 1), size * j : size * (j + 1)]
    marked = row - size * i, column - size * j
    values, gradient = step.maps[place.filter][inside], place.found.deltas[place.filter][inside]
    back = in_letters(f"dL/d{place.station.name}")
    tables = [
        number_table(values, "the square, its largest framed", marked),
        number_table(gradient, f"{back} in the square", marked),
    ]
    st.html(side_by_side(tables))
    pooled = float(step.pooled[place.filter, i, j])
    handed = float(step.gradient[place.filter, i, j]) + 0.0  # never -0
    st.html(
        f"<p>{in_letters(f'p{place.station.number}')}[{place.filter}, {i}, {j}] = "
        f"<b>{number(pooled)}</b> came from row {row}, column {column}, and hands its gradient "
        f"<b>{number(handed)}</b> back to that place.</p>"
    )


def filter_gradient(chosen: ChosenStep, place: ChosenPlace) -> None:
    """The gradient of a filter as the sum over all places: the strongest of them, and the rest."""
    st.subheader("The gradient of one filter: a sum over all places", anchor=False)
    found, f, c, n = place.found, place.filter, place.channel, place.station.number
    delta, source = symbol(f"dL/d{place.station.name}"), place.station.sources[0]
    st.write(
        rf"$\displaystyle \frac{{\partial L}}{{\partial W_{{{n}}}[{f}]}} =$ "
        rf"$\displaystyle \sum_{{i,j}} {delta}[{f},i,j]$ "
        rf"$\cdot\;\mathrm{{patch}}_{{i,j}}({symbol(source)})$"
    )
    deltas = found.deltas[f].ravel()
    strength = np.abs(deltas) * np.linalg.norm(found.patches, axis=1)  # (places,)
    working = int(np.count_nonzero(strength))
    if not working:
        st.info("Nothing comes back to this filter on this digit: choose another filter.")
        return
    order = np.argsort(-strength, kind="stable")[: min(STRONGEST, working)]
    width = found.maps.shape[2]
    places = [divmod(int(at), width) for at in order]
    parts = [found.gradient_part(f, *at) for at in places]  # each (C, k_h, k_w)
    total = found.filter_gradient(f)
    tiles, labels = list(parts), [f"{row}, {column}" for row, column in places]
    details = [f"delta {number(float(deltas[at]))} times its patch" for at in order]
    if others := working - len(order):
        tiles.append(total - np.sum(parts, axis=0))
        labels.append(f"{others:,} others")
        details.append(f"the sum of {others:,} other places")
    look = TileLook(
        size=92, noun="part", quantity="gradient", description="Parts of the filter's gradient"
    )
    weight_tiles(
        np.stack([*tiles, total])[:, c],
        key=f"{PREFIX}conv_gradient_{place.station.name}",
        scale="shared",
        labels=[*labels, "sum"],
        details=[*details, "the gradient of the filter"],
        look=look,
    )
    own = chosen.values.gradients[f"{place.layer}.W"][f]
    st.html(
        f"<p>{place.of_channel.removeprefix(', ').capitalize() or 'The strongest places'}: each "
        f"tile is delta · patch of one place (row, column), and the last is the sum of all. "
        f"{working:,} of {len(deltas):,} places add something; at the others delta or the patch is "
        f"0. The sum differs from the network's gradient by "
        f"{number(float(np.abs(total - own).max()), 1)} at most; of its numbers"
        f"{' in all channels' if len(own) > 1 else ''} the largest in size is "
        f"{number(strongest(own))}.</p>"
    )
