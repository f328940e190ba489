"""Views of a network's hidden units: one that is chosen, some that are off, deeper layers, maps.
Each panel is drawn only while it is the one that is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.ablation import without_units
from mnist_core.inspection.activation_maximization import maximize_activation
from mnist_core.inspection.activations import (
    HiddenLayer,
    feature_maps,
    hidden_layers,
    receptive_field,
)
from mnist_core.inspection.unit_statistics import class_histograms, extreme_images
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from ui.charts import units as unit_charts
from ui.charts.curves import CONFIG
from ui.components.tiles import weight_tiles
from ui.drawing import own_digit
from ui.html import captioned, in_a_row, named, picture, probability_bars, side_by_side
from ui.session import mnist
from ui.weights.measures import (
    fingerprint,
    first_hidden_layer,
    pruned,
    score_without,
    training_responses,
)

EXTREMES = 9
EXCITED = 32  # units whose pictures are drawn at once
MARKED = np.array([224, 122, 0], np.uint8)  # the orange frame of a receptive field


@dataclass(frozen=True)
class Looked:
    """The network that the page looks at; `key` tells one from another, whatever their weights.

    `step` is that of the run to which the weights belong, None for a network without a run.
    """

    key: str
    name: str
    network: Sequential
    step: int | None = None

    @property
    def layer(self) -> HiddenLayer:
        """The layer whose units are the tiles."""
        return first_hidden_layer(self.network)

    @property
    def noun(self) -> str:
        """What one of the tiles is called."""
        return "filter" if self.layer.has_maps else "hidden unit"


def units_off(looked: Looked) -> tuple[int, ...]:
    """The units that the visitor has switched off, rising."""
    return tuple(sorted(st.session_state.get(f"off_{looked.key}", [])))


def _set_off(looked: Looked, units: Sequence[int]) -> None:
    st.session_state[f"off_{looked.key}"] = sorted(units)


def one_unit(looked: Looked, unit: int | None) -> None:
    """Everything about the chosen unit."""
    if unit is None:
        st.info(f"Choose a {looked.noun} above, by click, touch or arrow keys and Enter.")
        return
    st.subheader(f"{looked.noun.capitalize()} {unit}", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        _weights_in_large(looked, unit)
    with right:
        _outgoing(looked, unit)
        _switch(looked, unit)
    _extremes_and_histogram(looked, unit)
    _without_it(looked, unit)


def _weights_in_large(looked: Looked, unit: int) -> None:
    weights = first_layer_pictures(looked.network)[unit]
    bias = looked.network.parameters.layers[looked.layer.weights]["b"][unit]
    st.caption(f"Its weights, largest {np.abs(weights).max():.4f}; bias {bias:+.4f}.")
    st.plotly_chart(unit_charts.weights_enlarged(weights), config=CONFIG, key=f"large_{looked.key}")
    with st.expander("All its weights as a table"):
        st.dataframe(weights.round(4), height=300)


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
        words = ", ".join(f"{digit}: {value:+.2f}" for digit, value in enumerate(values))
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
        on_click=partial(_set_off, looked, changed),
        icon=":material/power_settings_new:",
        key=f"switch_{looked.key}",
    )


def _extremes_and_histogram(looked: Looked, unit: int) -> None:
    responses = training_responses(looked.network, looked.layer)[unit]  # (N,)
    train = mnist().train
    most, least = extreme_images(responses, EXTREMES)
    left, right = st.columns(2, gap="large")
    for words, numbers in (("most", most), ("least", least)):
        shown = [
            captioned(
                picture(train.images[n], alt=f"training image {n}, a {train.labels[n]}", width=64),
                f"{train.labels[n]}: {responses[n]:.2f}",
            )
            for n in numbers
        ]
        left.write(f"The {EXTREMES} training images that excite it **{words}**")
        left.html(in_a_row(shown, gap=".4rem .6rem"))
    left.caption(f"Label and input W x + b, of the first {len(responses):,} training images.")
    found = class_histograms(responses, train.labels[: len(responses)])
    right.write("How often it says what, for each digit")
    right.plotly_chart(
        unit_charts.activation_histograms(found.edges, found.counts),
        config=CONFIG,
        key=f"histogram_{looked.key}",
    )


def _without_it(looked: Looked, unit: int) -> None:
    whole = score_without(looked.network, looked.layer, ())
    without = score_without(looked.network, looked.layer, (unit,))
    st.write(
        f"Without it, **{without.accuracy:.2%}** of {without.images:,} validation images are "
        f"right instead of {whole.accuracy:.2%}."
    )
    _per_class(whole.per_class, without.per_class)


def _per_class(before: Array, after: Array) -> None:
    """Accuracy of each digit before and after, in %."""
    st.dataframe(
        {
            "": ["with it (%)", "without (%)", "change"],
            **{
                str(digit): [
                    round(100 * before[digit], 1),
                    round(100 * after[digit], 1),
                    round(100 * (after[digit] - before[digit]), 1),
                ]
                for digit in range(10)
            },
        },
        hide_index=True,
    )


def switched_off(looked: Looked) -> None:
    """Several units off together: accuracy and the answer for the reader's own digit at once."""
    key, units = f"off_{looked.key}", range(looked.layer.units)
    st.session_state.setdefault(key, [])
    st.session_state[key] = st.session_state[key]  # it outlives the widget on other panels
    st.multiselect(
        f"{looked.noun.capitalize()}s that are off", units, key=key, placeholder="none is off"
    )
    off = units_off(looked)
    st.button("All on again", on_click=partial(_set_off, looked, []), disabled=not off)
    whole = score_without(looked.network, looked.layer, ())
    now = score_without(looked.network, looked.layer, off)
    image, whose = own_digit()
    masked = without_units(looked.network, looked.layer, off) if off else looked.network
    bars = [
        named(words, colour, f"{score.accuracy:.2%} of {score.images:,} validation images right")
        + probability_bars(network.predict_proba(image[None])[0], colour=colour)
        for words, colour, score, network in (
            ("Whole", unit_charts.NEGATIVE, whole, looked.network),
            (f"{len(off)} off", unit_charts.POSITIVE, now, masked),
        )
    ]
    st.html(side_by_side([captioned(picture(image, alt=whose, width=112), whose), *bars]))
    _per_class(whole.per_class, now.per_class)


