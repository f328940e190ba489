"""One number of a convolution as filter times patch, and all its numbers as one product."""

import numpy as np
import streamlit as st

from ui.backprop.convolution.place import ChosenPlace
from ui.backprop.formulas import symbol
from ui.backprop.jacobians.words import with_shape
from ui.backprop.numbers import number, tex_number
from ui.backprop.signed_picture import framed, number_table
from ui.html import in_a_row, side_by_side

CELL, MOST_WIDE = 9, 300  # CSS pixels of a number in the matrix of patches, and of a row


def one_number(place: ChosenPlace) -> None:
    """The patch, the filter, their product number by number, and the sum."""
    st.subheader("One number: filter · patch + bias", anchor=False)
    product, c, n = place.product, place.channel, place.station.number
    tables = (
        (product.patch[c], f"patch of {place.source}{place.of_channel}"),
        (product.filter[c], f"⊙ filter {place.filter}{place.of_channel}"),
        (product.parts[c], "= product, number by number"),
    )
    st.html(side_by_side([number_table(*table) for table in tables], least=310))
    sums = product.parts.sum(axis=(1, 2))
    others = len(sums) - 1
    terms = [_under(float(sums[c]), "sum of the product")]
    if others:
        terms.append(_under(float(sums.sum() - sums[c]), f"the other {others} channels"))
    terms.append(_under(product.bias, f"bias {place.filter}"))
    source = symbol(place.station.sources[0])
    st.write(
        rf"$\displaystyle {place.tex} = b_{{{n}}}[{place.filter}] + \sum_{{c,u,v}}$ "
        rf"$W_{{{n}}}[{place.filter},c,u,v]$ "
        rf"$\cdot\,{source}[c,\,{place.row}+u,\,{place.column}+v]$"
    )
    written = "$ $+".join(terms)
    st.write(rf"$=\;{written}$ $= \mathbf{{{tex_number(product.total)}}}$")
    own = float(place.found.maps[place.filter, place.row, place.column])
    st.html(
        f"<p>In map {place.filter} of {place.name}, row {place.row}, column {place.column}, stands "
        f"<b>{number(own)}</b>: the two differ by {number(abs(own - product.total), 1)}.</p>"
    )


def _under(value: float, words: str) -> str:
    return rf"\underbrace{{{tex_number(value)}}}_{{\text{{{words}}}}}"


def one_product(place: ChosenPlace) -> None:
    """The matrix of patches, the chosen place's row marked: the convolution is one product."""
    st.subheader("All numbers: one product", anchor=False)
    found, n = place.found, place.station.number
    transposed = with_shape(r"P^{\top}", *found.patches.T.shape)
    W, P = found.filters.reshape(len(found.filters), -1), found.patches  # (F, K), (places, K)
    st.write(
        "Write every patch as a row of a matrix P, one row for each place (im2col), and every "
        "filter as a row of W. Then all maps are one product:"
    )
    st.write(
        f"${with_shape(symbol(place.station.name), len(W), len(P))} =$ "
        f"${with_shape(symbol(f'W{n}'), *W.shape)}$ "
        rf"$\cdot\;{transposed}$ $+\;{with_shape(symbol(f'b{n}'), len(W), 1)}$"
    )
    _rows_of_patches(place)
    maps = W @ P.T + found.bias[:, None]  # (F, places)
    difference = np.abs(maps - found.maps.reshape(maps.shape)).max()
    st.html(
        f"<p>Worked out so, all {maps.size:,} numbers of {place.name} differ from the network's "
        f"own by {number(float(difference), 1)} at most.</p>"
    )


def _rows_of_patches(place: ChosenPlace) -> None:
    """A window of P: the patches of the map's row, with the filter above and the result beside."""
    found, c = place.found, place.channel
    width = found.maps.shape[2]
    first = place.row * width
    patches = found.patches[first : first + width].reshape(width, len(found.padded), -1)[:, c]
    weights = found.filters[place.filter, c].reshape(1, -1)
    size = patches.shape[1]
    result = found.maps[place.filter, place.row][:, None]  # (width, 1)
    rows = f"rows {first:,} to {first + width - 1:,} of P"
    cell = min(CELL, MOST_WIDE / size)
    pictures = (
        (weights, (0, 0, 1, size), "The filter as one row"),
        (patches, (place.column, 0, 1, size), f"The {rows}, a frame around the chosen place's"),
        (result, (place.column, 0, 1, 1), "Row of the map as a column"),
    )
    above, below, beside = (framed(*one[:2], cell=cell, alt=one[2]) for one in pictures)
    st.html(f"{above}<div style='height:.6rem'></div>{in_a_row([below, beside], gap='.6rem')}")
    st.caption(
        f"Above: filter {place.filter}{place.of_channel}, its {size} weights as one row. Below it: "
        f"{rows}{place.of_channel}, the places of map row {place.row}. Frame: row "
        f"{first + place.column:,}, the chosen place. To the right: what comes out, row "
        f"{place.row} of the map."
    )
