"""The chosen unit: its weights, where it leads, what excites it, and what is lost without it."""

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.inspection.activations import hidden_layers
from mnist_core.inspection.unit_statistics import class_histograms, extreme_images
from mnist_core.inspection.weight_pictures import first_layer_pictures
from ui.charts import units as unit_charts
from ui.charts.curves import CONFIG
from ui.components.tiles import colour_table
from ui.html import captioned, changing_text, data_table, in_a_row, picture
from ui.session import mnist, page_theme
from ui.weights.looked import Looked, switch_off, units_off
from ui.weights.measures import score_without, training_responses
from ui.weights.switched_off import per_class
from ui.words import a_digit, percent, plain_number, signed

EXTREMES = 9


def one_unit(looked: Looked, unit: int) -> None:
    """Everything about the chosen unit."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f"<h2>{looked.noun.capitalize()} {unit}</h2>")  # as changing_text: it changes
        _switch(looked, unit)
    _weights_in_large(looked, unit)
    _outgoing(looked, unit)
    _extremes_and_histogram(looked, unit)
    _without_it(looked, unit)


def _weights_in_large(looked: Looked, unit: int) -> None:
    weights = first_layer_pictures(looked.network)[unit]
    bias = looked.network.parameters.layers[looked.layer.weights]["b"][unit]
    st.caption(f"Its weights, largest {np.abs(weights).max():.4f}; bias {signed(bias, 4)}.")
    colours = colour_table(page_theme())[1:]  # without that of a missing number
    st.plotly_chart(
        unit_charts.weights_enlarged(weights, colours), config=CONFIG, key=f"large_{looked.key}"
    )
    with st.expander("All its weights as a table"):
        rows = [
            {"": f"{y}"} | {f"{x}": plain_number(weight, 4) for x, weight in enumerate(row)}
            for y, row in enumerate(weights)
        ]
        st.html(data_table(rows, caption="Its weights, by row and column of the image"))


def _outgoing(looked: Looked, unit: int) -> None:
    """What the unit adds to each digit's logit, where it leads there directly."""
    hidden = hidden_layers(looked.network)
    if len(hidden) > 1:
        W = looked.network.parameters.layers[hidden[1].weights]["W"]
        leads = W.reshape(len(W), looked.layer.units, -1)[:, unit]  # (outputs, values)
        values, x = np.linalg.norm(leads, axis=1), "unit of the next layer"
        st.caption("How strongly it leads to each unit of the next layer (norm of the weights).")
    else:
        values, x = looked.network.parameters.layers[-1]["W"][:, unit], "digit"
        words = ", ".join(f"{digit}: {signed(value, 2)}" for digit, value in enumerate(values))
        st.caption(f"Its outgoing weight to each digit. {words}")
    st.plotly_chart(
        unit_charts.signed_bars(values, x=x, y="weight"), config=CONFIG, key=f"out_{looked.key}"
    )


def _switch(looked: Looked, unit: int) -> None:
    off = units_off(looked)
    is_off = unit in off
    changed = [u for u in off if u != unit] if is_off else [*off, unit]
    st.button(
        f"Switch {'on' if is_off else 'off'} {looked.noun} {unit}",
        on_click=partial(switch_off, looked, changed),
        icon=":material/power_settings_new:",
        key=f"switch_{looked.key}",
    )


def _extremes_and_histogram(looked: Looked, unit: int) -> None:
    responses = training_responses(looked.network, looked.layer)[unit]  # (N,)
    train = mnist().train
    most, least = extreme_images(responses, EXTREMES)
    for words, numbers in (("most", most), ("least", least)):
        shown = [
            captioned(
                picture(
                    train.images[n],
                    alt=f"training image {n:,}, {a_digit(int(train.labels[n]))}",
                    width=64,
                ),
                f"{train.labels[n]}: {responses[n]:.2f}",
            )
            for n in numbers
        ]
        st.write(f"The {EXTREMES} training images that excite it **{words}**")
        st.html(in_a_row(shown, gap=".4rem .6rem"))
    st.caption(f"Label and input W x + b, of the first {len(responses):,} training images.")
    found = class_histograms(responses, train.labels[: len(responses)])
    st.write("How often it says what, for each digit")
    st.plotly_chart(
        unit_charts.activation_histograms(found.edges, found.counts),
        config=CONFIG,
        key=f"histogram_{looked.key}",
    )


def _without_it(looked: Looked, unit: int) -> None:
    whole = score_without(looked, ())
    without = score_without(looked, (unit,))
    words = (
        f"Without it, **{percent(without.accuracy)}** of {without.images:,} {looked.held_out} "
        f"images are right instead of {percent(whole.accuracy)}."
    )
    st.html(changing_text(words))
    per_class(whole.per_class, without.per_class)
