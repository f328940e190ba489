"""Several units off together: accuracy and the answer for the reader's own digit at once."""

from functools import partial

import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.ablation import without_units
from ui.drawing import own_digit
from ui.html import captioned, data_table, named, picture, probability_bars, side_by_side
from ui.theme import NEGATIVE, POSITIVE
from ui.weights.looked import Looked, switch_off, units_off
from ui.weights.measures import score_without
from ui.words import percent, plain_number


def switched_off(looked: Looked) -> None:
    """Several units off together: accuracy and the answer for the reader's own digit at once."""
    key, units = f"off_{looked.key}", range(looked.layer.units)
    st.multiselect(
        f"{looked.noun.capitalize()}s that are off",
        units,
        key=key,
        placeholder="none is off",
        persist_state="session",
    )
    off = units_off(looked)
    st.button(
        "All on again", on_click=partial(switch_off, looked, []), disabled=not off, key="all_on"
    )
    whole = score_without(looked, ())
    now = score_without(looked, off)
    image, whose = own_digit()
    masked = without_units(looked.network, looked.layer, off) if off else looked.network
    bars = [
        named(
            words,
            colour,
            f"{percent(score.accuracy)} of {score.images:,} {looked.held_out} images right",
        )
        + probability_bars(network.predict_proba(image[None])[0], colour=colour)
        for words, colour, score, network in (
            ("Whole", NEGATIVE, whole, looked.network),
            (f"{len(off)} off", POSITIVE, now, masked),
        )
    ]
    st.html(side_by_side([captioned(picture(image, alt=whose, width=112), whose), *bars]))
    per_class(whole.per_class, now.per_class)


def per_class(before: Array, after: Array) -> None:
    """Accuracy of each digit before and after, in %."""
    values = {"with it (%)": before, "without (%)": after, "change": after - before}
    rows = [
        {"accuracy": name}
        | {f"{digit}": plain_number(100 * value, 1) for digit, value in enumerate(row)}
        for name, row in values.items()
    ]
    st.html(data_table(rows, caption="Accuracy of each digit with the units, and without"))
