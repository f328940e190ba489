"""What the browser needs to draw a network: its shape and weights, and what one image does in it.
Two messages, since weights are large and stay, while what an image does follows the pen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary
from zlib import crc32

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.activations import HiddenLayer, hidden_layers, next_with_weights
from mnist_core.inspection.trace import Trace, contribution_matrix
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.nn.network import Sequential
from ui.components.pieces import pack
from ui.components.tiles.colours import COLOURS, STEPS
from ui.components.tiles.packing import quantise

MOST_PICTURES = 64  # units with a picture that are shown of a layer
RUN = re.compile(rb"\0{1,255}")
TINY = 1e-30  # what is smaller can't be told from nothing, nor be divided by
MOST_DOTS = 128  # units without one

_versions: WeakKeyDictionary[Sequential, int] = WeakKeyDictionary()
_counted = count()


@dataclass(frozen=True)
class ShownLayer:
    """A hidden layer of the picture, and which of its units are shown, rising."""

    layer: HiddenLayer
    units: Array  # (shown,)
    has_weights: bool  # whether a unit is shown by its weights, 28x28

    @property
    def kind(self) -> str:
        """How a unit is drawn: by its weights, its feature map, or as a dot."""
        return "weights" if self.has_weights else "map" if self.layer.has_maps else "dot"


def shown_layers(model: Sequential, layers: Sequence[HiddenLayer]) -> tuple[ShownLayer, ...]:
    """The units shown of a network's hidden layers, which trace() has found, or hidden_layers().

    Of very many units these are the ones whose weights lead on most strongly.
    """
    shown = []
    for level, layer in enumerate(layers):
        pictured = level == 0 and not layer.has_maps
        most = MOST_PICTURES if pictured or layer.has_maps else MOST_DOTS
        units = np.arange(layer.units)
        if layer.units > most:
            units = np.sort(np.argsort(-_leading_on(model, layer), kind="stable")[:most])
        shown.append(ShownLayer(layer, units, pictured))
    return tuple(shown)


def form_of(shown: Sequence[ShownLayer]) -> str:
    """What has to agree between a network and its activity."""
    return " ".join(
        f"{layer.kind} {layer.layer.shape} {crc32(layer.units.tobytes()):x}" for layer in shown
    )


def version_of(model: Sequential) -> int:
    """A number that no other network of this server has: one that is shown never changes."""
    return _versions.setdefault(model, next(_counted))


def _leading_on(model: Sequential, layer: HiddenLayer) -> Array:
    """The norm of the weights that lead on from each unit of a layer, (units,)."""
    number, _ = next_with_weights(model, layer)
    W = model.parameters.layers[number]["W"]
    by_unit = W.reshape(len(W), layer.units, -1)  # (following, units, values), or (F, C, k k)
    return np.sqrt(np.square(by_unit).sum(axis=(0, 2)))


def network_message(model: Sequential, key: str, title: str, height: int) -> bytes:
    """The network's shape, and the pictures of its first weights if they are pictures."""
    shown = shown_layers(model, hidden_layers(model))
    blobs = [COLOURS[True], COLOURS[False]]
    if shown and shown[0].has_weights:
        blobs.append(quantise(first_layer_pictures(model)[shown[0].units]).codes.tobytes())
    header = {
        "picture": key,
        "form": form_of(shown),
        "version": version_of(model),
        "tables": True,
        "title": title,
        "height": height,
        "layers": [
            {
                "kind": layer.kind,
                "units": layer.layer.units,
                "shown": layer.units.tolist(),
                "shape": layer.layer.shape[1:],
            }
            for layer in shown
        ],
    }
    return pack(header, blobs)


def activity_message(
    model: Sequential,
    traced: Trace,
    shown: Sequence[ShownLayer],
    image_words: str,
    blank: bool = False,
    detail: tuple[dict[str, Any], bytes] | None = None,
) -> bytes:
    """What an image does in the network: answers, contributions between layers, probabilities.

    `detail` is what is said of a chosen unit, and its picture (see detail.py).
    """
    following = [layer.units for layer in shown[1:]] + [np.arange(CLASSES)]
    blobs = [traced.image.tobytes()]
    layers = []
    for level, (layer, here) in enumerate(zip(shown, traced.layers, strict=True)):
        answers = known(here.answers[layer.units]).astype(np.float32)
        blobs.append(answers.tobytes())
        if layer.layer.has_maps:
            blobs.append(codes_of(here.values[layer.units])[0].tobytes())
        matrix = contribution_matrix(model, traced, level)
        line_peak = None
        if matrix is not None:
            lines, line_peak = codes_of(matrix[np.ix_(following[level], layer.units)].T)
            blobs.append(lines.tobytes())  # (shown, following), so that a silent unit is one run
        signed = bool(here.values[layer.units].min() < 0)
        layers.append({"peak": codes_of(answers)[1], "lines": line_peak, "signed": signed})
    words, picture = detail or (None, b"")
    header = {
        "blank": blank,
        "image": image_words,
        "layers": layers,
        "probabilities": [finite(p) for p in traced.probabilities],
        "detail": words,
    }
    return pack(header, [in_runs(blob) for blob in (*blobs, picture)])


def codes_of(values: Array) -> tuple[Array, float]:
    """Signed bytes for numbers of any shape, and the magnitude that 127 stands for, 0 for none."""
    values = known(values)
    peak = float(np.abs(values).max(initial=0.0))
    if peak <= TINY:
        return np.zeros(values.shape, np.int8), 0.0
    return np.rint(values * (STEPS / peak)).astype(np.int8), peak


def known(values: Array) -> Array:
    """The same numbers, 0 for what is not finite: of a diverged network nothing is left to see."""
    if np.isfinite(values).all():
        return values
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def finite(value: float, digits: int = 4) -> float | None:
    """A number for JSON, which knows no infinity; None for what is not finite."""
    return round(float(value), digits) if isfinite(value) else None


def in_runs(codes: bytes) -> bytes:
    """Bytes with each run of zeros as a zero and its length: most of a digit is paper, and most
    units are silent. A run has at most 255."""
    return RUN.sub(_counted_zeros, codes)


def _counted_zeros(run: re.Match[bytes]) -> bytes:
    return b"\0%c" % (run.end() - run.start())