def pruning(looked: Looked) -> None:
    """Accuracy against the number of units kept, when it is asked for."""
    place = st.empty()
    asked = f"pruned_{looked.key}"
    if st.session_state.get(asked) != fingerprint(looked.network):
        st.write(f"How few {looked.noun}s are enough? The most important are kept, one by one.")
        if not st.button("Draw the pruning curve", key=f"ask_{asked}"):
            return
        st.session_state[asked] = fingerprint(looked.network)
    curve = pruned(looked.network, looked.layer, lambda share, words: place.progress(share, words))
    place.empty()
    st.plotly_chart(
        unit_charts.lines(
            curve.kept.tolist(),
            {"accuracy": (100 * curve.accuracy).round(3).tolist()},
            x_title=f"{looked.noun}s kept, the most important first",
            y_title="accuracy (%)",
            colours=[unit_charts.NEGATIVE],
            y_range=(0, 101),
        ),
        config=CONFIG,
        key=f"pruning_{looked.key}",
    )
    enough = int(curve.kept[np.argmax(curve.accuracy >= curve.accuracy[-1] - 0.01)])
    st.caption(
        f"On {curve.images:,} validation images; {enough} of {looked.layer.units} are enough to "
        "be less than one percentage point below the whole network."
    )


def activation_maximization(looked: Looked) -> None:
    """For every hidden layer: pictures that excite its units most, when they are asked for."""
    layers = hidden_layers(looked.network)
    number = st.segmented_control(
        "Hidden layer",
        range(len(layers)),
        default=len(layers) - 1,
        format_func=lambda i: f"{i + 1}: {layers[i].units} {_units_word(layers[i])}",
        required=True,
        key=f"maximization_layer_{looked.key}",
    )
    layer = layers[number]
    first = 0
    if layer.units > EXCITED:
        starts = list(range(0, layer.units, EXCITED))
        first = st.select_slider(
            "From unit", starts, key=f"maximization_first_{looked.key}_{number}"
        )
    units = np.arange(first, min(first + EXCITED, layer.units))
    st.caption(
        "Found by climbing from faint noise to what excites the unit most; neighbouring pixels "
        "are kept alike and white costs something, so that strokes appear."
    )
    key = f"maximization_{looked.key}"
    wanted = (fingerprint(looked.network), number, first)
    if st.button("Draw them", key=f"ask_{key}"):
        progress = st.progress(0.0)
        last = None
        for last in maximize_activation(looked.network, layer, units, rng=np.random.default_rng(0)):
            progress.progress(last.step / last.steps, f"Step {last.step} of {last.steps}")
        progress.empty()
        st.session_state[key] = (wanted, last)
    kept, drawn = st.session_state.get(key, (None, None))
    if drawn is None:
        return
    if kept != wanted:
        st.info("The pictures are of other units or other weights: press **Draw them** again.")
        return
    weight_tiles(
        drawn.pictures,
        key=f"pictures_{looked.key}",
        diverging=False,
        scale="shared",
        labels=[f"{unit}" for unit in units],
        details=[f"input W x + b = {response:.2f}" for response in drawn.responses],
        columns=8,
        noun="picture",
        quantity="brightness",
        description="The pictures that excite each unit most",
    )


