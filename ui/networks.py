"""The networks that answer: those that come with the program, and the visitor's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from ui.session import current_run, mnist, remember_best, session, shipped, watched_snapshot
from ui.theme import CNN, MLP, OWN

RUNNING, BEST = "running", "best"
TRAINED_BEFORE = "shipped"  # short: three networks side by side have a line each for this


@dataclass(frozen=True)
class Predictor:
    """A network that answers; `shipped_as` is the name of its file, "" for one of the visitor's."""

    name: str
    network: Sequential
    words: str
    colour: str
    shipped_as: str = ""
    learning: bool = False  # its answer changes by itself


@dataclass(frozen=True)
class Prediction:
    """What a predictor says of one image: probabilities (10,)."""

    predictor: Predictor
    probabilities: Array

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """Its probability, 0..1."""
        return float(self.probabilities.max())


def shipped_predictors() -> list[Predictor]:
    """The networks that are there for everyone."""
    predictors = [Predictor("MLP", shipped("mlp"), _shape_in_words("mlp"), MLP, "mlp")]
    if (MODELS_FOLDER / "cnn.npz").is_file():
        predictors.append(Predictor("CNN", shipped("cnn"), _shape_in_words("cnn"), CNN, "cnn"))
    return predictors


def _shape_in_words(name: str) -> str:
    parameters = shipped(name).parameters.flat.size
    return f"{parameters:,} parameters, {TRAINED_BEFORE}"


def own_predictors() -> dict[str, str]:
    """Names of the visitor's own networks that could answer too, by key."""
    mine, handle = session(), current_run()
    names = {}
    view = handle.watch() if handle else None
    if view is not None:
        remember_best(view)
        if view.snapshot is not None:
            names[RUNNING] = "The last run" if view.ended else "The run in progress"
    if mine.best is not None:
        names[BEST] = "Best of this session"
    return names


def own_predictor(key: str | None) -> Predictor | None:
    """The visitor's network with that key, if there still is one."""
    mine, handle = session(), current_run()
    if key == RUNNING and handle is not None:
        view = handle.watch()
        if (snapshot := watched_snapshot(handle)) is not None:
            state = "still training" if not view.ended else view.status
            if mine.chosen_step is not None:
                state = "the step chosen on the Weights page"
            words = f"at step {snapshot.step:,}, {state}"
            learning = not view.ended and mine.chosen_step is None
            return Predictor(
                "Your run", snapshot.network(view.config), words, OWN, learning=learning
            )
    if key == BEST and mine.best is not None:
        best = mine.best
        words = f"{best.accuracy:.2%} on validation images after epoch {best.epoch}"
        return Predictor("Your best", best.network, words, OWN)
    return None


@st.cache_resource
def digit_detector() -> DigitDetector:
    """Who says that a drawing is no digit at all."""
    return DigitDetector.load()


def predict(predictors: Sequence[Predictor], image: Array) -> list[Prediction]:
    """What each predictor says of an image, uint8 (28, 28)."""
    return [
        Prediction(predictor, predictor.network.predict_proba(image[None])[0])
        for predictor in predictors
    ]


@st.cache_resource
def mistakes(name: str) -> Array:
    """Numbers of the test images that a shipped network gets wrong, rising."""
    return mistakes_of(shipped(name))


def mistakes_of(network: Sequential) -> Array:
    test = mnist().test
    return np.flatnonzero(network.predict(test.images) != test.labels)
