"""What is known of a network's hidden units, worked out once for each state of its weights.
Results are shared by all visitors of the server; the number that is kept is small.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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
from mnist_core.inspection.activations import HiddenLayer, hidden_layers, unit_responses
from mnist_core.inspection.unit_statistics import (
    Activity,
    logit_effects,
    spoken_digits,
    unit_activity,
)
from mnist_core.nn.metrics import accuracy_per_class
from mnist_core.nn.network import Sequential
from ui.session import mnist

KEPT = 24  # results; the largest, of many units on many images, are limited in bytes
RESPONSE_BYTES = 16_000_000  # of the responses to training images that are kept at once
EFFECT_IMAGES = 500
# A convolution is run anew for every map that is removed: fewer images, and it is said.
IMAGES_FOR_MAPS = {"importance": 1_000, "accuracy": 1_000, "activity": 1_000, "effects": 50}
Progress = Callable[[float, str], object]
T = TypeVar("T")


def no_progress(share: float, words: str) -> None:
    """Nobody looks on."""


def fingerprint(network: Sequential) -> str:
    """A short hash of all parameters: the same for the same weights."""
    return hashlib.blake2b(network.parameters.flat.tobytes(), digest_size=12).hexdigest()


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

    return _kept(("summary", fingerprint(network), layer), work)


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

    return _kept(("importance", fingerprint(network), layer), work)


def known_importance(network: Sequential, layer: HiddenLayer) -> Importance | None:
    """The importance if it has been worked out already."""
    return cast(Importance | None, _results().get(("importance", fingerprint(network), layer)))


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

    return _kept(("pruned", fingerprint(network), layer), work)


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

    return _kept(("score", fingerprint(network), layer, units), work)


def training_responses(network: Sequential, layer: HiddenLayer) -> Array:
    """What each unit says of the first training images before its activation, (units, N).

    All 50,000 for a small layer of a plain network, fewer where they would be too many bytes.
    """

    def work() -> Array:
        images = mnist().train.images
        most = 2_000 if layer.has_maps else RESPONSE_BYTES // (4 * layer.units)
        return unit_responses(network, images[:most], layer, before_activation=True)

    return _kept(("responses", fingerprint(network), layer), work)


def first_hidden_layer(network: Sequential) -> HiddenLayer:
    """The layer whose weights are the tiles."""
    return hidden_layers(network)[0]


def _images(layer: HiddenLayer, measure: str) -> int:
    most = len(mnist().validation)
    return min(most, IMAGES_FOR_MAPS[measure]) if layer.has_maps else most


@st.cache_resource
def _results() -> OrderedDict[Any, Any]:
    return OrderedDict()


def _kept(key: Any, work: Callable[[], T]) -> T:
    """The result under a key, worked out if it is not there; the longest unused one goes."""
    results = _results()
    if (result := results.get(key)) is None:
        result = work()
    results[key] = result
    results.move_to_end(key)
    while len(results) > KEPT:
        results.popitem(last=False)
    # Two big arrays of responses are enough: one that is looked at, one to go back to.
    responses = [k for k in results if k[0] == "responses"]
    for old in responses[:-2]:
        results.pop(old, None)
    return cast(T, result)
