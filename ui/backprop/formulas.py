"""What each station computes: its formula, what it says in words, and one number as an example."""

from dataclasses import dataclass

import numpy as np

from mnist_core.inspection.backpropagation import Backpropagation
from mnist_core.inspection.jacobians import activation_slopes
from mnist_core.inspection.stations import Station
from mnist_core.nn.convolution import Conv2D
from mnist_core.nn.layers import ReLU, Sigmoid, Tanh
from ui.backprop.numbers import tex_number

# f of each kind of activation, and its derivative, written with f itself.
ACTIVATIONS = {
    Sigmoid: (r"\sigma(%s) = \frac{1}{1+e^{-%s}}", r"f(1-f)"),
    Tanh: (r"\tanh(%s)", r"1-f^2"),
    ReLU: (r"\max(%s, 0)", r"[f>0]"),
}


@dataclass(frozen=True)
class Formula:
    """A formula in TeX, what it says in a sentence, and one number of it worked out, in TeX.

    `more` are further lines of TeX, where one does not tell why.
    """

    tex: str
    words: str
    more: tuple[str, ...] = ()
    numbers: str = ""


def symbol(name: str) -> str:
    """A station's name in TeX: "dL/dW1" becomes the fraction of dL by dW_1."""
    if name.startswith("dL/d"):
        return rf"\frac{{\partial L}}{{\partial {symbol(name.removeprefix('dL/d'))}}}"
    if name == "y_hat":
        return r"\hat y"
    letter, number = name[0], name[1:]
    return f"{letter}_{{{number}}}" if number else letter


def in_letters(name: str) -> str:
    """A station's name in plain letters: "∂L/∂W₁"."""
    if name.startswith("dL/d"):
        return f"∂L/∂{in_letters(name.removeprefix('dL/d'))}"
    if name == "y_hat":
        return "ŷ"
    return name.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def formula_of(step: Backpropagation, station: Station) -> Formula:
    """The formula of a station of this step."""
    forward = station.direction == "forward"
    make = _FORWARD[station.kind] if forward else _BACKWARD[station.kind]
    return make(step, station)


def _input(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        r"x = \mathrm{pixels} / 255",
        "The digit's pixels as one column, from 0 (no ink, shown black) to 1 (full ink, white).",
    )


def _sum(step: Backpropagation, station: Station) -> Formula:
    n, x = station.number, symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}}\,{x} + b_{{{n}}}",
        "Each unit multiplies every input by a weight of its own and adds its bias.",
    )


def _activation(step: Backpropagation, station: Station) -> Formula:
    assert station.layer is not None
    f, _ = ACTIVATIONS[type(step.model.layers[station.layer])]
    a = symbol(station.sources[0])
    return Formula(
        f"{symbol(station.name)} = " + f.replace("%s", a),
        "The activation, number by number: without it two layers would be no more than one.",
    )


def _convolution(step: Backpropagation, station: Station) -> Formula:
    n, x = station.number, symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}} * {x} + b_{{{n}}}",
        "Each filter is laid on every place; what it covers times its weights, summed, is one "
        "number of its map.",
    )


def _pooled(step: Backpropagation, station: Station) -> Formula:
    c = symbol(station.sources[0])
    return Formula(
        rf"{symbol(station.name)} = \max\nolimits_{{2\times2}}\,{c}",
        "Of each square of four numbers the largest goes on.",
    )


def _flattened(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        rf"{symbol(station.name)} = \mathrm{{vec}}({symbol(station.sources[0])})",
        "All maps as one column; no number changes.",
    )


def _probabilities(step: Backpropagation, station: Station) -> Formula:
    a = symbol(station.sources[0])
    return Formula(
        rf"\hat y_i = \frac{{e^{{{a}[i]}}}}{{\sum_j e^{{{a}[j]}}}}",
        "Softmax turns the ten logits into probabilities that sum to one.",
    )


def _loss(step: Backpropagation, station: Station) -> Formula:
    label, share = _label(step)
    return Formula(
        r"L = -\sum_i y_i \log \hat y_i = -\log \hat y_{\mathrm{label}}",
        "Cross-entropy: small if the network gave the right digit a large probability. "
        "y is 1 at the label and 0 elsewhere.",
        numbers=rf"-\log \hat y[{label}] = -\log {share} = {tex_number(step.loss)}",
    )


def _sum_back(step: Backpropagation, station: Station) -> Formula:
    if station.sources[0] == "y_hat":
        return _logits_back(step, station)
    return _through_activation(step, station)


def _logits_back(step: Backpropagation, station: Station) -> Formula:
    """The gradient of the logits, through softmax and the logarithm at once."""
    label, share = _label(step)
    own, a = symbol(station.name), symbol(station.name.removeprefix("dL/d"))
    return Formula(
        rf"{own} = \hat y - y",
        f"What the network said, minus what is right: y is 1 at {label} and 0 elsewhere. "
        "The path leaves out ∂L/∂ŷ: it is −1/ŷ at the label, which grows without limit as ŷ "
        "becomes small. Put into each other, the formulas of ŷ and L give L as above, "
        "whose slope is simple and safe. This gradient is a column, as are all values here.",
        more=(
            rf"L = {{\log\sum_j e^{{{a}[j]}} - {a}[{label}]}}",
            rf"{{\frac{{\partial}}{{\partial {a}[i]}}\log\sum_j e^{{{a}[j]}}}} = "
            rf"{{\frac{{e^{{{a}[i]}}}}{{\sum_j e^{{{a}[j]}}}} = \hat y_i}}",
        ),
        numbers=rf"{own}[{label}] = {share} - 1 = {tex_number(float(station.value[label, 0]))}",
    )


