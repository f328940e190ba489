"""How much each hidden unit pushed towards an answer."""

from dataclasses import dataclass

import numpy as np

from mnist_core.arrays import CLASSES, Array
from mnist_core.inspection.activations import (
    hidden_activations,
    hidden_layers,
)
from mnist_core.nn.network import Sequential


@dataclass(frozen=True)
class Contributions:
    """How far each unit of the last hidden layer pushed an answer away from its rival.

    values.sum() + bias = logit of the digit - logit of the rival = difference.
    """

    digit: int
    rival: int
    values: Array  # (units,): positive for the digit, negative for the rival
    bias: float
    difference: float


def unit_contributions(
    model: Sequential,
    image: Array,
    digit: int,
    *,
    rival: int | None = None,
    baseline: Array | None = None,
) -> Contributions:
    """Split a digit's lead over a rival among the units of the last hidden layer.

    The lead in logits is a sum over units, the sum over j of (W[digit, j] - W[rival, j]) f_j,
    plus the difference of biases: so these parts are exact, not an estimate. A comparison with
    one rival is used, since a logit alone says nothing: raising all ten changes no probability.
    Without a rival it is the strongest other digit. A feature map's part is the sum over the map.

    `baseline` (units,) are values that count as no push, by default 0, and its share goes into
    the bias. A sigmoid unit is never 0: for it, take the mean activation over many images.
    """
    layer = hidden_layers(model)[-1]
    f = hidden_activations(model, image[None], layer).reshape(layer.units, -1)  # (units, values)
    parameters = model.parameters.layers[-1]
    W = parameters["W"].astype(np.float64).reshape(CLASSES, *f.shape)  # (10, units, values)
    b = parameters["b"].astype(np.float64)
    logits = np.tensordot(W, f, axes=2) + b  # (10,)
    if rival is None:
        rival = int(np.argmax(np.where(np.arange(CLASSES) == digit, -np.inf, logits)))
    W_lead = W[digit] - W[rival]  # (units, values)
    rest = np.zeros(layer.units) if baseline is None else baseline
    values = (W_lead * (f - rest[:, None])).sum(axis=1)  # (units,)
    bias = b[digit] - b[rival] + (W_lead * rest[:, None]).sum()
    return Contributions(digit, rival, values, float(bias), float(logits[digit] - logits[rival]))
