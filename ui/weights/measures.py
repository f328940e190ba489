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
from mnist_core.data.mnist import Split
from mnist_core.inspection.ablation import (
    Importance,
    PruningCurve,
    pruning_curve,
    unit_importance,
    without_units,
)
from mnist_core.inspection.activations import HiddenLayer, hidden_layers, unit_responses
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
from ui.weights.looked import Looked

KEPT = 24  # results
RESPONSES_KEPT = 2  # big arrays of responses: one that is looked at, one to go back to
RESPONSE_BYTES = 16_000_000  # of each of these
EFFECT_IMAGES = 500
QUICK_MAPS, QUICK_UNITS = 8, 32
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


def summary(looked: Looked) -> UnitSummary:
    """Activity and spoken digits of the tiles' units on held-out images."""
    network, layer = looked.network, looked.layer

    def work() -> UnitSummary:
        held_out, images = _held_out(looked), _images(layer, "activity")
        responses = unit_responses(network, held_out.images[:images], layer)
        few = IMAGES_FOR_MAPS["effects"] if layer.has_maps else EFFECT_IMAGES
        effects = logit_effects(network, layer, held_out.images[:few])
        return UnitSummary(
            unit_activity(responses, layer.activation), spoken_digits(effects), images
        )

    return _worked_out(_place("summary", _of(looked), layer, ()), work)


def importance(looked: Looked, progress: Progress = no_progress) -> Importance:
    """What each unit is worth in accuracy on held-out images."""
    network, layer = looked.network, looked.layer

    def work() -> Importance:
        held_out, images = _held_out(looked), _images(layer, "importance")
        last = None
        for last in unit_importance(
            network, layer, held_out.images[:images], held_out.labels[:images]
        ):
            progress(last.seen / images, f"Importance: {last.seen:,} of {images:,} images")
        assert last is not None
        return last

    return _worked_out(_place("importance", _of(looked), layer, ()), work)


def importance_order(known: Importance) -> Array:
    """The units (units,), the most important first, equals by index."""
    return np.argsort(-known.loss, kind="stable")


def pruned(looked: Looked, progress: Progress = no_progress) -> PruningCurve:
    """Accuracy against the number of units kept, in order of importance."""
    network, layer = looked.network, looked.layer

    def work() -> PruningCurve:
        order = importance_order(importance(looked, progress))
        held_out, images = _held_out(looked), _images(layer, "importance")
        last = None
        for last in pruning_curve(
            network, layer, held_out.images[:images], held_out.labels[:images], order
        ):
            progress(last.seen / images, f"Pruning: {last.seen:,} of {images:,} images")
        assert last is not None
        return last

    return _worked_out(_place("pruned", _of(looked), layer, ()), work)


@dataclass(frozen=True)
class Score:
    """How many of the first `images` held-out images are right, 0..1: of all and by digit."""

    accuracy: float
    per_class: Array  # (10,)
    images: int


def score_without(looked: Looked, units: tuple[int, ...]) -> Score:
    """The score with some of the tiles' units off; with none, that of the whole network."""
    network, layer = looked.network, looked.layer

    def work() -> Score:
        held_out, images = _held_out(looked), _images(layer, "accuracy")
        labels = held_out.labels[:images]
        masked = without_units(network, layer, units) if units else network
        predictions = masked.predict(held_out.images[:images])
        return Score(
            float((predictions == labels).mean()), accuracy_per_class(predictions, labels), images
        )

    return _worked_out(_place("score", _of(looked), layer, units), work)


def training_responses(network: Sequential, layer: HiddenLayer) -> Array:
    """What each unit says of the first training images before its activation, (units, N).

    All 50,000 for a small layer of a plain network, fewer where they would be too many bytes.
    """

    def work() -> Array:
        images = mnist().train.images
        most = 2_000 if layer.has_maps else RESPONSE_BYTES // (4 * layer.units)
        return unit_responses(network, images[:most], layer, before_activation=True)

    return _worked_out(_place_of_responses(fingerprint(network), layer), work)


def quick(looked: Looked) -> bool:
    """Whether importance and pruning take no more than about two seconds.

    They run the layers after the next one anew for each unit: what has many of both takes longer.
    """
    units, layers = looked.layer.units, len(hidden_layers(looked.network))
    return units <= QUICK_MAPS if looked.layer.has_maps else layers == 1 or units <= QUICK_UNITS


def _held_out(looked: Looked) -> Split:
    return mnist().test if looked.held_out == "test" else mnist().validation


def _of(looked: Looked) -> str:
    """What a measure depends on: the weights, and the images."""
    return f"{fingerprint(looked.network)} {looked.held_out}"


def _images(layer: HiddenLayer, measure: str) -> int:
    most = 10_000  # as many are for validation, and as many for the test
    return min(most, IMAGES_FOR_MAPS[measure]) if layer.has_maps else most
