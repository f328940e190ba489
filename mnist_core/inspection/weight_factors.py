"""The gradient of one weight as a product of numbers: the chain rule, followed by hand."""

from dataclasses import dataclass, replace

from mnist_core.arrays import Array
from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.jacobians import activation_slopes
from mnist_core.nn.layers import Dense


@dataclass(frozen=True)
class WeightFactors:
    """dL/dW[row, column] = delta * input, with delta = dL/da of the weight's unit.

    In the last layer delta = y_hat - y of that digit. In an earlier one delta is the sum of
    next_weights * next_deltas, which is dL/df of the unit, times the slope f'(a).

    Args:
        layer, row, column: the number of the Dense layer, and the place of the weight in its W.
        weight: its value.
        input: the value that the weight is multiplied by.
        delta: the network's own gradient of the unit's sum a.
        next_weights: the weights that lead from the unit into the next layer, (units,); None in
            the last layer, as everything below.
        next_deltas: dL/da of the units of the next layer, (units,).
        slope: f'(a), the derivative of the activation.
    """

    layer: int
    row: int
    column: int
    weight: float
    input: float
    delta: float
    next_weights: Array | None = None
    next_deltas: Array | None = None
    slope: float | None = None

    @property
    def terms(self) -> Array | None:
        """What each unit of the next layer sends back, (units,); None in the last layer."""
        if self.next_weights is None or self.next_deltas is None:
            return None
        return self.next_weights * self.next_deltas

    @property
    def product(self) -> float:
        """All factors multiplied: the gradient of the weight."""
        if self.terms is None or self.slope is None:
            return self.delta * self.input
        return float(self.terms.sum()) * self.slope * self.input


def factors_of(step: Backpropagation, layer: int, row: int, column: int) -> WeightFactors:
    """The factors of the gradient of W[row, column] in the Dense layer of that number.

    ValueError if the layer is not Dense or has no such weight.
    """
    dense = step.layer(layer)
    if not isinstance(dense, Dense):
        raise ValueError(f"layer {layer} is not Dense")
    units, inputs = dense.W.shape
    if row not in range(units) or column not in range(inputs):
        raise ValueError(f"W is {units}x{inputs}; it has no weight at ({row}, {column})")
    own = step.layers[layer]
    factors = WeightFactors(
        layer=layer,
        row=row,
        column=column,
        weight=float(dense.W[row, column]),
        input=float(step.input_of(layer)[column, 0]),
        delta=float(own.gradient[row, 0]),
    )
    if layer == len(step.layers) - 1:
        return factors
    # The layer after a Dense one is its activation; Dropout, which is off, may follow it.
    following = next(
        number
        for number in range(layer + 1, len(step.layers))
        if isinstance(step.model.layers[number], Dense)
    )
    return replace(
        factors,
        next_weights=step.model.parameters.layers[following]["W"][:, row].copy(),
        next_deltas=step.layers[following].gradient[:, 0],
        slope=float(activation_slopes(step.model.layers[layer + 1], own.output)[row]),
    )