def _label(step: Backpropagation) -> tuple[int, str]:
    """The right digit, and its probability in TeX."""
    label = int(step.one_hot.argmax())
    return label, tex_number(float(step.probabilities[label, 0]))


def _through_activation(step: Backpropagation, station: Station) -> Formula:
    """The gradient of what an activation has read: a sum, or pooled maps."""
    value, after = symbol(station.sources[1]), symbol(station.sources[0])
    assert station.layer is not None
    _, slope = ACTIVATIONS[type(step.model.layers[station.layer])]
    numbers = "" if station.value.ndim > 2 else _one_slope(step, station, slope)
    return Formula(
        rf"{symbol(station.name)} = {after} \odot f'({value}),\qquad f' = {slope}",
        "Each number's share, times how steep the activation is there. The Jacobian is diagonal: "
        "a product number by number replaces it.",
        numbers=numbers,
    )


def _one_slope(step: Backpropagation, station: Station, slope: str) -> str:
    """The gradient of one sum as a product, its slope worked out from f: the strongest of all."""
    assert station.layer is not None
    layer, own = step.model.layers[station.layer], step.layers[station.layer]
    row = int(np.abs(station.value).argmax())
    f, after = (tex_number(float(values[row, 0])) for values in (own.output, own.gradient))
    activation = symbol(station.sources[0].removeprefix("dL/d"))
    found = tex_number(float(activation_slopes(layer, step.input_of(station.layer))[row]))
    return (
        rf"{activation}[{row}] = {f}$, so $f' = {slope.replace('f', f)} = {found}$, and "
        rf"${symbol(station.name)}[{row}] = {after} \cdot {found} = "
        rf"{tex_number(float(station.value[row, 0]))}"
    )


def _through_weights(step: Backpropagation, station: Station) -> Formula:
    """The gradient of what a layer with weights has read."""
    after = station.sources[0].removeprefix("dL/d")
    n, last = after[1:], symbol(station.sources[0])
    if station.layer is not None and isinstance(step.model.layers[station.layer], Conv2D):
        return Formula(
            rf"{symbol(station.name)} = {last} \star W_{{{n}}}",
            "Each number is told by every place whose filter covered it, weighted as it was read.",
        )
    if after.startswith("v"):
        return Formula(
            rf"{symbol(station.name)} = \mathrm{{vec}}^{{-1}}({last})",
            "The column is laid out as maps again.",
        )
    return Formula(
        rf"{symbol(station.name)} = W_{{{n}}}^{{\mathsf T}}\,{last}",
        "Each value is told by every unit that read it, weighted as it was read: the same weights, "
        "transposed.",
    )


def _convolution_back(step: Backpropagation, station: Station) -> Formula:
    return Formula(
        rf"{symbol(station.name)} = \mathrm{{route}}({symbol(station.sources[0])})",
        "The gradient goes to the largest number of each square alone; the other three get 0.",
    )


def _weights(step: Backpropagation, station: Station) -> Formula:
    delta, x = symbol(station.sources[0]), symbol(station.sources[1])
    W = in_letters(f"W{station.number}")
    if station.value.ndim == 4:
        return Formula(
            rf"{symbol(station.name)} = \sum_{{\mathrm{{places}}}} {delta}\;\mathrm{{patch}}({x})",
            "Every place adds what the filter saw there, times how much its number matters.",
        )
    return Formula(
        rf"{symbol(station.name)} = {delta}\,{x}^{{\mathsf T}}",
        "How much the unit's sum matters, times what the weight was multiplied by: a column times "
        "a row gives the whole matrix. Each weight has one slope, so the gradient has the shape of "
        f"{W}. As a product with a full Jacobian it is one row, 1 x {station.value.size:,}, that "
        f"is folded into {' x '.join(map(str, station.shape))} afterwards.",
    )


def _bias(step: Backpropagation, station: Station) -> Formula:
    delta = symbol(station.sources[0])
    summed = rf"\sum_{{\mathrm{{places}}}} {delta}" if _of_maps(step, station) else delta
    return Formula(
        rf"{symbol(station.name)} = {summed}",
        "A bias is added to its sum as it is, so its gradient is the sum's.",
    )


def _of_maps(step: Backpropagation, station: Station) -> bool:
    return station.layer is not None and isinstance(step.model.layers[station.layer], Conv2D)


_FORWARD = {
    "input": _input,
    "sum": _sum,
    "activation": _activation,
    "convolution": _convolution,
    "pooled": _pooled,
    "flattened": _flattened,
    "probabilities": _probabilities,
    "loss": _loss,
}
_BACKWARD = {
    "sum": _sum_back,
    "activation": _through_weights,
    "convolution": _convolution_back,
    "pooled": _through_activation,
    "flattened": _through_weights,
    "weights": _weights,
    "bias": _bias,
}
