"""Why this answer: the pixels, the training images and the hidden units that it rests on.
What takes long is kept for a network's weights, whoever asks, and is not done for ones that learn.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.activations import hidden_activations, hidden_layers
from mnist_core.inspection.contributions import unit_contributions
from mnist_core.inspection.neighbours import NeighbourIndex
from mnist_core.inspection.saliency import gradient_saliency, occlusion_map, smoothed_saliency
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from ui.components.tiles import tiles_image
from ui.glossary import words_explained
from ui.html import captioned, in_a_row, picture
from ui.networks import Prediction, Predictor, fingerprint
from ui.session import mnist, page_theme, session, shipped
from ui.words import a_digit, signed

METHODS = ["Gradient", "Smoothed gradient", "Occlusion"]
NEIGHBOURS = 5
STRONGEST = 5  # units shown on each side
OTHERS_NEIGHBOURS = 5_000  # training images searched for a network of the visitor's own
OTHERS_INDEXES = 4  # of such networks that are kept at a time
USUAL_IMAGES = 1_000  # validation images that say what a unit's usual activation is


def why_this_answer(image: Array, predictions: Sequence[Prediction]) -> None:
    """The choice of a network and a method, and what its answer for an image (28, 28) rests on."""
    names = [prediction.predictor.name for prediction in predictions]
    with st.container(horizontal=True):
        chosen = st.segmented_control("Of", names, default=names[0], required=True, key="why-of")
        method = st.segmented_control(
            "Pixels by", METHODS, default=METHODS[0], required=True, key="why-method"
        )
    words_explained(("gradient", "smoothed gradient", "occlusion", "hidden unit", "logit"))
    prediction = predictions[names.index(chosen)] if chosen in names else predictions[0]
    predictor, digit = prediction.predictor, prediction.digit
    left, right = st.columns([1, 2], gap="large")
    with left:
        saliency, words = _saliency(method, predictor.network, image, digit)
        st.html(captioned(_in_colours(saliency, f"{method} for {digit}", 224), words))
    with right:
        _neighbours(predictor, image)
        if len(predictor.network.input_shape) == 1:
            st.html(_pushing_units(predictor.network, image, digit))


def _saliency(method: str, network: Sequential, image: Array, digit: int) -> tuple[Array, str]:
    """What each pixel (28, 28) does for the digit, and the colours in words."""
    if method == "Occlusion":
        words = f"orange: covering it makes {a_digit(digit)} less probable; blue: more"
        return occlusion_map(network, image, digit, of="log-probability"), words
    if method == "Gradient":
        words = f"orange: more ink there speaks for {a_digit(digit)}; blue: against it"
        return gradient_saliency(network, image, digit), words
    words = f"the same over 32 noisy copies; orange speaks for {a_digit(digit)}, blue against"
    return smoothed_saliency(network, image, digit, rng=np.random.default_rng(0)), words


def _in_colours(values: Array, alt: str, width: int) -> str:
    """Signed numbers (28, 28) as a picture: orange above zero, blue below."""
    tile = tiles_image(values[None], columns=1, pixel=1, gap=0, theme=page_theme())
    return picture(np.asarray(tile), alt=alt, width=width)


def _neighbours(predictor: Predictor, image: Array) -> None:
    """The training images that the network's last hidden layer takes to be most alike."""
    if predictor.shipped_as:
        network, index = predictor.network, _shipped_index(predictor.shipped_as)
        words = predictor.name
    elif predictor.learning:
        # It is another network twice a second: searched as it is when the button is pressed.
        st.button(
            "Find the nearest training images", on_click=_search_with, args=(predictor,),
            key="find-neighbours",
        )  # fmt: skip
        if "neighbours" not in session().kept:
            return
        searched: Predictor = session().kept["neighbours"]
        network, words = searched.network, f"{searched.name} ({searched.words})"
        index = _own_index(fingerprint(network), network)
    else:
        network, words = predictor.network, predictor.name
        index = _own_index(fingerprint(network), network)
    near = index.nearest(network, image, NEIGHBOURS)
    images = mnist().train.images
    pictures = [
        captioned(
            picture(images[number], alt=f"training image {number:,}: {label}", width=72),
            f"<b>{label}</b>, {distance:.1f} away",
        )
        for number, label, distance in zip(near.indices, near.labels, near.distances, strict=True)
    ]
    st.html(
        f"<div><b>Nearest of {len(index.labels):,} training images</b>, as the last hidden layer "
        f"of {words} sees them</div>{in_a_row(pictures)}"
    )


def _search_with(predictor: Predictor) -> None:
    session().kept["neighbours"] = predictor


@st.cache_resource
def _shipped_index(name: str) -> NeighbourIndex:
    return NeighbourIndex.build(shipped(name), mnist().train)


@st.cache_resource(max_entries=OTHERS_INDEXES, show_spinner=False)
def _own_index(of: str, _network: Sequential) -> NeighbourIndex:
    """The index of the network with that fingerprint."""
    return NeighbourIndex.build(_network, mnist().train[:OTHERS_NEIGHBOURS])


@st.cache_data(max_entries=16, show_spinner=False)
def _usual_activations(of: str, _network: Sequential) -> Array:
    """Mean activations (units,) of the last hidden layer of the network with that fingerprint."""
    images = mnist().validation.images[:USUAL_IMAGES]
    return hidden_activations(_network, images, hidden_layers(_network)[-1]).mean(axis=1)


def _pushing_units(network: Sequential, image: Array, digit: int) -> str:
    """The hidden units of an MLP that pushed most towards the answer, and most against it."""
    usual = _usual_activations(fingerprint(network), network)
    pushes = unit_contributions(network, image, digit, baseline=usual)
    order = np.argsort(pushes.values)
    weights = first_layer_pictures(network) if len(hidden_layers(network)) == 1 else None

    def unit(number: int) -> str:
        words = f"unit {number}: {signed(pushes.values[number], 1)}"
        if weights is None:
            return captioned("", words)
        return captioned(_in_colours(weights[number], f"weights of unit {number}", 72), words)

    towards = [unit(int(number)) for number in order[::-1][:STRONGEST]]
    against = [unit(int(number)) for number in order[:STRONGEST]]
    return (
        f"<div style='margin-top:1rem'><b>Hidden units that pushed most towards {digit}</b> rather "
        f"than {pushes.rival}, in logits above their usual push</div>{in_a_row(towards)}"
        f"<div style='margin-top:1rem'><b>Most against it</b></div>{in_a_row(against)}"
    )
