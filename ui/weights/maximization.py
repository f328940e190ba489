"""Activation maximization: for every hidden layer, pictures that excite its units most."""

import numpy as np
import streamlit as st

from mnist_core.inspection.activation_maximization import (
    MaximizedActivation,
    maximize_activation,
)
from mnist_core.inspection.activations import HiddenLayer, hidden_layers
from mnist_core.nn.network import Sequential
from ui.choices import WEIGHTS
from ui.components.tiles import TileLook, weight_tiles
from ui.networks import fingerprint
from ui.weights.looked import Looked

AT_ONCE = 32  # units whose pictures are drawn together


def activation_maximization(looked: Looked) -> None:
    """The choice of a layer and of units, and their pictures; on demand if the network changes."""
    layers = hidden_layers(looked.network)
    places = range(1, len(layers) + 1)
    number = WEIGHTS.said("layer", len(layers), places, of=looked.key)
    st.segmented_control(
        "Hidden layer",
        places,
        format_func=lambda n: f"{n}: {layers[n - 1].units:,} {_units_word(layers[n - 1])}",
        required=True,
        key=WEIGHTS.key(f"{looked.key}layer"),
        persist_state="session",
    )
    layer = layers[number - 1]
    units = _units(looked, layer, number)
    st.caption(
        "Each picture begins as faint noise and climbs to what excites the unit most. Neighbouring "
        "pixels are kept alike and white has a cost, so that strokes appear."
    )
    # One set of pictures is kept for each visitor, with what it is of.
    wanted = (looked.key, fingerprint(looked.network), number, int(units[0]))
    kept, drawn = st.session_state.get("maximized", (None, None))
    if looked.changes:
        asked = st.button("Draw them", key=f"ask_maximization_{looked.key}")
    else:
        asked = kept != wanted
    if asked:
        kept, drawn = wanted, _drawn(looked.network, layer, units)
        st.session_state["maximized"] = (kept, drawn)
    if drawn is None or kept[0] != looked.key:
        return
    if kept != wanted:
        st.info("The pictures are of other units or other weights: press **Draw them** again.")
        return
    _pictures(looked, drawn, units)


def _units(looked: Looked, layer: HiddenLayer, number: int) -> np.ndarray:
    """Numbers of the units whose pictures are drawn, as many as are drawn together."""
    first = 0
    if layer.units > AT_ONCE:
        starts, of = list(range(0, layer.units, AT_ONCE)), f"{looked.key}_{number}"
        first = WEIGHTS.said("from", 0, starts, of=of)
        st.select_slider("From unit", starts, key=WEIGHTS.key(f"{of}from"), persist_state="session")
    return np.arange(first, min(first + AT_ONCE, layer.units))


def _drawn(network: Sequential, layer: HiddenLayer, units: np.ndarray) -> MaximizedActivation:
    """The pictures after the last step, with the progress on the page meanwhile."""
    progress = st.progress(0.0)
    last = None
    for last in maximize_activation(network, layer, units, rng=np.random.default_rng(0)):
        progress.progress(last.step / last.steps, f"Step {last.step} of {last.steps}")
    progress.empty()
    assert last is not None
    return last


def _pictures(looked: Looked, drawn: MaximizedActivation, units: np.ndarray) -> None:
    # Each picture at its unit's number, which is then the tile's.
    pictures = np.zeros((units[-1] + 1, *drawn.pictures.shape[1:]), drawn.pictures.dtype)
    pictures[units] = drawn.pictures
    answers = [f"input W x + b = {response:.2f}" for response in drawn.responses]
    weight_tiles(
        pictures,
        order=units.tolist(),
        key=f"pictures_{looked.key}",
        diverging=False,
        scale="shared",
        details=[""] * int(units[0]) + answers,
        look=TileLook(
            columns=8,
            noun="picture",
            quantity="brightness",
            description="The pictures that excite each unit most",
        ),
    )


def _units_word(layer: HiddenLayer) -> str:
    return "feature maps" if layer.has_maps else "units"
