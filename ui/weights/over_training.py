"""The curves above the gallery: accuracy, and the answer for one's own digit over the training."""

from bisect import bisect_left

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.figures import svg
from mnist_core.figures.svg import Curve
from mnist_core.runs.state import RunView
from ui.charts.learning import (
    CURVE_LEGEND,
    TITLES,
    learning_curves,
    learning_in_words,
    thinned,
)
from ui.components import svg_chart
from ui.components.point_map.colours import class_colours
from ui.drawing import own_digit
from ui.html import captioned, legend, picture, probability_bars
from ui.session import ShownRun, session
from ui.theme import OWN

DIGIT_POINTS = 100  # of each curve of a digit's probability


def answers_over_training(run: ShownRun) -> None:
    """Accuracy with the snapshot's mark; the digit's ten probabilities over the whole training."""
    assert run.snapshot is not None
    image, whose = own_digit()
    probabilities = _probabilities(run, image)  # (snapshots, 10)
    now = probabilities[bisect_left([s.step for s in run.snapshots], run.snapshot.step)]
    left, middle, right = st.columns([4, 4, 3], gap="medium")
    with left:
        svg_chart.show(accuracy_chart(run.view, mark=run.epoch), key=f"accuracy_{run.id}")
        st.html(legend(CURVE_LEGEND))
    with middle:
        svg_chart.show(_digit_chart(run, probabilities, whose), key=f"digit_{run.id}")
        st.html(legend({str(digit): ("●", colour) for digit, colour in enumerate(_colours())}))
    right.html(
        captioned(picture(image, alt=whose, width=56), f"{whose}, at step {run.snapshot.step:,}")
        + probability_bars(now, colour=OWN)
    )


def accuracy_chart(view: RunView, mark: float | None = None) -> str:
    """Accuracy over epochs as SVG: batches faint, ends of epochs bold, a line at epoch `mark`."""
    curves = learning_curves("accuracy", view.results, view.batch_line, view.config.steps_per_epoch)
    lowest = min((y for curve in curves for y in curve.y), default=0)
    words = learning_in_words("accuracy", curves)
    return svg.line_chart(
        curves,
        x_range=(0, view.config.epochs),
        y_range=(min(90, 10 * (lowest // 10)), 100),
        x_title="epoch",
        y_title=TITLES["accuracy"],
        alt=words if mark is None else f"{words}; a mark at epoch {mark:,.2f}",
        mark=mark,
    )


def _digit_chart(run: ShownRun, probabilities: Array, whose: str) -> str:
    """The ten probabilities (snapshots, 10) over the training."""
    places = thinned(np.arange(len(run.snapshots)), DIGIT_POINTS)
    epochs = [run.snapshots[place].step / run.config.steps_per_epoch for place in places]
    return svg.line_chart(
        [
            Curve(str(digit), colour, epochs, (100 * probabilities[places, digit]).tolist())
            for digit, colour in enumerate(_colours())
        ],
        x_range=(0, run.config.epochs),
        y_range=(0, 100),
        x_title="epoch",
        y_title="probability (%)",
        alt=f"the ten probabilities for {whose} over the training",
        mark=run.epoch,
    )


def _colours() -> list[str]:
    """The colour of each digit, as the map of images has it; another one on a dark page."""
    by_theme = zip(*class_colours().values(), strict=True)
    return [f"light-dark({light}, {dark})" for light, dark in by_theme]


def _probabilities(run: ShownRun, image: Array) -> Array:
    """What each snapshot's network says of an image, (snapshots, 10); only new ones are asked."""
    of_image, known = session().kept.get("probabilities", (b"", {}))
    if of_image != image.tobytes():
        known = {}
    answers, network = {}, None
    for snapshot in run.snapshots:
        answer = known.get(snapshot.token)
        if answer is None:
            network = network or snapshot.network(run.config)
            network.parameters.flat[...] = snapshot.parameters
            answer = network.predict_proba(image[None])[0]
        answers[snapshot.token] = answer
    session().kept["probabilities"] = (image.tobytes(), answers)
    return np.array(list(answers.values()))
