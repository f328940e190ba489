"""The networks that answer: those that come with the program, and the visitor's own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from ui import theme
from ui.own import is_taught, own_collection, taught_network
from ui.session import ShownRun, mnist, session, shipped
from ui.words import percent

RUNNING, BEST, TAUGHT = "run", "best", "taught"
OWN_NAMES = {RUNNING: "Your run", BEST: "Your best", TAUGHT: "Your taught MLP"}
LOADED = "loaded_"  # begins the key of a network from a file
BLOCK = 500  # images
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


@st.cache_resource
def shipped_predictors() -> tuple[Predictor, ...]:
    """The networks that are there for everyone."""
    predictors = [Predictor("MLP", shipped("mlp"), _shape_in_words("mlp"), theme.MLP, "mlp")]
    if (MODELS_FOLDER / "cnn.npz").is_file():
        predictors.append(
            Predictor("CNN", shipped("cnn"), _shape_in_words("cnn"), theme.CNN, "cnn")
        )
    return tuple(predictors)


def _shape_in_words(name: str) -> str:
    parameters = shipped(name).parameters.flat.size
    return f"{parameters:,} parameters, {TRAINED_BEFORE}"


def own_predictors(run: ShownRun | None, *, waiting: bool = False) -> dict[str, str]:
    """Names of the visitor's own networks that could answer too, by key.

    `waiting` is whether to name a run that goes on and still waits for its first weights.
    """
    has_weights = run is not None and run.view.snapshot is not None
    there = {
        RUNNING: has_weights or (waiting and run is not None and not run.view.ended),
        BEST: session().best is not None,
        TAUGHT: is_taught(),
    }
    return {key: name for key, name in OWN_NAMES.items() if there[key]} | loaded_names()


def loaded_names() -> dict[str, str]:
    """Names of the networks that the visitor loaded from files, by key."""
    return {loaded.key: f"Loaded: {loaded.name}" for loaded in session().loaded}


def loaded_network(key: str | None) -> Sequential | None:
    """The loaded network with that key, if it has not been removed."""
    return next((loaded.network for loaded in session().loaded if loaded.key == key), None)


def own_predictor(key: str | None, run: ShownRun | None) -> Predictor | None:
    """The visitor's network with that key, if there still is one."""
    if key == RUNNING and run is not None and run.snapshot is not None:
        state = "still training" if not run.view.ended else run.view.status
        if run.chosen:
            state = "the step chosen on the Weights page"
        words = f"at step {run.snapshot.step:,}, {state}"
        learning = not run.view.ended and not run.chosen
        return Predictor(OWN_NAMES[RUNNING], run.network, words, theme.OWN, learning=learning)
    best = session().best
    if key == BEST and best is not None:
        words = f"{percent(best.accuracy)} on validation images after epoch {best.epoch:,}"
        return Predictor(OWN_NAMES[BEST], best.network, words, theme.BEST)
    if key == TAUGHT and (taught := taught_network()) is not None:
        words = f"a copy of the MLP, taught {len(own_collection()):,} of your digits"
        return Predictor(OWN_NAMES[TAUGHT], taught, words, theme.TAUGHT)
    loaded = loaded_network(key)
    if key is not None and loaded is not None:
        words = f"{loaded.parameters.flat.size:,} parameters, from a file"
        return Predictor(loaded_names()[key], loaded, words, _colour_of_loaded(key))
    return None


def _colour_of_loaded(key: str) -> str:
    """Two that were loaded one after the other have different colours."""
    place = [loaded.key for loaded in session().loaded].index(key)
    return theme.LOADED[place % len(theme.LOADED)]


def told_apart(first: Predictor, second: Predictor) -> Predictor:
    """The second with a colour that the first does not have."""
    if second.colour != first.colour:
        return second
    return replace(second, colour=next(one for one in theme.LOADED if one != first.colour))


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


def fingerprint(network: Sequential) -> str:
    """A short hash of all layers and parameters: the same for the same network."""
    kinds = [type(layer).__name__ for layer in network.layers]
    shapes = [array.shape for array in network.parameters.named().values()]
    digest = hashlib.blake2b(repr((kinds, shapes)).encode(), digest_size=12)
    digest.update(network.parameters.flat.data)
    return digest.hexdigest()


def next_mistake(network: Sequential, after: int) -> int | None:
    """The number of the first test image behind `after` that a network gets wrong.

    Behind the last one it goes on with the first; None if there is no other mistake. The images
    are looked at in blocks: all of them would take half a second.
    """
    test = mnist().test
    numbers = np.roll(np.arange(len(test)), -1 - after)
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        wrong = network.predict(test.images[block]) != test.labels[block]
        if wrong.any():
            return int(block[wrong.argmax()])
    return None
