"""What is known of a network's hidden units, worked out once for each state of its weights.
Results are shared by all visitors of the server; the number that is kept is small.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.ablation import (
    Importance,
    PruningCurve,
    pruning_curve,
    unit_importance,
    without_units,
)
from mnist_core.inspection.activations import HiddenLayer, unit_responses
from mnist_core.inspection.unit_statistics import (
    Activity,
    logit_effects,
    spoken_digits,
    unit_activity,
)
from mnist_core.nn.metrics import accuracy_per_class
from mnist_core.nn.network import Sequential
from ui.networks import fingerprint
from ui.session import mnist

KEPT = 24  # results
RESPONSES_KEPT = 2  # big arrays of responses: one that is looked at, one to go back to
RESPONSE_BYTES = 16_000_000  # of each of these
EFFECT_IMAGES = 500
# A convolution is run anew for every map that is removed: fewer images, and it is said.
IMAGES_FOR_MAPS = {"importance": 1_000, "accuracy": 1_000, "activity": 1_000, "effects": 50}
Progress = Callable[[float, str], object]
T = TypeVar("T")


def no_progress(share: float, words: str) -> None:
    """Nobody looks on."""


@dataclass
class _Place:
    """Where one result is kept. Who comes second waits for the one who works it out."""

    lock: Lock = field(default_factory=Lock)
    result: Any = None


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _place(measure: str, of: str, layer: HiddenLayer, units: tuple[int, ...]) -> _Place:
    return _Place()


@st.cache_resource(max_entries=RESPONSES_KEPT, show_spinner=False)
def _place_of_responses(of: str, layer: HiddenLayer) -> _Place:
    return _Place()


def _worked_out(place: _Place, work: Callable[[], T]) -> T:
    """The result that is kept there, worked out if there is none.

    Not a cached function itself, since those can't show their progress on the page.
    """
    with place.lock:
        if place.result is None:
            place.result = work()
        return cast(T, place.result)


@dataclass(frozen=True)
class UnitSummary:
    """How the units of a layer answer, and the digit that each speaks for, (units,); -1: none."""

    activity: Activity
    digits: Array
    images: int


def summary(network: Sequential, layer: HiddenLayer) -> UnitSummary:
    """Activity and spoken digits of a layer's units on validation images."""

    def work() -> UnitSummary:
        validation, images = mnist().validation, _images(layer, "activity")
        responses = unit_responses(network, validation.images[:images], layer)
        few = IMAGES_FOR_MAPS["effects"] if layer.has_maps else EFFECT_IMAGES
        effects = logit_effects(network, layer, validation.images[:few])
        return UnitSummary(
            unit_activity(responses, layer.activation), spoken_digits(effects), images
        )

    return _worked_out(_place("summary", fingerprint(network), layer, ()), work)


def importance(
    network: Sequential, layer: HiddenLayer, progress: Progress = no_progress
) -> Importance:
    """What each unit is worth in accuracy on validation images."""

    def work() -> Importance:
        validation, images = mnist().validation, _images(layer, "importance")
        last = None
        for last in unit_importance(
            network, layer, validation.images[:images], validation.labels[:images]
        ):
            progress(last.seen / images, f"Importance: {last.seen:,} of {images:,} images")
        assert last is not None
        return last

    return _worked_out(_place("importance", fingerprint(network), layer, ()), work)


def importance_order(known: Importance) -> Array:
    """The units (units,), the most important first, equals by index."""
    return np.argsort(-known.loss, kind="stable")


def pruned(
    network: Sequential, layer: HiddenLayer, progress: Progress = no_progress
) -> PruningCurve:
    """Accuracy against the number of units kept, in order of importance."""

    def work() -> PruningCurve:
        order = importance_order(importance(network, layer, progress))
        validation, images = mnist().validation, _images(layer, "importance")
        last = None
        for last in pruning_curve(
            network, layer, validation.images[:images], validation.labels[:images], order
        ):
            progress(last.seen / images, f"Pruning: {last.seen:,} of {images:,} images")
        assert last is not None
        return last

    return _worked_out(_place("pruned", fingerprint(network), layer, ()), work)


@dataclass(frozen=True)
class Score:
    """How many of the first `images` validation images are right, 0..1: of all and by digit."""

    accuracy: float
    per_class: Array  # (10,)
    images: int


def score_without(network: Sequential, layer: HiddenLayer, units: tuple[int, ...]) -> Score:
    """The score with some units of a layer switched off; with none, that of the whole network."""

    def work() -> Score:
        validation, images = mnist().validation, _images(layer, "accuracy")
        labels = validation.labels[:images]
        masked = without_units(network, layer, units) if units else network
        predictions = masked.predict(validation.images[:images])
        return Score(
            float((predictions == labels).mean()), accuracy_per_class(predictions, labels), images
        )

    return _worked_out(_place("score", fingerprint(network), layer, units), work)


def training_responses(network: Sequential, layer: HiddenLayer) -> Array:
    """What each unit says of the first training images before its activation, (units, N).

    All 50,000 for a small layer of a plain network, fewer where they would be too many bytes.
    """

    def work() -> Array:
        images = mnist().train.images
        most = 2_000 if layer.has_maps else RESPONSE_BYTES // (4 * layer.units)
        return unit_responses(network, images[:most], layer, before_activation=True)

    return _worked_out(_place_of_responses(fingerprint(network), layer), work)


def _images(layer: HiddenLayer, measure: str) -> int:
    most = len(mnist().validation)
    return min(most, IMAGES_FOR_MAPS[measure]) if layer.has_maps else most
