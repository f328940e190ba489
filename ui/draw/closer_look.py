"""Closer looks at one answer: what the network sees, and how the answer bears being moved.
Each is worked out only while it is shown, for it takes longer than an answer may.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.augment import change_thickness, warp
from mnist_core.preprocess.normalize import NormalizationSteps, normalization_steps
from ui.charts.curves import CONFIG, curves_along
from ui.draw.answers import columns_of_bars
from ui.html import captioned, in_a_row, named, picture, side_by_side
from ui.networks import Prediction, Predictor, predict
from ui.words import a_digit, points, probability

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


def what_the_network_sees(usual: NormalizationSteps, predictions: Sequence[Prediction]) -> None:
    """Every step from the drawing to 28x28, and what the answer is without one.

    `usual` are all the steps, and `predictions` the answers that they lead to.
    """
    st.write("MNIST's digits were all brought to one form, and so is yours. Leave a step out.")
    with st.container(horizontal=True):
        crop = st.toggle("Crop to the ink", True, key="step-crop")
        scale = st.toggle("Scale to 20 pixels", True, key="step-scale")
        centre = st.toggle("Centre by mass", True, key="step-centre")
    if crop and scale and centre:
        steps = usual
    else:
        steps = normalization_steps(usual.drawn, crop=crop, scale=scale, centre=centre)
    _pictures_of_steps(steps, crop, scale, centre)
    if steps is usual:
        st.caption("Every step is done: this is the picture that the answers above are about.")
        return
    after = predict([prediction.predictor for prediction in predictions], steps.centred)
    st.html(side_by_side([_change_in_words(a, b) for a, b in zip(predictions, after, strict=True)]))


def _pictures_of_steps(steps: NormalizationSteps, crop: bool, scale: bool, centre: bool) -> None:
    """What each step made of the drawing, and whether it was done."""
    shown = []
    for name, is_done in (("drawn", True), ("cropped", crop), ("scaled", scale),
                          ("centred", centre)):  # fmt: skip
        image: Array = getattr(steps, name)
        words = name if is_done else f"not {name}"
        shown.append(
            captioned(
                picture(image, alt=f"the drawing, {name}", width=132),
                f"{words}, {image.shape[1]}x{image.shape[0]}",
            )
        )
    st.html(in_a_row(shown))


def _change_in_words(before: Prediction, after: Prediction) -> str:
    """An answer before and after, and how much less probable the first has become."""
    predictor = before.predictor
    words = " → ".join(f"{p.digit} ({probability(p.confidence)})" for p in (before, after))
    difference = float(after.probabilities[before.digit] - before.probabilities[before.digit])
    return (
        named(
            predictor.name,
            predictor.colour,
            f"probability of {a_digit(before.digit)}: {points(difference)}",
        )
        + f"<div>{escape(words)}</div>"
    )


def move_and_turn(image: Array, label: int | None, predictions: Sequence[Prediction]) -> None:
    """Sliders that change a normalised image (28, 28), and the answers along one of them."""
    digit = predictions[0].digit if label is None else label
    predictors = [prediction.predictor for prediction in predictions]
    left, right = st.columns([1, 1], gap="large")
    with left:
        now = _sliders()
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
        images = _images_along(image, now, along)
        answers = [predictor.network.predict_proba(images) for predictor in predictors]
        _curves_along(along, now[along], digit, predictors, answers)
    last = [Prediction(p, a[-1]) for p, a in zip(predictors, answers, strict=True)]
    shown = captioned(picture(images[-1], alt="the changed picture"), "changed")
    answers_place.html(in_a_row([shown]) + columns_of_bars(predictors, last))


def _sliders() -> dict[str, float]:
    """A slider for every change, and a button that puts all of them back; what they say now."""
    now = {}
    for key, (name, low, high, neutral, unit) in CHANGES.items():
        step = (high - low) / 32
        # Set here, not as the widget's default: "Put back" sets it too.
        st.session_state.setdefault(f"slide-{key}", neutral)
        now[key] = st.slider(f"{name} ({unit})", low, high, step=step, key=f"slide-{key}")
    st.button("Put back", on_click=_put_back, key="put-back")
    return now


def _images_along(image: Array, now: dict[str, float], along: str) -> Array:
    """The image along one change, and last as it is now: uint8 (CURVE_POINTS + 1, 28, 28)."""
    settings = {key: np.full(CURVE_POINTS + 1, value) for key, value in now.items()}
    settings[along][:-1] = _values_along(along)
    return changed(image, settings)


def _values_along(along: str) -> Array:
    _, low, high, _, _ = CHANGES[along]
    return np.linspace(low, high, CURVE_POINTS)


def _curves_along(
    along: str, now: float, digit: int, predictors: Sequence[Predictor], answers: Sequence[Array]
) -> None:
    """How probable each network calls the digit along the change."""
    name, _, _, _, unit = CHANGES[along]
    curves = {
        predictor.name: (predictor.colour, probabilities[:-1, digit])
        for predictor, probabilities in zip(predictors, answers, strict=True)
    }
    figure = curves_along(
        _values_along(along), curves, now, x=f"{name} ({unit})", y=f"{a_digit(digit)} (%)"
    )
    st.plotly_chart(figure, config=CONFIG, key="curves")


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