def _units_word(layer: HiddenLayer) -> str:
    return "feature maps" if layer.has_maps else "units"


def filters_and_maps(looked: Looked) -> None:
    """A CNN's filters, layer by layer, and what they make of the reader's digit."""
    image, whose = own_digit()
    found = feature_maps(looked.network, image)
    st.write(f"What each layer makes of {whose}. Choose a map, then a pixel in it.")
    for number, (layer, maps) in enumerate(found.items(), start=1):
        st.subheader(f"Convolution {number}", anchor=False)
        W = looked.network.parameters.layers[layer.weights]["W"]  # (F, C, k, k)
        F, C, k, _ = W.shape
        with st.expander(f"Its {F} filters of {C} x {k} x {k} weights"):
            of = 0
            if C > 1:
                of = int(st.number_input("Looking at map", 0, C - 1, 0, key=f"from_{number}"))
            weight_tiles(
                W[:, of],
                key=f"filters_{looked.key}_{number}",
                noun="filter",
                description=f"Filters of convolution {number}, on map {of} of the layer before",
                tile_size=48,
            )
        chosen = weight_tiles(
            maps,
            key=f"weight_maps_{looked.key}_{number}",
            diverging=False,
            scale="shared",
            noun="feature map",
            quantity="activation",
            description=f"Feature maps of convolution {number}",
            tile_size=64,
        )
        _field(looked, layer, maps, chosen or 0, image, number)


def _field(
    looked: Looked, layer: HiddenLayer, maps: Array, chosen: int, image: Array, number: int
) -> None:
    """The pixels of the input that one value of a map depends on, framed on the input."""
    _, H, W = layer.shape
    brightest = np.unravel_index(int(maps[chosen].argmax()), (H, W))
    with st.container(horizontal=True):
        row = st.slider("Row", 0, H - 1, int(brightest[0]), key=f"row_{number}_{chosen}_{H}")
        column = st.slider(
            "Column", 0, W - 1, int(brightest[1]), key=f"column_{number}_{chosen}_{W}"
        )
    box = receptive_field(looked.network, layer, row, column)
    framed = np.repeat(image[:, :, None], 3, axis=2)
    framed = framed.repeat(4, axis=0).repeat(4, axis=1)  # so that the frame hides no pixel
    rows, columns = slice(4 * box.top, 4 * box.bottom), slice(4 * box.left, 4 * box.right)
    framed[[rows.start, rows.stop - 1], columns] = MARKED
    framed[rows, [columns.start, columns.stop - 1]] = MARKED
    st.html(
        captioned(
            picture(framed, alt=f"rows {box.top} to {box.bottom - 1}, columns {box.left} to "
                    f"{box.right - 1} of the input are framed", width=168),
            f"Map {chosen} at ({row}, {column}) is {maps[chosen, row, column]:.3f}; it sees rows "
            f"{box.top} to {box.bottom - 1} and columns {box.left} to {box.right - 1}.",
        )
    )  # fmt: skip
