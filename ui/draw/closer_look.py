"""Closer looks at one answer: what the network sees, how the answer bears being moved, and why.
Each is worked out only while it is shown, for it takes longer than an answer may.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import change_thickness, warp
from mnist_core.inspection.activations import hidden_activations, hidden_layers
from mnist_core.inspection.contributions import unit_contributions
from mnist_core.inspection.neighbours import NeighbourIndex
from mnist_core.inspection.saliency import gradient_saliency, occlusion_map, smoothed_saliency
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from mnist_core.preprocess.normalize import normalization_steps
from ui.charts.curves import CONFIG, curves_along
from ui.components.tiles import Theme, tiles_image
from ui.draw.answers import columns_of_bars
from ui.glossary import words_explained
from ui.html import captioned, in_a_row, named, picture, side_by_side
from ui.networks import Prediction, Predictor, predict
from ui.session import mnist, shipped

# What can be done to a normalised picture: (name, lowest, highest, unchanged, unit).
CHANGES: dict[str, tuple[str, float, float, float, str]] = {
    "across": ("Move to the right", -8.0, 8.0, 0.0, "pixels"),
    "down": ("Move down", -8.0, 8.0, 0.0, "pixels"),
    "turn": ("Turn", -90.0, 90.0, 0.0, "degrees clockwise"),
    "size": ("Size", 0.5, 1.5, 1.0, "times"),
    "thicker": ("Thicken", -2.0, 2.0, 0.0, "pixels"),
    "noise": ("Noise", 0.0, 1.0, 0.0, "of white"),
}
CURVE_POINTS = 33
NEIGHBOURS = 5
STRONGEST = 5  # units shown on each side
OTHERS_NEIGHBOURS = 5_000  # training images searched where the network changes all the time


def what_the_network_sees(ink: Array, predictors: Sequence[Predictor]) -> None:
    """Every step from ink (H, W) to 28x28, and what the answer is without one."""
    st.write("MNIST's digits were all brought to one form, and so is yours. Leave a step out.")
    with st.container(horizontal=True):
        crop = st.toggle("Crop to the ink", True, key="step-crop")
        scale = st.toggle("Scale to 20 pixels", True, key="step-scale")
        centre = st.toggle("Centre by mass", True, key="step-centre")
    usual = normalization_steps(ink)
    steps = normalization_steps(ink, crop=crop, scale=scale, centre=centre)
    names = ("drawn", "cropped", "scaled", "centred")
    done = (True, crop, scale, centre)
    pictures = [getattr(steps, name) for name in names]
    st.html(
        in_a_row(
            [
                captioned(
                    picture(image, alt=f"the drawing, {name}", width=132),
                    f"{name if is_done else f'not {name}'}, {image.shape[1]}x{image.shape[0]}",
                )
                for name, is_done, image in zip(names, done, pictures, strict=True)
            ]
        )
    )
    before, after = predict(predictors, usual.centred), predict(predictors, steps.centred)
    if all(done):
        st.caption("Every step is done: this is the picture that the answers above are about.")
    else:
        st.html(side_by_side([_change_in_words(a, b) for a, b in zip(before, after, strict=True)]))


def _change_in_words(before: Prediction, after: Prediction) -> str:
    """An answer before and after, and how much less probable the first has become."""
    predictor = before.predictor
    words = f"{before.digit} ({before.confidence:.0%}) → {after.digit} ({after.confidence:.0%})"
    difference = float(after.probabilities[before.digit] - before.probabilities[before.digit])
    return (
        named(
            predictor.name, predictor.colour, f"probability of a {before.digit}: {difference:+.1%}"
        )
        + f"<div>{words}</div>"
    )


def move_and_turn(image: Array, label: int | None, predictions: Sequence[Prediction]) -> None:
    """Sliders that change a normalised image (28, 28), and the answers along one of them."""
    digit = predictions[0].digit if label is None else label
    left, right = st.columns([1, 1], gap="large")
    with left:
        now = {}
        for key, (name, low, high, neutral, unit) in CHANGES.items():
            step = (high - low) / 32
            # Set here, not as the widget's default: "Put back" sets it too.
            st.session_state.setdefault(f"slide-{key}", neutral)
            now[key] = st.slider(f"{name} ({unit})", low, high, step=step, key=f"slide-{key}")
        st.button("Put back", on_click=_put_back, key="put-back")
    with right:
        answers_place = st.empty()
        along = st.segmented_control(
            "Curve along",
            list(CHANGES),
            default="turn",
            format_func=lambda key: CHANGES[key][0],
            required=True,
            key="along",
        )
        name, low, high, _, unit = CHANGES[along]
        values = np.linspace(low, high, CURVE_POINTS)
        settings = {key: np.full(CURVE_POINTS + 1, value) for key, value in now.items()}
        settings[along][:-1] = values  # the last image is the one that is shown
        images = changed(image, settings)
        predictors = [prediction.predictor for prediction in predictions]
        answers = [predictor.network.predict_proba(images) for predictor in predictors]
        curves = {
            predictor.name: (predictor.colour, probabilities[:-1, digit])
            for predictor, probabilities in zip(predictors, answers, strict=True)
        }
        st.plotly_chart(
            curves_along(values, curves, now[along], x=f"{name} ({unit})", y=f"a {digit} (%)"),
            config=CONFIG,
            key="curves",
        )
    bars = columns_of_bars(
        predictors, [Prediction(r, a[-1]) for r, a in zip(predictors, answers, strict=True)]
    )
    shown = captioned(picture(images[-1], alt="the changed picture"), "changed")
    answers_place.html(in_a_row([shown]) + bars)


def _put_back() -> None:
    for key, (_, _, _, neutral, _) in CHANGES.items():
        st.session_state[f"slide-{key}"] = neutral


def changed(image: Array, settings: dict[str, Array]) -> Array:
    """The image (28, 28) changed in N ways: uint8 (N, 28, 28).

    settings has an array (N,) for every key of CHANGES. The noise is the same in all N, so that a
    curve along any other change is smooth.
    """
    copies = np.repeat(image[None], len(settings["turn"]), axis=0)
    if settings["thicker"].any():
        copies = change_thickness(copies, settings["thicker"])
    copies = warp(
        copies,
        shift=np.stack([settings["down"], settings["across"]]),
        rotation=-settings["turn"],
        scale=np.stack([settings["size"], settings["size"]]),
    )
    if settings["noise"].any():
        noise = np.random.default_rng(0).standard_normal(image.shape)
        noisy = copies + 255 * settings["noise"][:, None, None] * noise
        copies = np.clip(noisy, 0, 255).astype(np.uint8)
    return copies


def why_this_answer(image: Array, predictions: Sequence[Prediction]) -> None:
    """The pixels, the examples and the units that an answer rests on."""
    names = [prediction.predictor.name for prediction in predictions]
    with st.container(horizontal=True):
        chosen = st.segmented_control("Of", names, default=names[0], required=True, key="why-of")
        method = st.segmented_control(
            "Pixels by", ["Gradient", "Smoothed gradient", "Occlusion"], default="Gradient",
            required=True, key="why-method",
        )  # fmt: skip
    words_explained(("gradient", "smoothed gradient", "occlusion", "hidden unit", "logit"))
    prediction = predictions[names.index(chosen)] if chosen in names else predictions[0]
    network, digit = prediction.predictor.network, prediction.digit
    left, right = st.columns([1, 2], gap="large")
    with left:
        if method == "Occlusion":
            saliency = occlusion_map(network, image, digit, of="log-probability")
            words = f"orange: covering it makes a {digit} less probable; blue: more"
        elif method == "Gradient":
            saliency = gradient_saliency(network, image, digit)
            words = f"orange: more ink there speaks for a {digit}; blue: against it"
        else:
            saliency = smoothed_saliency(network, image, digit, rng=np.random.default_rng(0))
            words = f"the same over 32 noisy copies; orange speaks for a {digit}, blue against"
        st.html(captioned(_in_colours(saliency, f"{method} for {digit}", 224), words))
    with right:
        st.html(_neighbours(prediction.predictor, image))
        if len(network.input_shape) == 1:
            st.html(_pushing_units(network, image, digit))


def _theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def _in_colours(values: Array, alt: str, width: int) -> str:
    """Signed numbers (28, 28) as a picture: orange above zero, blue below."""
    tile = tiles_image(values[None], columns=1, pixel=1, gap=0, theme=_theme())
    return picture(np.asarray(tile), alt=alt, width=width)


def _neighbours(predictor: Predictor, image: Array) -> str:
    """The training images that the network's last hidden layer takes to be most alike."""
    if predictor.shipped_as:
        index = _shipped_index(predictor.shipped_as)
    else:
        few = mnist().train[:OTHERS_NEIGHBOURS]
        index = NeighbourIndex.build(predictor.network, few)
    near = index.nearest(predictor.network, image, NEIGHBOURS)
    images = mnist().train.images
    pictures = [
        captioned(
            picture(images[number], alt=f"training image {number}: {label}", width=72),
            f"<b>{label}</b>, {distance:.1f} away",
        )
        for number, label, distance in zip(near.indices, near.labels, near.distances, strict=True)
    ]
    return (
        f"<div><b>Nearest of {len(index.labels):,} training images</b>, as {predictor.name}'s last "
        f"hidden layer sees them</div>{in_a_row(pictures)}"
    )


@st.cache_resource
def _shipped_index(name: str) -> NeighbourIndex:
    return NeighbourIndex.build(shipped(name), mnist().train)


def _pushing_units(network: Sequential, image: Array, digit: int) -> str:
    """The hidden units of an MLP that pushed most towards the answer, and most against it."""
    layer = hidden_layers(network)[-1]
    usual = hidden_activations(network, mnist().validation.images[:1000], layer).mean(axis=1)
    pushes = unit_contributions(network, image, digit, baseline=usual)
    order = np.argsort(pushes.values)
    weights = first_layer_pictures(network) if len(hidden_layers(network)) == 1 else None

    def unit(number: int) -> str:
        words = f"unit {number}: {pushes.values[number]:+.1f}"
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
