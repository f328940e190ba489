"""Why softmax is shifted: the same logits by the formula of a book, and as the core does it."""

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.naive_softmax import naive_softmax
from mnist_core.nn.functional import softmax
from ui.backprop.chosen import ChosenStep
from ui.backprop.link import PREFIX, choose, part, said
from ui.backprop.numbers import number, one_digit
from ui.backprop.picking import pick
from ui.html import probability_bars
from ui.theme import OWN
from ui.words import percent

ADD, MULTIPLY = "add", "multiply"
HOW = {ADD: "Add", MULTIPLY: "Multiply by"}
QUICK = (10, 100, 1000)
MOST = 10_000
SAME = 1e-9  # relative difference that rounding alone makes
NAIVE_TEX = r"\hat y_i = \frac{e^{a_i}}{\sum_j e^{a_j}}"
SHIFTED_TEX = r"\hat y_i = \frac{e^{a_i-m}}{\sum_j e^{a_j-m}},\quad m = \max_j a_j"
WHY = (
    r"The shift changes nothing: $\frac{e^{a_i-m}}{\sum_j e^{a_j-m}} = "
    r"\frac{e^{-m}\,e^{a_i}}{e^{-m}\sum_j e^{a_j}}$, and $e^{-m}$ cancels. "
    "But the largest exponent is 0 now, so no exponential is above 1, and the sum is at least 1."
)


def softmax_shift(chosen: ChosenStep) -> None:
    """The step's logits, made larger as the reader likes, through both ways side by side."""
    st.header("Why softmax is shifted", anchor=False)
    part(partial(_both_ways, chosen))


def _both_ways(chosen: ChosenStep) -> None:
    logits = _changed(chosen.values.logits[:, 0])
    naive, shifted = naive_softmax(logits), softmax(logits[:, None])[:, 0]
    left, right = st.columns(2, gap="large")
    with left:
        _one_way("As in a book", NAIVE_TEX, naive, _what_happens(logits, naive, shifted))
    with right:
        remark = f"The largest logit, {number(logits.max())}, is subtracted from all of them first."
        _one_way("Shifted, as the core does it", SHIFTED_TEX, shifted, remark)
    st.markdown(WHY)
    with st.expander("All the numbers"):
        st.table(_numbers(logits, naive, shifted), hide_index=True, hide_header=False)


def _changed(logits: Array) -> Array:
    """The logits (10,) with the reader's number added, or multiplied by it."""
    said("shift_by", 1000, range(-MOST, MOST + 1))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = pick("Do this to the ten logits", "shift_how", HOW, HOW.__getitem__)
        by = st.number_input(
            "Number", -MOST, MOST, key=PREFIX + "shift_by", persist_state="session", width=130
        )
        for value in QUICK:
            st.button(
                f"{value:,}",
                key=f"{PREFIX}shift_{value}",
                on_click=choose,
                args=("shift_by", value),
            )
    return logits * by if how == MULTIPLY else logits + by


def _one_way(name: str, tex: str, probabilities: Array, remark: str) -> None:
    """Ten bars, their sum, and what happened."""
    st.subheader(name, anchor=False)
    st.latex(tex)
    st.html(probability_bars(probabilities, colour=OWN))
    total = probabilities.sum()
    words = "NaN, which is no number" if np.isnan(total) else f"{total:.15g}"
    st.html(f"<p>Their sum: <b>{words}</b>. {remark}</p>")


def _what_happens(logits: Array, naive: Array, shifted: Array) -> str:
    """How far the formula as it stands is off, and why."""
    with np.errstate(over="ignore", under="ignore"):
        total = np.exp(logits).sum()
    if np.isinf(total):
        limit = float(np.log(np.finfo(logits.dtype).max))
        consequence = (
            "infinity divided by infinity is no number"
            if np.isnan(naive).any()
            else "all ten divided by infinity are 0"
        )
        return (
            f"The sum is more than the largest number that float64 knows (about "
            f"e<sup>{limit:.1f}</sup>; here e<sup>{number(logits.max())}</sup> is in it): it "
            f"becomes infinite, and {consequence}."
        )
    largest = f"e<sup>{number(logits.max())}</sup>, the largest of them,"
    if total == 0:
        return f"{largest} is too small for float64: all ten become 0, and 0 / 0 is no number."
    difference = largest_difference(naive, shifted)
    if difference <= SAME:
        return f"It went well: both ways differ by {one_digit(difference)} of a value at most."
    return (
        f"It looks well, and is wrong by up to {percent(difference)} of a value: {largest} is so "
        "small that float64 keeps only a few of its digits (such numbers are called subnormal)."
    )


def largest_difference(naive: Array, shifted: Array) -> float:
    """The largest relative difference between two lists of probabilities (10,).

    Probabilities that float64 itself can only keep with few digits tell nothing.
    """
    clear = shifted >= np.finfo(shifted.dtype).tiny
    return float((np.abs(naive - shifted)[clear] / shifted[clear]).max())


def _numbers(logits: Array, naive: Array, shifted: Array) -> dict[str, list[str]]:
    """Both ways digit by digit, as columns of words."""
    with np.errstate(over="ignore", under="ignore"):
        columns = {
            "logit a": logits,
            "e^a": np.exp(logits),
            "as in a book": naive,
            "a − m": logits - logits.max(),
            "e^(a − m)": np.exp(logits - logits.max()),
            "shifted": shifted,
        }
    digits = [str(digit) for digit in range(len(logits))]
    rows = {name: [number(float(value)) for value in values] for name, values in columns.items()}
    return {"digit": digits} | rows
