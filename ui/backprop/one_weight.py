"""One weight followed: the chain of factors whose product is its gradient."""

import numpy as np
import streamlit as st

from mnist_core.inspection.stations import Station
from mnist_core.inspection.weight_factors import WeightFactors, factors_of
from ui.backprop.chosen import ChosenStep
from ui.backprop.followed import FollowedWeight, followed_weight, layers_to_follow
from ui.backprop.formulas import in_letters, symbol
from ui.backprop.link import PREFIX
from ui.backprop.numbers import number, one_digit, tex_number

STRONGEST = 3  # terms of a sum that are written out


def follow_one_weight(chosen: ChosenStep) -> None:
    """The choice of a weight, and its gradient as a product with numbers."""
    st.header("Follow one weight", anchor=False)
    weight = _choice(chosen)
    station, row, column = weight.station, weight.row, weight.column
    assert station.layer is not None
    factors = factors_of(chosen.values, station.layer, row, column)
    with st.container(key="weight_formulas"):
        for formula in (_symbols(station, factors), _numbers(factors)):
            st.markdown(rf"$\displaystyle {formula}$")  # in a sentence it goes on in the next line
    st.html(
        f"<p>In the matrix {in_letters(station.name)}, row {row}, column {column}, stands "
        f"<b>{number(weight.gradient)}</b>: the two differ by "
        f"{one_digit(abs(weight.gradient - factors.product))}. "
        f"The weight itself is {number(factors.weight)}; {_in_words(factors)}</p>"
    )


def _choice(chosen: ChosenStep) -> FollowedWeight:
    """Which weight: of which layer, unit and input, each by its number."""
    weight = followed_weight(chosen)  # before its widgets, which find their values then
    units, inputs = weight.station.shape
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Layer",
            list(layers_to_follow(chosen)),
            format_func=lambda n: in_letters(f"W{n}"),
            required=True,
            key=PREFIX + "layer",
            persist_state="session",
        )
        for name, words, size in (
            ("row", "Unit (row)", units),
            ("column", "Input (column)", inputs),
        ):
            st.number_input(
                words, 0, size - 1, key=PREFIX + name, persist_state="session", width=150
            )
    return weight


def _symbols(station: Station, factors: WeightFactors) -> str:
    """The product in letters."""
    i, j, n = factors.row, factors.column, station.number
    x = symbol(station.sources[1])
    own = rf"\frac{{\partial L}}{{\partial W_{{{n}}}[{i},{j}]}} = "
    if factors.terms is None:
        return own + rf"(\hat y - y)[{i}] \cdot {x}[{j}]"
    return own + (
        rf"\Big(\sum_k W_{{{n + 1}}}[k,{i}]\,\frac{{\partial L}}{{\partial a_{{{n + 1}}}[k]}}\Big)"
        rf" \cdot f'(a_{{{n}}}[{i}]) \cdot {x}[{j}]"
    )


def _numbers(factors: WeightFactors) -> str:
    """The product in numbers: of a sum the strongest terms, and what the others come to."""
    if factors.terms is None or factors.next_weights is None or factors.next_deltas is None:
        parts = [factors.delta, factors.input]
        product = r" \cdot ".join(tex_number(part) for part in parts)
        return rf"{product} = \mathbf{{{tex_number(factors.product)}}}"
    order = np.argsort(-np.abs(factors.terms), kind="stable")[:STRONGEST]
    terms = [
        rf"{tex_number(float(factors.next_weights[k]))} \cdot "
        rf"{tex_number(float(factors.next_deltas[k]))}"
        for k in order
    ]
    rest = float(factors.terms.sum() - factors.terms[order].sum())
    summed = " + ".join(terms)
    if others := len(factors.terms) - len(order):
        summed += rf" + \underbrace{{{tex_number(rest)}}}_{{\text{{the other {others}}}}}"
    slope = tex_number(factors.slope or 0.0)
    return (
        rf"\big({summed}\big) \cdot {slope} \cdot {tex_number(factors.input)} "
        rf"= \mathbf{{{tex_number(factors.product)}}}"
    )


def _in_words(factors: WeightFactors) -> str:
    """Why the gradient is what it is."""
    if factors.input == 0:
        return "its input is 0 (no ink, or a silent unit), so it had no part in the answer."
    if factors.slope == 0:
        return "its unit is flat here, so nothing comes back through it."
    if factors.product == 0:
        return "nothing comes back to it."
    more = "smaller" if factors.product > 0 else "larger"
    return f"a {more} weight would make the loss smaller."
