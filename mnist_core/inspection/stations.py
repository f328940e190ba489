"""The stations of one training step in the order in which they are computed, by the report's names.
Forward x, a1, f1, a2, y_hat, L; then backward dL/da2, dL/dW2, dL/db2, dL/df1, dL/da1, and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import Backpropagation, LayerValues
from mnist_core.nn.convolution import Conv2D, MaxPool2D, PlainConvPool
from mnist_core.nn.layers import ACTIVATIONS, Dense, Flatten, Layer

Kind = Literal[
    "input",
    "sum",
    "activation",
    "convolution",
    "pooled",
    "flattened",
    "probabilities",
    "loss",
    "weights",
    "bias",
]
# The letter of each kind, before the number of the last layer with weights: in a CNN of two
# convolutions the names are x, c1, p1, f1, c2, p2, f2, v2 (f2 as a column), a3, y_hat, L.
LETTERS: dict[Kind, str] = {
    "sum": "a",
    "activation": "f",
    "convolution": "c",
    "pooled": "p",
    "flattened": "v",
}


@dataclass(frozen=True)
class Station:
    """One value on the way forward or, on the way back, the gradient of the loss for such a value.

    Args:
        name: "a1", or "dL/da1" on the way back.
        kind: what the value is; on the way back, what the gradient is for.
        value: a column (n, 1), maps (F, H, W), or the shape of W; the loss is ().
        layer: number of the layer that computes it. None for x, and for softmax and the loss:
            they come after the last layer, and give the gradient of the logits too.
        number: which layer with weights it belongs to, from 1, as in "a1"; 0 for x.
        sources: names of the stations that it is computed from.
    """

    name: str
    kind: Kind
    value: Array
    direction: Literal["forward", "backward"]
    layer: int | None
    number: int
    sources: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.value.shape


def stations(step: Backpropagation) -> tuple[Station, ...]:
    """The whole way, forward and backward. Dropout, which is off, is no station."""
    values = [Station("x", "input", step.x, "forward", None, 0, ())]
    gradients = []
    for layer, (part, own) in enumerate(zip(step.model.layers, step.layers, strict=True)):
        for kind, value, gradient in _computed_by(part, own):
            before = values[-1]
            number = before.number + (kind in ("sum", "convolution"))
            name = f"{LETTERS[kind]}{number}"
            values.append(Station(name, kind, value, "forward", layer, number, (before.name,)))
            gradients.append(gradient)
    logits, number = values[-1].name, values[-1].number
    y_hat = Station(
        "y_hat", "probabilities", step.probabilities, "forward", None, number, (logits,)
    )
    loss = np.array(step.loss, step.x.dtype)
    values += [y_hat, Station("L", "loss", loss, "forward", None, number, ("y_hat",))]

    way_back = []
    for place in range(len(gradients), 0, -1):
        before, value, after = values[place - 1 : place + 2]
        way_back += _on_the_way_back(step, before, value, after, gradients[place - 1])
    return (*values, *way_back)


def _computed_by(layer: Layer, own: LayerValues) -> Iterator[tuple[Kind, Array, Array]]:
    """What a layer computes, one thing or two: its kind, its value, and its gradient."""
    if isinstance(layer, PlainConvPool):  # ConvPool is one
        assert own.maps is not None and own.maps_gradient is not None
        yield "convolution", own.maps, own.maps_gradient
        yield "pooled", own.output, own.gradient
    elif isinstance(layer, Conv2D):
        yield "convolution", own.output, own.gradient
    elif isinstance(layer, MaxPool2D):
        yield "pooled", own.output, own.gradient
    elif isinstance(layer, Dense):
        yield "sum", own.output, own.gradient
    elif isinstance(layer, Flatten):
        yield "flattened", own.output, own.gradient
    elif isinstance(layer, tuple(ACTIVATIONS.values())):
        yield "activation", own.output, own.gradient


def _on_the_way_back(
    step: Backpropagation, before: Station, value: Station, after: Station, gradient: Array
) -> Iterator[Station]:
    """The gradient of a value between two others, then those of the parameters that made it."""
    name = f"dL/d{value.name}"
    if after.kind == "probabilities":
        sources = (after.name,)  # y_hat - y
    elif after.kind in ("activation", "pooled"):
        sources = (f"dL/d{after.name}", value.name)  # these depend on the value itself
    else:
        sources = (f"dL/d{after.name}",)
    layer, number = value.layer, value.number
    yield Station(name, value.kind, gradient, "backward", after.layer, number, sources)
    if value.kind in ("sum", "convolution"):
        W, b = step.gradients[f"{layer}.W"], step.gradients[f"{layer}.b"][:, None]
        sources = (name, before.name)
        yield Station(f"dL/dW{number}", "weights", W, "backward", layer, number, sources)
        yield Station(f"dL/db{number}", "bias", b, "backward", layer, number, (name,))
